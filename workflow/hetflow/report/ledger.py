"""The multiplicity ledger: every test that the run made, and what many looks do to the global tests among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from hetflow.multiplicity import benjamini_hochberg, holm
from hetflow.report import formats as fmt
from hetflow.report.inputs import AnalysisInputs, ReportInputs
from hetflow.report.tables import Cell, Table
from hetflow.report.words import Words

PLANNED, SENSITIVITY, EXPLORATORY = "pre-specified", "sensitivity", "exploratory"
GLOBAL, SPECIFIC, AVERAGE, MISSING = "global", "specific", "average", "missing values"
QUESTIONS = {
    GLOBAL: "does the effect vary at all?",
    SPECIFIC: "in whom, or with what, does it vary?",
    AVERAGE: "is there an effect on average?",
    MISSING: "what do missing values depend on?",
}
COLUMNS = (
    *(
        "analysis",
        "stage",
        "test",
        "of",
        "question",
        "plan",
        "alternative",
        "p",
        "in_family",
        "p_holm",
        "p_bh",
    ),
)
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
#: Global tests that suppose more than their design gives, and stay out of the family.
ROUGH = ("independence_plain_all", "independence_plain_named")
_AVERAGES = ("ATE", "ATT", "ATC", "ATO")
_DETAILS = ("estimand", "test", "group", "term", "covariate", "covariates", "learner", "strategy", "rule")


def ledger(inputs: ReportInputs) -> pd.DataFrame:
    """Every p-value of the run.

    Returns
    -------
    DataFrame
        analysis, stage, test, of, question (global, specific, average, missing values), plan (pre-specified: of the
        primary analysis and named by the study file or made by default; sensitivity: of another analysis; exploratory:
        chosen by looking), alternative, p; in_family (the pre-specified global tests of the primary analysis) and, for
        these, p adjusted by Holm (1979) and by Benjamini and Hochberg (1995).
    """
    rows: list[dict[str, Any]] = []
    for name, analysis in inputs.analyses.items():
        planned = PLANNED if name == inputs.primary else SENSITIVITY
        own = inputs.estimates[(inputs.estimates["analysis"] == name) & inputs.estimates["p"].notna()]
        rows += [_of_estimate(row, planned) for row in own.to_dict("records")]
        rows += _of_joint(name, analysis.joint, planned)
        rows += [row for part in analysis.appraisals for row in _of_appraisal(name, analysis, part, planned)]
    rows += _of_missing(inputs)
    table = pd.DataFrame(rows, columns=list(COLUMNS[:8]))
    table["in_family"] = (
        (table["question"] == GLOBAL) & (table["plan"] == PLANNED) & (table["analysis"] == inputs.primary)
    ).astype(np.int64)
    family = table["in_family"].to_numpy() == 1
    for name, adjust in (("p_holm", holm), ("p_bh", benjamini_hochberg)):
        table[name] = np.nan
        table.loc[family, name] = adjust(table.loc[family, "p"].to_numpy(dtype=np.float64))
    return table


def family(table: pd.DataFrame) -> pd.DataFrame:
    """The pre-specified global tests of the primary analysis, in the order of `NAMES`."""
    own = table[table["in_family"] == 1]
    place = {name: number for number, name in enumerate(NAMES)}
    return own.sort_values("test", key=lambda names: names.map(place), kind="stable").reset_index(drop=True)


def _row(
    analysis: str, stage: str, test: str, of: str, question: str, plan: str, more: Mapping[Any, Any]
) -> dict[str, Any]:
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


def _of_estimate(row: Mapping[Any, Any], plan: str) -> dict[str, Any]:
    test = str(row["estimand"])
    question = (
        AVERAGE if test in _AVERAGES else GLOBAL if test in NAMES and test != "projection" else SPECIFIC
    )
    of = " · ".join(str(row[name]) for name in ("term", "group") if row[name] not in ("", "all", "effect"))
    return _row(str(row["analysis"]), "estimates", test, of, question, plan, row)


def _says(value: object) -> bool:
    """Whether a cell names something: neither empty nor null."""
    return value is not None and value == value and str(value) != ""


def _of_joint(analysis: str, joint: pd.DataFrame, plan: str) -> list[dict[str, Any]]:
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


def _of_appraisal(analysis: str, held: AnalysisInputs, part: str, planned: str) -> list[dict[str, Any]]:
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
        str(row[name]) for name in _DETAILS if _says(row.get(name)) and str(row[name]) != "all"
    )
    if part == "evidence":
        test = str(row["test"])
        return (test, "") if test == "calibration" else (f"{test}_{row['covariates']}", "")
    if part == "splits" and row.get("term") == "slope" and row.get("chosen") == 1:
        return "BLP", details
    return f"{part}: {table}", details


def _of_missing(inputs: ReportInputs) -> list[dict[str, Any]]:
    """Tests of what missing values depend on."""
    found = []
    for name in ("mcar", "dependence"):
        table = inputs.mechanism_tables.get(name, pd.DataFrame())
        for row in table.to_dict("records"):
            if fmt.known(row.get("p")):
                of = " · ".join(str(row[key]) for key in ("test", "on", "mask") if _says(row.get(key)))
                found.append(_row("", "missingness", name, of, MISSING, EXPLORATORY, row))
    return found


def counted(table: pd.DataFrame) -> str:
    """How many tests the run made, and which are adjusted for."""
    if table.empty:
        return ""
    parts = [
        f"{fmt.count(int((table['question'] == question).sum()))} ask “{asked}”"
        for question, asked in QUESTIONS.items()
        if (table["question"] == question).any()
    ]
    number = int(table["in_family"].sum())
    family = (
        f" {fmt.count(number)} of them are the pre-specified global tests of the primary analysis; the table "
        "adjusts these "
        "for their number; other p-values stand as they are."
        if number
        else ""
    )
    return (
        f"This run made {fmt.count(len(table))} tests: {'; '.join(parts)}.{family} “Pre-specified” says that the "
        "study file "
        "or hetflow's defaults fixed the test before it was made; whether the file was written before the data were "
        "seen, "
        "hetflow cannot know."
    )


def ledger_table(table: pd.DataFrame, words: Words, labels: Mapping[str, str]) -> Table:
    """The ledger, folded."""
    rows = [
        Cell(
            (
                labels.get(row["analysis"]) or row["analysis"] or "all",
                NAMES.get(row["test"], row["test"]),
                ", ".join(words.covariate(part) for part in row["of"].split(" · ") if part),
                row["plan"],
                "one" if row["alternative"] in ("greater", "less") else "two",
                fmt.p_cell(row["p"]),
                fmt.p_cell(row["p_holm"]),
                fmt.p_cell(row["p_bh"]),
            )
        )
        for row in table.to_dict("records")
    ]
    head = ("Analysis", "Test", "Of", "Planned", "Sides", "p", "Holm", "BH")
    note = (
        "Holm: adjusted for the chance of any false finding in the family of pre-specified global tests; BH: for "
        "the share "
        "of false findings among those found. Tests that are made on the way and print no p-value are not counted."
    )
    return Table(
        "ledger", f"Every test that was made ({len(rows)})", head, tuple(rows), (0, 1, 2, 3, 4), note, True
    )
