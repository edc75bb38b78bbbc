"""Which predictors an imputation model takes: few, the most correlated, none twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

MINIMUM_PAIRS = 20
"""Correlations over fewer units count as 0."""
RESOLUTION = 9
"""Decimals to which correlations are rounded before ranking, so that equal ones tie despite round-off."""
REDUNDANT = 0.99
"""A candidate that is correlated this closely with a chosen predictor adds nothing."""
UNITS_PER_PREDICTOR = 10
"""Fewest donors for every predictor."""


def pairwise_correlations(left: FloatArray, right: FloatArray) -> FloatArray:
    """Correlations over the rows where both are observed.

    Parameters
    ----------
    left : ndarray, shape (n, p)
    right : ndarray, shape (n, q)
        Missing: NaN.

    Returns
    -------
    ndarray, shape (p, q)
        0 where fewer than `MINIMUM_PAIRS` pairs are there, or one side is constant.
    """
    a, b = np.isfinite(left).astype(np.float64), np.isfinite(right).astype(np.float64)
    x, y = np.where(a > 0, left, 0.0), np.where(b > 0, right, 0.0)
    pairs = a.T @ b
    count = np.maximum(pairs, 1.0)
    sum_x, sum_y = x.T @ b, a.T @ y
    variance_x = (x**2).T @ b - sum_x**2 / count
    variance_y = a.T @ (y**2) - sum_y**2 / count
    product = np.maximum(variance_x, 0.0) * np.maximum(variance_y, 0.0)
    usable = (pairs >= MINIMUM_PAIRS) & (variance_x > 1e-10 * count) & (variance_y > 1e-10 * count)
    covariance = x.T @ y - sum_x * sum_y / count
    return np.where(usable, covariance / np.sqrt(np.where(usable, product, 1.0)), 0.0)


def choose_predictors(
    features: FloatArray, scores: FloatArray, banned: NDArray[np.bool_], most: int, minimum: float
) -> NDArray[np.int64]:
    """Predictors of one imputation model.

    Parameters
    ----------
    features : ndarray, shape (n, q)
        Candidate features of all units, NaN where not observed.
    scores : ndarray, shape (n, r)
        Scores to be predicted, NaN where not observed.
    banned : ndarray of bool, shape (q,)
        Features that may not serve (those of the target itself, and those that are always in).
    most : int
        Most predictors.
    minimum : float
        Least absolute correlation.

    Returns
    -------
    ndarray of int
        Places of the features, by falling absolute correlation with any score (ties by place).
    """
    donors = int(np.isfinite(scores).all(axis=1).sum())
    strength = np.abs(pairwise_correlations(features, scores)).max(axis=1)
    strength = np.where(banned, 0.0, np.round(strength, RESOLUTION))
    order = [int(i) for i in np.argsort(-strength, kind="stable") if strength[i] > minimum]
    order = order[: 3 * most]
    among = np.abs(pairwise_correlations(features[:, order], features[:, order]))
    chosen: list[int] = []
    for i in range(len(order)):
        if len(chosen) >= min(most, donors // UNITS_PER_PREDICTOR):
            break
        if all(among[i, j] < REDUNDANT for j in chosen):
            chosen.append(i)
    return np.array([order[i] for i in chosen], dtype=np.int64)
