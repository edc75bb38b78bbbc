"""Folds: balance, whole clusters, and refusals by name."""

from __future__ import annotations

import numpy as np
import pytest
from hetflow.errors import Refused
from hetflow.nuisance.folds import check_folds, draw_folds, inner_folds
from hypothesis import given, settings
from hypothesis import strategies as st


def _counts(fold: np.ndarray, rows: np.ndarray, number: int) -> np.ndarray:
    return np.bincount(fold[rows], minlength=number + 1)[1:]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    n=st.integers(40, 300), number=st.integers(2, 10), levels=st.integers(1, 6), seed=st.integers(0, 2**31)
)
def test_counts_differ_by_at_most_one_in_every_cell(n: int, number: int, levels: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    treated = (np.arange(n) < n // 3).astype(int)
    strata = rng.integers(0, levels, n).astype(str)
    fold = draw_folds(rng.permutation(n), treated, strata, None, number, seed)
    assert set(fold) == set(range(1, number + 1))
    for rows in (
        np.ones(n, bool),
        treated == 0,
        treated == 1,
        *((treated == a) & (strata == s) for a in (0, 1) for s in set(strata)),
    ):
        assert np.ptp(_counts(fold, rows, number)) <= 1


def test_clusters_stay_whole_and_arms_stay_even() -> None:
    rng = np.random.default_rng(3)
    cluster = rng.integers(0, 60, 600)
    treated = rng.integers(0, 2, 600)
    fold = draw_folds(np.arange(600), treated, None, cluster, 5, 1)
    assert all(len(set(fold[cluster == c])) == 1 for c in set(cluster))
    for arm in (0, 1):
        counts = _counts(fold, treated == arm, 5)
        assert (
            counts.max() <= 1.1 * counts.min()
        )  # clusters of some 10: an allocation at random gives 1.5 and more


def test_cluster_randomised_arms_reach_every_fold() -> None:
    cluster = np.repeat(np.arange(20), 15)
    treated = (cluster % 2).astype(int)
    fold = draw_folds(np.arange(300), treated, (cluster < 10).astype(str), cluster, 5, 9)
    for arm in (0, 1):
        assert _counts(fold, treated == arm, 5).tolist() == [30] * 5


def test_row_order_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    unit, treated = np.arange(200) * 3, rng.integers(0, 2, 200)
    strata, cluster = rng.integers(0, 3, 200).astype(str), rng.integers(0, 50, 200)
    shuffled = rng.permutation(200)
    for groups in (None, cluster):
        fold = draw_folds(unit, treated, strata, groups, 5, 1)
        again = draw_folds(
            unit[shuffled],
            treated[shuffled],
            strata[shuffled],
            None if groups is None else groups[shuffled],
            5,
            1,
        )
        assert np.array_equal(fold[shuffled], again)


def test_seed_changes_the_draw_and_repeats_it() -> None:
    treated = np.arange(100) % 2
    first = draw_folds(np.arange(100), treated, None, None, 5, 1)
    assert np.array_equal(first, draw_folds(np.arange(100), treated, None, None, 5, 1))
    assert not np.array_equal(first, draw_folds(np.arange(100), treated, None, None, 5, 2))


def test_a_missing_stratum_is_a_stratum() -> None:
    strata = np.array(["a"] * 50 + [None] * 50, dtype=object)
    fold = draw_folds(np.arange(100), np.arange(100) % 2, strata, None, 5, 1)
    assert _counts(fold, strata == np.array(None), 5).tolist() == [10] * 5


@pytest.mark.parametrize("number", [1, 0, -3])
def test_fewer_than_two_folds_are_refused(number: int) -> None:
    with pytest.raises(Refused, match="at least 2"):
        draw_folds(np.arange(20), np.arange(20) % 2, None, None, number, 1)


def test_an_arm_smaller_than_the_folds_is_refused() -> None:
    with pytest.raises(Refused, match="3 units or clusters in one arm for 5 folds"):
        draw_folds(np.arange(40), (np.arange(40) < 3).astype(int), None, None, 5, 1)


def test_check_folds_names_fold_arm_and_remedy() -> None:
    fold, treated = np.array([1, 1, 2, 2, 3, 3]), np.array([0, 1, 0, 1, 0, 0])
    with pytest.raises(Refused, match=r"(?s)women: fold 3, arm 1.*draw fewer folds"):
        check_folds(fold, treated, where="women")
    check_folds(fold[:4], treated[:4])
    with pytest.raises(Refused, match=r"(?s)fold 3, arm 0.*fold 3, arm 1"):
        check_folds(fold[:4], treated[:4], number=3)
    with pytest.raises(Refused, match="at least two arms"):
        check_folds(np.array([1, 2]), np.array([0, 0]))
    with pytest.raises(Refused, match="at least two arms"):
        check_folds(np.array([], dtype=int), np.array([], dtype=int))


def test_inner_folds_keep_groups_whole_and_spread_a_rare_class() -> None:
    target = np.zeros(100)
    target[:5] = 1
    fold = inner_folds(target, None, 5, 1, stratify=True)
    assert sorted(fold[:5]) == [0, 1, 2, 3, 4]
    group = np.repeat(np.arange(10), 10)
    fold = inner_folds(target, group, 5, 1, stratify=True)
    assert all(len(set(fold[group == g])) == 1 for g in range(10))
    assert set(inner_folds(target, np.zeros(100, int), 5, 1, stratify=False)) == {0}
