"""Picking estimates out of the joined table, in the units in which they are printed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from hetflow.report.inputs import ReportInputs
from hetflow.report.printed import Number, number_of
from hetflow.report.words import Words

_HALF_OPEN = re.compile(r"\(([^,()]+), ([^,()]+)\]")
INTERCEPT = "intercept"
AVERAGES = ("ATE", "ATT", "ATC", "ATO")
AVERAGE_LABELS = {
    "ATE": "Everybody",
    "ATT": "The treated",
    "ATC": "The controls",
    "ATO": "Overlap population",
}


def rows(estimates: pd.DataFrame, analysis: str, estimand: str, **where: str) -> pd.DataFrame:
    """Rows of one estimand of one analysis, in the table's order; an empty condition is none."""
    keep = (estimates["analysis"] == analysis) & (estimates["estimand"] == estimand)
    for column, value in where.items():
        if value:
            keep &= estimates[column] == value
    return estimates[keep].reset_index(drop=True)


def numbers(table: pd.DataFrame, words: Words, benefit: bool = False) -> list[Number]:
    """Rows as numbers.

    Parameters
    ----------
    table : DataFrame
        Rows of the contract ``estimates``.
    words : Words
        Effects are multiplied by its factor; descriptive rows are not.
    benefit : bool
        Turn rows on the outcome's scale into benefit units: where lower is better, sign and bounds change
        places.
    """
    return [_number(row, words, benefit) for row in table.to_dict("records")]


def _number(row: Mapping[Any, Any], words: Words, benefit: bool) -> Number:
    factor = 1.0 if row["scale"] == "descriptive" else words.factor
    if benefit and row["scale"] == "outcome":
        factor *= words.sign
    return number_of(row, factor, _label(row, words))


def _label(row: Mapping[Any, Any], words: Words) -> str:
    if row["estimand"] in AVERAGE_LABELS:
        return AVERAGE_LABELS[row["estimand"]]
    if row["estimand"] == "projection":
        return words.covariate(str(row["term"]))
    return between(str(row["group"]))


def between(group: str) -> str:
    """``(23, 28]`` as ``> 23 to 28``."""
    text = _HALF_OPEN.sub(r"> \1 to \2", group)
    return text.replace("<= ", "≤ ")


def one(
    estimates: pd.DataFrame, analysis: str, estimand: str, words: Words, benefit: bool = False, **where: str
) -> Number | None:
    """The first estimate that fits, or None."""
    found = numbers(rows(estimates, analysis, estimand, **where).head(1), words, benefit)
    return found[0] if found else None


def average(inputs: ReportInputs, words: Words) -> float | None:
    """The average effect of the primary analysis as printed, or None."""
    found = one(inputs.estimates, inputs.primary, "ATE", words)
    return found.estimate if found else None


def sequential(
    estimates: pd.DataFrame, analysis: str, words: Words
) -> tuple[Number | None, Number | None, Number | None]:
    """Held-out groups: greatest and least predicted benefit (effects), and the gap between them (benefit units)."""
    groups = numbers(rows(estimates, analysis, "sequential_groups"), words)
    gap = one(estimates, analysis, "sequential_groups_difference", words, benefit=True)
    if len(groups) < 2 or gap is None:
        return None, None, None
    return groups[-1], groups[0], replace(gap, groups=len(groups))


def projection_terms(estimates: pd.DataFrame, analysis: str, words: Words) -> list[Number]:
    """Slopes of the best linear projection, without its intercept, labelled as in a sentence."""
    table = projection_rows(estimates, analysis)
    terms = zip(table["term"], numbers(table, words), strict=True)
    return [replace(number, label=words.more_of(str(term))) for term, number in terms]


def projection_rows(estimates: pd.DataFrame, analysis: str) -> pd.DataFrame:
    """Rows of the best linear projection, without its intercept."""
    table = rows(estimates, analysis, "projection")
    return table[table["term"] != INTERCEPT]
