"""Penalised linear and logistic regression on standardised covariates and their squares.

The penalty is chosen by cross-validation inside the training set. Squares bend the surface where a covariate
is curved; the ridge penalty keeps 80 covariates and their squares stable at a few hundred units.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from hetflow.nuisance.folds import Floats, Integers, inner_folds

CLIP = (
    4.0  # standard deviations: bounds leverage of outlying covariates, whose squares would otherwise dominate
)
RIDGE_GRID = np.logspace(2, -4, 19)  # penalty for each unit of weight, strongest first
LOGISTIC_GRID = np.logspace(1, -4, 11)
TUNING_FOLDS = 5
NEWTON_STEPS = 50
NEWTON_TOLERANCE = 1e-9
HALVINGS = 30


@dataclass(frozen=True, slots=True)
class Features:
    """Standardisation learnt on a training set: columns, then squares of columns of more than two values.

    Attributes
    ----------
    centre, scale : ndarray, shape (p,)
        Weighted mean and standard deviation; a constant column has scale 0 and contributes nothing.
    squared : ndarray of int
        Columns whose squares are added.
    square_centre, square_scale : ndarray
        The same for the squares.
    """

    centre: Floats
    scale: Floats
    squared: Integers
    square_centre: Floats
    square_scale: Floats

    def transform(self, X: Floats) -> Floats:
        """Features of new rows, shape (n, p + number of squares)."""
        Z = _standardise(X, self.centre, self.scale)
        squares = _standardise(Z[:, self.squared] ** 2, self.square_centre, self.square_scale)
        return np.hstack([Z, squares])


def learn_features(X: Floats, weight: Floats) -> Features:
    """Learn `Features` from complete training rows."""
    centre, scale = _moments(X, weight)
    Z = _standardise(X, centre, scale)
    squared = np.array([j for j in range(X.shape[1]) if len(np.unique(X[:, j])) > 2], dtype=np.int64)
    square_centre, square_scale = _moments(Z[:, squared] ** 2, weight)
    return Features(centre, scale, squared, square_centre, square_scale)


def fit_linear(
    X: Floats, target: Floats, weight: Floats, group: Integers | None, classification: bool, seed: int
) -> Callable[[Floats], Floats]:
    """Fit ridge regression, or ridge logistic regression for a 0/1 target.

    Parameters
    ----------
    X : ndarray, shape (n, p)
        Without missing values.
    target, weight : ndarray, shape (n,)
        Weights have mean one.
    group : ndarray of int, shape (n,), or None
        Clusters, kept whole by the tuning folds.
    classification : bool
        Whether the target is 0/1 and probabilities are wanted.
    seed : int
        Of the tuning folds.

    Returns
    -------
    callable
        From rows, shape (n, p), to predictions, shape (n,).
    """
    features = learn_features(X, weight)
    Z = features.transform(X)
    path = logistic_path if classification else ridge_path
    grid = LOGISTIC_GRID if classification else RIDGE_GRID
    loss = _validation_loss(
        Z, target, weight, inner_folds(target, group, TUNING_FOLDS, seed, classification), path, grid
    )
    best = int(np.argmin(loss))
    coefficients = path(Z, target, weight, grid[: best + 1])[best]

    def predict(rows: Floats) -> Floats:
        linear = coefficients[0] + features.transform(rows) @ coefficients[1:]
        return np.asarray(expit(linear) if classification else linear)

    return predict


def ridge_path(Z: Floats, target: Floats, weight: Floats, grid: Floats) -> Floats:
    """Weighted ridge coefficients for each penalty.

    Minimises sum_i w_i (y_i - a - z_i'b)^2 / 2 + penalty * sum_i w_i * |b|^2 / 2; the intercept is free.

    Returns
    -------
    ndarray, shape (penalties, 1 + columns)
        Intercept first.
    """
    total = weight.sum()
    mean, level = weight @ Z / total, weight @ target / total
    centred = Z - mean
    values, vectors = np.linalg.eigh((centred * weight[:, None]).T @ centred / total)
    rotated = vectors.T @ (centred.T @ (weight * (target - level)) / total)
    slopes = (rotated / (np.maximum(values, 0.0) + np.asarray(grid)[:, None])) @ vectors.T
    return np.column_stack([level - slopes @ mean, slopes])


def logistic_path(Z: Floats, target: Floats, weight: Floats, grid: Floats) -> Floats:
    """Weighted ridge logistic coefficients for each penalty, each begun at the last one; see `ridge_path`."""
    D = np.column_stack([np.ones(len(Z)), Z])
    share = np.clip(weight @ target / weight.sum(), 1e-6, 1 - 1e-6)
    beta = np.zeros(D.shape[1])
    beta[0] = np.log(share / (1 - share))
    path = np.empty((len(grid), D.shape[1]))
    for row, penalty in enumerate(grid):
        beta = _newton(D, target, weight / weight.sum(), np.append(0.0, np.full(Z.shape[1], penalty)), beta)
        path[row] = beta
    return path


def _newton(D: Floats, target: Floats, weight: Floats, penalty: Floats, beta: Floats) -> Floats:
    """Newton's method with step halving for the penalised log-likelihood."""
    value = _objective(D, target, weight, penalty, beta)
    for _ in range(NEWTON_STEPS):
        p = expit(D @ beta)
        gradient = D.T @ (weight * (p - target)) + penalty * beta
        hessian = (D * (weight * p * (1 - p))[:, None]).T @ D
        hessian[np.diag_indices_from(hessian)] += penalty + 1e-12  # keeps a separable intercept solvable
        step = np.linalg.solve(hessian, gradient)
        if gradient @ step < NEWTON_TOLERANCE:
            return np.asarray(beta - step)
        size = 1.0
        for _ in range(HALVINGS):
            trial = _objective(D, target, weight, penalty, beta - size * step)
            if trial <= value:
                break
            size /= 2
        beta, value = beta - size * step, trial
    return beta


def _objective(D: Floats, target: Floats, weight: Floats, penalty: Floats, beta: Floats) -> float:
    linear = D @ beta
    return float(weight @ (np.logaddexp(0.0, linear) - target * linear) + penalty @ beta**2 / 2)


def _validation_loss(
    Z: Floats,
    target: Floats,
    weight: Floats,
    fold: Integers,
    path: Callable[[Floats, Floats, Floats, Floats], Floats],
    grid: Floats,
) -> Floats:
    """Weighted out-of-fold loss (squared error or minus log-likelihood) for each penalty."""
    loss = np.zeros(len(grid))
    for k in np.unique(fold):
        out = fold == k
        coefficients = path(Z[~out], target[~out], weight[~out], grid)
        linear = coefficients[:, :1] + coefficients[:, 1:] @ Z[out].T
        if path is logistic_path:
            loss += (np.logaddexp(0.0, linear) - target[out] * linear) @ weight[out]
        else:
            loss += (linear - target[out]) ** 2 @ weight[out]
    return loss


def _moments(X: Floats, weight: Floats) -> tuple[Floats, Floats]:
    centre = weight @ X / weight.sum()
    scale = np.sqrt(weight @ (X - centre) ** 2 / weight.sum())
    return centre, np.where(scale > 1e-12 * (1.0 + np.abs(centre)), scale, 0.0)


def _standardise(X: Floats, centre: Floats, scale: Floats) -> NDArray[np.float64]:
    safe = np.where(scale > 0, scale, 1.0)
    return np.asarray(np.where(scale > 0, np.clip((X - centre) / safe, -CLIP, CLIP), 0.0))
