"""Shallow policy trees: exact search, who is treated, and the tree in numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hetflow.effects.linear import Matrix, Vector
from hetflow.effects.policy.bins import Bins
from hetflow.effects.policy.kernels_search import search_one, search_two
from hetflow.errors import refuse

#: Depths that the search offers, and what depth 3 is held to, where every cut of the root takes two searches.
DEPTHS = (1, 2, 3)
DEEP_COLUMNS, DEEP_CANDIDATES = 8, 32
#: A larger tree must gain this share of the sum of absolute rewards: sums in another order differ by less.
TIE = 1e-12
#: Halvings of the price of a place in `tree_within_budget`.
_HALVINGS = 20


@dataclass(frozen=True, slots=True)
class PolicyTree:
    """A tree as arrays: the children of node i are nodes 2 i + 1 (at or below the cut) and 2 i + 2.

    Attributes
    ----------
    feature : ndarray of int, shape (2 ** (depth + 1) - 1,)
        Covariate at which a node splits; -1 for a leaf, -2 where there is no node.
    cut : ndarray, same shape
        In the covariate's units; NaN where nothing is split.
    treat : ndarray of bool, same shape
        Whether a leaf treats.
    n : ndarray of int, same shape
        Units of a node among those it was learnt from.
    reward : float
        Sum of the rewards of those it treats, among those it was learnt from.
    """

    feature: NDArray[np.int64]
    cut: Vector
    treat: NDArray[np.bool_]
    n: NDArray[np.int64]
    reward: float

    @property
    def covariates(self) -> list[int]:
        """Covariates that it splits at, from the root down."""
        return list(dict.fromkeys(int(j) for j in self.feature if j >= 0))

    def leaves(self, X: Matrix) -> NDArray[np.int64]:
        """Leaf that each row of X falls into, shape (n,)."""
        return _leaves(self, len(X), lambda node, units: X[units, self.feature[node]] <= self.cut[node])

    def assign(self, X: Matrix) -> Vector:
        """1.0 for rows of X that it treats and 0.0 for the others, shape (n,)."""
        return self.treat[self.leaves(X)].astype(np.float64)


def best_tree(bins: Bins, rows: NDArray[np.bool_], reward: Vector, depth: int, minimum: int) -> PolicyTree:
    """The tree of at most this depth whose treated units have the largest sum of rewards.

    Exact among trees whose cuts are those of `bins` and whose leaves hold at least `minimum` units (Zhou, Athey and
    Wager 2023). A larger tree is taken only where it gains more.

    Parameters
    ----------
    bins : Bins
        Of n units.
    rows : ndarray of bool, shape (n,)
        Units to learn from.
    reward : ndarray, shape (n,)
        Gain of treating a unit instead of not treating it, times its weight.
    depth : {1, 2, 3}
        Depth 3 takes at most `DEEP_COLUMNS` columns, and bins of at most `DEEP_CANDIDATES` cuts.
    minimum : int
        Fewest units of a leaf.

    Raises
    ------
    Refused
        If depth 3 is asked of more columns or cuts.
    """
    codes, own = bins.of(rows), np.ascontiguousarray(reward[rows])
    tolerance = TIE * max(float(np.abs(own).sum()), np.finfo(float).tiny)
    splits = _search(codes, bins.sizes, own, depth, minimum, tolerance)
    return _tree(splits, bins, codes, own, depth)


def _search(
    codes: NDArray[np.int32],
    sizes: NDArray[np.int32],
    reward: Vector,
    depth: int,
    minimum: int,
    tolerance: float,
) -> NDArray[np.int64]:
    """Covariate and last bin of the left of every inner node, shape (2 ** depth - 1, 2), -1 where there is none."""
    if depth <= 2:
        found = np.full(2 * (2**depth - 1), -1, dtype=np.int64)
        (search_one if depth == 1 else search_two)(codes, sizes, reward, minimum, tolerance, found)
        return found.reshape(-1, 2)
    if len(sizes) > DEEP_COLUMNS or (len(sizes) and sizes.max() > DEEP_CANDIDATES + 1):
        refuse(
            "policy tree of depth 3",
            f"at most {DEEP_COLUMNS} columns of at most {DEEP_CANDIDATES} cuts",
            f"{len(sizes)} columns of up to {int(sizes.max()) - 1} cuts",
            "name fewer covariates, or lower policy.candidates",
        )
    return _search_three(codes, sizes, reward, minimum, tolerance)


def _search_three(
    codes: NDArray[np.int32], sizes: NDArray[np.int32], reward: Vector, minimum: int, tolerance: float
) -> NDArray[np.int64]:
    splits = np.full((7, 2), -1, dtype=np.int64)
    best = max(0.0, float(reward.sum()))
    for j in range(len(sizes)):
        for b in range(int(sizes[j]) - 1):
            left = codes[j] <= b
            if min(left.sum(), (~left).sum()) < minimum:
                continue
            halves, value = [], 0.0
            for side in (left, ~left):
                found = np.full(6, -1, dtype=np.int64)
                own = np.ascontiguousarray(codes[:, side])
                value += search_two(own, sizes, reward[side], minimum, tolerance, found)
                halves.append(found.reshape(3, 2))
            if value > best + tolerance:
                best = value
                splits[0] = j, b
                splits[1], splits[3:5] = halves[0][0], halves[0][1:]
                splits[2], splits[5:7] = halves[1][0], halves[1][1:]
    return splits


def _tree(
    splits: NDArray[np.int64], bins: Bins, codes: NDArray[np.int32], reward: Vector, depth: int
) -> PolicyTree:
    """The tree of the splits found, its leaves' actions and sizes told from the units it was learnt from."""
    size = 2 ** (depth + 1) - 1
    feature, cut = np.full(size, -2, dtype=np.int64), np.full(size, np.nan)
    treat, n = np.zeros(size, dtype=bool), np.zeros(size, dtype=np.int64)
    members: dict[int, NDArray[np.bool_]] = {0: np.ones(codes.shape[1], dtype=bool)}
    total = 0.0
    for node in range(size):
        if node not in members:
            continue
        inside = members[node]
        n[node] = int(inside.sum())
        j, b = splits[node] if node < len(splits) else (-1, -1)
        feature[node] = j
        if j >= 0:
            cut[node] = bins.cuts[j][b]
            below = codes[j] <= b
            members |= {2 * node + 1: inside & below, 2 * node + 2: inside & ~below}
            continue
        gain = float(reward[inside].sum())
        treat[node] = gain > 0
        total += max(gain, 0.0)
    return PolicyTree(feature, cut, treat, n, total)


def tree_within_budget(
    bins: Bins,
    rows: NDArray[np.bool_],
    benefit: Vector,
    weight: Vector,
    depth: int,
    minimum: int,
    budget: float,
) -> PolicyTree:
    """The best tree when a place costs a price, at the lowest price at which it treats no more than the budget.

    The treated share of the best tree falls as the price rises (a Lagrangian of the constraint); the price is found by
    halving. Between two trees whose shares enclose the budget there may be a better one that no price finds.

    Parameters
    ----------
    bins, rows, depth, minimum
        As for `best_tree`.
    benefit : ndarray, shape (n,)
        Benefit of treatment net of its cost.
    weight : ndarray, shape (n,)
    budget : float
        Largest share of the weight that may be treated, in (0, 1].
    """

    def at(price: float) -> tuple[PolicyTree, float]:
        tree = best_tree(bins, rows, weight * (benefit - price), depth, minimum)
        return tree, _treated_share(tree, bins, rows, weight)

    tree, share = at(0.0)
    if share <= budget * (1 + TIE):
        return tree
    low, high = 0.0, max(float(benefit[rows].max()), 0.0)
    tree, _ = at(high)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        candidate, share = at(middle)
        if share <= budget * (1 + TIE):
            tree, high = candidate, middle
        else:
            low = middle
    return tree


def _treated_share(tree: PolicyTree, bins: Bins, rows: NDArray[np.bool_], weight: Vector) -> float:
    own = weight[rows]
    return float(own @ binned_assignment(tree, bins, rows) / own.sum())


def binned_assignment(tree: PolicyTree, bins: Bins, rows: NDArray[np.bool_]) -> Vector:
    """Who of some of the binned units is treated, 0.0 or 1.0: as `PolicyTree.assign` of their covariates."""

    def below(node: int, units: NDArray[np.int64]) -> NDArray[np.bool_]:
        j = tree.feature[node]
        return bins.codes[j, held[units]] <= np.searchsorted(bins.cuts[j], tree.cut[node])

    held = np.flatnonzero(rows)
    return tree.treat[_leaves(tree, held.size, below)].astype(np.float64)


def _leaves(
    tree: PolicyTree, n: int, below: Callable[[int, NDArray[np.int64]], NDArray[np.bool_]]
) -> NDArray[np.int64]:
    """Leaf of each of n units; `below` tells which of some units go left at a node."""
    leaf = np.zeros(n, dtype=np.int64)
    waiting = {0: np.arange(n)}
    while waiting:
        node, units = waiting.popitem()
        if tree.feature[node] < 0:
            leaf[units] = node
            continue
        left = below(node, units)
        waiting |= {2 * node + 1: units[left], 2 * node + 2: units[~left]}
    return leaf


def same_treatment(one: Vector, other: Vector, weight: Vector) -> float:
    """Share of the weight that two trees treat alike."""
    return float(weight[one == other].sum() / weight.sum())


def named(tree: PolicyTree, names: Sequence[str]) -> list[str]:
    """Names of the columns that a tree splits at, from the root down."""
    return [names[j] for j in tree.covariates]
