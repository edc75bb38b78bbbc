"""Features of the covariates on which linear models of a mask stand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

FloatArray = NDArray[np.float64]
FARTHEST = 5.0
"""Standard deviations beyond which a value counts as that far out."""
ROWS_A_FEATURE = 5
"""Fewest rows a feature; with fewer, curvature is left out first, then principal components are taken."""
ROWS_A_PRODUCT = 20
"""Fewest rows a feature for products of pairs of covariates to be among them."""
_NEGLIGIBLE = 1e-8  # of the largest singular value: directions below it are round-off


def additive_basis(X: FloatArray) -> FloatArray:
    """Level and curvature of every covariate, standardised.

    Parameters
    ----------
    X : ndarray, shape (n, q)
        Complete numeric covariates.

    Returns
    -------
    ndarray, shape (n, d)
        Mean 0, variance 1. Every covariate that varies gives its standardised value, cut at 5 standard deviations;
        one with more than two distinct values also gives its normal score (by ranks) and that score's square.
        Products of pairs follow where d stays below n / 20. Where d would exceed n / 5, the values alone are taken, and
        if these are still too many their leading principal components.
    """
    most = max(1, len(X) // ROWS_A_FEATURE)
    level = _standardise(np.clip(_standardise(X), -FARTHEST, FARTHEST))
    bent = [column for column in range(X.shape[1]) if _several_values(X[:, column])]
    if level.shape[1] + 2 * len(bent) <= most:
        scores = ndtri((rankdata(X[:, bent], axis=0) - 0.5) / len(X)) if bent else np.empty((len(X), 0))
        bends = np.column_stack([_standardise(scores), _standardise(scores**2)])
        products = _products(level, len(X) // ROWS_A_PRODUCT - bends.shape[1] - level.shape[1])
        return np.column_stack([level, bends, products])
    return level if level.shape[1] <= most else orthonormal(level, most) * np.sqrt(len(X))


def orthonormal(B: FloatArray, most: int | None = None) -> FloatArray:
    """Orthonormal columns that span those of `B`, or their `most` leading principal components, shape (n, rank)."""
    if not B.shape[1]:
        return B
    values, vectors = np.linalg.eigh(B.T @ B)
    keep = np.flatnonzero(values > _NEGLIGIBLE * max(float(values[-1]), 1e-300))[::-1][:most]
    return np.asarray(B @ (vectors[:, keep] / np.sqrt(values[keep])), dtype=np.float64)


def _products(level: FloatArray, most: int) -> FloatArray:
    """Products of all pairs of columns, shape (n, pairs); none where there would be more than `most`."""
    first, second = np.triu_indices(level.shape[1], 1)
    if len(first) > most:
        return np.empty((len(level), 0))
    return _standardise(level[:, first] * level[:, second])


def _several_values(x: FloatArray) -> bool:
    return len(np.unique(x)) > 2


def _standardise(X: FloatArray) -> FloatArray:
    """Columns of mean 0 and variance 1; constant ones are dropped."""
    if not X.shape[1]:
        return np.asarray(X, dtype=np.float64)
    centred = X - X.mean(axis=0)
    spread = np.sqrt((centred**2).mean(axis=0))
    keep = spread > _NEGLIGIBLE * (1 + np.abs(X).max(axis=0))
    return np.asarray(centred[:, keep] / spread[keep], dtype=np.float64)
