"""The raw file's columns, cleaned when they are first asked for and then kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.dictionary import Entry, suggestion
from hetflow.cohort.values import Cleaned, as_number, clean, natural, rows_said
from hetflow.errors import Problem, refuse, refuse_all
from hetflow.study.expressions import Expression, ExpressionError, condition, evaluate, names, parse


class Source:
    """Columns of the raw file and derived ones.

    Parameters
    ----------
    raw : DataFrame
        From `hetflow.cohort.readers.read_raw`; rows are counted from 0.
    entries : mapping of str to Entry
        The resolved dictionary.
    codes : sequence
        Codes that mean missing in every column.
    """

    def __init__(self, raw: pd.DataFrame, entries: Mapping[str, Entry], codes: Sequence[Any]) -> None:
        self.entries = entries
        self._codes = list(codes)
        self._columns: dict[str, pd.Series] = {str(name): raw[name] for name in raw.columns}
        self._natural: dict[str, pd.Series] = {}
        self.rows = np.arange(len(raw))

    @property
    def names(self) -> list[str]:
        """Columns of the file, then the derived ones."""
        return list(self._columns)

    def add(self, name: str, values: pd.Series) -> None:
        """Add a derived column: numbers, or text with None."""
        self._columns[name] = values

    def clean(self, name: str, rows: NDArray[np.intp]) -> Cleaned:
        """A column's cells in some rows, without codes that mean missing."""
        entry = self.entries.get(name)
        return clean(self._columns[name].iloc[rows], self._codes, dict(entry.missing) if entry else None)

    def natural(self, name: str) -> pd.Series:
        """A whole column as expressions see it: numbers if every filled cell is one, else text."""
        if name not in self._natural:
            found = natural(self.clean(name, self.rows).series)
            if pd.api.types.is_numeric_dtype(found.dtype) and np.isinf(found.to_numpy()).any():
                rows = rows_said(np.flatnonzero(np.isinf(found.to_numpy())))
                refuse(
                    f"column {name}",
                    "finite numbers",
                    f"infinities in {rows}",
                    "correct them in the data file",
                )
            self._natural[name] = found
        return self._natural[name]

    def frame(self, columns: Iterable[str]) -> pd.DataFrame:
        """Whole columns as expressions see them."""
        return pd.DataFrame({name: self.natural(name) for name in columns}, index=self.rows)

    def value(self, text: str, where: str) -> pd.Series:
        """An expression's value in every row; refused under `where` if it does not fit the data."""
        return self._of(text, where, evaluate)

    def condition(self, text: str, where: str) -> NDArray[np.float64]:
        """A condition in every row: 1, 0, or NaN where it cannot be told."""
        return self._of(text, where, condition).to_numpy(dtype=np.float64)

    def _of(self, text: str, where: str, how: Any) -> pd.Series:
        try:
            expression: Expression = parse(text)
            refuse_all(self.absent(names(expression), where))
            return how(expression, self.frame(sorted(names(expression))))
        except ExpressionError as error:
            refuse(
                where,
                "an expression that fits the data",
                f"{text!r}: {error}{self._stray(text)}",
                "correct the expression, or the cells that make a column of numbers text",
            )

    def _stray(self, text: str) -> str:
        """Cells that make text of a column that is otherwise of numbers, for a message."""
        found = []
        for name in sorted(names(parse(text)) & set(self.names)):
            series = self.natural(name)
            if pd.api.types.is_numeric_dtype(series.dtype):
                continue
            wrong = np.array([cell is not None and as_number(cell) is None for cell in series])
            if wrong.sum() < 0.5 * series.notna().sum():
                rows = np.flatnonzero(wrong)
                found.append(f"; {name} is text because of {series.iloc[rows[0]]!r} in {rows_said(rows)}")
        return "".join(found)

    def absent(self, wanted: Iterable[str], where: str) -> list[Problem]:
        """Problems for names that are no columns."""
        return [
            Problem(where, "a column of the data file", name, suggestion(name, self.names))
            for name in sorted(wanted)
            if name not in self._columns
        ]
