"""Cell suppression in tables of one or two ways whose totals are known, checked by exact bounds.

A count of 1 up to one less than the threshold is shown as ``<10``. Further counts are hidden until nobody who adds and
subtracts can narrow a suppressed count to fewer than half of the values that ``<10`` leaves open. The bounds are those
of the linear programme over all tables that agree with what is published (Hundepool et al. 2012, Statistical
Disclosure Control, chapter 4); the incidence matrix of cells in rows and columns is totally unimodular, so that they
are attained by tables of whole numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

SHOWN, SMALL, HIDDEN, UNPUBLISHED = 0, 1, 2, 3
"""States of a cell: printed, printed as ``<10``, printed as ``hidden``, not in what is published at all."""
_ROUND_OFF = 1e-6  # of the linear programme's bounds, which are whole numbers
_INFEASIBLE = 2  # linprog's status

Counts = NDArray[np.int64]
States = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Totals:
    """What is known of the sums of rows and of columns.

    Attributes
    ----------
    row_low, row_high : ndarray of float, shape (rows,)
    column_low, column_high : ndarray of float, shape (columns,)
        Bounds: equal where a total is published, 0 and infinity where nothing is known.
    """

    row_low: NDArray[np.float64]
    row_high: NDArray[np.float64]
    column_low: NDArray[np.float64]
    column_high: NDArray[np.float64]


def known(totals: NDArray[np.int64], threshold: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bounds of totals that are published themselves: exact, or those of ``<10``."""
    small = (totals > 0) & (totals < threshold)
    return np.where(small, 1.0, totals), np.where(small, threshold - 1.0, totals)


def unknown(number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bounds of totals of which nothing is published."""
    return np.zeros(number), np.full(number, np.inf)


def suppress(counts: Counts, totals: Totals, threshold: int, unpublished: NDArray[np.bool_]) -> States:
    """Which cells to print, and how.

    Parameters
    ----------
    counts : ndarray of int, shape (rows, columns)
        The true counts.
    totals : Totals
        What else is published.
    threshold : int
        Counts of 1 to threshold - 1 are not printed.
    unpublished : ndarray of bool, shape (rows, columns)
        Cells that no table prints in any case.

    Returns
    -------
    ndarray of int8, shape (rows, columns)
        `SHOWN`, `SMALL`, `HIDDEN` or `UNPUBLISHED`.

    Raises
    ------
    ValueError
        If a count could be told even with every cell of its row and column hidden; the totals must be withheld then.
    """
    states = np.where((counts > 0) & (counts < threshold), SMALL, SHOWN).astype(np.int8)
    states[unpublished] = UNPUBLISHED
    primary = states == SMALL
    for _ in range(2 * counts.size + 1):
        told = [place for place in np.argwhere(primary) if exposed(counts, states, totals, threshold, place)]
        if not told:
            return states
        if not _hide_one_more(counts, states, totals, told[0]):
            raise ValueError("a suppressed count can be told from the totals alone")
    raise AssertionError("cells are hidden one at a time, so that this cannot go on for ever")


def exposed(counts: Counts, states: States, totals: Totals, threshold: int, place: NDArray[np.int64]) -> bool:
    """Whether what is published leaves a suppressed cell fewer than half of the values 1 to threshold - 1."""
    low, high = bounds(counts, states, totals, threshold, place)
    return high - low + 1 < math.ceil((threshold - 1) / 2)


def bounds(
    counts: Counts, states: States, totals: Totals, threshold: int, place: NDArray[np.int64]
) -> tuple[float, float]:
    """Smallest and largest value that one cell may have, given all that is published.

    Returns
    -------
    low, high : float
        Whole numbers; `high` may be infinite.
    """
    free = np.argwhere(states != SHOWN)
    target = int(np.flatnonzero((free == place).all(axis=1))[0])
    limits = [(1, threshold - 1) if states[tuple(cell)] == SMALL else (0, None) for cell in free]
    matrix, right = _inequalities(counts, states, totals, free)
    ends = []
    for sign in (1.0, -1.0):
        cost = np.zeros(len(free))
        cost[target] = sign
        found = linprog(cost, A_ub=matrix, b_ub=right, bounds=limits, method="highs")
        if found.status == _INFEASIBLE:
            raise ValueError("totals that do not agree with the counts")
        ends.append(sign * found.fun if found.status == 0 else math.inf)
    low, high = ends
    return math.ceil(low - _ROUND_OFF), math.floor(high + _ROUND_OFF) if high < math.inf else high


def _inequalities(
    counts: Counts, states: States, totals: Totals, free: NDArray[np.int64]
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Sums of the free cells of each row and column lie within the total's bounds less what is printed."""
    printed = np.where(states == SHOWN, counts, 0)
    rows, right = [], []
    for axis, (low, high) in enumerate(
        ((totals.row_low, totals.row_high), (totals.column_low, totals.column_high))
    ):
        shown = printed.sum(axis=1 - axis)
        for line in range(counts.shape[axis]):
            member = (free[:, axis] == line).astype(np.float64)
            if not member.any():
                continue
            if np.isfinite(high[line]):
                rows.append(member)
                right.append(high[line] - shown[line])
            if low[line] > shown[line]:
                rows.append(-member)
                right.append(shown[line] - low[line])
    return (np.array(rows), np.array(right)) if rows else (None, None)


def _hide_one_more(counts: Counts, states: States, totals: Totals, place: NDArray[np.int64]) -> bool:
    """Hide the smallest printed count beside a cell that could be told, or beside what is hidden already; failing that,
    take ``<10`` from all of these.

    Counts of zero are hidden last: that something never occurs is rarely in doubt. A row or column whose total is not
    known tells nothing, so that nothing is hidden in it.
    """
    first = np.zeros(counts.shape, dtype=bool)
    first[tuple(place)] = True
    near = _lines(first, totals)
    linked = near
    while ((grown := _lines(linked & (states != SHOWN), totals) | linked) != linked).any():
        linked = grown
    for reach in (near, linked):
        beside = [tuple(cell) for cell in np.argwhere(reach & (states == SHOWN))]
        if beside:
            states[min(beside, key=lambda cell: (counts[cell] == 0, counts[cell], cell))] = HIDDEN
            return True
    labelled = linked & (states == SMALL)
    states[labelled] = HIDDEN
    return bool(labelled.any())


def _lines(cells: NDArray[np.bool_], totals: Totals) -> NDArray[np.bool_]:
    """The rows and columns through some cells, where their totals are known."""
    rows = cells.any(axis=1) & np.isfinite(totals.row_high)
    columns = cells.any(axis=0) & np.isfinite(totals.column_high)
    return rows[:, None] | columns[None, :]
