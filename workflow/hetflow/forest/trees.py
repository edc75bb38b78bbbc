"""A bag's trees as plain arrays, without pickle: to compare, to store, to predict without the engine."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

LEAF = -1


@dataclass(frozen=True)
class TreeArrays:
    """Trees whose nodes lie one after the other.

    Attributes
    ----------
    start : ndarray of int64, shape (trees + 1,)
        First node of each tree, and the number of all nodes.
    feature : ndarray of int64, shape (nodes,)
        Column on which a node splits; -1 in leaves.
    threshold : ndarray of float64, shape (nodes,)
        Units with a value up to it go left; 0 in leaves.
    left, right : ndarray of int64, shape (nodes,)
        Children, counted from the tree's first node; -1 in leaves.
    averages : ndarray of float64, shape (5, nodes)
        Averages of the moments in the node, in the order of `hetflow.forest.components`.
    """

    start: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    averages: NDArray[np.float64]

    def to_arrays(self) -> dict[str, NDArray]:
        """The arrays by name, for an archive of plain arrays."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def moments(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Leaf averages at each row of `X`.

        Parameters
        ----------
        X : ndarray, shape (n, p)
            Covariates without missing values.

        Returns
        -------
        ndarray, shape (5, trees, n)
            What the engine reports, bit for bit.
        """
        return np.stack(
            [self.averages[:, self._leaf(tree, X)] for tree in range(len(self.start) - 1)], axis=1
        )

    def _leaf(self, tree: int, X: NDArray[np.float64]) -> NDArray[np.int64]:
        """Node of the leaf into which each row falls."""
        root = self.start[tree]
        node = np.full(len(X), root, dtype=np.int64)
        inner = np.flatnonzero(self.feature[node] != LEAF)
        while inner.size:
            here = node[inner]
            goes_left = X[inner, self.feature[here]] <= self.threshold[here]
            node[inner] = root + np.where(goes_left, self.left[here], self.right[here])
            inner = inner[self.feature[node[inner]] != LEAF]
        return node


def from_econml(trees: list) -> TreeArrays:
    """Plain arrays of econml's fitted trees (one treatment, with intercept)."""
    plain = [tree.tree_ for tree in trees]
    leaf = [tree.children_left == LEAF for tree in plain]
    joined = np.concatenate(leaf)
    feature = np.concatenate([tree.feature for tree in plain]).astype(np.int64)
    threshold = np.concatenate([tree.threshold for tree in plain]).astype(np.float64)
    alpha = np.concatenate([tree.precond for tree in plain])
    jacobian = np.concatenate([tree.jac for tree in plain])
    return TreeArrays(
        start=np.cumsum([0, *(tree.node_count for tree in plain)], dtype=np.int64),
        feature=np.where(joined, LEAF, feature),
        threshold=np.where(joined, 0.0, threshold),
        left=np.concatenate([tree.children_left for tree in plain]).astype(np.int64),
        right=np.concatenate([tree.children_right for tree in plain]).astype(np.int64),
        averages=np.ascontiguousarray(np.hstack([alpha, jacobian[:, [0, 1, 3]]]).T),
    )
