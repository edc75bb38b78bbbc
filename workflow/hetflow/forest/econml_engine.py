"""The reference engine: `econml.grf.CausalForest`, one small forest a bag.

With ``inference=True`` econml draws half-samples of n // 2 units and, for each tree of a bag, 0.45 n of
them. Here the half-sample is given, so the bag is a forest without half-samples of its own whose trees each
read 0.9 of it. All else is econml's default: honest trees, criterion "mse", an intercept in the moment
equation. econml works in double precision throughout, averages leaves by weight, and draws from the seed
alone, so that the trees do not depend on threads.
"""

from __future__ import annotations

import numpy as np
from econml.grf import CausalForest
from numpy.typing import NDArray

from hetflow.forest.settings import TREE_SHARE_OF_HALF, ForestSettings, features_tried
from hetflow.forest.sums import Sums, accumulate

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class EconmlEngine:
    """Grows a bag with econml; see `hetflow.forest.engines.Engine`."""

    def prepare(self, X: Floats, rows: Integers, nominal: NDArray[np.bool_] | None = None) -> Floats:
        """The covariates as they are."""
        return X

    def read(self, covariates: Floats, X: Floats) -> Floats:
        """The other covariates as they are."""
        return X

    def grow(
        self,
        X: Floats,
        treatment_residual: Floats,
        outcome_residual: Floats,
        weight: Floats | None,
        rows: Integers,
        settings: ForestSettings,
        seed: int,
        group: Integers | None = None,
    ) -> CausalForest:
        """Trees of a bag: a fitted `CausalForest`, which splits within clusters: `group` is not read."""
        forest = CausalForest(
            n_estimators=settings.bag_trees,
            criterion="mse",
            max_depth=settings.max_depth,
            min_samples_split=2 * settings.min_leaf,
            min_samples_leaf=settings.min_leaf,
            max_features=features_tried(settings.max_features, X.shape[1]),
            max_samples=TREE_SHARE_OF_HALF,
            min_balancedness_tol=settings.min_balancedness,
            honest=True,
            inference=False,
            fit_intercept=True,
            n_jobs=1,
            random_state=seed,
        )
        chosen = None if weight is None else weight[rows]
        return forest.fit(X[rows], treatment_residual[rows], outcome_residual[rows], sample_weight=chosen)

    def moments(self, bag: CausalForest, X: Floats) -> Floats:
        """Leaf averages, shape (5, trees, n); see `leaf_averages`."""
        return leaf_averages(bag.estimators_, X)

    def add(self, sums: Sums, bag: CausalForest, X: Floats, rows: Integers) -> None:
        """Add the leaf averages of `rows` to the arrays of `sums`."""
        accumulate(sums, rows, self.moments(bag, X[rows]))


def leaf_averages(trees: list, X: Floats) -> Floats:
    """Leaf averages of econml's trees.

    Parameters
    ----------
    trees : list of econml.grf._base_grftree.GRFTree
        Fitted trees of a forest with one treatment and an intercept.
    X : ndarray, shape (n, p)
        Covariates without missing values.

    Returns
    -------
    ndarray, shape (5, trees, n)
        In the order of `hetflow.forest.components`.
    """
    X = np.ascontiguousarray(X, dtype=np.float64)
    averages = np.empty((5, len(trees), len(X)))
    for number, tree in enumerate(trees):
        alpha, jacobian = tree.predict_alpha_and_jac(X, check_input=False)
        averages[:2, number] = alpha.T
        averages[2:, number] = jacobian[:, [0, 1, 3]].T
    return averages
