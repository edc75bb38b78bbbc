"""The folds of cross-fitting, drawn once on the eligible cohort before any outcome is read."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hetflow.errors import Problem, refuse, refuse_all
from hetflow.seeds import generator

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def draw_folds(
    unit: ArrayLike,
    treated: ArrayLike,
    strata: ArrayLike | None,
    cluster: ArrayLike | None,
    number: int,
    seed: int,
) -> Integers:
    """Draw balanced folds within arm and stratum, keeping clusters whole.

    Parameters
    ----------
    unit : array_like of int, shape (n,)
        Row numbers, distinct. Units are sorted by them first, so that the order of the rows does not matter.
    treated : array_like, shape (n,)
        Arm of each unit (two arms or more).
    strata : array_like, shape (n,), or None
        Stratum of each unit; a missing stratum is a stratum of its own.
    cluster : array_like, shape (n,), or None
        Cluster of each unit; a cluster is never divided.
    number : int
        Number of folds, at least 2.
    seed : int
        The study's seed.

    Returns
    -------
    ndarray of int, shape (n,)
        Fold of each unit, 1 to `number`. Without clusters, the folds' counts differ by at most one over the
        whole cohort, within each arm, and within each arm and stratum; with clusters they are as even as a
        greedy allocation makes them, largest clusters first.

    Raises
    ------
    Refused
        If an arm has too few units (or clusters) for every fold to hold it.
    """
    unit = np.asarray(unit)
    order = np.argsort(unit, kind="stable")
    arm = _codes(np.asarray(treated)[order])
    stratum = np.zeros(len(unit), dtype=np.int64) if strata is None else _codes(np.asarray(strata)[order])
    group = np.arange(len(unit)) if cluster is None else _codes_by_appearance(np.asarray(cluster)[order])
    _check_number(number, arm, group)
    rng = generator(seed, "folds")
    sorted_fold = (
        _deal(arm, stratum, number, rng) if cluster is None else _allocate(arm, stratum, group, number, rng)
    )
    fold = np.empty(len(unit), dtype=np.int64)
    fold[order] = sorted_fold
    check_folds(fold, treated, number)
    return fold


def check_folds(fold: ArrayLike, treated: ArrayLike, number: int | None = None, where: str = "folds") -> None:
    """Refuse units among which some fold lacks an arm, which leaves its nuisances or estimates undefined.

    Parameters
    ----------
    fold, treated : array_like, shape (n,)
        Fold and arm of the units that an analysis keeps.
    number : int, optional
        Number of folds drawn; by default the largest fold present.
    where : str
        Named in the refusal, for instance the analysis.

    Raises
    ------
    Refused
        Naming every fold and arm that is empty.
    """
    fold, treated = np.asarray(fold), np.asarray(treated)
    folds = range(1, (number or int(fold.max(initial=0))) + 1)
    arms = np.unique(treated)
    problems = [
        Problem(
            f"{where}: fold {k}, arm {arm}",
            "every fold holds units of every arm",
            "none",
            "draw fewer folds, or widen the analysis: its subset, trimming or missing outcomes empty it",
        )
        for k in folds
        for arm in arms
        if not np.any((fold == k) & (treated == arm))
    ]
    if len(arms) < 2:
        found = f"only arm {arms[0]}" if len(arms) else "no unit"
        problems.append(Problem(where, "units of at least two arms", found, "widen the analysis' subset"))
    refuse_all(problems)


def inner_folds(target: Floats, group: Integers | None, number: int, seed: int, stratify: bool) -> Integers:
    """Folds inside a training set, 0 to `number` - 1, whole groups, for a learner's own tuning.

    Parameters
    ----------
    target : ndarray, shape (n,)
        Read only when `stratify`: groups are then dealt in order of their mean target.
    group : ndarray of int, shape (n,), or None
        Clusters, kept whole.
    number : int
        Number of folds; fewer are used when there are fewer groups.
    seed : int
        Of the stream, from `hetflow.seeds.integer_seed`.
    stratify : bool
        For binary targets, so that both values reach every fold if they can.
    """
    labels = np.arange(len(target)) if group is None else _codes_by_appearance(group)
    count = np.bincount(labels)
    level = np.bincount(labels, weights=target) / count if stratify else np.zeros(len(count))
    order = np.lexsort((generator(seed, "inner folds").random(len(count)), level))
    dealt = np.empty(len(count), dtype=np.int64)
    dealt[order] = np.arange(len(count)) % min(number, len(count))
    return np.asarray(dealt[labels])


def _codes(values: NDArray[np.generic]) -> Integers:
    """Integer codes in the order of the values' text, missing values last."""
    text = pd.Series(values).astype(object)
    missing = text.isna().to_numpy()
    codes = np.unique(np.where(missing, "", text.astype(str).to_numpy()).astype(str), return_inverse=True)[1]
    return np.asarray(np.where(missing, codes.max(initial=0) + 1, codes), dtype=np.int64)


def _codes_by_appearance(values: NDArray[np.generic]) -> Integers:
    """Integer codes 0, 1, ... in order of first appearance."""
    return np.asarray(pd.factorize(values, use_na_sentinel=False)[0], dtype=np.int64)


def _check_number(number: int, arm: Integers, group: Integers) -> None:
    """Refuse a number of folds that an arm cannot fill."""
    if number < 2:
        refuse("folds: number", "at least 2", str(number), "set the number of folds to 5, say")
    for code in np.unique(arm):
        held = len(np.unique(group[arm == code]))
        if held < number:
            what = f"{held} units or clusters in one arm for {number} folds"
            refuse(
                "folds: number", "no more folds than an arm has units (or clusters)", what, "draw fewer folds"
            )


def _deal(arm: Integers, stratum: Integers, number: int, rng: np.random.Generator) -> Integers:
    """Deal units in rotation, sorted by arm, then stratum, then at random."""
    order = np.lexsort((rng.random(len(arm)), stratum, arm))
    fold = np.empty(len(arm), dtype=np.int64)
    fold[order] = np.arange(len(arm)) % number
    return np.asarray(rng.permutation(number)[fold] + 1)


def _allocate(
    arm: Integers, stratum: Integers, group: Integers, number: int, rng: np.random.Generator
) -> Integers:
    """Give whole clusters, largest first, each to the fold that it leaves most even.

    Evenness is the sum, over arms and over arm-by-stratum cells, of squared counts relative to the cell's
    size.
    """
    cell = np.unique(np.column_stack([arm, stratum]), axis=0, return_inverse=True)[1].ravel()
    counts = np.column_stack([_table(group, arm), _table(group, cell)])
    total = np.maximum(counts.sum(axis=0), 1.0)
    order = np.lexsort((rng.random(len(counts)), -counts.sum(axis=1)))
    held = np.zeros((number, counts.shape[1]))
    chosen = np.empty(len(counts), dtype=np.int64)
    for index in order:
        growth = ((held + counts[index]) ** 2 - held**2) @ (1.0 / total)
        chosen[index] = int(np.argmin(growth))
        held[chosen[index]] += counts[index]
    return np.asarray(chosen[group] + 1)


def _table(row: Integers, column: Integers) -> Floats:
    """Counts of each row code (rows) in each column code (columns)."""
    table = np.zeros((row.max() + 1, column.max() + 1))
    np.add.at(table, (row, column), 1.0)
    return table
