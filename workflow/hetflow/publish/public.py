"""The report's inputs in their public form: what the page, its figures and its tables are made of when all may see
them. Everything drawn or printed is then made from inputs in which no small count is left to be told.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from hetflow.publish.covariates import ARMS, covered_counts, pooled_levels
from hetflow.publish.groups import FAMILY, thinned, without_small_groups
from hetflow.publish.log import Log
from hetflow.publish.structure import public_structure, without_nested
from hetflow.report.inputs import AnalysisInputs, AppraisalInputs, ReportInputs

_CURVES = ("analysis", "outcome", "contrast", "target", "curve")
_DISPLAYS = ("covariate",)
_SHIFTS = (*FAMILY, "assumption", "arms", "delta")
_LABELS = ("group", "level", "leaf", "stratum")
_WHOLES = (*FAMILY, "covariate", "fold", "split", "ranking", "policy", "learner", "rule", "variable")
_COUNTS = ("n", "units", "n_treated", "n_control", "treated_units", "control_units")


def public_inputs(
    inputs: ReportInputs, threshold: int, log: Log
) -> tuple[ReportInputs, dict[str, list[str]]]:
    """The same study, as everybody may see it.

    Parameters
    ----------
    inputs : ReportInputs
        As the study team sees it.
    threshold : int
        Counts of 1 to threshold - 1 are suppressed.
    log : Log
        What was suppressed is added to it.

    Returns
    -------
    inputs : ReportInputs
    rare : dict of str to list of str
        Levels of few units by covariate, which must not be named anywhere.
    """
    baseline, rare = (
        pooled_levels(inputs.baseline, threshold, log) if len(inputs.baseline) else (inputs.baseline, {})
    )
    inputs = replace(inputs, variables=without_nested(inputs, threshold, log))
    covered = covered_counts(baseline, inputs.variables, threshold, log) if len(baseline) else {}
    touched = {name for name, _, _ in covered}
    cohort = copy.deepcopy(dict(inputs.cohort))
    if cohort.get("source"):
        cohort["source"] = dict(cohort["source"]) | {"file": "not named"}
        log.add("the data file", "named file")
    estimates = without_small_groups(inputs.estimates, FAMILY, "group", threshold, "estimates", log)
    public = replace(
        inputs,
        settings=dict(inputs.settings) | {"minimum_cell_count": threshold},
        cohort=cohort,
        baseline=_without_shares(baseline, touched),
        estimates=_without_levels(estimates, rare, "estimates", log),
        analyses={
            name: _analysis(name, one, threshold, rare, touched, log) for name, one in inputs.analyses.items()
        },
        covered=covered,
    )
    return public_structure(public, touched, threshold, log), rare


def _without_shares(baseline: pd.DataFrame, touched: set[str]) -> pd.DataFrame:
    """Percentages and differences would tell counts that are covered, or the denominator that tells them."""
    if baseline.empty:
        return baseline
    out = baseline.copy()
    unsure = out["variable"].isin(touched)
    for arm in ARMS:
        unsure |= out[f"units_{arm}"] != out[f"applicable_{arm}"]
    out.loc[unsure, [f"share_{arm}" for arm in ARMS]] = float("nan")
    out.loc[out["variable"].isin(touched), "standardised_difference"] = float("nan")
    return out


def _analysis(
    name: str, one: AnalysisInputs, threshold: int, rare: Mapping[str, list[str]], touched: set[str], log: Log
) -> AnalysisInputs:
    displays = without_small_groups(one.displays, _DISPLAYS, "level", threshold, f"{name}: displays", log)
    return replace(
        one,
        nuisance=_nuisance(one.nuisance, threshold, rare, touched, f"{name}: overlap", log),
        curves=thinned(one.curves, _CURVES, threshold, f"{name}: curves", log),
        displays=_without_levels(displays, rare, f"{name}: displays", log),
        shifts=without_small_groups(one.shifts, _SHIFTS, "group", threshold, f"{name}: shifts", log),
        appraisals={
            part: public_appraisal(f"{name}: {part}", found, threshold, rare, log)
            for part, found in one.appraisals.items()
        },
    )


def public_appraisal(
    where: str, found: AppraisalInputs, threshold: int, rare: Mapping[str, list[str]], log: Log
) -> AppraisalInputs:
    """Tables of an appraisal without rows of few units and without rare levels.

    Groups of one whole are known by their columns; what else several rows tell together is left to a person, and said.
    """
    tables = {}
    log.review.append(f"{where}: no rule knows what its rows tell together, groups of one whole apart")
    for name, table in found.tables.items():
        label = next((one for one in _LABELS if one in table), "")
        kept = without_small_groups(table, _WHOLES, label, threshold, f"{where}: {name}", log)
        kept = without_small_counts(kept, threshold, f"{where}: {name}", log)
        tables[name] = _without_levels(kept, rare, f"{where}: {name}", log)
    return AppraisalInputs(tables, found.facts)


def without_small_counts(table: pd.DataFrame, threshold: int, where: str, log: Log) -> pd.DataFrame:
    """Rows none of whose counts is small."""
    columns = [name for name in _COUNTS if name in table and pd.api.types.is_numeric_dtype(table[name])]
    small = ((table[columns] > 0) & (table[columns] < threshold)).any(axis=1)
    if not len(columns) or not small.any():
        return table
    log.add(where, "small count", int(small.sum()))
    return table[~small].reset_index(drop=True)


def _without_levels(frame: pd.DataFrame, rare: Mapping[str, list[str]], where: str, log: Log) -> pd.DataFrame:
    """Rows that name no rare level: as a term ``covariate=level``, or as a level beside its covariate."""
    terms = {f"{name}={level}" for name, levels in rare.items() for level in levels}
    texts = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    if frame.empty or not terms or not texts:
        return frame
    named = frame[texts].isin(terms).any(axis=1)
    if {"covariate", "level"} <= set(frame):
        pairs = frame["covariate"].astype(str) + "=" + frame["level"].astype(str)
        named |= pairs.isin(terms)
    log.add(where, "rare level", int(named.sum()))
    return frame[~named].reset_index(drop=True)


def _nuisance(
    facts: Mapping[str, Any],
    threshold: int,
    rare: Mapping[str, list[str]],
    touched: set[str],
    where: str,
    log: Log,
) -> Mapping[str, Any]:
    """Balance without terms that would tell covered counts; a histogram in which no single bar is left out."""
    overlap = facts.get("overlap")
    if not overlap:
        return facts
    out = copy.deepcopy(dict(overlap))
    terms = {f"{name}={level}" for name, levels in rare.items() for level in levels}
    balance = out.get("balance", [])
    kept = [
        row
        for row in balance
        if row["covariate"] not in terms and row["covariate"].split("=")[0].split("__")[0] not in touched
    ]
    log.add(where, "complementary", len(balance) - len(kept))
    out["balance"] = kept
    for arm in ARMS:
        _no_single_bar(out.get("histogram", []), arm, threshold, where, log)
    return dict(facts) | {"overlap": out}


def _no_single_bar(histogram: Any, arm: str, threshold: int, where: str, log: Log) -> None:
    """Bars of few units are left out by the page; so that subtraction does not tell them, the smallest others too."""
    bars = [bar for bar in histogram if isinstance(bar, dict) and bar.get(arm)]
    small = [bar for bar in bars if bar[arm] < threshold]
    rest = sorted((bar for bar in bars if bar[arm] >= threshold), key=lambda bar: bar[arm])
    together = sum(bar[arm] for bar in small)
    log.add(where, "small count", len(small))
    while small and together < threshold and rest:
        bar = rest.pop(0)
        together += bar[arm]
        bar[arm] = 0
        log.add(where, "complementary")
