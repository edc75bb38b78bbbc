"""Sizes of groups by level: with the baseline table, they would tell how few of a level have no outcome.

The baseline table counts everybody of a level, an analysis those with an outcome. Where the difference is small in any
level of a covariate, the sizes of all its groups are told as multiples of the threshold, made from the baseline table's
own counts, so that they tell nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from hetflow.publish.covariates import ARMS
from hetflow.publish.log import Log
from hetflow.report.inputs import AnalysisInputs, AppraisalInputs

Levels = Mapping[str, Mapping[str, int]]
_RULES = "rule_groups"
_DIFFERENCE = " minus "


def told_levels(
    baseline: pd.DataFrame, covered: Mapping[tuple[str, str, str], str]
) -> dict[str, dict[str, int]]:
    """Units of every level that the baseline table tells, of covariates without gaps.

    Parameters
    ----------
    baseline : DataFrame
        From `hetflow.publish.covariates.pooled_levels`.
    covered : mapping
        Counts that are not printed.
    """
    found: dict[str, dict[str, int]] = {}
    for name, rows in baseline.groupby("variable", sort=False) if len(baseline) else ():
        first = rows.iloc[0]
        if first["kind"] in {"continuous", "count"} or any(first[f"missing_{arm}"] for arm in ARMS):
            continue
        for row in rows.to_dict("records"):
            level = str(row["level"])
            if not any((str(name), level, arm) in covered for arm in ARMS):
                found.setdefault(str(name), {})[level] = int(sum(row[f"count_{arm}"] for arm in ARMS))
    return found


def rounded_sizes(
    one: AnalysisInputs,
    estimates: pd.DataFrame,
    rules: Mapping[str, Mapping[str, Any]],
    levels: Levels,
    threshold: int,
    where: str,
    log: Log,
) -> tuple[AnalysisInputs, pd.DataFrame]:
    """An analysis and its estimates, in which no size of a level's group tells how few of the level it lacks.

    Parameters
    ----------
    one : AnalysisInputs
    estimates : DataFrame
        The analysis' own.
    rules : mapping
        The study's rules by name, with their covariates.
    levels : mapping of str to mapping of str to int
        From `told_levels`.
    threshold : int
    where : str
    log : Log
    """
    covariate_of = {name: str(rule.get("covariate", "")) for name, rule in rules.items()}
    shown = [
        (estimates["term"].map(covariate_of), estimates["group"], estimates["n"]),
        *((frame["covariate"], frame["level"], frame["n"]) for frame in _displays(one)),
    ]
    few = {
        str(covariate)
        for columns in shown
        for covariate, level, n in zip(*columns, strict=True)
        if 0 < abs(levels.get(str(covariate), {}).get(str(level), n) - n) < threshold
    }
    log.add(f"{where}: sizes of groups by level", "rounded", len(few))
    if not few:
        return one, estimates

    def sized(frame: pd.DataFrame, covariates: pd.Series, labels: pd.Series) -> pd.DataFrame:
        return _sized(frame, covariates, labels, few, levels, threshold)

    def ruled(frame: pd.DataFrame) -> pd.DataFrame:
        named = frame["term"].map(covariate_of).where(frame["estimand"].str.startswith(_RULES))
        return sized(frame, named, frame["group"])

    appraisals = dict(one.appraisals)
    if "modifiers" in appraisals:
        tables = dict(appraisals["modifiers"].tables)
        tables["displays"] = sized(
            tables["displays"], tables["displays"]["covariate"], tables["displays"]["level"]
        )
        cells = tables["cells"]
        own = cells["first"].where(cells["first"].isin(few), cells["second"])
        tables["cells"] = sized(cells, own, pd.Series("", index=cells.index))
        appraisals["modifiers"] = AppraisalInputs(tables, appraisals["modifiers"].facts)
    if "confounding" in appraisals:
        tables = dict(appraisals["confounding"].tables)
        for name in ("robustness", "bounds"):
            tables[name] = ruled(tables[name])
        appraisals["confounding"] = AppraisalInputs(tables, appraisals["confounding"].facts)
    displays, shifts = one.displays, one.shifts
    return replace(
        one,
        displays=sized(displays, displays["covariate"], displays["level"]) if len(displays) else displays,
        shifts=ruled(shifts) if len(shifts) else shifts,
        appraisals=appraisals,
    ), ruled(estimates)


def _displays(one: AnalysisInputs) -> list[pd.DataFrame]:
    """Effects by level: of the estimates, and of the modifiers."""
    found = one.appraisals.get("modifiers")
    tables = [one.displays, found.tables["displays"] if found else pd.DataFrame()]
    return [table for table in tables if len(table)]


def _sized(
    frame: pd.DataFrame,
    covariates: pd.Series,
    labels: pd.Series,
    few: set[str],
    levels: Levels,
    threshold: int,
) -> pd.DataFrame:
    """The table with the sizes of the covariates' groups as multiples of the threshold; shares of a whole with them."""
    own = covariates.isin(few).to_numpy()
    if not own.any():
        return frame
    sizes = frame["n"].to_list()
    for place in own.nonzero()[0]:
        known = levels.get(str(covariates.iloc[place]), {})
        sides = str(labels.iloc[place]).split(_DIFFERENCE)
        whole = sum(known[side] for side in sides) if all(side in known for side in sides) else sizes[place]
        sizes[place] = max(threshold, round(whole / threshold) * threshold)
    out = frame.assign(n=pd.Series(sizes, index=frame.index).astype(frame["n"].dtype))
    if "share" in frame:
        out["share"] = frame["share"].where(~own, frame["share"] * out["n"] / frame["n"])
    return out
