"""Cell suppression: its bounds against all tables that agree with what is published, and what it leaves to be told."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hetflow.publish.suppression import (
    HIDDEN,
    SHOWN,
    SMALL,
    UNPUBLISHED,
    Totals,
    bounds,
    known,
    suppress,
    unknown,
)

THRESHOLD = 5
"""Small, so that all tables can be listed."""


def _totals(counts: np.ndarray, rows: bool, columns: bool, threshold: int = 10) -> Totals:
    low, high = known(counts.sum(axis=1), threshold) if rows else unknown(len(counts))
    left, right = known(counts.sum(axis=0), threshold) if columns else unknown(counts.shape[1])
    return Totals(low, high, left, right)


def _by_listing(
    counts: np.ndarray, states: np.ndarray, totals: Totals, place: tuple[int, int]
) -> tuple[int, int]:
    """The naive twin: smallest and largest value of a cell over every table of whole numbers that agrees."""
    free = [tuple(cell) for cell in np.argwhere(states != SHOWN)]
    most = [int(min(totals.row_high[row], totals.column_high[column])) for row, column in free]
    ranges = [
        range(1, THRESHOLD) if states[cell] == SMALL else range(top + 1)
        for cell, top in zip(free, most, strict=True)
    ]
    seen = []
    for values in itertools.product(*ranges):
        table = np.where(states == SHOWN, counts, 0)
        for cell, value in zip(free, values, strict=True):
            table[cell] = value
        rows, columns = table.sum(axis=1), table.sum(axis=0)
        if (
            (rows >= totals.row_low).all()
            and (rows <= totals.row_high).all()
            and (columns >= totals.column_low).all()
            and (columns <= totals.column_high).all()
        ):
            seen.append(table[place])
    return min(seen), max(seen)


@pytest.mark.parametrize("seed", range(12))
def test_bounds_are_those_of_all_tables_that_agree(seed: int) -> None:
    random = np.random.default_rng(seed)
    counts = random.integers(0, 8, (2, 2))
    totals = _totals(counts, True, True, THRESHOLD)
    states = suppress(counts, totals, THRESHOLD, np.zeros(counts.shape, bool))
    for place in np.argwhere(states != SHOWN):
        low, high = bounds(counts, states, totals, THRESHOLD, place)
        assert (low, high) == _by_listing(counts, states, totals, tuple(place))


@pytest.mark.parametrize("seed", range(40))
def test_no_suppressed_count_can_be_told(seed: int) -> None:
    random = np.random.default_rng(100 + seed)
    counts = random.choice([0, 1, 2, 4, 9, 12, 30], (int(random.integers(2, 7)), int(random.integers(2, 4))))
    counts += random.permutation(np.eye(*counts.shape, dtype=int)) * 20  # totals that are not all small
    # a small total among known ones is told by the grand total, and no cell can be hidden well enough then
    totals = _totals(counts, bool(seed % 2) and bool((counts.sum(axis=1) >= 10).all()), False)
    if (counts.sum(axis=0) >= 10).all():
        totals = _totals(counts, bool(np.isfinite(totals.row_high).all()), True)
    states = suppress(counts, totals, 10, np.zeros(counts.shape, bool))
    for place in np.argwhere((counts > 0) & (counts < 10)):
        assert states[tuple(place)] in (SMALL, HIDDEN)
        low, high = bounds(counts, states, totals, 10, place)
        assert low <= counts[tuple(place)] <= high
        assert high - low + 1 >= 5  # at least half of 1 to 9


def test_subtraction_from_a_total_is_stopped_by_the_smallest_other_count() -> None:
    counts = np.array([[3], [40], [25]])
    states = suppress(counts, _totals(counts, False, True), 10, np.zeros(counts.shape, bool))
    assert states.ravel().tolist() == [SMALL, SHOWN, HIDDEN]


def test_a_label_that_tells_too_much_is_taken_back() -> None:
    """8 and 9 of 17: two counts below 10 that make 17 can only be 8 and 9."""
    counts = np.array([[8, 9], [400, 400]])
    unpublished = np.array([[False, False], [True, True]])
    states = suppress(counts, _totals(counts, True, True), 10, unpublished)
    assert states.tolist() == [[HIDDEN, HIDDEN], [UNPUBLISHED, UNPUBLISHED]]


def test_without_small_counts_nothing_is_suppressed() -> None:
    counts = np.array([[10, 30], [0, 12]])
    assert not suppress(counts, _totals(counts, True, True), 10, np.zeros(counts.shape, bool)).any()


def test_a_small_total_that_the_grand_total_tells_is_refused() -> None:
    counts = np.array([[1, 1], [12, 30], [30, 50], [22, 12]])
    with pytest.raises(ValueError, match="from the totals alone"):
        suppress(counts, _totals(counts, True, True), 10, np.zeros(counts.shape, bool))


def test_totals_that_do_not_agree_are_no_silent_protection() -> None:
    counts = np.array([[3, 9], [5, 2]])
    wrong = Totals(np.array([40.0, 7.0]), np.array([40.0, 7.0]), *known(counts.sum(axis=0), 1))
    with pytest.raises(ValueError, match="do not agree"):
        suppress(counts, wrong, 10, np.zeros(counts.shape, bool))
