"""Association of two masks, among the units to whom both apply."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hetflow.missingness.masks import Masks, intersections

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Counts of all ordered pairs of masks, shape (k, k) each.

    Attributes
    ----------
    both : ndarray of int64
        Units missing under both.
    own : ndarray of int64
        ``[j, k]``: units missing under mask j to whom mask k applies too.
    units : ndarray of int64
        Units to whom both apply.
    """

    both: Counts
    own: Counts
    units: Counts


def pair_counts(masks: Masks) -> PairCounts:
    """Counts of all pairs, by matrix products."""
    return PairCounts(
        intersections(masks.missing),
        intersections(masks.missing, masks.applies),
        intersections(masks.applies),
    )


def normalised_information(counts: PairCounts) -> Floats:
    """Normalised mutual information I(M_j; M_k) / min(H(M_j), H(M_k)), shape (k, k), 0 to 1.

    Computed among the units to whom both apply; 0 where one of the masks does not vary there.
    """
    n = counts.units.astype(np.float64)
    cells = (
        counts.both,
        counts.own - counts.both,
        counts.own.T - counts.both,
        counts.units - counts.own - counts.own.T + counts.both,
    )
    joint = sum((_part(cell, n) for cell in cells), np.zeros_like(n))
    first = _part(counts.own, n) + _part(counts.units - counts.own, n)
    smaller = np.minimum(first, first.T)
    information = first + first.T - joint
    shown = np.divide(information, smaller, out=np.zeros_like(n), where=smaller > 0)
    return np.clip(shown, 0.0, 1.0)


def _part(cell: Counts, n: Floats) -> Floats:
    """-p log p of one cell, in nats."""
    p = np.divide(cell, n, out=np.zeros_like(n), where=n > 0)
    return -p * np.log(p, out=np.zeros_like(p), where=p > 0)
