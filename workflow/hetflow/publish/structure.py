"""The structure of what is missing, in its public form: patterns, rules and pairs of masks rounded so that the totals
that other tables give do not tell small counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from hetflow.publish.declarations.missing import MECHANISM
from hetflow.publish.declared import ESTIMATE
from hetflow.publish.log import Log
from hetflow.report.inputs import ReportInputs
from hetflow.report.mask_names import split_names

_STRENGTH_PLACES = 1  # of the association of two masks, which with their sizes tells how many miss both
#: An area under the curve is a whole number over twice the product of two counts: exact, it tells both.
AREA_PLACES = 2
_NATS_PLACES = 3
#: A p-value that small counts can be told from is given as the least of these that it does not exceed.
_LEVELS = np.array([0.001, 0.01, 0.05, 0.1, 0.2, 0.5, 1.0])


def public_structure(inputs: ReportInputs, touched: set[str], threshold: int, log: Log) -> ReportInputs:
    """What is missing, as everybody may see it.

    Parameters
    ----------
    inputs : ReportInputs
    touched : set of str
        Covariates of which some count is covered, and outcomes of which an arm lost few.
    """
    tables = dict(inputs.structure_tables)
    if len(tables.get("rules", ())):
        tables["rules"] = _rules(tables["rules"], threshold, log)
    if len(tables.get("network", ())):
        pairs = tables["network"]
        tables["network"] = pairs.assign(nmi=pairs["nmi"].round(_STRENGTH_PLACES), p=coarse(pairs["p"]))
        log.add("association of masks", "rounded", len(pairs))
    mechanism = {name: as_printed(table) for name, table in inputs.mechanism_tables.items()}
    if len(mechanism.get("dependence", ())):
        mechanism["dependence"] = _dependence(mechanism["dependence"], touched, log)
    if len(mechanism.get("labels", ())):
        labels = mechanism["labels"]
        tests = {name: coarse(labels[name]) for name in ("structure_p", "order_p")}
        mechanism["labels"] = labels.assign(rows=rounded(labels["rows"], threshold), **tests)
    if len(mechanism.get("compared", ())):
        compared = mechanism["compared"]
        unread = [name for name in MECHANISM["compared"].of(ESTIMATE) if name in compared]
        mechanism["compared"] = compared.assign(
            **dict.fromkeys(unread, np.nan)
        )  # the page reads the tests alone
    return replace(
        inputs,
        variables=_variables(inputs.variables, threshold, log),
        patterns=_patterns(inputs.patterns, threshold, log),
        missingness=_summary(inputs.missingness, threshold, log),
        structure=without_few(inputs.structure, threshold, log),
        structure_tables=tables,
        mechanism=_attrition(without_differences(inputs.mechanism, touched, log)),
        mechanism_tables=mechanism,
    )


def without_few(facts: Mapping[str, Any], threshold: int, log: Log) -> Mapping[str, Any]:
    """Where missing differs most, without groups of which few miss the value or few have it: of two groups, the other's
    share and the number of all would tell how few.
    """
    groups = facts.get("groups", [])
    kept = [
        one
        for one in groups
        if not any(
            0 < count < threshold
            for end in (one["lowest"], one["highest"])
            for count in (end["missing"], end["applicable"] - end["missing"])
        )
    ]
    log.add("where missing differs most", "complementary", len(groups) - len(kept))
    return dict(facts) | ({"groups": kept} if groups else {})


def without_nested(inputs: ReportInputs, threshold: int, log: Log) -> pd.DataFrame:
    """The missing values by variable, without those that would tell a few units by subtraction.

    Where everybody who misses one variable misses another as well, the difference of the two numbers counts those who
    miss the other alone; where it is not known to whom a variable applies, its number holds that of another one.
    """
    variables = inputs.variables
    if variables.empty:
        return variables
    told = nested_outside(inputs.patterns, sorted(set(variables["column"].astype(str))), threshold)
    told |= set(variables.loc[variables["unknown_applicability"] > 0, "column"].astype(str))
    log.add("missing values by variable", "complementary", len(told))
    return variables[~variables["column"].isin(told)].reset_index(drop=True)


def nested_outside(patterns: pd.DataFrame, names: list[str], threshold: int) -> set[str]:
    """Variables that everybody misses who misses some other one, and few more.

    Parameters
    ----------
    patterns : DataFrame
        Patterns of what is missing: ``units`` and ``columns``, joined by commas.
    names : list of str
        All variables.
    """
    gone = np.zeros((len(patterns), len(names)))
    for row, text in enumerate(patterns["columns"].astype(str) if len(patterns) else ()):
        gone[row, [names.index(name) for name in split_names(text, names) if name in names]] = 1.0
    both = (
        (gone * patterns["units"].to_numpy(dtype=float)[:, None]).T @ gone
        if len(patterns)
        else np.zeros((0, 0))
    )
    size = np.diag(both)
    beyond = size[None, :] - both  # [inner, outer]: missed by the outer one alone
    nested = (both == size[:, None]) & (size[:, None] > 0) & (beyond > 0) & (beyond < threshold)
    return {names[place] for place in np.flatnonzero(nested.any(axis=0))} if len(both) else set()


def rounded(counts: pd.Series, threshold: int) -> pd.Series:
    """Counts of at least the threshold to its multiples; small ones and 0 as they are, for the page to cover."""
    near = (counts / threshold).round().astype("int64") * threshold
    return near.where(counts >= threshold, counts)


def coarse(p: pd.Series) -> pd.Series:
    """p-values raised to the next of a few levels, so that they tell no counts; null where they are."""
    values = p.to_numpy(dtype=np.float64)
    place = np.searchsorted(_LEVELS, np.nan_to_num(values, nan=1.0)).clip(max=_LEVELS.size - 1)
    return pd.Series(np.where(np.isnan(values), np.nan, _LEVELS[place]), index=p.index)


def as_printed(table: pd.DataFrame) -> pd.DataFrame:
    """Areas under the curve and gains in likelihood with the places that the page prints."""
    places = dict.fromkeys(("auc",), AREA_PLACES) | dict.fromkeys(("nats", "structure_nats"), _NATS_PLACES)
    return table.round({name: digits for name, digits in places.items() if name in table})


def without_differences(facts: Mapping[str, Any], touched: set[str], log: Log) -> Mapping[str, Any]:
    """Masks that go with the arm: no difference of those whose counts by arm are covered, for with the number of all it
    would tell them.
    """
    out = dict(facts)
    for name in ("arm", "contradictions"):
        told = [one for one in facts.get(name, []) if touched & set(one["columns"])]
        log.add("missing values by arm", "complementary", len(told))
        if told:
            out[name] = [
                one
                if one not in told
                else {
                    **one,
                    "difference": None,
                    "p_adjusted": float(coarse(pd.Series([one["p_adjusted"]])).iloc[0]),
                }
                for one in facts[name]
            ]
    return out


def _attrition(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The test of who lost the outcome, by arm: with the arms' sizes it would tell how many did."""
    found = facts.get("attrition")
    if not found:
        return facts
    return dict(facts) | {"attrition": dict(found) | {"p": float(coarse(pd.Series([found["p"]])).iloc[0])}}


def _variables(variables: pd.DataFrame, threshold: int, log: Log) -> pd.DataFrame:
    """Not applicable is another covariate's level, so that its number is rounded; shares agree with it."""
    if variables.empty:
        return variables
    out = variables.copy()
    away = out["not_applicable"] > 0
    log.add("not applicable", "rounded", int((away & (out["group"] == "all")).sum()))
    out["not_applicable"] = rounded(out["not_applicable"], threshold)
    out["applicable"] = out["applicable"].where(~away, (out["units"] - out["not_applicable"]).clip(lower=1))
    share = (out["missing"] / out["applicable"]).clip(upper=1.0)
    out["share"] = out["share"].where(~away, share)
    return out


def _summary(summary: Mapping[str, Any], threshold: int, log: Log) -> Mapping[str, Any]:
    """How much is missing in all: exact, it would tell how much of it is where few miss a value."""
    if not summary.get("missing_cells"):
        return summary
    cells = summary["cells"]
    whole = pd.Series([summary["complete_cases"]])
    log.add("how much is missing in all", "rounded", 3)
    return dict(summary) | {
        "complete_cases": int(rounded(whole, threshold).iloc[0]),
        "missing_share": round(summary["missing_share"], 2),
        "not_applicable_cells": round(summary.get("not_applicable_cells", 0) / cells, 2) * cells,
    }


def _patterns(patterns: pd.DataFrame, threshold: int, log: Log) -> pd.DataFrame:
    if patterns.empty:
        return patterns
    log.add("patterns of what is missing", "rounded", int((patterns["units"] >= threshold).sum()))
    return patterns.assign(units=rounded(patterns["units"], threshold))


def _rules(rules: pd.DataFrame, threshold: int, log: Log) -> pd.DataFrame:
    """Where nobody has a value: how many are concerned, rounded."""
    log.add("values absent by design", "rounded", len(rules))
    absent = rounded(rules["absent"], threshold)
    return rules.assign(absent=absent, units=absent + rules["units"] - rules["absent"])


def _dependence(dependence: pd.DataFrame, touched: set[str], log: Log) -> pd.DataFrame:
    """The difference between the arms of masks whose counts by arm are covered would tell them."""
    known = sorted(touched)
    covered = [bool(touched & set(split_names(str(text), known))) for text in dependence["columns"]]
    told = pd.Series(covered, index=dependence.index) & (dependence["on"] == "arm")
    out = dependence.copy()
    out.loc[told, ["difference", "lower", "upper"]] = float("nan")
    for name in {"p", "p_adjusted"} & set(out):
        out.loc[told, name] = coarse(out.loc[told, name])
    log.add("missing values by arm", "complementary", int(told.sum()))
    return out
