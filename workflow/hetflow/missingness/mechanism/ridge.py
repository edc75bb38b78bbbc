"""Out-of-fold scores of all masks at once: linear models that share their cross-products."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def value_scores(B: FloatArray, M: FloatArray, fold: IntArray) -> FloatArray:
    """Scores of each mask from the features, by ridge regression fitted on the other folds.

    Parameters
    ----------
    B : ndarray, shape (n, d)
        Standardised features.
    M : ndarray, shape (n, k)
        Masks.
    fold : ndarray of int, shape (n,)

    Returns
    -------
    ndarray, shape (n, k)
        Linear scores. The penalty is d: half of a mask's variance is expected to be signal, spread evenly. A linear
        score points in the direction of a logistic one where features are elliptical; a calibration on one feature
        makes it a probability.
    """
    if not B.shape[1]:
        return np.zeros(M.shape)
    C = M - M.mean(axis=0)
    gram, cross = B.T @ B, B.T @ C
    out = np.empty(M.shape)
    for k in range(int(fold.max()) + 1):
        inside = fold == k
        own = B[inside]
        left = gram - own.T @ own + B.shape[1] * np.eye(B.shape[1])
        out[inside] = own @ np.linalg.solve(left, cross - own.T @ C[inside])
    return out


def mask_scores(B: FloatArray, M: FloatArray, fold: IntArray) -> FloatArray:
    """Scores of each mask from the features and all other masks, by ridge regression fitted on the other folds.

    Parameters
    ----------
    B, M, fold : ndarray
        As for `value_scores`.

    Returns
    -------
    ndarray, shape (n, k)
        The coefficients of mask j are -P[i, j] / P[j, j] with P the inverse of the penalised cross-products of all
        features and masks, so that one inverse serves all masks.
    """
    spread = M.std(axis=0)
    F = np.column_stack([B, (M - M.mean(axis=0)) / np.where(spread > 0, spread, 1.0)])
    d, width = B.shape[1], F.shape[1]
    gram, places = F.T @ F, np.arange(d, width)
    out = np.empty(M.shape)
    for k in range(int(fold.max()) + 1):
        own = F[fold == k]
        precision = np.linalg.inv(gram - own.T @ own + width * np.eye(width))
        slopes = -precision[:, places] / precision[places, places]
        slopes[places, places - d] = 0.0
        out[fold == k] = own @ slopes
    return out
