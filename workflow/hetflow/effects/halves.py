"""Random halves of a trial: one to learn from, one to evaluate on, as often as wanted."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hetflow.nuisance.folds import Integers
from hetflow.seeds import generator


def auxiliary_half(
    unit: ArrayLike,
    treated: ArrayLike,
    strata: ArrayLike | None,
    cluster: ArrayLike | None,
    seed: int,
    split: int,
) -> NDArray[np.bool_]:
    """Whether each unit belongs to the auxiliary half of a split, which the proxies are learnt from.

    Units are dealt to the halves in turn, at random within arm and stratum; clusters are dealt whole, at random
    among those with the same arms. The draw depends on the study's seed, the split's number and the units alone.

    Parameters
    ----------
    unit : array_like of int, shape (n,)
        Row numbers, distinct; the order of the rows does not matter.
    treated : array_like of int, shape (n,)
        1 treated, 0 control.
    strata : array_like, shape (n,), or None
    cluster : array_like of int, shape (n,), or None
    seed : int
        The study's seed.
    split : int
        Number of the split.

    Returns
    -------
    ndarray of bool, shape (n,)
        Without clusters the halves differ by one unit at most, in each arm and in the whole.
    """
    unit = np.asarray(unit)
    order = np.argsort(unit, kind="stable")
    arm = np.asarray(treated)[order].astype(np.int64)
    stratum = np.zeros(len(unit), dtype=np.int64) if strata is None else _codes(np.asarray(strata)[order])
    group = np.arange(len(unit)) if cluster is None else _codes(np.asarray(cluster)[order])
    if cluster is not None:
        first = np.unique(group, return_index=True)[1]
        share = np.bincount(group, weights=arm) / np.bincount(group)
        arm, stratum = np.where(share == 0, 0, np.where(share == 1, 1, 2)), stratum[first]
    rng = generator(seed, "splits", split)
    dealt = np.empty(len(arm), dtype=bool)
    dealt[np.lexsort((rng.random(len(arm)), stratum, arm))] = (np.arange(len(arm)) + rng.integers(2)) % 2 == 0
    auxiliary = np.empty(len(unit), dtype=bool)
    auxiliary[order] = dealt[group]
    return auxiliary


def _codes(values: NDArray[np.generic]) -> Integers:
    """Integer codes in the order of the values' text."""
    return np.asarray(np.unique(values.astype(str), return_inverse=True)[1], dtype=np.int64)
