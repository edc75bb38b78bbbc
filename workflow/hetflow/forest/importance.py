"""On which covariates trees split, and how near to the root."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hetflow.forest.binned_trees import BinnedTrees

DEPTHS = 4
_LEAF = 3
_DECAY = 2.0


def split_frequencies(
    bags: Iterable[BinnedTrees], covariates: int, depths: int = DEPTHS
) -> NDArray[np.int64]:
    """Number of splits by depth and covariate.

    Parameters
    ----------
    bags : iterable of BinnedTrees
        Trees, read one bag at a time.
    covariates : int
        Number of covariates p.
    depths : int
        Depths counted from the root.

    Returns
    -------
    ndarray of int, shape (depths, p)
    """
    counts = np.zeros((depths, covariates), dtype=np.int64)
    for bag in bags:
        here = bag.start[:-1]
        root = here
        for depth in range(depths):
            inner = bag.nodes[here, 1] != _LEAF
            here, root = here[inner], root[inner]
            counts[depth] += np.bincount(bag.nodes[here, 0], minlength=covariates)
            left = root + bag.nodes[here, 3]
            here, root = np.concatenate([left, left + 1]), np.concatenate([root, root])
    return counts


def variable_importance(frequencies: NDArray[np.int64]) -> NDArray[np.float64]:
    """grf's importance: shares of the splits at each depth d, weighed by 1 / d².

    Parameters
    ----------
    frequencies : ndarray of int, shape (depths, p)
        See `split_frequencies`.

    Returns
    -------
    ndarray, shape (p,)
        Sums to 1 if there is a split at every depth.
    """
    totals = np.maximum(frequencies.sum(axis=1, keepdims=True), 1)
    weight = np.arange(1, len(frequencies) + 1, dtype=np.float64) ** -_DECAY
    return weight @ (frequencies / totals) / weight.sum()
