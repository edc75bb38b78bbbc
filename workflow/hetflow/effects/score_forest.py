"""A regression forest of the doubly robust scores: a predicted effect that can be taken apart covariate by covariate.

The forest is the last step of a DR-learner (Kennedy 2023). It stands in for the study's own forest when importance
is told, because it is the same whatever the engine, outcome kind and design, and because it can be asked about units
that it has not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor

from hetflow.effects.linear import Matrix, Vector
from hetflow.forest.kernels_regression import DEEPEST, LEAF, predict, predict_change, shapley

Integers = NDArray[np.int64]

#: Each tree sees half of the units and a third of the covariates at a split, and keeps ten units, or a hundredth of
#: all, in a leaf: scores are noisy, so trees are small.
SHARE_OF_UNITS, SHARE_OF_COVARIATES, MIN_LEAF, LEAVES = 0.5, 1 / 3, 10, 100


@dataclass(frozen=True, slots=True)
class ScoreForest:
    """Trees of a forest as plain arrays; see `hetflow.forest.kernels_regression`.

    Attributes
    ----------
    start : ndarray of int64, shape (trees + 1,)
    nodes : ndarray of int64, shape (nodes, 4)
    numbers : ndarray, shape (nodes, 3)
    parent : ndarray of int64, shape (nodes,)
        -1 for roots.
    """

    start: Integers
    nodes: Integers
    numbers: Matrix
    parent: Integers

    @property
    def trees(self) -> int:
        """Number of trees."""
        return len(self.start) - 1

    @property
    def base(self) -> float:
        """The effect predicted when no covariate is known: the mean over trees of the roots' values."""
        return float(self.numbers[self.start[:-1], 1].mean())


def grow_score_forest(X: Matrix, score: Vector, weight: Vector, trees: int, seed: int) -> ScoreForest:
    """Regress scores on covariates.

    Parameters
    ----------
    X : ndarray, shape (n, p)
        NaN where missing; trees send missing values to the side that fits better.
    score, weight : ndarray, shape (n,)
        Units are drawn into trees in proportion to their weights, whose scale does not matter.
    trees : int
    seed : int
        In [0, 2**31).
    """
    forest = RandomForestRegressor(
        n_estimators=trees,
        min_samples_leaf=max(MIN_LEAF, len(X) // LEAVES),
        max_features=SHARE_OF_COVARIATES,
        max_samples=max(1, int(SHARE_OF_UNITS * len(X))),
        max_depth=DEEPEST - 1,
        n_jobs=1,
        random_state=seed,
    )
    forest.fit(X, score, sample_weight=weight / weight.mean())
    return _plain([tree.tree_ for tree in forest.estimators_])


def single_precision(X: Matrix) -> Matrix:
    """Covariates rounded as the trees were grown on them, so that no value changes sides."""
    return np.ascontiguousarray(X.astype(np.float32).astype(np.float64))


def predicted(forest: ScoreForest, X: Matrix) -> Vector:
    """Predicted effects, shape (n,)."""
    total = np.zeros(len(X))
    predict(forest.start, forest.nodes, forest.numbers, X, total)
    return total / forest.trees


def predicted_change(forest: ScoreForest, X: Matrix, donor: Integers, replaced: NDArray[np.bool_]) -> Vector:
    """By how much predictions change when units take some covariates from other units.

    Parameters
    ----------
    forest : ScoreForest
    X : ndarray, shape (n, p)
    donor : ndarray of int64, shape (n,)
        Row that gives the covariates to each unit.
    replaced : ndarray of bool, shape (p,)
    """
    total = np.zeros(len(X))
    predict_change(forest.start, forest.nodes, forest.numbers, X, donor, replaced, total)
    return total / forest.trees


def shapley_values(forest: ScoreForest, X: Matrix) -> Matrix:
    """Exact Shapley values of the predicted effects, shape (n, p).

    They add up to the prediction minus `ScoreForest.base`. What is not known of a unit follows the shares of the
    tree's own units (Lundberg et al. 2020, path-dependent TreeSHAP).
    """
    phi = np.zeros(X.shape)
    shapley(forest.start, forest.nodes, forest.numbers, forest.parent, X, phi)
    return phi / forest.trees


def _plain(trees: Sequence) -> ScoreForest:
    sizes = [tree.node_count for tree in trees]
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    shift = np.repeat(start[:-1], sizes)

    def column(name: str) -> NDArray:
        return np.concatenate([np.ravel(getattr(tree, name)) for tree in trees])

    left, right = column("children_left").astype(np.int64), column("children_right").astype(np.int64)
    inner = left >= 0
    feature = np.where(inner, column("feature"), LEAF).astype(np.int64)
    left, right = np.where(inner, left + shift, LEAF), np.where(inner, right + shift, LEAF)
    parent = np.full(len(left), -1, dtype=np.int64)
    parent[left[inner]] = parent[right[inner]] = np.flatnonzero(inner)
    missing_left = column("missing_go_to_left").astype(np.int64)
    nodes = np.ascontiguousarray(np.column_stack([feature, left, right, missing_left]))
    numbers = [column("threshold"), column("value"), column("weighted_n_node_samples")]
    return ScoreForest(start, nodes, np.ascontiguousarray(np.column_stack(numbers)), parent)
