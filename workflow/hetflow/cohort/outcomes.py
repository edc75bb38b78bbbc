"""Outcomes as numbers: a column or an expression, binary ones 0 and 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort import levels as spelt
from hetflow.cohort import values
from hetflow.cohort.dictionary import IN_COHORT
from hetflow.cohort.source import Source
from hetflow.errors import Problem, Refused, refuse

Floats = NDArray[np.float64]


def type_outcomes(
    source: Source, outcomes: Mapping[str, Mapping[str, Any]], rows: NDArray[np.intp]
) -> tuple[dict[str, Floats], dict[str, list[str] | None], list[Problem]]:
    """Outcomes of the cohort's units.

    Parameters
    ----------
    source : Source
        The file's columns and the derived ones.
    outcomes : mapping
        Name to attributes: ``column`` or ``expression``, ``kind`` (continuous, count, binary) and ``levels``.
    rows : ndarray of int, shape (n,)
        The cohort's rows.

    Returns
    -------
    columns : dict of str to ndarray, shape (n,)
        Sorted by name; NaN where missing.
    levels : dict of str to list or None
        Of binary outcomes: the level that counts 0, then the level that counts 1.
    problems : list of Problem
    """
    columns: dict[str, Floats] = {}
    levels: dict[str, list[str] | None] = {}
    problems: list[Problem] = []
    for name, outcome in sorted(outcomes.items()):
        try:
            series = _raw(source, name, outcome).iloc[rows]
            columns[name], levels[name] = _typed(series, outcome, f"outcomes: {name}")
        except Refused as refused:
            problems += refused.problems
    return columns, levels, problems


def _raw(source: Source, name: str, outcome: Mapping[str, Any]) -> pd.Series:
    if outcome.get("expression"):
        return source.value(str(outcome["expression"]), f"outcomes: {name}.expression")
    column = str(outcome["column"])
    if source.entries[column].role in IN_COHORT:
        role = source.entries[column].role
        refuse(
            f"dictionary: {column}",
            f"role outcome, as the outcome {name} is it",
            f"role {role}",
            "correct the role",
        )
    return source.natural(column)


def _typed(series: pd.Series, outcome: Mapping[str, Any], where: str) -> tuple[Floats, list[str] | None]:
    kind = outcome.get("kind", "continuous")
    if kind == "binary":
        levels = spelt.levels_of(series, "binary", outcome.get("levels"), where)
        return spelt.codes(series, levels), list(levels)
    _refuse_two_levels(series, kind, where)
    return (values.counts if kind == "count" else values.numbers)(series, where), None


def _refuse_two_levels(series: pd.Series, kind: str, where: str) -> None:
    """An outcome of two texts is a binary one whose levels were not declared."""
    observed = spelt.observed_levels(series)
    if len(observed) == 2 and all(values.as_number(text) is None for text in observed):
        first, second = observed
        refuse(
            where,
            f"numbers, for kind {kind}",
            f"two texts, {first!r} and {second!r}",
            "write `kind: binary`, and `levels:` with the text that counts 0, then the one that counts 1",
        )
