"""Random masks with the same margins: every unit keeps its number of missing cells, every mask its number of rows.

A trade takes two masks, pools the units missing under exactly one of them, and deals the pool anew, to each as
many as it gave. A global trade pairs all masks at random and trades each pair once. Trades happen only in units
to whom both masks apply, so that a cell that does not apply never becomes missing. The chain's stationary law is
uniform over the matrices that trades reach: all with these margins where every mask applies to everybody.

Strona G et al. A fast and unbiased procedure to randomize ecological binary matrices with fixed row and column
totals. Nat Commun 2014;5:4114. Carstens CJ, Berger A, Strona G. A unifying framework for fast randomization of
ecological networks with fixed (node) degrees. MethodsX 2018;5:773-80 (global trades).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hetflow.missingness.masks import Masks, intersections

BoolArray = NDArray[np.bool_]
Floats = NDArray[np.float64]

BURN_IN = 30
"""Global trades before the first matrix is kept."""
THINNING = 6
"""Global trades between matrices that are kept: the counts of pairs are then all but uncorrelated (tested)."""
DRAWS = 200
"""Matrices kept."""


@dataclass(frozen=True, slots=True)
class NullCounts:
    """What the null says of the number of units missing under both masks of a pair, shape (k, k) each.

    Attributes
    ----------
    mean, variance : ndarray
        Over the matrices kept; the variance has divisor draws - 1.
    draws : int
        Matrices kept.
    """

    mean: Floats
    variance: Floats
    draws: int


def null_counts(masks: Masks, rng: np.random.Generator, draws: int = DRAWS) -> NullCounts:
    """Mean and variance of the pairs' counts under fixed margins.

    Parameters
    ----------
    masks : Masks
        At least two masks.
    rng : Generator
        The result depends on it and on the masks, not on the order of rows.
    draws : int
        Matrices to keep; at least 2.
    """
    missing, applies = canonical(masks)
    total = np.zeros((len(masks), len(masks)))
    squares = np.zeros_like(total)
    global_trades(missing, applies, BURN_IN, rng)
    for _ in range(draws):
        global_trades(missing, applies, THINNING, rng)
        both = intersections(missing.T).astype(np.float64)
        total += both
        squares += both**2
    mean = total / draws
    return NullCounts(mean, np.maximum(squares - draws * mean**2, 0.0) / (draws - 1), draws)


def canonical(masks: Masks) -> tuple[BoolArray, BoolArray]:
    """Masks by row, shape (k, n) each, with units in an order that depends on their cells alone."""
    key = np.packbits(np.column_stack([masks.missing, masks.applies]), axis=1)
    order = np.argsort(np.ascontiguousarray(key).view(f"V{key.shape[1]}").ravel(), kind="stable")
    return np.ascontiguousarray(masks.missing[order].T), np.ascontiguousarray(masks.applies[order].T)


def global_trades(missing: BoolArray, applies: BoolArray, number: int, rng: np.random.Generator) -> None:
    """Trade in place.

    Parameters
    ----------
    missing, applies : ndarray of bool, shape (k, n)
        One row a mask.
    number : int
        Global trades.
    rng : Generator
    """
    everybody = bool(applies.all())
    for _ in range(number):
        order = rng.permutation(len(missing))
        for first, second in zip(order[0::2], order[1::2], strict=False):
            exactly_one = missing[first] ^ missing[second]
            if not everybody:
                exactly_one &= applies[first] & applies[second]
            _trade(missing[first], missing[second], np.flatnonzero(exactly_one), rng)


def _trade(first: BoolArray, second: BoolArray, pool: NDArray[np.intp], rng: np.random.Generator) -> None:
    given = int(np.count_nonzero(first[pool]))
    if 0 < given < len(pool):
        dealt = np.zeros(len(pool), dtype=bool)
        dealt[rng.permutation(len(pool))[:given]] = True
        first[pool], second[pool] = dealt, ~dealt
