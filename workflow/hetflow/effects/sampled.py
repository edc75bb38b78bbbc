"""A part of the units for what is refitted often: drawn by a stated rule, the same on every machine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hetflow.effects.benchmarks import Units
from hetflow.seeds import generator

#: Most units that benchmarks are refitted on.
MOST = 20_000


def sampled_units(units: Units, seed: int, most: int = MOST) -> tuple[Units, int]:
    """At most `most` units, whole clusters, drawn without looking at anything but their clusters.

    Parameters
    ----------
    units : Units
        Sorted by unit.
    seed : int
    most : int

    Returns
    -------
    units : Units
    number : int
        Units kept.
    """
    n = len(units.fold)
    if n <= most:
        return units, n
    group = np.arange(n) if units.cluster is None else np.unique(units.cluster, return_inverse=True)[1]
    order = generator(seed, "confounding", "benchmark units").permutation(group.max() + 1)
    sizes = np.bincount(group)[order]
    chosen = order[: max(1, int(np.searchsorted(np.cumsum(sizes), most, side="right")))]
    rows = np.isin(group, chosen)
    arrays = ("X", "treated", "outcome", "weight", "seen", "fold")
    kept = {name: getattr(units, name)[rows] for name in arrays}
    cluster = None if units.cluster is None else units.cluster[rows]
    return replace(units, cluster=cluster, **kept), int(rows.sum())
