"""To whom a column applies: conditions over the levels of other columns, evaluated on typed frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.cohort.values import as_number
from hetflow.errors import refuse
from hetflow.study.expressions import Expression, ExpressionError, condition, names, parse


def decode(frame: pd.DataFrame, columns: Iterable[Column], *, as_numbers: bool) -> pd.DataFrame:
    """Codes of binary and ordinal columns as their levels.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        Typed frame; missing codes stay missing.
    columns : iterable of Column
        Columns to decode; the frame must hold them.
    as_numbers : bool
        Give levels that all spell numbers as numbers, so that ``Sex == 1`` can be said.
    """
    return pd.DataFrame({c.name: _decoded(frame[c.name], c, as_numbers) for c in columns}, index=frame.index)


def _decoded(series: pd.Series, column: Column, as_numbers: bool) -> pd.Series:
    if column.kind not in ("binary", "ordinal") or column.levels is None:
        return series
    codes = series.to_numpy(dtype=np.float64)
    table = dict(enumerate(column.levels))
    texts = [None if np.isnan(code) else table[int(code)] for code in codes]
    spelled = [as_number(level) for level in column.levels]
    if as_numbers and all(number is not None for number in spelled):
        return pd.Series(
            [np.nan if text is None else float(text) for text in texts], series.index, dtype=float
        )
    return pd.Series(texts, index=series.index, dtype=object)


def applies_to(frame: pd.DataFrame, column: Column, columns: Mapping[str, Column]) -> NDArray[np.float64]:
    """To whom a column applies.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        Typed frame that holds the columns that the condition reads.
    column : Column
        The column with `applicable_if`.
    columns : mapping of str to Column
        All columns by name, for their levels.

    Returns
    -------
    ndarray, shape (n,)
        1 applies, 0 does not, NaN: cannot be told.

    Raises
    ------
    Refused
        If the condition does not fit the columns' types.
    """
    expression = parse(str(column.applicable_if))
    read = [columns[name] for name in sorted(names(expression))]
    try:
        return _evaluate(expression, frame, read, False)
    except ExpressionError as error:
        try:
            return _evaluate(expression, frame, read, True)
        except ExpressionError:
            refuse(
                f"dictionary: {column.name}.applicable_if",
                "a condition that fits the columns it reads",
                f"{column.applicable_if!r}: {error}",
                "compare a column that has levels with one of its levels, in quotes",
            )


def _evaluate(
    expression: Expression, frame: pd.DataFrame, read: list[Column], as_numbers: bool
) -> NDArray[np.float64]:
    return condition(expression, decode(frame, read, as_numbers=as_numbers)).to_numpy(dtype=np.float64)
