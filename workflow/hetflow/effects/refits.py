"""An analysis from its nuisances on once more, with fewer trees: other folds, other settings, other seeds.

The little bags of a refit's forests are cut into groups, and every headline number is also had without each group in
turn: that tells how much of it is the luck of finitely many trees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.effects.headlines import Key, averaged, covariates_side, scores_side, with_effects
from hetflow.effects.linear import Matrix, Vector
from hetflow.effects.registry import Plan
from hetflow.effects.scores import Scores
from hetflow.errors import refuse
from hetflow.forest.effects import effects
from hetflow.forest.samples import ALL, sequential_sample
from hetflow.forest.sums import Sums, add_all

#: Groups of bags that are left out in turn.
GROUPS = 10
#: From a sample's name, an imputation and a range of bags (both ends included) to the sums of these bags.
Grow = Callable[[str, int, int, int], Sums]


def bag_groups(bags: int, groups: int = GROUPS) -> list[tuple[int, int]]:
    """Ranges of bags, both ends included, as even as can be."""
    cuts = np.linspace(0, bags, groups + 1).astype(int)
    return [(int(first), int(last) - 1) for first, last in pairwise(cuts)]


def effects_without(parts: Sequence[Sums]) -> tuple[NDArray[np.int64], Matrix]:
    """Units, and their effects from all parts and without each, shape (n, 1 + parts)."""
    whole = add_all(parts)
    columns = [whole, *(_without(whole, part) for part in parts)]
    return whole.unit, np.column_stack([effects(sums, intervals=False)[0] for sums in columns])


def _without(whole: Sums, part: Sums) -> Sums:
    return replace(
        whole,
        bags=whole.bags - part.bags,
        first=whole.first - part.first,
        tree_products=whole.tree_products - part.tree_products,
        bag_products=whole.bag_products - part.bag_products,
    )


def refit_effects(
    grow: Grow, unit: NDArray[np.int64], fold: NDArray[np.int64], bags: Mapping[str, int], imputations: int
) -> tuple[Matrix, Matrix]:
    """Effects of the scored units, averaged over imputations, from all bags and without each group of them.

    Parameters
    ----------
    grow : callable
        See `Grow`.
    unit, fold : ndarray of int, shape (n,)
        Units wanted and their folds, 1 to the number of folds.
    bags : mapping
        ``all``: bags of the forest of all units; ``sequential``: of each forest of the folds before one, or 0.
    imputations : int

    Returns
    -------
    cate, sequential : ndarray, shape (n, 1 + GROUPS)
        Out of bag, and from the folds before the unit's own: NaN in the first fold, or throughout where none was grown.

    Raises
    ------
    Refused
        If a group's bags are the only ones that leave a unit out.
    """
    cate = np.zeros((unit.size, 1 + GROUPS))
    sequential = np.full((unit.size, 1 + GROUPS), np.nan)
    folds = int(fold.max())
    for number in range(2, folds + 1) if bags["sequential"] else ():
        sequential[fold == number] = 0.0
    for imputation in range(imputations):
        cate += _effects_of(grow, ALL, imputation, bags["all"], unit)
        for number in range(2, folds + 1) if bags["sequential"] else ():
            name = str(sequential_sample(number, folds))
            rows = fold == number
            sequential[rows] += _effects_of(grow, name, imputation, bags["sequential"], unit[rows])
    return cate / imputations, sequential / imputations


def _effects_of(grow: Grow, sample: str, imputation: int, bags: int, unit: NDArray[np.int64]) -> Matrix:
    parts = [grow(sample, imputation, first, last) for first, last in bag_groups(bags)]
    units, found = effects_without(parts)
    wanted = found[np.searchsorted(units, unit)]
    lost = int((~np.isfinite(wanted)).any(axis=1).sum())
    if lost:
        refuse(
            "stability.trees",
            "trees enough to leave every unit out of some, whichever tenth of them is left out",
            f"{lost} units without an effect",
            "raise stability.trees and stability.held_out_trees",
        )
    return wanted


def headline_variants(
    sets: Sequence[Scores],
    cate: Matrix,
    sequential: Matrix,
    frames: Sequence[pd.DataFrame],
    plan: Plan,
) -> dict[Key, Vector]:
    """Headline numbers for several predictions of the effects.

    Parameters
    ----------
    sets : sequence of Scores
        One for all imputations, or one each; their own effects do not matter.
    cate, sequential : ndarray, shape (n, r)
    frames : sequence of DataFrame
        Completed covariates in the order of the scores, one an imputation.
    plan : Plan

    Returns
    -------
    dict of key to ndarray, shape (r,)
    """
    found = []
    for k, scores in enumerate(sets):
        own = frames if len(sets) == 1 else [frames[min(k, len(frames) - 1)]]
        found.append(_variants_of(scores, cate, sequential, own, plan))
    shared = [key for key in found[0] if all(key in one for one in found)]
    return {key: np.mean([one[key] for one in found], axis=0) for key in shared}


def _variants_of(
    scores: Scores, cate: Matrix, sequential: Matrix, frames: Sequence[pd.DataFrame], plan: Plan
) -> dict[Key, Vector]:
    variants = [
        with_effects(scores, own, before, plan.better)
        for own, before in zip(cate.T, sequential.T, strict=True)
    ]
    sides = [scores_side(one, plan) for one in variants]
    found = {key: np.array([one[key] for one in sides]) for key in averaged(sides)}
    covariates = covariates_side(scores, np.column_stack([one.score for one in variants]), frames, plan)
    return found | {key: values.mean(axis=0) for key, values in covariates.items()}


def refit_table(name: str, values: Mapping[Key, Vector]) -> pd.DataFrame:
    """One row an estimate and replicate: 0 is that of all trees, the others leave a group of bags out."""
    rows: list[dict[str, Any]] = [
        {"refit": name, "estimand": estimand, "group": group, "term": term, "replicate": i, "estimate": value}
        for (estimand, group, term), column in values.items()
        for i, value in enumerate(column)
    ]
    names = ["refit", "estimand", "group", "term", "replicate", "estimate"]
    return pd.DataFrame(rows, columns=names)
