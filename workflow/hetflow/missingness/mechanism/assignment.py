"""Does a mask go with the arm, or with the outcome? Score statistics within strata, robust to clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Association:
    """Association of k masks with one variable within strata.

    Attributes
    ----------
    slope, se : ndarray, shape (k,)
        Change of the probability that the value is missing for one unit of the variable (arm: treated minus control),
        and its standard error.
    p : ndarray, shape (k,)
        Two-sided p-value of the score statistic; NaN where nothing varies within strata.
    nats : ndarray, shape (k,)
        Half the squared partial correlation less 1 / (2 n), not below 0.
    """

    slope: FloatArray
    se: FloatArray
    p: FloatArray
    nats: FloatArray


def association_within(
    x: FloatArray, M: FloatArray, stratum: IntArray, cluster: IntArray | None = None
) -> Association:
    """Relate masks to a variable within strata.

    Parameters
    ----------
    x : ndarray, shape (n,)
        The variable: the arm as 0/1, or an outcome.
    M : ndarray, shape (n, k)
        Masks, 0 or 1.
    stratum : ndarray of int, shape (n,)
        Strata, from 0: of the randomisation; arm times these for an outcome.
    cluster : ndarray of int, shape (n,), optional
        Clusters whose units depend on one another.

    Returns
    -------
    Association
        U = sum (x - mean x)(m - mean m), means by stratum. With the variance V = sum (own terms)^2 over clusters the
        statistic is U / sqrt(V); with one unit a cluster and the arm as `x` this is the Mantel-Haenszel statistic up
        to its choice of variance. The slope is U / sum (x - mean x)^2, weighting strata as Mantel and Haenszel do.
    """
    away = x - _means(x[:, None], stratum)[:, 0]
    rest = M - _means(M, stratum)
    terms = away[:, None] * rest
    score, spread = terms.sum(axis=0), float((away**2).sum())
    if cluster is not None:
        terms = _sums(terms, cluster)
    deviation = np.sqrt((terms**2).sum(axis=0))
    known = (deviation > 1e-12) & (spread > 1e-12)
    z = np.divide(score, deviation, out=np.full(len(score), np.nan), where=known)
    slope = np.divide(score, spread, out=np.full(len(score), np.nan), where=known)
    robust = _robust_se(away, rest, slope, cluster)
    size = np.sqrt(spread * (rest**2).sum(axis=0))
    partial = np.divide(score, size, out=np.zeros(len(score)), where=known)
    nats = np.maximum(0.0, 0.5 * partial**2 - 0.5 / len(x))
    return Association(slope, robust, 2 * norm.sf(np.abs(z)), nats)


def _robust_se(away: FloatArray, rest: FloatArray, slope: FloatArray, cluster: IntArray | None) -> FloatArray:
    """Standard error of the slope, for its interval: residuals less what the slope explains."""
    terms = away[:, None] * (rest - away[:, None] * np.nan_to_num(slope))
    if cluster is not None:
        terms = _sums(terms, cluster)
    spread = float((away**2).sum())
    return np.sqrt((terms**2).sum(axis=0)) / spread if spread > 0 else np.full(rest.shape[1], np.nan)


def _means(values: FloatArray, stratum: IntArray) -> FloatArray:
    """Mean of each row's stratum, shape of `values`."""
    return np.asarray((_sums(values, stratum) / np.bincount(stratum)[:, None])[stratum], dtype=np.float64)


def _sums(values: FloatArray, group: IntArray) -> FloatArray:
    out = np.zeros((int(group.max()) + 1, values.shape[1]))
    np.add.at(out, group, values)
    return out
