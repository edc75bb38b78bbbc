"""Policy trees: one of all units for use, those of earlier folds to judge it, those without a fold for stability."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.effects.linear import Matrix, Vector
from hetflow.effects.policy.bins import Bins
from hetflow.effects.policy.trees import (
    PolicyTree,
    best_tree,
    binned_assignment,
    named,
    same_treatment,
    tree_within_budget,
)

#: Share of the units that a leaf holds at least, when the study does not say how many.
SMALLEST_LEAF = 0.05


@dataclass(frozen=True, slots=True)
class Learnt:
    """A tree of all units, and the trees that judge it.

    Attributes
    ----------
    depth : int
    budget : float
        Largest share that may be treated; 1 where there is no budget.
    whole : PolicyTree
    earlier : dict of int to PolicyTree
        Fold, but for the first, to the tree of the folds before it.
    without : dict of int to PolicyTree
        Fold to the tree of all other folds.
    treated : ndarray, shape (n,)
        1.0 where the tree of the folds before the unit's own treats it; NaN in the first fold.
    """

    depth: int
    budget: float
    whole: PolicyTree
    earlier: dict[int, PolicyTree]
    without: dict[int, PolicyTree]
    treated: Vector

    @property
    def name(self) -> str:
        """``tree_2``, or ``tree_2_budget``."""
        return f"tree_{self.depth}" + ("_budget" if self.budget < 1 else "")


def smallest_leaf(asked: int | str, units: int, minimum_cell_count: int) -> int:
    """Fewest units of a leaf: as asked, else a twentieth of those learnt from; never a count that may not be shown."""
    own = int(np.ceil(SMALLEST_LEAF * units)) if asked == "auto" else int(asked)
    return max(own, minimum_cell_count)


def learn(
    bins: Bins,
    benefit: Vector,
    weight: Vector,
    fold: NDArray[np.int64],
    depth: int,
    minimum: Callable[[int], int],
    budget: float = 1.0,
) -> Learnt:
    """The tree of all units, and for each fold the tree of the folds before it and the tree of all others.

    A tree that learns from the scores on which it is judged looks better than it is. Trees of all other folds would do
    for its mean gain, but not for the error of that: what one fold was lucky with, the trees that judge the others have
    learnt. With trees of earlier folds the errors of the folds are martingale differences (Wager 2024), and their mean
    gain is that of trees of fewer units. The models behind the scores were fitted across folds; this dependence
    vanishes with the number of units.

    Parameters
    ----------
    bins : Bins
        Of n units. Cuts are places where covariates, not outcomes, may be cut, and are the same for all folds.
    benefit : ndarray, shape (n,)
        Doubly robust scores in benefit units, less the cost of treatment.
    weight : ndarray, shape (n,)
    fold : ndarray of int, shape (n,)
    depth : int
    minimum : callable
        Units that a tree learns from to fewest units of its leaves.
    budget : float
        Largest share of the weight that may be treated.
    """

    def tree(rows: NDArray[np.bool_]) -> PolicyTree:
        fewest = minimum(int(rows.sum()))
        if budget < 1:
            return tree_within_budget(bins, rows, benefit, weight, depth, fewest, budget)
        return best_tree(bins, rows, weight * benefit, depth, fewest)

    folds = [int(k) for k in np.unique(fold)]
    treated = np.full(benefit.size, np.nan)
    earlier = {k: tree(fold < k) for k in folds[1:]}
    for k, judge in earlier.items():
        treated[fold == k] = binned_assignment(judge, bins, fold == k)
    without = {k: tree(fold != k) for k in folds}
    return Learnt(depth, budget, tree(np.ones(benefit.size, dtype=bool)), earlier, without, treated)


def stability(learnt: Learnt, X: Matrix, weight: Vector, names: Sequence[str]) -> dict[str, Any]:
    """Whether trees that lack a fold agree with the tree of all units.

    Returns
    -------
    dict
        ``name``; ``covariates`` of the tree of all units, from the root down; ``same_root``, ``same_covariates``: of
        how many folds' trees the root, or the set of covariates, is the same; ``folds``; ``alike``: mean share of the
        units that they treat alike.
    """
    own = named(learnt.whole, names)
    others = [named(tree, names) for tree in learnt.without.values()]
    treated = learnt.whole.assign(X)
    alike = [same_treatment(treated, tree.assign(X), weight) for tree in learnt.without.values()]
    return {
        "name": learnt.name,
        "covariates": own,
        "same_root": sum(other[:1] == own[:1] for other in others),
        "same_covariates": sum(set(other) == set(own) for other in others),
        "folds": len(others),
        "alike": float(np.mean(alike)),
    }


def nodes_frame(learnt: Learnt, names: Sequence[str]) -> pd.DataFrame:
    """Nodes of the tree of all units and of each fold's tree.

    Returns
    -------
    DataFrame
        ``tree, fold`` (0 for the tree of all units, k for the one without fold k)``, node, parent, side`` (``below``:
        at or below the parent's cut)``, column, cut, treat, n``; a leaf has no column.
    """
    rows = []
    for fold, tree in ((0, learnt.whole), *learnt.without.items()):
        for node in np.flatnonzero(tree.feature > -2):
            j = tree.feature[node]
            rows.append(
                {
                    "tree": learnt.name,
                    "fold": fold,
                    "node": int(node),
                    "parent": int((node - 1) // 2) if node else -1,
                    "side": ("below" if node % 2 else "above") if node else "",
                    "column": names[j] if j >= 0 else "",
                    "cut": float(tree.cut[node]),
                    "treat": bool(tree.treat[node]),
                    "n": int(tree.n[node]),
                }
            )
    return pd.DataFrame(rows)
