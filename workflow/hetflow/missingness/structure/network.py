"""The network of masks that go missing together, or apart, more than the margins explain."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betainc
from scipy.stats import norm, poisson, t

from hetflow.missingness.masks import Masks
from hetflow.missingness.structure.association import normalised_information, pair_counts
from hetflow.missingness.structure.curveball import DRAWS, NullCounts, null_counts

Floats = NDArray[np.float64]

LEVEL = 0.05
"""False discovery rate at which a pair is called an edge (Benjamini and Hochberg 1995)."""
_SMALLEST = 1e-12
"""The law of the tail is not known so far out that smaller p-values would mean anything."""


def network(masks: Masks, rng: np.random.Generator, draws: int = DRAWS) -> pd.DataFrame:
    """All pairs of distinct masks against random masks with the same margins.

    Parameters
    ----------
    masks : Masks
    rng : Generator
        For the swap chain.
    draws : int
        Random matrices.

    Returns
    -------
    DataFrame
        One row a pair: first, second (numbers of the masks, first < second), units (to whom both apply),
        together (units missing under both), expected (its mean under the margins), nmi (normalised mutual
        information), z, p (two-sided), q (Benjamini-Hochberg), edge (``together``, ``apart``, or empty).
    """
    if len(masks) < 2:
        return pd.DataFrame(columns=_COLUMNS).astype({"first": int, "second": int, "edge": object})
    counts = pair_counts(masks)
    null = null_counts(masks, rng, draws)
    upper = np.triu_indices(len(masks), 1)
    together = counts.both[upper]
    z, p = tail(together, null, upper)
    q = benjamini_hochberg(p)
    edge = np.where(q > LEVEL, "", np.where(together > null.mean[upper], "together", "apart"))
    return pd.DataFrame(
        {
            "first": upper[0] + 1,
            "second": upper[1] + 1,
            "units": counts.units[upper],
            "together": together,
            "expected": null.mean[upper],
            "nmi": normalised_information(counts)[upper],
            "z": z,
            "p": p,
            "q": q,
            "edge": edge.astype(object),
        }
    )


_COLUMNS = ["first", "second", "units", "together", "expected", "nmi", "z", "p", "q", "edge"]


def tail(
    together: NDArray[np.int64], null: NullCounts, pairs: tuple[NDArray[np.intp], ...]
) -> tuple[Floats, Floats]:
    """Standardised count and two-sided p-value of each pair.

    The count's law under the margins is taken as the binomial with the mean and variance of the swapped matrices
    (Poisson where the variance is no smaller than the mean), which has the right support and skewness of a
    hypergeometric count; that mean and variance are estimated from a finite number of matrices is met by Student's t in
    the tail, and by a variance larger by 1 + 1 / draws. Twice the smaller tail, so conservative for small counts.

    Returns
    -------
    z, p : ndarray, shape (pairs,)
        Where the margins leave nothing to vary, z is 0 and p is 1.
    """
    mean, variance = null.mean[pairs], null.variance[pairs] * (1 + 1 / null.draws)
    fixed = variance <= 0
    z = np.where(fixed, 0.0, (together - mean) / np.sqrt(np.where(fixed, 1.0, variance)))
    thin = variance < mean * (1 - 1e-9)
    share = np.where(thin, 1 - variance / np.where(mean > 0, mean, 1.0), 0.5)
    size = mean / share
    above = np.where(thin, _binomial_above(together, size, share), poisson.sf(together - 1, mean))
    below = np.where(thin, 1 - _binomial_above(together + 1, size, share), poisson.cdf(together, mean))
    one_sided = np.clip(np.minimum(above, below), 1e-300, 1.0)
    wide = t.sf(norm.isf(one_sided), null.draws - 1)
    return z, np.where(fixed, 1.0, np.clip(2 * wide, _SMALLEST, 1.0))


def _binomial_above(count: NDArray[np.int64], size: Floats, share: Floats) -> Floats:
    """P(B >= count) of a binomial whose size need not be whole, through the incomplete beta function."""
    k = count.astype(np.float64)
    inside = (k > 0) & (k <= size)
    value = betainc(np.where(inside, k, 1.0), np.where(inside, size - k + 1, 1.0), share)
    return np.where(k <= 0, 1.0, np.where(inside, value, 0.0))


def benjamini_hochberg(p: Floats) -> Floats:
    """Adjusted p-values of the step-up procedure, shape (m,)."""
    m = len(p)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * m / np.arange(1, m + 1)
    q = np.empty(m)
    q[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return q
