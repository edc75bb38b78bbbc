"""Policy trees learnt and judged: each fold by a tree of the other folds, and the tree of all units for use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.effects.linear import Matrix, Vector
from hetflow.effects.policy.trees import (
    Bins,
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
    by_fold : dict of int to PolicyTree
        Fold to the tree of the other folds.
    treated : ndarray, shape (n,)
        1.0 where the tree that has not seen the unit's fold treats it.
    """

    depth: int
    budget: float
    whole: PolicyTree
    by_fold: dict[int, PolicyTree]
    treated: Vector

    @property
    def name(self) -> str:
        """``tree_2``, or ``tree_2_budget``."""
        return f"tree_{self.depth}" + ("_budget" if self.budget < 1 else "")


def smallest_leaf(asked: int | str, units: int, minimum_cell_count: int) -> int:
    """Fewest units of a leaf: as asked, else a twentieth of the units; never a count that may not be shown."""
    own = int(np.ceil(SMALLEST_LEAF * units)) if asked == "auto" else int(asked)
    return max(own, minimum_cell_count)


def learn(
    bins: Bins,
    benefit: Vector,
    weight: Vector,
    fold: NDArray[np.int64],
    depth: int,
    minimum: int,
    budget: float = 1.0,
) -> Learnt:
    """The tree of all units, and one of all folds but k for each fold k.

    A tree that learns from the scores on which it is judged looks better than it is. Scores of other folds still share
    the models behind them with the fold that is judged; this dependence vanishes with the number of units.

    Parameters
    ----------
    bins : Bins
        Of n units. Cuts are places where covariates, not outcomes, may be cut, and are the same for all folds.
    benefit : ndarray, shape (n,)
        Doubly robust scores in benefit units, less the cost of treatment.
    weight : ndarray, shape (n,)
    fold : ndarray of int, shape (n,)
    depth : int
    minimum : int
        Fewest units of a leaf.
    budget : float
        Largest share of the weight that may be treated.
    """

    def tree(rows: NDArray[np.bool_]) -> PolicyTree:
        if budget < 1:
            return tree_within_budget(bins, rows, benefit, weight, depth, minimum, budget)
        return best_tree(bins, rows, weight * benefit, depth, minimum)

    treated = np.zeros(benefit.size)
    by_fold = {}
    for k in np.unique(fold):
        inside = fold == k
        by_fold[int(k)] = tree(~inside)
        treated[inside] = binned_assignment(by_fold[int(k)], bins, inside)
    return Learnt(depth, budget, tree(np.ones(benefit.size, dtype=bool)), by_fold, treated)


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
    others = [named(tree, names) for tree in learnt.by_fold.values()]
    treated = learnt.whole.assign(X)
    alike = [same_treatment(treated, tree.assign(X), weight) for tree in learnt.by_fold.values()]
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
    for fold, tree in ((0, learnt.whole), *learnt.by_fold.items()):
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
