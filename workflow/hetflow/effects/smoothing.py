"""Doubly robust smoothing: the mean score along one covariate, with pointwise and uniform bands.

Local linear regression of the doubly robust score on the covariate (Kennedy 2023; Fan, Hsu, Lieli and Zhang 2022;
for series instead of kernels Semenova and Chernozhukov 2021). The score's error is as good as independent of the
nuisances', so that the smooth's own standard errors hold where the bandwidth is small enough for the bias to vanish
beside them: `bandwidth` undersmooths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from hetflow.effects.linear import Codes, Matrix, Vector, cluster_sums
from hetflow.pooling import pool, pool_covariance

#: Normal-reference constant of the Epanechnikov kernel, and quartiles' distance of a normal distribution.
REFERENCE, NORMAL_QUARTILES = 2.34, 1.349
#: Power of n at which the bias vanishes beside the standard error; n ** (-1/5) would balance them.
UNDERSMOOTHED = 2 / 7
#: Fewest units (and clusters) within the window of a point: below, the sandwich has too little to go by.
FEWEST = 30
#: The grid covers the middle nine tenths of the covariate.
ENDS = (0.05, 0.95)
SUPREMA = 4000
#: Where a unit's own leverage comes this near to 1 its residual says nothing of its error.
MOST_LEVERAGE = 0.9


@dataclass(frozen=True, slots=True)
class Smooth:
    """A curve in one completed data set.

    Attributes
    ----------
    estimate : ndarray, shape (g,)
        Mean effect at each point, outcome units.
    covariance : ndarray, shape (g, g)
    n, clusters : ndarray of int64, shape (g,)
        Units, and clusters, of positive weight within the window.
    """

    estimate: Vector
    covariance: Matrix
    n: NDArray[np.int64]
    clusters: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Band:
    """A curve pooled over imputations, every array of shape (g,).

    Attributes
    ----------
    estimate, se, lower, upper
        With pointwise intervals.
    uniform_lower, uniform_upper
        Band that holds the whole curve with the stated confidence.
    critical : float
        Multiple of the standard error that the uniform band reaches.
    """

    estimate: Vector
    se: Vector
    df: Vector
    lower: Vector
    upper: Vector
    uniform_lower: Vector
    uniform_upper: Vector
    critical: float


def bandwidth(x: Vector, weight: Vector) -> float:
    """Half-width of the window, in units of the covariate.

    ``2.34 min(sd, IQR / 1.349) n^(-2/7)`` with weighted moments and Kish's effective n: the normal-reference rule
    ``2.34 sd n^(-1/5)`` times ``n^(1/5 - 2/7)`` (Fan, Hsu, Lieli and Zhang 2022). It reads the covariate alone, never
    the scores.
    """
    share = weight / weight.sum()
    spread = float(np.sqrt(share @ (x - share @ x) ** 2))
    low, high = weighted_quantiles(x, weight, (0.25, 0.75))
    if high > low:
        spread = min(spread, float(high - low) / NORMAL_QUARTILES)
    effective = float(weight.sum() ** 2 / (weight @ weight))
    return REFERENCE * spread * effective**-UNDERSMOOTHED


def weighted_quantiles(x: Vector, weight: Vector, shares: Sequence[float]) -> Vector:
    """Smallest values at or below which lie the given shares of the weight."""
    order = np.argsort(x, kind="stable")
    cumulative = np.cumsum(weight[order])
    place = np.searchsorted(cumulative, np.asarray(shares) * cumulative[-1], side="left")
    return np.asarray(x[order][np.minimum(place, len(x) - 1)])


def local_linear(
    score: Vector, x: Vector, weight: Vector, codes: Codes, points: Vector, half_width: float
) -> Smooth:
    """Local linear regression of the score, Epanechnikov kernel, with its cluster-robust covariance.

    Parameters
    ----------
    score, x, weight : ndarray, shape (n,)
        Finite; weights positive.
    codes : ndarray of int64, shape (n,)
        Clusters, from `hetflow.effects.linear.cluster_codes`.
    points : ndarray, shape (g,)
    half_width : float
        Units farther from a point do not count there.

    Returns
    -------
    Smooth
        NaN at points whose window holds fewer than `FEWEST` units or clusters or no two values. The covariance is
        the sandwich with residuals about the local line divided by 1 minus the unit's leverage (HC3), summed
        within clusters.
    """
    influence = np.zeros((len(score), len(points)))
    estimate = np.full(len(points), np.nan)
    n, clusters = np.zeros(len(points), np.int64), np.zeros(len(points), np.int64)
    for g, point in enumerate(points):
        rows = np.flatnonzero(np.abs(x - point) < half_width)
        n[g], clusters[g] = len(rows), len(np.unique(codes[rows]))
        if clusters[g] >= FEWEST and np.ptp(x[rows]) > 0:
            kernel = weight[rows] * (1 - ((x[rows] - point) / half_width) ** 2)
            estimate[g], influence[rows, g] = _line(score[rows], x[rows] - point, kernel)
    held = cluster_sums(influence, codes)
    covariance = held.T @ held
    covariance[np.isnan(estimate)] = covariance[:, np.isnan(estimate)] = np.nan
    return Smooth(estimate, covariance, n, clusters)


def _line(score: Vector, distance: Vector, kernel: Vector) -> tuple[float, Vector]:
    """Height of the weighted line at distance 0, and what each unit adds to its error."""
    s0, s1, s2 = kernel.sum(), kernel @ distance, kernel @ distance**2
    determinant = s0 * s2 - s1**2
    if determinant <= 1e-10 * s0 * s2:
        return np.nan, np.zeros(len(score))
    at_zero = kernel * (s2 - s1 * distance) / determinant
    slope = kernel * (s0 * distance - s1) / determinant
    level, rise = at_zero @ score, slope @ score
    leverage = np.minimum(at_zero + slope * distance, MOST_LEVERAGE)
    return float(level), at_zero * (score - level - rise * distance) / (1 - leverage)


def pooled_band(curves: Sequence[Smooth], confidence: float, random: np.random.Generator) -> Band:
    """Pool curves of the same points over imputations and put bands around them.

    A point's standard error comes from the units (clusters) of its window: its t distribution has their number less two
    degrees of freedom, where nothing is missing.

    The uniform band multiplies the standard errors by the quantile of the largest absolute value of a Gaussian process
    with the pooled covariance (a Gaussian multiplier bootstrap of the influence functions has just that law), divided
    by the root of an independent chi-square over the smallest degrees of freedom.

    Parameters
    ----------
    curves : sequence of Smooth
        One an imputation, finite at the same points; others are left out by the caller.
    confidence : float
    random : numpy.random.Generator
    """
    estimates = np.stack([curve.estimate for curve in curves])
    covariances = np.stack([curve.covariance for curve in curves])
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    of_line = np.min([curve.clusters for curve in curves], axis=0) - 2.0
    pooled = pool(estimates, variances, of_line)
    se = np.sqrt(pooled.total)
    reach = stats.t.ppf(0.5 + confidence / 2, pooled.df) * se
    critical = _supremum(_whole(estimates, covariances), float(pooled.df.min()), confidence, random)
    critical = max(critical, float((reach / se).max()))
    middle = pooled.estimate
    wide = critical * se
    return Band(middle, se, pooled.df, middle - reach, middle + reach, middle - wide, middle + wide, critical)


def _whole(estimates: Matrix, covariances: NDArray[np.float64]) -> Matrix:
    return pool_covariance(estimates, covariances)[1]


def _supremum(covariance: Matrix, df: float, confidence: float, random: np.random.Generator) -> float:
    """Quantile of the largest absolute t statistic of a process with this covariance."""
    scale = np.sqrt(np.diagonal(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    root = vectors * np.sqrt(np.clip(values, 0, None))
    largest = np.abs(random.standard_normal((SUPREMA, len(values))) @ root.T).max(axis=1)
    if np.isfinite(df):
        largest = largest / np.sqrt(random.chisquare(df, SUPREMA) / df)
    return float(np.quantile(largest, confidence))
