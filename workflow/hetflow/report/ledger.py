"""The multiplicity ledger: every test that the run made, and what many looks do to the global tests among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from hetflow.multiplicity import benjamini_hochberg, holm
from hetflow.report import formats as fmt
from hetflow.report.inputs import ReportInputs
from hetflow.report.ledger_rows import (
    AVERAGE,
    EXPLORATORY,
    GLOBAL,
    MISSING,
    NAMES,
    PLANNED,
    SPECIFIC,
    of_analysis,
    of_missing,
    said,
)
from hetflow.report.tables import Cell, Table
from hetflow.report.words import Words

QUESTIONS = {
    GLOBAL: "does the effect vary at all?",
    SPECIFIC: "in whom, or with what, does it vary?",
    AVERAGE: "is there an effect on average?",
    MISSING: "what do missing values depend on?",
}
COLUMNS = ("analysis", "stage", "test", "of", "question", "plan", "alternative", "p")
#: Rows of one stage and test that the page lists one by one; of more it gives their number and the smallest p.
MOST_LISTED = 12


def ledger(inputs: ReportInputs) -> pd.DataFrame:
    """Every p-value of the run.

    Returns
    -------
    DataFrame
        analysis, stage, test, of, question (global, specific, average, missing values), plan (pre-specified: of the
        primary analysis and named by the study file or made by default; sensitivity: of another analysis; exploratory:
        chosen by looking, or named neither by the frozen plan nor by an amendment), alternative, p; in_family (the
        pre-specified global tests of the primary analysis) and, for
        these, p adjusted by Holm (1979) and by Benjamini and Hochberg (1995).
    """
    rows = [row for name in inputs.analyses for row in of_analysis(inputs, name)]
    rows += of_missing(inputs)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table.loc[_unplanned(table, inputs.plan), "plan"] = EXPLORATORY
    table["in_family"] = (
        (table["question"] == GLOBAL) & (table["plan"] == PLANNED) & (table["analysis"] == inputs.primary)
    ).astype(np.int64)
    family = table["in_family"].to_numpy() == 1
    for name, adjust in (("p_holm", holm), ("p_bh", benjamini_hochberg)):
        table[name] = np.nan
        table.loc[family, name] = adjust(table.loc[family, "p"].to_numpy(dtype=np.float64))
    return table


def _unplanned(table: pd.DataFrame, plan: Mapping[str, Any]) -> pd.Series:
    """Tests that a frozen plan does not name; where none is frozen, no test."""
    named = {tuple(one) for one in plan.get("unplanned", ())}
    keys = (
        table[["analysis", "stage", "test"]].astype(str).apply(tuple, axis=1) if len(table) else pd.Series()
    )
    return keys.isin(named)


def family(table: pd.DataFrame) -> pd.DataFrame:
    """The pre-specified global tests of the primary analysis, in the order of `NAMES`."""
    own = table[table["in_family"] == 1]
    place = {name: number for number, name in enumerate(NAMES)}
    return own.sort_values("test", key=lambda names: names.map(place), kind="stable").reset_index(drop=True)


def counted(table: pd.DataFrame, planned: str = "") -> str:
    """How many tests the run made, and which are adjusted for; `planned` is the day on which a plan was frozen."""
    if table.empty:
        return ""
    parts = [
        f"{fmt.count(int((table['question'] == question).sum()))} ask “{asked}”"
        for question, asked in QUESTIONS.items()
        if (table["question"] == question).any()
    ]
    number = int(table["in_family"].sum())
    family = (
        f" {fmt.count(number)} of them are the pre-specified global tests of the primary analysis; the table adjusts "
        "these for their number; other p-values stand as they are."
        if number
        else ""
    )
    seen = (
        f"an analysis plan was frozen on {planned} (see “Was it planned?”)"
        if planned
        else "whether the file was written before the data were seen, hetflow cannot know"
    )
    return (
        f"This run made {fmt.count(len(table))} tests: {'; '.join(parts)}.{family} “Pre-specified” says that the study "
        f"file or hetflow's defaults fixed the test before it was made; {seen}."
    )


def ledger_table(table: pd.DataFrame, words: Words, labels: Mapping[str, str]) -> Table:
    """The ledger, folded; of more than `MOST_LISTED` tests of one kind a single line."""
    rows = []
    for _, same in table.groupby(["analysis", "stage", "test"], sort=False):
        if len(same) > MOST_LISTED and not same["in_family"].any():
            smallest = same.sort_values("p", kind="stable").to_dict("records")[0]
            rows.append(_line(smallest, f"{len(same)} tests; the smallest p is", words, labels))
        else:
            rows += [_line(row, _said(row["of"], words), words, labels) for row in same.to_dict("records")]
    head = ("Analysis", "Test", "Of", "Planned", "Sides", "p", "Holm", "BH")
    note = (
        "Holm: adjusted for the chance of any false finding in the family of pre-specified global tests; BH: for "
        "the share of false findings among those found. Tests that are made on the way and print no p-value are not "
        f"counted. Of more than {MOST_LISTED} tests of one kind the page gives the smallest p; `tables/ledger.csv` "
        "lists each."
    )
    title = f"Every test that was made ({fmt.count(len(table))})"
    return Table("ledger", title, head, tuple(rows), (0, 1, 2, 3, 4), note, True)


def _said(of: str, words: Words) -> str:
    return ", ".join(words.covariate(part) for part in of.split(" · ") if part)


def _line(row: Mapping[Any, Any], of: str, words: Words, labels: Mapping[str, str]) -> Cell:
    return Cell(
        (
            labels.get(row["analysis"]) or row["analysis"] or "all",
            said(row["stage"], row["test"]),
            of,
            row["plan"],
            "one" if row["alternative"] in ("greater", "less") else "two",
            fmt.p_cell(row["p"]),
            fmt.p_cell(row["p_holm"]),
            fmt.p_cell(row["p_bh"]),
        )
    )
