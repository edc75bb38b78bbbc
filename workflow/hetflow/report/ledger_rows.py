"""Rows of the multiplicity ledger: the p-values that each stage left behind, named alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.inputs import AnalysisInputs, ReportInputs
from hetflow.report.picks import INTERCEPT

Row = dict[str, Any]

PLANNED, SENSITIVITY, EXPLORATORY = "pre-specified", "sensitivity", "exploratory"
GLOBAL, SPECIFIC, AVERAGE, MISSING = "global", "specific", "average", "missing values"
#: Names of the global tests, in the order in which they are told.
NAMES = {
    "AUTOC": "ranking by predicted benefit, out of bag (AUTOC)",
    "sequential_AUTOC": "ranking by predicted benefit, sequential (RATE)",
    "independence_all": "scores against all covariates",
    "independence_named": "scores against the named covariates",
    "score_residual_all": "residual scores of a linear model against all covariates",
    "score_residual_named": "residual scores of a linear model against the named covariates",
    "calibration": "spread of the predicted effects (calibration)",
    "projection": "all slopes of the projection together",
    "BLP": "slope on the predicted effect, repeated splits (BLP)",
}
#: Tests whose names alone do not say what they are, by stage (none: of any) and name.
_SAID = {
    ("estimates", "projection"): "each slope of the projection",
    ("sensitivity", "projection"): "each slope of the projection",
    ("", "rule_groups"): "all groups of a rule together",
    ("", "rule_groups_difference"): "each difference between groups of a rule",
    ("", "independence_plain_all"): "scores against all covariates, not studentised",
    ("", "independence_plain_named"): "scores against the named covariates, not studentised",
    ("", "mcar"): "missing completely at random",
    ("", "dependence"): "what a mask depends on",
    ("", "policy: ranking"): "ranking by a rule of treatment",
    ("", "risk: effects"): "effects by baseline risk",
    ("", "splits: gates"): "gap between groups by predicted benefit, repeated splits",
    ("", "splits: clan"): "who is in the outer groups, repeated splits",
}
#: Global tests that suppose more than their design gives, and stay out of the family.
ROUGH = ("independence_plain_all", "independence_plain_named")
_AVERAGES = ("ATE", "ATT", "ATC", "ATO")
_DETAILS = (
    "estimand",
    "test",
    "group",
    "term",
    "covariate",
    "covariates",
    "learner",
    "strategy",
    "rule",
    "against",
    "basis",
)
#: Of what missing values depend on: table, column of the p-value, what it is called, and what tells its rows apart.
_OF_MASKS = (
    ("mcar", "p", "mcar", ("test", "mask")),
    ("dependence", "p", "dependence", ("on", "mask")),
    ("labels", "structure_p", "masks that go together, one against the others", ("mask",)),
    ("labels", "order_p", "order of masks", ("mask",)),
    ("compared", "hotelling_p", "covariates with and without the value", ("mask",)),
    ("compared", "crude_p", "outcome with and without the value", ("mask",)),
    ("compared", "adjusted_p", "outcome with and without the value, adjusted", ("mask",)),
)


def said(stage: str, test: str) -> str:
    """A test in words, as plan, page and ledger call it."""
    known = _SAID.get((stage, test)) or _SAID.get(("", test)) or NAMES.get(test)
    return known or test.replace("_", " ")


def of_analysis(inputs: ReportInputs, name: str) -> Iterator[Row]:
    """p-values of an analysis: its estimates, joint tests, shifted outcomes and appraisals."""
    held, planned = inputs.analyses[name], PLANNED if name == inputs.primary else SENSITIVITY
    own = inputs.estimates[(inputs.estimates["analysis"] == name) & inputs.estimates["p"].notna()]
    yield from (_of_estimate(row, "estimates", planned) for row in own.to_dict("records"))
    yield from _of_joint(name, held.joint, planned)
    yield from _of_shifts(name, held, own)
    for part in held.appraisals:
        yield from _of_appraisal(name, held, part, planned)


def of_missing(inputs: ReportInputs) -> Iterator[Row]:
    """Tests of what missing values depend on, of masks that go together, and of who lost the outcome."""
    for name, column, test, keys in _OF_MASKS:
        for row in inputs.mechanism_tables.get(name, pd.DataFrame()).to_dict("records"):
            of = " · ".join(_detail(key, row[key]) for key in keys if _says(row.get(key)))
            yield from _of_mask(test, of, row, column)
    for row in inputs.structure_tables.get("network", pd.DataFrame()).to_dict("records"):
        yield from _of_mask("pair of masks", f"masks {int(row['first'])} and {int(row['second'])}", row, "p")
    yield from _of_mask("loss of the outcome by arm", "", inputs.mechanism.get("attrition") or {}, "p")
    for row in inputs.mechanism.get("dropout_model", []):
        yield from _of_mask("drop-out", str(row["term"]), row, "p")


def _of_mask(test: str, of: str, row: Mapping[Any, Any], column: str) -> Iterator[Row]:
    if fmt.known(row.get(column)):
        yield _row("", "missingness", test, of, MISSING, EXPLORATORY, {"p": row[column]})


def _detail(key: str, value: Any) -> str:
    return f"mask {int(value)}" if key == "mask" else f"against {value}" if key == "against" else str(value)


def _of_shifts(analysis: str, held: AnalysisInputs, estimates: pd.DataFrame) -> Iterator[Row]:
    """Tests under shifted or reference-based outcomes; without a shift they are those of the estimates."""
    if held.shifts.empty:
        return
    keys = ["estimand", "group", "term"]
    told = set(estimates[keys].itertuples(index=False, name=None))
    unit = str(held.sensitivity.get("units", ""))
    for row in held.shifts[held.shifts["p"].notna()].to_dict("records"):
        shifted = row["assumption"] != "shift" or row["delta"] != 0
        if shifted or tuple(row[key] for key in keys) not in told:
            named = _of_estimate(row | {"analysis": analysis}, "sensitivity", SENSITIVITY)
            by = str(row["assumption"])
            if by == "shift":
                by = f"{row['arms']} shifted by {row['delta']:+g} {'sd' if unit == 'sd' else 'units'}"
            yield named | {"of": " · ".join(part for part in (named["of"], by) if part)}


def _row(
    analysis: str, stage: str, test: str, of: str, question: str, plan: str, more: Mapping[Any, Any]
) -> Row:
    return {
        "analysis": analysis,
        "stage": stage,
        "test": test,
        "of": of,
        "question": question,
        "plan": plan,
        "alternative": str(more.get("alternative") or "two-sided"),
        "p": float(more["p"]),
    }


def _of_estimate(row: Mapping[Any, Any], stage: str, plan: str) -> Row:
    test = str(row["estimand"])
    if test in _AVERAGES or row["term"] == INTERCEPT:
        question = AVERAGE  # an intercept is an effect, of those whose covariates are zero, and not how effects differ
    else:
        question = GLOBAL if test in NAMES and test != "projection" else SPECIFIC
    of = " · ".join(str(row[name]) for name in ("term", "group") if row[name] not in ("", "all", "effect"))
    return _row(str(row["analysis"]), stage, test, of, question, plan, row)


def _says(value: object) -> bool:
    """Whether a cell names something: neither empty nor null."""
    return value is not None and value == value and str(value) != ""


def _of_joint(analysis: str, joint: pd.DataFrame, plan: str) -> list[Row]:
    return [
        _row(
            analysis,
            "joint",
            str(row["estimand"]),
            str(row["term"]),
            GLOBAL if row["estimand"] in NAMES else SPECIFIC,
            plan,
            row,
        )
        for row in joint.to_dict("records")
        if fmt.known(row["p"])
    ]


def _of_appraisal(analysis: str, held: AnalysisInputs, part: str, planned: str) -> list[Row]:
    """p-values of whatever tables an appraisal has that hold a column `p`."""
    found = []
    for name, table in held.appraisals[part].tables.items():
        if "p" not in table.columns:
            continue
        for row in table[table["p"].notna()].to_dict("records"):
            test, of = _named(part, name, row)
            known = test in NAMES
            plan = planned if known else EXPLORATORY
            question = GLOBAL if known or test in ROUGH else SPECIFIC
            found.append(_row(analysis, part, test, of, question, plan, row))
    return found


def _named(part: str, table: str, row: Mapping[Any, Any]) -> tuple[str, str]:
    """Name of a test of an appraisal, and of what it is one."""
    details = " · ".join(
        _detail(name, row[name]) for name in _DETAILS if _says(row.get(name)) and str(row[name]) != "all"
    )
    if part == "evidence":
        test = str(row["test"])
        return (test, "") if test == "calibration" else (f"{test}_{row['covariates']}", "")
    if part == "splits" and row.get("term") == "slope" and row.get("chosen") == 1:
        return "BLP", details
    return f"{part}: {table}", details
