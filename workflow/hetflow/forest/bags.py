"""The half-sample of each little bag and the seed of its trees, each from the bag's own stream.

A bag's draw depends on the study's seed, on what the forest is for (mode, imputation, sample), on the bag's
number and on the units of the sample; never on other bags, shards, cores or order. Weights do not enter:
every unit is as likely to be drawn as any other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hetflow.seeds import generator, integer_seed

Integers = NDArray[np.int64]


class Label(NamedTuple):
    """What a forest is for; part of the key of its random streams."""

    mode: str
    imputation: str | int
    sample: str


class Pool(NamedTuple):
    """What half-samples are drawn from.

    Attributes
    ----------
    rows : ndarray of int, shape (m,)
        Rows of the sample's units, ascending.
    group : ndarray of int, shape (m,), or None
        Cluster of each of these, numbered from 0; None without clusters.
    size : int
        Number of units, or of clusters.
    """

    rows: Integers
    group: Integers | None
    size: int


def pool_of(in_sample: ArrayLike, cluster: ArrayLike | None) -> Pool:
    """What the half-samples of a forest are drawn from.

    Parameters
    ----------
    in_sample : array_like of bool, shape (n,)
        Units that the forest may learn from.
    cluster : array_like, shape (n,), or None
        Cluster of each unit.
    """
    rows = np.flatnonzero(np.asarray(in_sample, dtype=bool)).astype(np.int64)
    if cluster is None:
        return Pool(rows, None, len(rows))
    labels, group = np.unique(np.asarray(cluster)[rows], return_inverse=True)
    return Pool(rows, group.astype(np.int64), len(labels))


def half_sample(pool: Pool, seed: int, label: Label, bag: int) -> Integers:
    """Rows of a bag's half-sample, ascending.

    Parameters
    ----------
    pool : Pool
        Units to draw from.
    seed : int
        The study's seed.
    label : Label
        What the forest is for.
    bag : int
        Number of the bag, from 0.

    Returns
    -------
    ndarray of int
        floor(m / 2) units drawn without replacement, or all units of floor(C / 2) of the C clusters.
    """
    drawn = generator(seed, "forest", *label, bag).choice(pool.size, pool.size // 2, replace=False)
    if pool.group is None:
        return np.sort(pool.rows[drawn])
    chosen = np.zeros(pool.size, dtype=bool)
    chosen[drawn] = True
    return pool.rows[chosen[pool.group]]


def bag_seed(seed: int, label: Label, bag: int) -> int:
    """Seed of all that is drawn within a bag: subsamples of the trees, honest halves, order of covariates."""
    return integer_seed(seed, "forest", *label, bag, "trees")
