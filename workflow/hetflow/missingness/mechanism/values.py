"""Which masks depend on observed values, and how much: in nats, as an AUC, and as a p-value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hetflow.missingness.mechanism.association import auc, permutation_p
from hetflow.missingness.mechanism.basis import additive_basis, orthonormal
from hetflow.missingness.mechanism.boosted import boosted_scores
from hetflow.missingness.mechanism.logistic import fit_logistic, log_likelihood
from hetflow.missingness.mechanism.ridge import value_scores
from hetflow.missingness.mechanism.rows import draw_folds

FloatArray = NDArray[np.float64]
FOLDS = 3
FEWEST = 10
"""Fewest units with, and without, the value for a mask to be studied."""


@dataclass(frozen=True, slots=True)
class ValueDependence:
    """How k masks depend on observed values.

    Attributes
    ----------
    basis : ndarray, shape (n, d)
        Standardised features of the additive models.
    scores : ndarray, shape (n, k)
        Log odds that the mask is 1, out of fold and calibrated.
    probability : ndarray, shape (n, k)
        The same as probabilities.
    nats : ndarray, shape (k,)
        Gain in mean log-likelihood over the intercept, out of fold, less 1 / n for each slope of the calibration;
        never below 0. An estimate from below of the mutual information between the mask and the observed values.
    auc : ndarray, shape (k,)
        Area under the ROC curve of `scores`; 0.5 is none, 1 is a rule without exception.
    p : ndarray, shape (k,)
        Not adjusted: twice the smaller of the p-values of the additive model (permutation moments) and of boosted
        trees (an untouched half).
    """

    basis: FloatArray
    scores: FloatArray
    probability: FloatArray
    nats: FloatArray
    auc: FloatArray
    p: FloatArray


def value_dependence(X: FloatArray, M: FloatArray, seed: int) -> ValueDependence:
    """Model every mask on the covariates.

    Parameters
    ----------
    X : ndarray, shape (n, q)
        Complete numeric covariates, rows in canonical order.
    M : ndarray, shape (n, k)
        Masks, 1 where missing, none of them constant.
    seed : int
        The study's seed; folds do not depend on the masks.
    """
    B = additive_basis(X)
    linear = value_scores(B, M, draw_folds(len(X), FOLDS, seed, "folds"))
    boosted, boosted_p = boosted_scores(X, M, seed)
    p = np.minimum(
        1.0, 2 * np.minimum(permutation_p(orthonormal(B), M, seed)[1] if B.shape[1] else 1.0, boosted_p)
    )
    fitted = [calibrate(np.column_stack([linear[:, k], boosted[:, k]]), M[:, k]) for k in range(M.shape[1])]
    probability = np.column_stack([one for one, _ in fitted])
    scores = np.log(probability) - np.log1p(-probability)
    areas = np.array([auc(scores[:, k], M[:, k])[0] for k in range(M.shape[1])])
    return ValueDependence(B, scores, probability, np.array([gain for _, gain in fitted]), areas, p)


def calibrate(scores: FloatArray, y: FloatArray) -> tuple[FloatArray, float]:
    """Probabilities from out-of-fold scores, and what they gain over the intercept.

    Parameters
    ----------
    scores : ndarray, shape (n, f)
        Out-of-fold scores; a larger one should mean a likelier mask.
    y : ndarray, shape (n,)
        0 or 1.

    Returns
    -------
    probability : ndarray, shape (n,)
        Logistic regression on the scores whose slopes are positive; a score with a negative slope has learnt nothing
        and is left out.
    gain : float
        Nats a unit, less 1 / n for each slope, not below 0.
    """
    n = len(y)
    keep = [column for column in range(scores.shape[1]) if np.ptp(scores[:, column]) > 0]
    null = log_likelihood(np.full(n, y.mean()), y)
    while keep:
        fit = fit_logistic(scores[:, keep], y)
        wrong = [column for column, slope in zip(keep, fit.coefficients[1:], strict=True) if slope <= 0]
        if not wrong:
            gain = (fit.log_likelihood - null - len(keep)) / n
            if gain > 0:
                return np.clip(fit.probability, 1e-9, 1 - 1e-9), gain
            break
        keep = [column for column in keep if column not in wrong]
    return np.full(n, np.clip(y.mean(), 1e-9, 1 - 1e-9)), 0.0
