"""Units with and without a value compared, in the measures that the R package smdi reports.

Weberpals et al., JAMIA Open 7:ooae008 (2024): standardised differences and Hotelling's test (group 1), how well the
mask is predicted (group 2), and its association with the outcome (group 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from hetflow.missingness.mechanism.association import permutation_p

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
FEWEST = 2
"""Observed values in either group for a standardised difference."""


def standardised_differences(raw: FloatArray, M: FloatArray) -> FloatArray:
    """Absolute standardised mean differences between those who miss a value and those who do not.

    Parameters
    ----------
    raw : ndarray, shape (n, w)
        Covariates, NaN where missing; levels of nominal ones as 0/1 columns.
    M : ndarray, shape (n, k)
        Masks.

    Returns
    -------
    ndarray, shape (k, w)
        \\|m1 - m0\\| / sqrt((s1^2 + s0^2) / 2) of the available values; NaN where a group has fewer than two of them or
        neither varies, so also for the columns that share the mask.
    """
    given = np.isfinite(raw)
    centre = np.where(given.any(axis=0), np.nansum(raw, axis=0) / np.maximum(given.sum(axis=0), 1), 0.0)
    values = np.where(given, raw - centre, 0.0)
    parts = [_moments(values, given.astype(np.float64), group) for group in (M, 1 - M)]
    (n1, m1, v1), (n0, m0, v0) = parts
    pooled = (v1 + v0) / 2
    known = (n1 >= FEWEST) & (n0 >= FEWEST) & (pooled > 1e-12 * np.maximum(1.0, centre**2))
    return np.where(known, np.abs(m1 - m0) / np.sqrt(np.where(known, pooled, 1.0)), np.nan)


def _moments(
    values: FloatArray, given: FloatArray, group: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Number, mean and unbiased variance of the available values of each group and column, shape (k, w) each."""
    count = group.T @ given
    mean = group.T @ values / np.maximum(count, 1)
    square = group.T @ values**2
    return count, mean, np.maximum(0.0, square - count * mean**2) / np.maximum(count - 1, 1)


def hotelling(Q: FloatArray, M: FloatArray, seed: int) -> tuple[FloatArray, FloatArray]:
    """Hotelling's two-sample T2 of the covariates' means between those with and without a value.

    Parameters
    ----------
    Q : ndarray, shape (n, d)
        Orthonormal, centred basis of the complete covariates.
    M : ndarray, shape (n, k)
        Masks.
    seed : int
        Seed of the permutations that are drawn for rare masks.

    Returns
    -------
    statistic, p : ndarray, shape (k,)
        T2 = (n - 2) R2 / (1 - R2), with R2 the share of the mask's variance that the covariates explain. P-value under
        permutation (see `association.permutation_p`): that of the F distribution, which smdi uses, holds for normal
        covariates alone, and rejects 18 % at 5 % for a mask of 10 units in OPT. NaN where n <= d + 1.
    """
    n, d = Q.shape
    if d == 0 or n <= d + 1:
        return np.full(M.shape[1], np.nan), np.full(M.shape[1], np.nan)
    share, p = permutation_p(Q, M, seed)
    return (n - 2) * share / np.maximum(1 - share, 1e-15), p


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Coefficients of k masks in linear models of the outcome.

    Attributes
    ----------
    estimate, se, p : ndarray, shape (k,)
        Difference of the outcome's mean between those who miss the value and those who do not, in outcome units; its
        robust standard error (HC1; summed over clusters); two-sided normal p-value. NaN where the other terms
        determine the mask.
    """

    estimate: FloatArray
    se: FloatArray
    p: FloatArray


def outcome_coefficients(
    outcome: FloatArray, M: FloatArray, others: FloatArray, cluster: IntArray | None = None
) -> Coefficients:
    """Regress the outcome on one mask at a time and further terms.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        Observed outcomes.
    M : ndarray, shape (n, k)
        Masks.
    others : ndarray, shape (n, t)
        Orthonormal terms beside the mask, the intercept among them.
    cluster : ndarray of int, shape (n,), optional
        Clusters, from 0.

    Notes
    -----
    Both sides are stripped of the other terms first (Frisch, Waugh and Lovell), so that all masks share that work.
    """
    y = outcome - others @ (others.T @ outcome)
    rest = M - others @ (others.T @ M)
    spread = (rest**2).sum(axis=0)
    known = spread > 1e-8 * len(outcome)
    safe = np.where(known, spread, 1.0)
    estimate = (y @ rest) / safe
    terms = rest * (y[:, None] - rest * estimate)
    groups = len(outcome)
    if cluster is not None:
        groups = int(cluster.max()) + 1
        summed = np.zeros((groups, M.shape[1]))
        np.add.at(summed, cluster, terms)
        terms = summed
    df = max(len(outcome) - others.shape[1] - 1, 1)
    factor = groups / max(groups - 1, 1) * (len(outcome) - 1) / df
    se = np.sqrt(factor * (terms**2).sum(axis=0)) / safe
    nothing = np.full(len(estimate), np.nan)
    estimate, se = np.where(known, estimate, nothing), np.where(known, se, nothing)
    return Coefficients(estimate, se, 2 * norm.sf(np.abs(estimate / np.where(se > 0, se, np.nan))))
