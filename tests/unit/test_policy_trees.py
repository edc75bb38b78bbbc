"""Policy trees: exact against brute force, refusals, invariances."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from econml.policy import PolicyTree
from hetflow.effects.policy.bins import make_bins
from hetflow.effects.policy.learnt import learn, smallest_leaf, stability
from hetflow.effects.policy.trees import (
    best_tree,
    binned_assignment,
    tree_within_budget,
)
from hetflow.errors import Refused

# Sums of at most a thousand numbers of size one in another order.
ROUNDING = 1e-9


def brute(X: np.ndarray, reward: np.ndarray, depth: int, minimum: int) -> float:
    """Largest reward of a tree, by trying every cut of every covariate in every node."""
    best = max(0.0, float(reward.sum()))
    if depth == 0:
        return best
    for column in X.T:
        for cut in np.unique(column)[:-1]:
            left = column <= cut
            if min(left.sum(), (~left).sum()) < minimum:
                continue
            value = brute(X[left], reward[left], depth - 1, minimum)
            value += brute(X[~left], reward[~left], depth - 1, minimum)
            best = max(best, value)
    return best


def world(seed: int, n: int = 60, p: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Covariates with ties, a binary one among them, and rewards."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.integers(0, 12, n), rng.normal(size=n).round(1), rng.integers(0, 2, n)])[:, :p]
    return X.astype(float), rng.normal(size=n)


@pytest.mark.parametrize(("seed", "depth", "minimum"), [*product(range(4), (1, 2), (1, 8)), (5, 3, 4)])
def test_no_tree_of_the_depth_gains_more(seed: int, depth: int, minimum: int) -> None:
    X, reward = world(seed, 60 if depth < 3 else 30)
    bins = make_bins(X, 100 if depth < 3 else 32)
    tree = best_tree(bins, np.ones(len(X), dtype=bool), reward, depth, minimum)
    assert tree.reward == pytest.approx(brute(X, reward, depth, minimum), abs=ROUNDING)
    assert tree.assign(X) @ reward == pytest.approx(tree.reward, abs=ROUNDING)
    leaves = tree.n[tree.feature == -1]
    assert leaves.min() >= minimum
    assert leaves.sum() == len(X)


def test_a_single_signal_is_found_and_said_in_few_digits() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(50, 10, (400, 2))
    reward = np.where((X[:, 0] > 45) & (X[:, 1] <= 60), 1.0, -1.0)
    tree = best_tree(make_bins(X, 500), np.ones(400, dtype=bool), reward, 2, 10)
    assert sorted(tree.covariates) == [0, 1]
    assert np.array_equal(tree.assign(X) > 0, reward > 0)
    cuts = tree.cut[np.isfinite(tree.cut)]
    assert all(len(f"{cut:g}") <= 5 for cut in cuts)


def test_nothing_is_split_where_nothing_is_gained() -> None:
    X, _ = world(2)
    for reward, treated in ((np.ones(60), 1.0), (-np.ones(60), 0.0)):
        tree = best_tree(make_bins(X, 100), np.ones(60, dtype=bool), reward, 2, 5)
        assert tree.covariates == []
        assert (tree.assign(X) == treated).all()


def test_cuts_lie_at_quantiles_where_values_are_many() -> None:
    X = np.random.default_rng(3).normal(size=(1000, 1))
    bins = make_bins(X, 9)
    assert bins.sizes.tolist() == [10]
    counts = np.bincount(bins.codes[0])
    assert counts.min() >= 99
    assert counts.max() <= 101
    assert np.array_equal(np.searchsorted(bins.cuts[0], X[:, 0], side="left"), bins.codes[0])


def test_assignment_by_bins_and_by_values_agree() -> None:
    X, reward = world(4, 200)
    bins = make_bins(X, 5)
    rows = np.arange(200) % 3 > 0
    tree = best_tree(bins, rows, reward, 2, 5)
    assert np.array_equal(tree.assign(X[rows]), binned_assignment(tree, bins, rows))


def test_order_of_the_units_does_not_matter() -> None:
    X, reward = world(6, 300)
    order = np.random.default_rng(0).permutation(300)
    one = best_tree(make_bins(X, 50), np.ones(300, dtype=bool), reward, 2, 10)
    other = best_tree(make_bins(X[order], 50), np.ones(300, dtype=bool), reward[order], 2, 10)
    assert np.array_equal(one.feature, other.feature)
    assert np.array_equal(one.cut, other.cut, equal_nan=True)


def test_other_units_of_a_covariate_give_the_same_policy() -> None:
    X, reward = world(7, 200)
    moved = X * np.array([2.54, 0.1, 1.0]) + 7
    one = best_tree(make_bins(X, 300), np.ones(200, dtype=bool), reward, 2, 10)
    other = best_tree(make_bins(moved, 300), np.ones(200, dtype=bool), reward, 2, 10)
    assert np.array_equal(one.assign(X), other.assign(moved))


def test_integer_weights_equal_repeated_units() -> None:
    X, benefit = world(8, 80)
    weight = np.random.default_rng(1).integers(1, 4, 80)
    rows = np.repeat(np.arange(80), weight)
    one = best_tree(make_bins(X, 100), np.ones(80, dtype=bool), weight * benefit, 2, 1)
    other = best_tree(make_bins(X[rows], 100), np.ones(rows.size, dtype=bool), benefit[rows], 2, 1)
    assert one.reward == pytest.approx(other.reward, abs=ROUNDING)
    assert np.array_equal(one.assign(X), other.assign(X))


def test_missing_values_are_refused_by_name() -> None:
    X, _ = world(1)
    X[3, 1] = np.nan
    with pytest.raises(Refused, match="missing values"):
        make_bins(X, 10)


def test_depth_3_is_refused_of_many_covariates() -> None:
    X = np.random.default_rng(1).normal(size=(50, 9))
    with pytest.raises(Refused, match="depth 3"):
        best_tree(make_bins(X, 10), np.ones(50, dtype=bool), np.ones(50), 3, 5)


@pytest.mark.parametrize("budget", [0.2, 0.5])
def test_a_budget_is_kept_and_used_where_a_tree_can(budget: float) -> None:
    rng = np.random.default_rng(9)
    X = rng.uniform(size=(1000, 2))
    benefit = X[:, 0]
    everyone, weight = np.ones(1000, dtype=bool), np.ones(1000)
    tree = tree_within_budget(make_bins(X, 300), everyone, benefit, weight, 1, 20, budget)
    share = tree.assign(X).mean()
    assert budget - 0.02 < share <= budget
    assert tree.assign(X)[X[:, 0] > 1 - budget + 0.02].all()


def test_trees_of_folds_do_not_see_their_fold() -> None:
    X, benefit = world(10, 300)
    fold = np.arange(300) % 5 + 1
    bins, weight = make_bins(X, 50), np.ones(300)
    one = learn(bins, benefit, weight, fold, 2, lambda n: 15)
    moved = np.where(fold == 3, -10 * benefit, benefit)
    other = learn(bins, moved, weight, fold, 2, lambda n: 15)
    before = fold <= 3
    assert np.array_equal(one.treated[before], other.treated[before], equal_nan=True)
    assert not np.array_equal(one.treated, other.treated, equal_nan=True)
    assert np.array_equal(np.isnan(one.treated), fold == 1)
    assert np.array_equal(one.without[3].cut, other.without[3].cut, equal_nan=True)


def test_stability_of_a_strong_tree_is_whole_and_of_noise_is_not() -> None:
    rng = np.random.default_rng(11)
    X = rng.normal(size=(500, 3))
    fold = np.arange(500) % 5 + 1
    bins, weight = make_bins(X, 100), np.ones(500)
    strong = stability(
        learn(bins, np.sign(X[:, 1]), weight, fold, 1, lambda n: 25), X, weight, ["a", "b", "c"]
    )
    assert strong["covariates"] == ["b"]
    assert strong["same_root"] == strong["folds"] == 5
    assert strong["alike"] > 0.99
    noise = stability(
        learn(bins, rng.normal(size=500), weight, fold, 2, lambda n: 25), X, weight, ["a", "b", "c"]
    )
    assert noise["alike"] < 0.95


def test_leaves_are_never_smaller_than_counts_that_may_be_shown() -> None:
    assert smallest_leaf("auto", 1000, 10) == 50
    assert smallest_leaf("auto", 100, 10) == 10
    assert smallest_leaf(30, 1000, 10) == 30


@pytest.mark.parametrize("seed", range(3))
def test_a_greedy_tree_never_gains_more(seed: int) -> None:
    """econml's policy tree chooses one split after the other; on an interaction without main effects it is lost."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, size=(400, 3))
    reward = np.sign(X[:, 0] * X[:, 1]) + rng.normal(size=400)
    greedy = PolicyTree(
        max_depth=2, min_samples_leaf=10, honest=False, min_balancedness_tol=0.5, random_state=1
    )
    greedy.fit(X, np.column_stack([np.zeros(400), reward]))
    found = float(reward[greedy.predict(X) == 1].sum())
    tree = best_tree(make_bins(X, 400), np.ones(400, dtype=bool), reward, 2, 10)
    assert tree.reward > found + 20


@pytest.mark.parametrize("copies", [2, 3])
def test_repeated_covariates_gain_nothing(copies: int) -> None:
    X, reward = world(12, 150)
    everyone = np.ones(150, dtype=bool)
    one = best_tree(make_bins(X, 50), everyone, reward, 2, 10)
    more = best_tree(make_bins(np.tile(X, copies), 50), everyone, reward, 2, 10)
    assert more.reward == pytest.approx(one.reward, abs=ROUNDING)
    assert np.array_equal(one.feature, more.feature)
