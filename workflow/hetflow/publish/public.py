"""The report's inputs in their public form: what the page, its figures and its tables are made of when all may see
them. Everything drawn or printed is then made from inputs in which no small count is left to be told.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from hetflow.publish import cuts, lost
from hetflow.publish.appraisals import public_appraisal
from hetflow.publish.covariates import ARMS, covered_counts, pooled_levels
from hetflow.publish.declarations import analysis as declarations
from hetflow.publish.declarations.cohort import FACTS as COHORT
from hetflow.publish.gate import refuse_small
from hetflow.publish.log import Log
from hetflow.publish.planned import public_deviations
from hetflow.publish.residual import without_near
from hetflow.publish.rules import Public, by_declaration, covered_text, public_facts
from hetflow.publish.sizes import Levels, rounded_sizes, told_levels
from hetflow.publish.structure import public_structure, without_nested
from hetflow.report.inputs import AnalysisInputs, AppraisalInputs, ReportInputs
from hetflow.report.sensitivity import WITHHELD

_TABLES = ("curves", "displays", "shifts")


def public_inputs(
    inputs: ReportInputs, threshold: int, log: Log, trees: bool = False
) -> tuple[ReportInputs, dict[str, list[str]]]:
    """The same study, as everybody may see it.

    Parameters
    ----------
    inputs : ReportInputs
        As the study team sees it; all of it declared (`hetflow.publish.gate`).
    threshold : int
        Counts of 1 to threshold - 1 are suppressed.
    log : Log
        What was suppressed is added to it.
    trees : bool
        Whether decision trees may be published.

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
    few = lost.few_lost(inputs.cohort, threshold)
    every = Public(threshold, rare, log, inputs.estimates, float("nan"), trees)
    levels = told_levels(baseline, covered)
    made = {name: _analysis(inputs, name, every, few, touched, levels) for name in inputs.analyses}
    estimates = [table for _, table in made.values()]
    public = replace(
        inputs,
        settings=dict(inputs.settings) | {"minimum_cell_count": threshold},
        cohort=_cohort(inputs.cohort, few, every),
        baseline=_without_shares(baseline, touched),
        estimates=without_near(pd.concat(estimates, ignore_index=True), threshold, log),
        analyses={name: one for name, (one, _) in made.items()},
        covered=covered,
        withheld=inputs.withheld | _withheld(inputs, few, threshold),
        deviations=public_deviations(inputs.deviations, log),
    )
    refuse_small(public, threshold)
    return public_structure(public, touched | few, threshold, log), rare


def _cohort(cohort: Mapping[str, Any], few: set[str], public: Public) -> dict[str, Any]:
    """Facts without the file's name and without what tells of few lost outcomes."""
    out: dict[str, Any] = public_facts(
        lost.without_lost(cohort, few, public.log), COHORT["cohort"], public, "cohort"
    )
    if out.get("source"):
        out["source"] = dict(out["source"]) | {"file": "not named"}
        public.log.add("the data file", "named file")
    return out


def _withheld(inputs: ReportInputs, few: set[str], threshold: int) -> set[str]:
    """What the page says is not published."""
    shifted = [name for name, one in inputs.analyses.items() if len(one.plane)]
    gone = [name for name in shifted if _outcome(inputs, name) in few or _few_events(inputs, name, threshold)]
    return {WITHHELD} if gone and len(gone) == len(shifted) else set()


def _few_events(inputs: ReportInputs, name: str, threshold: int) -> bool:
    kind = inputs.settings["outcomes"].get(_outcome(inputs, name), {}).get("kind")
    return lost.few_events(inputs.analyses[name], kind == "binary", threshold)


def _outcome(inputs: ReportInputs, name: str) -> str:
    methods = inputs.settings["methods"].get(name, {})
    return str(methods.get("outcome") or inputs.settings["outcome"])


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
    inputs: ReportInputs, name: str, every: Public, few: set[str], touched: set[str], levels: Levels
) -> tuple[AnalysisInputs, pd.DataFrame]:
    """One analysis, and its estimates."""
    one = inputs.analyses[name]
    own = inputs.estimates[inputs.estimates["analysis"] == name].reset_index(drop=True)
    public = replace(every, units=_units(own), few_lost=_outcome(inputs, name) in few)
    if public.few_lost or _few_events(inputs, name, public.threshold):
        one = lost.analysis_without_lost(one, name, public.log)
    one, own = _cut_once(inputs, name, one, own, public)
    estimates = by_declaration(own, declarations.TABLES["estimates"], public, f"{name}: estimates")
    public = replace(public, estimates=estimates)
    parts: dict[str, Any] = {
        part: by_declaration(getattr(one, part), declarations.TABLES[part], public, f"{name}: {part}")
        for part in _TABLES
    }
    parts["shifts"] = lost.shifts_of_parts(parts["shifts"], name, public.log)
    parts |= {
        part: public_facts(getattr(one, part), declarations.FACTS[part], public, f"{name}: {part}")
        for part in ("guards", "sensitivity")
    }
    public_form = replace(
        one,
        nuisance=_nuisance(one.nuisance, public, touched, f"{name}: overlap"),
        notices=tuple(covered_text(text, public, f"{name}: notices") for text in one.notices),
        appraisals={
            part: public_appraisal(f"{name}: {part}", part, found, public)
            for part, found in one.appraisals.items()
        },
        **parts,
    )
    return rounded_sizes(
        public_form, estimates, _rules(inputs, name), levels, public.threshold, name, public.log
    )


def _units(estimates: pd.DataFrame) -> float:
    """Units of an analysis; NaN where it has no estimate of all."""
    whole = estimates[(estimates["estimand"] == "ATE") & (estimates["group"] == "all")]
    return float(whole["n"].iloc[0]) if len(whole) else float("nan")


def _cut_once(
    inputs: ReportInputs, name: str, one: AnalysisInputs, estimates: pd.DataFrame, public: Public
) -> tuple[AnalysisInputs, pd.DataFrame]:
    """An analysis and its estimates, in which no covariate is cut twice with few units between two cuts."""
    made = [
        *cuts.of_rules(estimates, _rules(inputs, name)),
        *cuts.of_cells(_table(one, "modifiers", "cells")),
        *cuts.of_displays(one.displays),
        *(cuts.of_trees(_table(one, "policy", "trees")) if public.trees else ()),
    ]
    gone = cuts.near(made, public.threshold, name, public.log)
    if not gone:
        return one, estimates
    of_rules = estimates["estimand"].isin(["rule_groups", "rule_groups_difference"])
    kept = estimates[~(of_rules & cuts.named(estimates, "rules", gone))].reset_index(drop=True)
    appraisals = {
        part: AppraisalInputs(
            {table: cuts.left(frame, table, gone) for table, frame in found.tables.items()}, found.facts
        )
        for part, found in one.appraisals.items()
    }
    return replace(one, displays=cuts.left(one.displays, "displays", gone), appraisals=appraisals), kept


def _rules(inputs: ReportInputs, name: str) -> Mapping[str, Mapping[str, Any]]:
    """Rules of an analysis, by name."""
    rules: Mapping[str, Mapping[str, Any]] = (
        inputs.settings["methods"].get(name, {}).get("estimates", {}).get("rules", {})
    )
    return rules


def _table(one: AnalysisInputs, part: str, name: str) -> pd.DataFrame:
    found = one.appraisals.get(part)
    return found.tables.get(name, pd.DataFrame()) if found else pd.DataFrame()


def _nuisance(facts: Mapping[str, Any], public: Public, touched: set[str], where: str) -> Mapping[str, Any]:
    """Balance without terms that would tell covered counts; a histogram in which no single bar is left out."""
    facts = public_facts(facts, declarations.FACTS["nuisance"], public, where)
    overlap = facts.get("overlap")
    if not overlap:
        return facts
    out = copy.deepcopy(dict(overlap))
    terms = {f"{name}={level}" for name, levels in public.rare.items() for level in levels}
    balance = out.get("balance", [])
    kept = [
        row
        for row in balance
        if row["covariate"] not in terms and row["covariate"].split("=")[0].split("__")[0] not in touched
    ]
    public.log.add(where, "complementary", len(balance) - len(kept))
    out["balance"] = kept
    out["outside"] = outside_shares(out, public.threshold, where, public.log)
    for arm in ARMS:
        _no_single_bar(out.get("histogram", []), arm, public.threshold, where, public.log)
    return dict(facts) | {"overlap": out}


def outside_shares(overlap: Mapping[str, Any], threshold: int, where: str, log: Log) -> list[dict[str, Any]]:
    """Shares of an arm with a propensity near 0 or 1; a small number of units as the largest that is small.

    The page gives such shares as the most that there may be, which they stay.
    """
    sizes = {row["arm"]: row["number"] for row in overlap.get("effective_sample_size", [])}
    rows = []
    for row in overlap.get("outside", []):
        size = sizes.get(row["arm"], 0)
        few = 0 < row["share"] * size < threshold
        log.add(where, "small count", int(few))
        rows.append(dict(row) | ({"share": (threshold - 1) / size} if few else {}))
    return rows


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
