"""Tables of the page: numbers as text, small counts hidden, ready for the template and for export."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report import picks
from hetflow.report.printed import Number
from hetflow.report.words import Words

E9_ATTRIBUTES = (
    ("population", "Population"),
    ("treatments", "Treatment conditions"),
    ("variable", "Variable"),
    ("intercurrent_events", "Intercurrent events"),
    ("summary", "Population-level summary"),
)
_TARGETS = {
    "ATT": "participants like those treated",
    "ATC": "participants like those not treated",
    "ATO": "participants who could well have had either treatment",
}
#: Rows from which on a table can be sorted, and beyond which it scrolls under its head.
FEWEST_SORTED, LONG = 3, 40


@dataclass(frozen=True, slots=True)
class Cell:
    """A row of a display table; `level` 1 is set in, `heading` spans the row, `last` stays at its group's end."""

    cells: tuple[str, ...]
    level: int = 0
    heading: bool = False
    last: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table as the page shows it.

    Attributes
    ----------
    name, caption : str
    head : tuple of str
    rows : tuple of Cell
    text_columns : tuple of int
        Columns set flush left; the others are numbers.
    note : str
        Small print beneath.
    folded : bool
        Shown on request.
    ordered : bool
        The order of the rows is what the table says: it does not sort.
    """

    name: str
    caption: str
    head: tuple[str, ...]
    rows: tuple[Cell, ...]
    text_columns: tuple[int, ...] = (0,)
    note: str = ""
    folded: bool = False
    ordered: bool = False

    @property
    def sortable(self) -> bool:
        """Whether there is something to sort: enough rows, and a column of numbers."""
        body = sum(not row.heading for row in self.rows)
        return not self.ordered and body >= FEWEST_SORTED and len(self.text_columns) < len(self.head)

    @property
    def long(self) -> bool:
        """Whether the table scrolls under its head."""
        return len(self.rows) > LONG


def average_table(estimates: pd.DataFrame, analysis: str, words: Words) -> Table:
    """Average effects over the four targets."""
    rows = []
    for name in picks.AVERAGES:
        effect = picks.one(estimates, analysis, name, words)
        if effect is not None:
            label = f"{picks.AVERAGE_LABELS[name]} ({name})"
            target = _TARGETS.get(name, words.everybody)
            cells = (label, target, estimate_text(effect), fmt.p_cell(effect.p))
            rows.append(Cell(cells))
    head = ("Averaged over", "That is", f"Effect{words.after_comma} ({words.level}\u00a0CI)", "p")
    note = (
        f"An effect is {words.treated} minus {words.control}. {words.better.capitalize()} is better. "
        "p-values are two-sided."
    )
    return Table("average", "Average effects", head, tuple(rows), (0, 1), note)


def heterogeneity_table(estimates: pd.DataFrame, analysis: str, words: Words) -> Table:
    """Tests and descriptions of heterogeneity, with what each can say."""
    wanted = (
        (
            "AUTOC",
            "",
            "AUTOC, out of bag",
            "One-sided test: do participants ranked first gain more than the average?",
            True,
        ),
        (
            "sequential_AUTOC",
            "",
            "Sequential RATE",
            "Two-sided test: each fold is ranked by a forest of the folds before it.",
            True,
        ),
        (
            "QINI",
            "",
            "QINI, out of bag",
            "The same ranking, counting the share treated. Described, not tested.",
            True,
        ),
        (
            "calibration",
            "mean",
            "Calibration: mean",
            "1 says that the average prediction is right. Described, not tested.",
            False,
        ),
        (
            "calibration",
            "differential",
            "Calibration: spread",
            "Above 1, effects differ more than predicted; below 1, less; 0, not at all. Its interval is a "
            "description.",
            False,
        ),
    )
    rows = []
    for estimand, term, label, says, effect in wanted:
        number = picks.one(estimates, analysis, estimand, words, term=term)
        if number is not None:
            value = estimate_text(number, words.unit if effect else "")
            rows.append(Cell((label, says, value, fmt.p_cell(number.p))))
    head = ("Quantity", "What it can say", f"Estimate ({words.level}\u00a0CI)", "p")
    note = (
        "A one-sided estimate has a lower bound only. A p-value stands only where the size of the test has "
        "been simulated, in randomised trials, with complete covariates and with imputed ones (docs/validation.md)."
    )
    return Table("heterogeneity", "Tests and descriptions of heterogeneity", head, tuple(rows), (0, 1), note)


def groups_table(estimates: pd.DataFrame, analysis: str, words: Words, minimum: int) -> Table:
    """Effects by sequentially predicted benefit and by the rules of the study file."""
    rows: list[Cell] = []
    sections = group_sections(estimates, analysis, words)
    first = sections[0][2]
    for heading, target, groups, gaps in sections:
        if groups.empty:
            continue
        rows.append(Cell((f"{heading}{f' · {target}' if target else ''}",), heading=True))
        for row, number in zip(groups.to_dict("records"), picks.numbers(groups, words), strict=True):
            rows.append(_group(number.label, number, int(row["n"]), minimum))
        hidden = (groups["n"] < minimum).any()
        for number in picks.numbers(gaps, words):
            label = "greatest minus least" if groups is first else number.label
            row_of_gap = _group(f"Difference: {label}", number, minimum if not hidden else 0, minimum, "")
            rows.append(replace(row_of_gap, last=True))
    head = ("Group", "Participants", f"Effect{words.after_comma} ({words.level}\u00a0CI)", "p")
    note = (
        f"Effects are {words.treated} minus {words.control}; {words.better} is better. Groups by predicted "
        "benefit use forests that had not seen the participant, and bring no p-value. p-values of rules are "
        "two-sided and not adjusted for their number."
    )
    return Table("groups", "Effects by group", head, tuple(rows), (0,), note)


def _group(label: str, number: Number, n: int, minimum: int, count: str | None = None) -> Cell:
    text = fmt.count(n) if count is None else count
    if n < minimum:
        return Cell((label, f"<{minimum}", "not shown", ""), 1)
    return Cell((label, text, estimate_text(number), fmt.p_cell(number.p)), 1)


def group_sections(
    estimates: pd.DataFrame, analysis: str, words: Words
) -> list[tuple[str, str, pd.DataFrame, pd.DataFrame]]:
    """Heading, target, rows of the groups and rows of their differences: sequential groups first, then each
    rule."""
    held = picks.rows(estimates, analysis, "sequential_groups")
    gap = picks.rows(estimates, analysis, "sequential_groups_difference")
    sections = [("By predicted benefit", _target(held), held, gap)]
    rules = picks.rows(estimates, analysis, "rule_groups")
    gaps = picks.rows(estimates, analysis, "rule_groups_difference")
    for rule in dict.fromkeys(rules["term"]):
        own = rules[rules["term"] == rule]
        sections.append((words.rule(rule), _target(own), own, gaps[gaps["term"] == rule]))
    return sections


def _target(table: pd.DataFrame) -> str:
    return str(table["target"].iloc[0] or "") if len(table) else ""


def projection_table(estimates: pd.DataFrame, analysis: str, words: Words) -> Table:
    """The best linear projection."""
    rows = []
    table = picks.projection_rows(estimates, analysis)
    for row, number in zip(table.to_dict("records"), picks.numbers(table, words), strict=True):
        rows.append(
            Cell((number.label, words.step(str(row["term"])), estimate_text(number), fmt.p_cell(number.p)))
        )
    head = ("Covariate", "For", f"Change of the effect{words.after_comma} ({words.level}\u00a0CI)", "p")
    target = f" Target: {_target(table)}." if _target(table) else ""
    note = (
        "A linear summary of how the effect varies, the other covariates held fixed; not adjusted for "
        f"several looks.{target}"
    )
    return Table("projection", "Best linear projection of the effect", head, tuple(rows), (0, 1), note)


def estimate_text(number: Number, unit: str = "") -> str:
    """``0.39 (0.34 to 0.44)``; ``0.17 (above 0.11)`` where the interval is one-sided."""
    value = fmt.with_unit(fmt.number(number.estimate, number.places), unit)
    if fmt.known(number.lower) and fmt.known(number.upper):
        return f"{value} ({fmt.interval(number.lower, number.upper, number.places)})"
    if fmt.known(number.lower):
        return f"{value} (above{fmt.SPACE}{fmt.number(number.lower, number.places)})"
    return value
