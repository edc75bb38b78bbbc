"""To whom a column applies: conditions of the dictionary evaluated on typed frames.

Typed frames hold the codes of binary and ordinal columns; conditions speak of levels (``Use.Tob == 'Yes'``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.cohort.values import as_number
from hetflow.errors import refuse
from hetflow.study.expressions import ExpressionError, condition, names, parse

FloatArray = NDArray[np.float64]
CODED = ("binary", "ordinal")


def decode(frame: pd.DataFrame, columns: Iterable[Column], *, numbers: bool = False) -> pd.DataFrame:
    """Codes of binary and ordinal columns as their levels.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        Typed frame; a missing code stays missing.
    columns : iterable of Column
        Columns to decode; those that the frame lacks are passed over.
    numbers : bool
        Give levels that all read as numbers as numbers, for conditions such as ``Sex == 1``.

    Returns
    -------
    DataFrame, shape (n, ...)
        The named columns alone: levels as text for coded columns that have levels, the rest as they are.
    """
    parts = {
        column.name: _decoded(frame[column.name], column, numbers)
        for column in columns
        if column.name in frame
    }
    return pd.DataFrame(parts, index=frame.index)


def _decoded(series: pd.Series, column: Column, numbers: bool) -> pd.Series:
    if column.kind not in CODED or column.levels is None:
        return series
    codes = series.to_numpy(dtype=np.float64)
    known = np.isfinite(codes)
    spelled = [as_number(level) for level in column.levels]
    if numbers and all(number is not None for number in spelled):
        table = np.array(spelled, dtype=np.float64)
        values = np.where(known, table[np.where(known, codes, 0).astype(int)], np.nan)
        return pd.Series(values, index=series.index)
    text = np.full(len(codes), None, dtype=object)
    text[known] = np.array(column.levels, dtype=object)[codes[known].astype(int)]
    return pd.Series(text, index=series.index, dtype=object)


def parents(column: Column) -> frozenset[str]:
    """Columns that decide to whom `column` applies; none when it applies to everybody."""
    return frozenset(names(parse(column.applicable_if))) if column.applicable_if is not None else frozenset()


def applies_to(frame: pd.DataFrame, column: Column, columns: Mapping[str, Column]) -> FloatArray:
    """Evaluate the condition of one column.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        Typed frame that holds the columns that the condition reads.
    column : Column
        The column whose condition is evaluated.
    columns : mapping of str to Column
        All columns by name, for their levels.

    Returns
    -------
    ndarray, shape (n,)
        1 applies, 0 does not, NaN unknown.

    Raises
    ------
    Refused
        If the condition cannot be evaluated on the frame.
    """
    if column.applicable_if is None:
        return np.ones(len(frame))
    read = parents(column)
    _needs(frame, column, read)
    expression = parse(column.applicable_if)
    described = [columns[name] for name in sorted(read) if name in columns]
    rest = frame[[name for name in sorted(read) if name not in columns]]
    try:
        text = pd.concat([decode(frame, described), rest], axis=1)
        return condition(expression, text).to_numpy(dtype=np.float64)
    except ExpressionError as text_error:
        try:
            numeric = pd.concat([decode(frame, described, numbers=True), rest], axis=1)
            return condition(expression, numeric).to_numpy(dtype=np.float64)
        except ExpressionError:
            refuse(
                f"dictionary.{column.name}.applicable_if",
                "a condition that can be evaluated on the typed columns",
                f"{column.applicable_if!r}: {text_error}",
                "compare a column that has levels with one of its levels in quotes",
            )


def _needs(frame: pd.DataFrame, column: Column, read: frozenset[str]) -> None:
    absent = sorted(name for name in read if name not in frame.columns)
    if absent:
        refuse(
            f"dictionary.{column.name}.applicable_if",
            "covariates or baseline auxiliaries, so that an unknown answer can be imputed first",
            f"{', '.join(absent)} not among them, while some units' answer is missing",
            f"give {', '.join(absent)} the role covariate or auxiliary",
        )


def depths(columns: Sequence[Column]) -> dict[str, int]:
    """How many conditions stand above each column: 0 for those that apply to everybody.

    Raises
    ------
    Refused
        If conditions depend on one another in a circle.
    """
    by_name = {column.name: column for column in columns}
    found: dict[str, int] = {}

    def depth(name: str, path: tuple[str, ...]) -> int:
        if name in path:
            refuse(
                f"dictionary.{name}.applicable_if",
                "conditions that end at columns that apply to everybody",
                " -> ".join([*path, name]),
                "remove one of these conditions",
            )
        if name not in found:
            above = [parent for parent in parents(by_name[name]) if parent in by_name]
            found[name] = max((1 + depth(parent, (*path, name)) for parent in above), default=0)
        return found[name]

    return {column.name: depth(column.name, ()) for column in columns}
