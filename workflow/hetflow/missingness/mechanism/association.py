"""Is a mask related to covariates at all? A test whose size does not hang on how rare the mask is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, norm, pearson3, rankdata

from hetflow.seeds import generator

FloatArray = NDArray[np.float64]
RARE = 60
"""Masks with fewer units on either side are too skewed for the beta approximation (levels doubled at 1 %)."""
DRAWS = 2000
"""Permutations drawn for rare masks."""
ENOUGH = 10
"""Draws at least as large as what was observed, from which their share is taken as it is."""


def permutation_p(Q: FloatArray, M: FloatArray, seed: int) -> tuple[FloatArray, FloatArray]:
    """P-value of the share of a mask's variance that features explain, under permutation of the rows.

    Parameters
    ----------
    Q : ndarray, shape (n, d)
        Orthonormal, centred features.
    M : ndarray, shape (n, k)
        Masks, 0 or 1, neither all 0 nor all 1.
    seed : int
        Seed of the permutations that are drawn for rare masks.

    Returns
    -------
    share : ndarray, shape (k,)
        Share of variance explained, m' Q Q' m / m'm for the centred mask m.
    p : ndarray, shape (k,)
        Upper tail of the beta distribution that has the exact mean and variance of the share over all n!
        permutations (Kazi-Aoual et al., Comput. Stat. Data Anal. 20:643, 1995). This follows the mask's skewness and
        the features' leverage, which the F-test does not. Masks with fewer than 60 units on either side: share of
        2,000 drawn permutations, beyond them the tail of the Pearson III distribution with the draws' three moments.
    """
    centred = M - M.mean(axis=0)
    total = (centred**2).sum(axis=0)
    share = ((Q.T @ centred) ** 2).sum(axis=0) / total
    mean, variance = _moments(Q, (centred**4).sum(axis=0) / total**2)
    size = mean * (1 - mean) / variance - 1
    p = np.asarray(beta.sf(share, mean * size, (1 - mean) * size), dtype=np.float64)
    few = np.minimum(M.sum(axis=0), len(M) - M.sum(axis=0)).astype(np.int64)
    for units in np.unique(few[few < RARE]):
        drawn = _draw_shares(Q, int(units), seed)
        for k in np.flatnonzero(few == units):
            p[k] = _tail(float(share[k]), drawn)
    return share, p


def _draw_shares(Q: FloatArray, units: int, seed: int) -> FloatArray:
    """Shares of variance explained of masks with so many units drawn at random, shape (2000,)."""
    n, draw = len(Q), generator(seed, "mechanism", "rare", units)
    sums = np.stack(
        [Q[draw.choice(n, units, replace=False, shuffle=False)].sum(axis=0) for _ in range(DRAWS)]
    )
    return np.asarray((sums**2).sum(axis=1) / (units * (n - units) / n), dtype=np.float64)


def _tail(share: float, drawn: FloatArray) -> float:
    """P-value of a share among drawn ones, extrapolated where fewer than 10 are as large."""
    larger = int((drawn >= share).sum())
    if larger >= ENOUGH:
        return (larger + 1) / (len(drawn) + 1)
    centre, spread = float(drawn.mean()), float(drawn.std())
    if spread == 0:
        return 1.0
    skew = float((((drawn - centre) / spread) ** 3).mean())
    bound = (larger + 1) / (len(drawn) + 1) if larger else 1.0
    return min(bound, float(pearson3.sf((share - centre) / spread, skew)))


def _moments(Q: FloatArray, fourth: FloatArray) -> tuple[float, FloatArray]:
    """Mean and variance of the share over all permutations; `fourth` is sum m^4 / (sum m^2)^2 for each mask."""
    n, d = Q.shape
    leverage = float(((Q**2).sum(axis=1) ** 2).sum())
    even = 2 * ((n - 1) * d - d**2) * (n - 2) / ((n - 1) ** 2 * (n + 1) * (n - 2))
    own = n * (n + 1) * leverage - (n - 1) * (d**2 + 2 * d)
    other = n * (n + 1) * fourth - (n - 1) * 3
    return d / (n - 1), even + own * other / ((n + 1) * n * (n - 1) * (n - 2) * (n - 3))


def auc(score: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Area under the ROC curve, and its one-sided p-value (Mann and Whitney).

    Parameters
    ----------
    score : ndarray, shape (n,)
        Made without knowing `y`; ties count half.
    y : ndarray, shape (n,)
        0 or 1.

    Returns
    -------
    auc, p : float
        P-value of an area above 1/2, from the normal approximation with the variance without ties, which is the
        larger one. 0.5 and 1 when one of the classes is empty.
    """
    n1 = float(y.sum())
    n0 = len(y) - n1
    if n1 == 0 or n0 == 0:
        return 0.5, 1.0
    area = (float(rankdata(score)[y == 1].sum()) - n1 * (n1 + 1) / 2) / (n1 * n0)
    spread = np.sqrt((n1 + n0 + 1) / (12 * n1 * n0))
    return area, float(norm.sf((area - 0.5) / spread))
