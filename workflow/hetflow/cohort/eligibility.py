"""Who is in the cohort: identifiers, eligibility rules, compared arms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.flow import OUTSIDE, UNASSIGNED, Step, step
from hetflow.cohort.source import Source
from hetflow.cohort.values import rows_said, same, text_of
from hetflow.errors import Problem, refuse_all

_MOST_SHOWN = 10
#: What means missing by custom, or no number, in small letters.
_LIKE_MISSING = frozenset(
    {
        "nan",
        "na",
        "n/a",
        "#n/a",
        "null",
        "none",
        "nil",
        ".",
        "?",
        "-",
        "inf",
        "-inf",
        "+inf",
        "infinity",
        "-infinity",
    }
)


@dataclass(frozen=True, slots=True)
class Selection:
    """The units of the cohort.

    Attributes
    ----------
    rows : ndarray of int, shape (n,)
        Rows of the raw file, ascending.
    treated : ndarray of int8, shape (n,)
        1 treated, 0 control.
    steps : list of Step
        The participant flow.
    """

    rows: NDArray[np.intp]
    treated: NDArray[np.int8]
    steps: list[Step]


def select(
    source: Source, treatment: Mapping[str, Any], rules: Sequence[Mapping[str, Any]], randomised: bool
) -> Selection:
    """Apply the rules in their order, then keep the compared arms.

    A unit for which a rule cannot be told is left out and counted apart.

    Raises
    ------
    Refused
        If a kept unit's treatment is missing, or a listed value of the treatment never occurs.
    """
    arm = arms(source, treatment)
    kept = np.ones(len(source.rows), dtype=bool)
    steps = [step("Units in the data file", kept, arm, kept)]
    for number, rule in enumerate(rules):
        holds = source.condition(str(rule["expression"]), f"eligibility: rule {number + 1} ({rule['label']})")
        before, kept = kept, kept & (holds == 1)
        steps.append(step(str(rule["label"]), kept, arm, before, int((before & np.isnan(holds)).sum())))
    refuse_all(_treatment_problems(source, treatment, arm, kept))
    before, kept = kept, kept & (arm >= 0)
    label = "Randomised to a compared arm" if randomised else "In a compared group"
    steps.append(step(label, kept, arm, before))
    rows = np.flatnonzero(kept)
    return Selection(rows, arm[rows], steps)


def arms(source: Source, treatment: Mapping[str, Any]) -> NDArray[np.int8]:
    """Arm of every row: 1 treated, 0 control, `OUTSIDE` for other values, `UNASSIGNED` where missing."""
    series = source.clean(str(treatment["column"]), source.rows).series
    table = {text: _arm(text, treatment) for text in {text_of(value) for value in series.dropna().unique()}}
    return np.array(
        [UNASSIGNED if pd.isna(value) else table[text_of(value)] for value in series], dtype=np.int8
    )


def _arm(text: str, treatment: Mapping[str, Any]) -> int:
    if any(same(code, text) for code in treatment["treated"]):
        return 1
    return 0 if any(same(code, text) for code in treatment["control"]) else OUTSIDE


def _treatment_problems(
    source: Source, treatment: Mapping[str, Any], arm: NDArray[np.int8], kept: NDArray[np.bool_]
) -> list[Problem]:
    column = str(treatment["column"])
    problems: list[Problem] = []
    unassigned = np.flatnonzero(kept & (arm == UNASSIGNED))
    if len(unassigned):
        rule = f"write the eligibility rule `not missing(`{column}`)`, or complete the data"
        found = f"{len(unassigned)} without, in {rows_said(unassigned)}"
        problems.append(
            Problem(f"treatment.column: {column}", "a treatment for every eligible unit", found, rule)
        )
    problems += _unclear(source, column, arm, kept)
    present = sorted({text_of(value) for value in source.clean(column, source.rows).series.dropna().unique()})
    for key in ("treated", "control"):
        for code in treatment[key]:
            if not any(same(code, text) for text in present):
                shown = ", ".join(present[:_MOST_SHOWN])
                problems.append(
                    Problem(
                        f"treatment.{key}", f"values of {column}: {shown}", repr(code), "correct the value"
                    )
                )
    return problems


def _unclear(source: Source, column: str, arm: NDArray[np.int8], kept: NDArray[np.bool_]) -> list[Problem]:
    """Values that are no compared arm and by custom mean missing, so that a unit would silently go."""
    series = source.clean(column, source.rows).series
    table = {text: text.lower() in _LIKE_MISSING for text in {text_of(v) for v in series.dropna().unique()}}
    unclear = np.flatnonzero(
        kept & (arm == OUTSIDE) & np.array([not pd.isna(v) and table[text_of(v)] for v in series])
    )
    if not len(unclear):
        return []
    said = ", ".join(sorted({repr(text_of(value)) for value in series.iloc[unclear]}))
    remedy = (
        "add it to data.missing_codes if it means missing, or leave these units out by an eligibility rule"
    )
    found = f"{said} in {rows_said(unclear)}"
    return [Problem(f"treatment.column: {column}", "treatments, or codes declared missing", found, remedy)]


def identifier_problems(source: Source, unit: str) -> list[Problem]:
    """Missing and repeated identifiers; rows are named, identifiers are not: they must not leave the file."""
    series = source.clean(unit, source.rows).series
    where = f"data.unit: {unit}"
    problems: list[Problem] = []
    missing = np.flatnonzero(series.isna().to_numpy())
    if len(missing):
        remedy = "complete the identifiers, or remove these rows"
        problems.append(Problem(where, "an identifier in every row", f"none in {rows_said(missing)}", remedy))
    repeated = np.flatnonzero((series.duplicated(keep=False) & series.notna()).to_numpy())
    if len(repeated):
        remedy = "keep one row a unit: choose one, or bring repeated measurements into columns"
        problems.append(Problem(where, "one row a unit", f"the same unit in {rows_said(repeated)}", remedy))
    return problems
