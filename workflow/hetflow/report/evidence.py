"""What the page shows of the global tests: each with its p-value, its measured size, and how many looks there were."""

from __future__ import annotations

from typing import Any

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.drawn import Shown
from hetflow.report.grading import grades_table
from hetflow.report.inputs import ReportInputs
from hetflow.report.ledger import counted, ledger, ledger_table
from hetflow.report.ledger_rows import GLOBAL, NAMES, PLANNED, ROUGH, said
from hetflow.report.measured_sizes import MEASURED, POWER, SIZE
from hetflow.report.planned import when
from hetflow.report.tables import Cell, Table
from hetflow.report.words import Words, opening

SAYS = {
    "AUTOC": "Do participants ranked first gain more than the average? One-sided.",
    "sequential_AUTOC": "The same, each fold ranked by a forest of the folds before it. Two-sided.",
    "calibration": "Do effects differ in the direction in which they are predicted to? One-sided.",
    "independence_all": "Are the doubly robust scores related to any covariate of the forest? Studentised "
    "permutation test.",
    "independence_named": "The same, of the covariates that the study file names.",
    "independence_plain_all": "As WATCH makes it: supposes that noise does not depend on covariates. Not counted as "
    "evidence.",
    "independence_plain_named": "The same, of the covariates that the study file names. Not counted as evidence.",
    "score_residual_all": "Does a linear model without forest lack interactions with any covariate? Arms drawn anew.",
    "score_residual_named": "The same, of the covariates that the study file names.",
    "projection": "Are all slopes of the projection on the named covariates zero?",
    "BLP": "Do predictions learnt on one half tell who gains more in the other?",
}
LABELS = NAMES | {test: said("evidence", test) for test in ROUGH}
INTRODUCTION = (
    "Several tests ask whether the effect varies at all. They look in different directions, so that they may disagree: "
    "tests against covariates see effects that rise or fall with one; rankings see whatever the forest has learnt. "
    "Those against covariates read them as patients are seen, imputed without arm and outcome: against covariates that "
    "have seen the outcome, a test would find what imputation has put there."
)


def shown(inputs: ReportInputs, words: Words, minimum: int) -> Shown:
    """The table of global tests, the ledger, the measured sizes and the rules of grading."""
    table = ledger(inputs)
    labels = dict(inputs.settings["labels"])
    made = [ledger_table(table, words, labels), grades_table()]
    tests = tests_table(inputs, table)
    exported = {"ledger": table, "measured_sizes": sizes_frame()}
    return Shown([tests, sizes_table(), *made] if tests.rows else made, {}, exported)


def parts(inputs: ReportInputs, words: Words, minimum: int) -> list[tuple[str, Any]]:
    """For the section on heterogeneity."""
    held = inputs.appraisal("evidence")
    left_out = held.facts.get("notices", []) if held else []
    table = ledger(inputs)
    tested = bool(tests_table(inputs, table).rows)
    return [
        ("heading", "Does the effect vary at all?"),
        *([("text", INTRODUCTION), ("table", "global_tests")] if tested else []),
        *(("text", f"{opening(str(said))}.") for said in left_out),
        *([("table", "measured_sizes")] if tested else []),
        ("text", counted(table, when(inputs.plan))),
        ("table", "ledger"),
        ("table", "grades"),
    ]


def tests_table(inputs: ReportInputs, table: pd.DataFrame) -> Table:
    """The global tests of the primary analysis."""
    own = table[(table["analysis"] == inputs.primary) & (table["question"] == GLOBAL)]
    order = {name: number for number, name in enumerate(LABELS)}
    own = own.sort_values("test", key=lambda names: names.map(order), kind="stable")
    rows = [
        Cell(
            (
                opening(LABELS.get(row["test"], row["test"])),
                SAYS.get(row["test"], ""),
                fmt.p_cell(row["p"]),
                fmt.p_cell(row["p_holm"]),
                size_text(row["test"]),
            )
        )
        for row in own.to_dict("records")
        if row["plan"] == PLANNED or row["test"] in ROUGH
    ]
    note = (
        f"Holm: p adjusted for the {int(table['in_family'].sum())} tests that count. Size: share of simulated trials "
        "without heterogeneity in which the test rejects at 5 %, the smallest and the greatest of the settings below."
    )
    head = ("Test", "What it asks", "p", "p (Holm)", "Measured size")
    return Table("global_tests", "Global tests of heterogeneity", head, tuple(rows), (0, 1), note)


def size_text(test: str) -> str:
    """``0.04 to 0.07``: the range of the measured sizes of a test; an en dash where none was measured here."""
    rates = [
        rate for one in MEASURED.values() if one.measures == SIZE and (rate := one.rate(test)) is not None
    ]
    return f"{min(rates):.2f} to {max(rates):.2f}" if rates else fmt.NONE


def sizes_frame() -> pd.DataFrame:
    """setting, measures, test, rejected, replicates, rate, error."""
    rows = [
        {
            "setting": one.text,
            "measures": one.measures,
            "test": test,
            "rejected": count,
            "replicates": one.replicates[test],
            "rate": one.rate(test),
            "error": one.error(test),
        }
        for one in MEASURED.values()
        for test, count in one.rejected.items()
    ]
    return pd.DataFrame(rows)


def sizes_table() -> Table:
    """Measured sizes and powers, one row a test, one column a setting."""
    rows: list[Cell] = []
    for measures, title in (
        (SIZE, "No heterogeneity: share of trials rejected at 5 %"),
        (POWER, "Heterogeneity: power"),
    ):
        settings = [one for one in MEASURED.values() if one.measures == measures]
        rows.append(Cell((title,), heading=True))
        for one in settings:
            cells = [fmt.NONE if (rate := one.rate(test)) is None else f"{rate:.2f}" for test in LABELS]
            rows.append(Cell((f"{one.text} ({one.trials} trials)", *cells), 1))
    head = ("Setting", *(opening(label) for label in LABELS.values()))
    note = (
        "Monte Carlo standard errors: the square root of rate times one minus rate over trials; sequential RATE and "
        "repeated splits (15 of them) in fewer trials of some settings. A dash: not made there. Simulated trials are "
        "not this study: the table says how the tests behave, not what they would find. Details: docs/validation.md."
    )
    return Table(
        "measured_sizes", "Measured size and power of these tests", head, tuple(rows), (0,), note, True
    )
