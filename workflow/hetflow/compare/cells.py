"""Numbers and cells of two tables compared; what differs by rounding alone is told apart."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

SAME, ROUNDING, DIFFERENT = "same", "rounding", "different"
#: Relative difference up to which numbers agree to rounding: kinds of processors agree to 1e-10 in the estimates.
TOLERANCE = 1e-9
_DIGITS = re.compile(r"[0-9]+")
Key = tuple[str, ...]


def number(cell: str | None) -> float:
    """A cell as a number; NaN where it holds none."""
    try:
        return float(cell) if cell else math.nan
    except ValueError:
        return math.nan


def alike(a: str, b: str, scale: float = 0.0) -> str:
    """How two cells agree: `SAME`, `ROUNDING` or `DIFFERENT`.

    Parameters
    ----------
    a, b : str
    scale : float
        Of what size the numbers could be: their standard error, say, where both are near zero.
    """
    if a == b:
        return SAME
    x, y = number(a), number(b)
    if not (math.isfinite(x) and math.isfinite(y)):
        return DIFFERENT
    if x == y:
        return SAME
    most = max(abs(x), abs(y), scale if math.isfinite(scale) else 0.0)
    return ROUNDING if abs(x - y) <= TOLERANCE * most else DIFFERENT


def by_key(table: pd.DataFrame, columns: Sequence[str]) -> dict[Key, Mapping[str, str]]:
    """Rows of a table of text by their values of the columns and, of several with the same, their number."""
    found: dict[Key, Mapping[str, str]] = {}
    seen: Counter[Key] = Counter()
    for row in table.to_dict("records"):
        key = tuple(str(row.get(name, "")) for name in columns)
        found[(*key, str(seen[key]))] = {str(name): str(value) for name, value in row.items()}
        seen[key] += 1
    return found


@dataclass(frozen=True, slots=True)
class TableChange:
    """What differs between two tables of one name.

    Attributes
    ----------
    name : str
    rows_a, rows_b : int, optional
        Rows; None where a run has no such table.
    differ : int
        Cells that differ beyond rounding, where both have the same columns and as many rows; else rows of one only.
    counted : str
        ``cells`` or ``rows``.
    rounding : int
        Cells that differ by rounding.
    numbers : bool
        Whether a number is among what differs beyond rounding: a figure within a text counts.
    """

    name: str
    rows_a: int | None
    rows_b: int | None
    differ: int
    counted: str
    rounding: int
    numbers: bool

    @property
    def same(self) -> bool:
        """Whether nothing differs, not even by rounding."""
        return not (self.differ or self.rounding) and self.rows_a == self.rows_b is not None


def table_change(name: str, a: pd.DataFrame | None, b: pd.DataFrame | None) -> TableChange:
    """Compare two tables whose cells are text."""
    if a is None or b is None:
        rows = [None if one is None else len(one) for one in (a, b)]
        return TableChange(name, rows[0], rows[1], rows[0] or rows[1] or 0, "rows", 0, True)
    if list(a) != list(b) or len(a) != len(b):
        counts = [Counter(map(tuple, one.to_numpy().tolist())) for one in (a, b)]
        differ = sum((counts[0] - counts[1]).values()) + sum((counts[1] - counts[0]).values())
        return TableChange(name, len(a), len(b), differ or 1, "rows", 0, True)
    was, now = (one.to_numpy(dtype=object).ravel().tolist() for one in (a, b))
    pairs = [(str(x), str(y)) for x, y in zip(was, now, strict=True) if x != y]
    found = [alike(x, y) for x, y in pairs]
    apart = [pair for pair, kind in zip(pairs, found, strict=True) if kind == DIFFERENT]
    numbers = any(_DIGITS.findall(x) != _DIGITS.findall(y) for x, y in apart)
    return TableChange(name, len(a), len(b), len(apart), "cells", found.count(ROUNDING), numbers)
