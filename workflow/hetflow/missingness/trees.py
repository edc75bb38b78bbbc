"""Tree donors: a regression tree of the target on its predictors, and a donor at random from the recipient's leaf.

As `cart` of R mice (Burgette and Reiter 2010, American Journal of Epidemiology 172: 1070-1076; Doove, van Buuren and
Dusseldorp 2014, Computational Statistics & Data Analysis 72: 92-104), with two differences: the tree is grown on a
bootstrap sample of the donors, whose members in a leaf are the ones drawn from, so that the uncertainty of the tree is
part of the imputation; and several scores make one tree, by which one donor hands on a whole vector.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from hetflow.missingness.chance import Chance
from hetflow.missingness.transform import Scale

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

COMPLEXITY = 1e-4
"""A split must take at least this share of the scores' variance away, as in R mice."""
STEPS = 16
"""Predictors are rounded to this many steps a standard deviation: many equal values are sorted faster."""
LEAF = -1


@dataclass(frozen=True, slots=True)
class TreeDonors:
    """A grown tree and the donors of its leaves.

    Attributes
    ----------
    feature : ndarray of int, shape (nodes,)
        Predictor that a node splits; `LEAF` in leaves.
    threshold : ndarray, shape (nodes,)
        Rows up to it go left.
    left, right : ndarray of int, shape (nodes,)
        Children, which stand behind their parent; in leaves the first and one behind the last of `members`.
    members : ndarray of int, shape (d,)
        Donors, leaf after leaf; one that was drawn several times by the bootstrap stands there as often.
    """

    feature: IntArray
    threshold: FloatArray
    left: IntArray
    right: IntArray
    members: IntArray

    engine: ClassVar[str] = "tree"

    def impute(
        self, predictors: FloatArray, vectors: FloatArray, chance: Chance, tilt: FloatArray | None = None
    ) -> FloatArray:
        """See `hetflow.missingness.engines.Fitted`."""
        leaf = self.leaves(predictors)
        first = self.left[leaf]
        if tilt is not None:
            return vectors[self.members[self._tilted(tilt, leaf, chance.uniform(len(leaf)))]]
        return vectors[self.members[first + chance.below(self.right[leaf] - first, len(leaf))]]

    def _tilted(self, tilt: FloatArray, leaf: IntArray, uniform: FloatArray) -> IntArray:
        """Places of members drawn within leaves with probabilities proportional to exp(tilt)."""
        whole = np.concatenate([[0.0], np.cumsum(np.exp(tilt - tilt.max())[self.members])])
        first, last = self.left[leaf], self.right[leaf]
        wanted = whole[first] + uniform * (whole[last] - whole[first])
        return np.clip(np.searchsorted(whole, wanted, side="right") - 1, first, last - 1)

    def leaves(self, predictors: FloatArray) -> IntArray:
        """The leaf of every row, shape (m,)."""
        rounded = _rounded(predictors)
        at = np.zeros(len(predictors), dtype=np.int64)
        inner = np.flatnonzero(self.feature[at] != LEAF)
        while len(inner):
            node = at[inner]
            value = rounded[inner, self.feature[node]]
            at[inner] = np.where(value <= self.threshold[node], self.left[node], self.right[node])
            inner = inner[self.feature[at[inner]] != LEAF]
        return at

    def check(self, predictors: int, donors: int) -> None:
        """See `hetflow.missingness.engines.Fitted`."""
        nodes = len(self.feature)
        if nodes == 0 or {len(self.threshold), len(self.left), len(self.right)} != {nodes}:
            raise ValueError("nodes that do not fit one another")
        leaf = self.feature == LEAF
        place, limit = np.arange(nodes), len(self.members)
        forward = (self.left > place) & (self.right > place) & (self.left < nodes) & (self.right < nodes)
        within = (self.left >= 0) & (self.left < self.right) & (self.right <= limit)
        known = (self.feature >= 0) & (self.feature < predictors)
        if not np.where(leaf, within, forward & known).all():
            raise ValueError("nodes that lead outside of the tree")
        if not limit or self.members.min() < 0 or self.members.max() >= donors:
            raise ValueError("donors that are not there")


def fit_tree(
    predictors: FloatArray, scores: FloatArray, pool: int, rng: np.random.Generator, scale: Scale | None
) -> TreeDonors:
    """Grow a tree on a bootstrap sample of the donors.

    Parameters
    ----------
    predictors, scores : ndarray, shape (d, k), (d, r)
        Of the donors, d >= 1.
    pool : int
        Fewest donors of a leaf.
    rng : Generator
        Random stream.
    scale : Scale or None
        Not read.
    """
    drawn = rng.integers(len(scores), size=len(scores))
    seed = int(rng.integers(2**31))
    if predictors.shape[1] == 0:
        one = np.zeros(1, dtype=np.int64)
        return TreeDonors(one + LEAF, np.zeros(1), one, one + len(drawn), drawn)
    from sklearn.tree import DecisionTreeRegressor

    least = COMPLEXITY * float(scores[drawn].var(axis=0).mean())
    model = DecisionTreeRegressor(min_samples_leaf=pool, min_impurity_decrease=least, random_state=seed)
    X = _rounded(predictors[drawn])
    model.fit(X, scores[drawn])
    return _stored(model.tree_, model.apply(X), drawn)


def _rounded(predictors: FloatArray) -> NDArray[np.float32]:
    return (np.rint(predictors * STEPS) / STEPS).astype(np.float32)


def _stored(tree: object, leaf: IntArray, drawn: IntArray) -> TreeDonors:
    """Arrays of a scikit-learn tree, and the donors in the order of its leaves."""
    feature = np.where(tree.children_left < 0, LEAF, tree.feature).astype(np.int64)  # type: ignore[attr-defined]
    order = np.argsort(leaf, kind="stable")
    counts = np.bincount(leaf, minlength=len(feature))
    ends = np.cumsum(counts)
    left = np.where(feature == LEAF, ends - counts, tree.children_left)  # type: ignore[attr-defined]
    right = np.where(feature == LEAF, ends, tree.children_right)  # type: ignore[attr-defined]
    return TreeDonors(feature, tree.threshold.copy(), left, right, drawn[order])  # type: ignore[attr-defined]
