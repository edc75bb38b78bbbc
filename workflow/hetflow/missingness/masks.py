"""Masks: which cells are missing, compressed into the distinct columns of the missingness matrix.

A cell is missing when it applies, or may apply, and was not observed. A cell that does not apply is neither
missing nor observed. Columns that are missing in exactly the same units share one distinct mask; whatever is
computed of masks is computed once for each distinct one. Masks are ordered by what they are (width, rows,
name), never by the order of columns or rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Cells:
    """The state of every cell of a table, shape (n, p) each.

    Attributes
    ----------
    names : tuple of str
        The columns, in the order of the arrays' second axis.
    missing : ndarray of bool
        True where a cell applies, or may, and was not observed.
    applies : ndarray of bool
        True where a value exists or may exist; every missing cell applies.
    """

    names: tuple[str, ...]
    missing: BoolArray
    applies: BoolArray

    @property
    def observed(self) -> BoolArray:
        """True where a value exists and was observed."""
        return self.applies & ~self.missing


@dataclass(frozen=True, slots=True)
class Masks:
    """Distinct masks: by falling width, then falling rows, then name.

    Attributes
    ----------
    members : tuple of tuple of str
        Columns that share each mask, in alphabetical order; columns without a gap are in none.
    missing : ndarray of bool, shape (n, k)
        True where the columns of a mask are missing.
    applies : ndarray of bool, shape (n, k)
        True where some column of a mask applies, or may.
    """

    members: tuple[tuple[str, ...], ...]
    missing: BoolArray
    applies: BoolArray

    @property
    def names(self) -> tuple[str, ...]:
        """The representative of each mask: the first of its columns."""
        return tuple(group[0] for group in self.members)

    @property
    def widths(self) -> NDArray[np.int64]:
        """Columns of each mask, shape (k,)."""
        return np.array([len(group) for group in self.members], dtype=np.int64)

    @property
    def rows(self) -> NDArray[np.int64]:
        """Units missing under each mask, shape (k,)."""
        return self.missing.sum(axis=0, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.members)


def cells(frame: pd.DataFrame, columns: Sequence[Column], outcomes: pd.DataFrame | None = None) -> Cells:
    """State of the cells of a cohort.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        Typed cohort frame, with ``<name>__applies`` for columns with a condition.
    columns : sequence of Column
        The columns to look at.
    outcomes : DataFrame, shape (n, ...), optional
        Outcomes whose missing values count too (``unit`` is passed over), in the cohort's order of units; one that has
        a column's name is called ``<name> (outcome)``.
    """
    names = [column.name for column in columns]
    missing = frame[names].isna().to_numpy()
    applies = np.ones(missing.shape, dtype=bool)
    for place, column in enumerate(columns):
        if column.applicable_if is not None and column.applies in frame:
            applies[:, place] = frame[column.applies].to_numpy(dtype=np.float64) != 0
    if outcomes is not None:
        extra = [str(name) for name in outcomes.columns if name != "unit"]
        missing = np.column_stack([missing, outcomes[extra].isna().to_numpy()])
        extra = [f"{name} (outcome)" if name in names else name for name in extra]
        applies = np.column_stack([applies, np.ones((len(frame), len(extra)), dtype=bool)])
        names += extra
    return Cells(tuple(names), missing, applies)


def compress(table: Cells) -> Masks:
    """The distinct masks of a table: bit-packed columns compared byte by byte, no p by p comparison."""
    packed = np.ascontiguousarray(np.packbits(table.missing, axis=0).T)
    shared: dict[bytes, list[int]] = {}
    for place in np.flatnonzero(table.missing.any(axis=0)):
        shared.setdefault(packed[place].tobytes(), []).append(int(place))
    groups = [sorted(places, key=lambda place: table.names[place]) for places in shared.values()]
    rows = {places[0]: int(table.missing[:, places[0]].sum()) for places in groups}
    groups.sort(key=lambda places: (-len(places), -rows[places[0]], table.names[places[0]]))
    shape = (len(table.missing), len(groups))
    missing, applies = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    for mask, places in enumerate(groups):
        missing[:, mask] = table.missing[:, places[0]]
        applies[:, mask] = table.applies[:, places].any(axis=1)
    return Masks(tuple(tuple(table.names[place] for place in places) for places in groups), missing, applies)


def mask_of(masks: Masks) -> Mapping[str, int]:
    """Place of the mask of every column that has gaps."""
    return {name: mask for mask, group in enumerate(masks.members) for name in group}


def intersections(first: BoolArray, second: BoolArray | None = None) -> NDArray[np.int64]:
    """Units in which two columns are both True, for all pairs.

    Parameters
    ----------
    first : ndarray of bool, shape (n, k)
    second : ndarray of bool, shape (n, l), optional
        By default `first`.

    Returns
    -------
    ndarray of int64, shape (k, l)
        By matrix products on blocks of rows, exact in float32 since a block has fewer than 2**24 rows.
    """
    second = first if second is None else second
    total = np.zeros((first.shape[1], second.shape[1]), dtype=np.int64)
    for start in range(0, len(first), _BLOCK):
        left = first[start : start + _BLOCK].astype(np.float32)
        right = left if second is first else second[start : start + _BLOCK].astype(np.float32)
        total += np.rint(left.T @ right).astype(np.int64)
    return total


_BLOCK = 32_768
