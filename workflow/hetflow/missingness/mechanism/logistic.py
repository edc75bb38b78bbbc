"""Logistic regression on a few features by Newton's method, and what its log-likelihood gains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

FloatArray = NDArray[np.float64]
STEPS = 30
"""Most steps of Newton's method."""
RIDGE = 1e-4
"""Penalty on slopes of standardised features, which keeps separable data finite."""
_CLOSE = 1e-9


@dataclass(frozen=True, slots=True)
class Logistic:
    """A fitted logistic regression.

    Attributes
    ----------
    coefficients : ndarray, shape (1 + f,)
        Intercept, then slopes of the features as given.
    probability : ndarray, shape (n,)
        Fitted probabilities.
    log_likelihood : float
        In nats, not penalised.
    covariance : ndarray, shape (1 + f, 1 + f)
        Inverse of the penalised information.
    """

    coefficients: FloatArray
    probability: FloatArray
    log_likelihood: float
    covariance: FloatArray


def fit_logistic(features: FloatArray, y: FloatArray, ridge: float = RIDGE) -> Logistic:
    """Fit by Newton's method with halved steps.

    Parameters
    ----------
    features : ndarray, shape (n, f)
        Features without the intercept; constant ones get the slope 0.
    y : ndarray, shape (n,)
        0 or 1.
    ridge : float
        Penalty on the squared slopes of standardised features, in nats.
    """
    centre, spread = features.mean(axis=0), features.std(axis=0)
    scale = np.where(spread > 0, spread, np.inf)
    Z = np.column_stack([np.ones(len(y)), (features - centre) / scale])
    penalty = np.r_[0.0, np.full(features.shape[1], ridge)] + np.r_[0.0, np.where(spread > 0, 0.0, 1.0)]
    beta, covariance = _newton(Z, y, penalty)
    probability = expit(Z @ beta)
    back = np.eye(len(beta))
    back[1:, 1:] /= np.where(np.isinf(scale), 1.0, scale)[:, None]
    back[0, 1:] = -centre / scale
    return Logistic(back @ beta, probability, log_likelihood(probability, y), back @ covariance @ back.T)


def _newton(Z: FloatArray, y: FloatArray, penalty: FloatArray) -> tuple[FloatArray, FloatArray]:
    beta = np.zeros(Z.shape[1])
    mean = float(np.clip(y.mean(), 1e-12, 1 - 1e-12))
    beta[0] = np.log(mean / (1 - mean))
    value = _objective(Z, y, penalty, beta)
    for _ in range(STEPS):
        probability = expit(Z @ beta)
        gradient = Z.T @ (y - probability) - penalty * beta
        information = (Z * (probability * (1 - probability))[:, None]).T @ Z + np.diag(penalty)
        step = np.linalg.lstsq(information, gradient, rcond=None)[0]
        size, new = 1.0, _objective(Z, y, penalty, beta + step)
        while new < value and size > 1e-6:
            size /= 2
            new = _objective(Z, y, penalty, beta + size * step)
        beta, gained, value = beta + size * step, new - value, max(new, value)
        if abs(gained) < _CLOSE * len(y):
            break
    probability = expit(Z @ beta)
    information = (Z * (probability * (1 - probability))[:, None]).T @ Z + np.diag(penalty)
    return beta, np.asarray(np.linalg.pinv(information), dtype=np.float64)


def _objective(Z: FloatArray, y: FloatArray, penalty: FloatArray, beta: FloatArray) -> float:
    linear = Z @ beta
    return float(y @ linear - np.logaddexp(0, linear).sum() - 0.5 * (penalty * beta**2).sum())


def log_likelihood(probability: FloatArray, y: FloatArray) -> float:
    """Log-likelihood of 0/1 data in nats; probabilities are kept within 1e-12 of 0 and 1."""
    p = np.clip(probability, 1e-12, 1 - 1e-12)
    return float((y * np.log(p) + (1 - y) * np.log1p(-p)).sum())
