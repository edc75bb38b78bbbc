"""From raw cells to values: blanks and codes that mean missing, numbers; what does not fit is refused.

Refusals name the column, data rows (1 is the first row below the header) and the offending values.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.errors import refuse

MOST_SHOWN = 5  # values in a message
#: Larger numbers are codes or slips; their squares and products would leave what a computer can hold.
LARGEST = 1e50
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|[0-9]{1,2}[./-][0-9]{1,2}[./-](?:[0-9]{4}|[0-9]{2})")
_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+")
_BOUND = re.compile(r"(?:[<>≤≥]=?|&[lg]t;) *[0-9][0-9.,]*|[0-9][0-9.,]* *\+")
#: Two levels that need no declaration, the one coded 0 first.
PAIRS = (("no", "yes"), ("n", "y"), ("false", "true"), ("f", "t"), ("0", "1"))


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A column without its missing codes.

    Attributes
    ----------
    series : Series
        float64 with NaN, or object with None; indexed by row of the raw file, from 0.
    reasons : dict of str to ndarray of int
        By declared reason, in the order of declaration: places (from 0, ascending) of the cells that were missing
        for it.
    """

    series: pd.Series
    reasons: dict[str, NDArray[np.intp]] = field(default_factory=dict)


def text_of(value: Any) -> str:
    """A value as a level's text: 1.0 is ``1``, blanks at the ends do not count."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(number)
    return str(value).strip()


def as_number(text: str) -> float | None:
    """The number that a text spells, or None; ``nan``, ``inf`` and underscores are not numbers."""
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def same(code: Any, text: str) -> bool:
    """Whether a code of the study file means a cell's text: equal as text, or as numbers (``-9`` and
    ``-9.0``).

    YAML reads a bare ``No`` or ``Yes`` as false or true; such a code means any of the usual spellings.
    """
    if isinstance(code, bool):
        spellings = {pair[int(code)] for pair in PAIRS[:4]}
        return text.lower() in spellings
    wanted = text_of(code)
    if wanted == text:
        return True
    first, second = as_number(wanted), as_number(text)
    return first is not None and first == second


class Codes:
    """Codes prepared for looking up many texts; ``text in codes`` is as `same` with any of them."""

    def __init__(self, codes: Iterable[Any]) -> None:
        codes = list(codes)
        plain = [text_of(code) for code in codes if not isinstance(code, bool)]
        self._texts = set(plain)
        self._numbers = {number for number in map(as_number, plain) if number is not None}
        self._booleans = [code for code in codes if isinstance(code, bool)]

    def __contains__(self, text: str) -> bool:
        if text in self._texts or (self._numbers and as_number(text) in self._numbers):
            return True
        return bool(self._booleans) and any(same(code, text) for code in self._booleans)


def clean(series: pd.Series, codes: Iterable[Any], reasons: Mapping[str, str] | None = None) -> Cleaned:
    """Strip texts; blanks and codes that mean missing become missing.

    Parameters
    ----------
    series : Series
        Raw cells: float64, or object.
    codes : iterable
        Codes that mean missing in every column.
    reasons : mapping of str to str, optional
        Codes of this column, each with the reason for which the value is missing.
    """
    codes, own = list(codes), dict(reasons or {})
    if pd.api.types.is_numeric_dtype(series.dtype):
        return _clean_numbers(series, codes, own)
    positions, uniques = pd.factorize(series.astype(object), use_na_sentinel=True)
    texts = np.full(len(uniques) + 1, None, dtype=object)  # the last serves missing cells, at position -1
    coded: dict[str, list[int]] = {reason: [] for reason in own.values()}
    everywhere, here = Codes(codes), Codes(own)
    for place, value in enumerate(uniques):
        text = text_of(value)
        if text in here:
            coded[next(own[code] for code in own if same(code, text))].append(place)
        elif text and text not in everywhere:
            texts[place] = text
    found = {reason: np.flatnonzero(np.isin(positions, places)) for reason, places in coded.items()}
    return Cleaned(pd.Series(texts[positions], index=series.index, dtype=object), found)


def _clean_numbers(series: pd.Series, codes: Sequence[Any], own: Mapping[str, str]) -> Cleaned:
    values = series.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    hits = {reason: np.zeros(len(values), dtype=bool) for reason in own.values()}
    for code, reason in own.items():
        hit = values == _code_number(code)
        hits[reason] |= hit
        values[hit] = np.nan
    for code in codes:
        values[values == _code_number(code)] = np.nan
    found = {reason: np.flatnonzero(hit) for reason, hit in hits.items()}
    return Cleaned(pd.Series(values, index=series.index), found)


def _code_number(code: Any) -> float:
    number = None if isinstance(code, bool) else as_number(text_of(code))
    return np.nan if number is None else number


def natural(series: pd.Series) -> pd.Series:
    """A cleaned column as expressions see it: numbers if every filled cell is a number, else text."""
    if pd.api.types.is_numeric_dtype(series.dtype):
        return series
    positions, uniques = pd.factorize(series, use_na_sentinel=True)
    table = np.full(len(uniques) + 1, np.nan)  # the last serves missing cells, at position -1
    for place, text in enumerate(uniques):
        number = as_number(text)
        if number is None:
            return series
        table[place] = number
    return pd.Series(table[positions], index=series.index)


def numbers(series: pd.Series, where: str) -> NDArray[np.float64]:
    """A cleaned column as float64; text that is no number, and infinities, are refused."""
    found = natural(series)
    if not pd.api.types.is_numeric_dtype(found.dtype):
        _refuse_text(series, where)
    values = found.to_numpy(dtype=np.float64)
    refuse_where(
        np.isinf(values), found, where, "finite numbers", "correct the values, or declare them missing"
    )
    refuse_where(
        np.abs(values) > LARGEST,
        found,
        where,
        f"numbers between -{LARGEST:g} and {LARGEST:g}",
        "correct the values, or declare them missing",
    )
    return values


def counts(series: pd.Series, where: str) -> NDArray[np.float64]:
    """A cleaned column of counts: whole numbers, none negative."""
    values = numbers(series, where)
    wrong = np.isfinite(values) & ((values < 0) | (values != np.floor(values)))
    remedy = "correct the values, declare codes such as -9 under `missing`, or make the column continuous"
    refuse_where(wrong, series, where, "counts: whole numbers from 0", remedy)
    return values


def rows_said(rows: NDArray[np.intp] | Sequence[int]) -> str:
    """Data rows for a message: 1 is the first row below the header."""
    shown = ", ".join(str(int(row) + 1) for row in rows[:MOST_SHOWN])
    more = f" and {len(rows) - MOST_SHOWN} more" if len(rows) > MOST_SHOWN else ""
    return f"data row{'s' if len(rows) > 1 else ''} {shown}{more}"


def refuse_where(wrong: NDArray[np.bool_], series: pd.Series, where: str, expected: str, remedy: str) -> None:
    """Refuse the cells of a column that are wrong, if there are any, by value and row."""
    if not wrong.any():
        return
    offending = series[wrong]
    values = ", ".join(dict.fromkeys(repr(text_or_infinity(value)) for value in offending.head(MOST_SHOWN)))
    refuse(where, expected, f"{values} in {rows_said(offending.index.to_numpy())}", remedy)


def text_or_infinity(value: Any) -> str:
    """A value for a message."""
    return str(value) if isinstance(value, float) and math.isinf(value) else text_of(value)


def _refuse_text(series: pd.Series, where: str) -> NoReturn:
    wrong = np.array([cell is not None and as_number(cell) is None for cell in series])
    cells = [str(cell) for cell in series[wrong]]
    expected, remedy = _advice(cells)
    refuse_where(wrong, series, where, expected, remedy)
    raise AssertionError("unreachable: some cell is not a number")


def _advice(cells: Sequence[str]) -> tuple[str, str]:
    """What a column of numbers should hold and what to do about the cells that are none."""

    def every(test: Callable[[str], Any]) -> bool:
        return all(test(cell) for cell in cells)

    if every(_INFINITE.fullmatch) or every(lambda cell: bool(_NUMBER.fullmatch(cell))):
        return "finite numbers", "correct the values, or declare them missing"
    if every(_DATE.fullmatch):
        remedy = "turn the date into days since a fixed day in the data file, or set role: ignore"
        return "numbers, not dates", remedy
    if every(_COMMA.fullmatch):
        return "numbers with a decimal point", "write 3.5 and not 3,5 in the data file"
    if every(_BOUND.fullmatch):
        remedy = (
            "in the data file, write the number that is to stand for them; or, if they are to be imputed, declare them "
            f"in the dictionary, as `missing: {{{json.dumps(cells[0], ensure_ascii=False)}: out of range}}`"
        )
        return "numbers, not bounds", remedy
    remedy = "add such codes to data.missing_codes or to the column's `missing`, or make it nominal"
    return "numbers", remedy
