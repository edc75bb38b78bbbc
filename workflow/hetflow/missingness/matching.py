"""Predictive mean matching: a proper draw of the coefficients, then a donor among the nearest predictions.

Van Buuren, Flexible Imputation of Missing Data, 2nd ed., section 3.4 (algorithm 3.3, matching of type 1:
donors are predicted with the estimated, recipients with the drawn coefficients). Several scores at once give
multivariate matching, by which one donor hands on a whole vector.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.spatial import cKDTree

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

PRIOR_PRECISION = 2.0
"""Coefficients of standardised predictors have prior N(0, variance / 2): worth two observations."""
TIE_BREAK = 1e-7
"""Predictions are shaken by this share of their spread, so that equal ones share donors at random."""
CONSTANT = 1e-9
"""A predictor whose standard deviation among the donors is below this is left out."""


@dataclass(frozen=True, slots=True)
class Draw:
    """Coefficients of a linear model for one or several scores.

    Attributes
    ----------
    used : ndarray of bool, shape (k,)
        Predictors that vary among the donors.
    centre : ndarray, shape (k_used,)
        Their means among the donors.
    estimated, drawn : ndarray, shape (1 + k_used, r)
        Posterior means and a draw; the first row is the intercept.
    """

    used: NDArray[np.bool_]
    centre: FloatArray
    estimated: FloatArray
    drawn: FloatArray

    def predict(self, predictors: FloatArray, coefficients: FloatArray) -> FloatArray:
        """Predicted scores, shape (n, r)."""
        return coefficients[0] + (predictors[:, self.used] - self.centre) @ coefficients[1:]


def draw_coefficients(predictors: FloatArray, scores: FloatArray, rng: np.random.Generator) -> Draw:
    """Draw from the posterior of a linear model under a normal prior.

    Parameters
    ----------
    predictors : ndarray, shape (n, k)
        Predictors of the donors, on unit scale.
    scores : ndarray, shape (n, r)
        What is to be predicted; the scores are modelled one by one with a variance each.
    rng : Generator
        Random stream.

    Returns
    -------
    Draw
        Variance: residual sum of squares over a chi-square with max(n - k - 1, 1) degrees of freedom.
    """
    n = len(scores)
    used = predictors.std(axis=0) > CONSTANT
    centre = predictors[:, used].mean(axis=0)
    Z = predictors[:, used] - centre
    mean = scores.mean(axis=0)
    k = Z.shape[1]
    factor = np.linalg.cholesky(Z.T @ Z + PRIOR_PRECISION * np.eye(k))
    half = solve_triangular(factor, Z.T @ (scores - mean), lower=True)
    slopes = solve_triangular(factor.T, half, lower=False)
    residual = scores - mean - Z @ slopes
    sigma = np.sqrt((residual**2).sum(axis=0) / rng.chisquare(max(n - k - 1, 1), size=scores.shape[1]))
    noise = rng.standard_normal((k + 1, scores.shape[1])) * sigma
    drawn_slopes = slopes + solve_triangular(factor.T, noise[1:], lower=False)
    drawn_mean = mean + noise[0] / np.sqrt(n)
    return Draw(used, centre, np.vstack([mean, slopes]), np.vstack([drawn_mean, drawn_slopes]))


def match(donors: FloatArray, recipients: FloatArray, pool: int, rng: np.random.Generator) -> IntArray:
    """For every recipient one of its nearest donors, at random.

    Parameters
    ----------
    donors : ndarray, shape (n, r)
        Predicted scores of the donors, n >= 1.
    recipients : ndarray, shape (m, r)
        Predicted scores of the recipients.
    pool : int
        Among how many nearest donors to draw; all of them when there are fewer.
    rng : Generator
        Random stream.

    Returns
    -------
    ndarray of int, shape (m,)
        Positions among the donors.
    """
    pool = min(pool, len(donors))
    spread = donors.std(axis=0)
    shake = TIE_BREAK * np.where(spread > 0, spread, 1.0)
    points = donors + shake * rng.standard_normal(donors.shape)
    wanted = recipients + shake * rng.standard_normal(recipients.shape)
    choice = rng.integers(pool, size=len(recipients))
    near = _nearest_on_line if donors.shape[1] == 1 else _nearest_in_space
    return near(points, wanted, pool)[np.arange(len(wanted)), choice]


def _nearest_in_space(points: FloatArray, wanted: FloatArray, pool: int) -> IntArray:
    _, nearest = cKDTree(points).query(wanted, k=np.arange(1, pool + 1))
    return np.asarray(nearest, dtype=np.int64)


def _nearest_on_line(points: FloatArray, wanted: FloatArray, pool: int) -> IntArray:
    """The `pool` nearest points of each wanted value: they lie among `pool` on either side of its place."""
    order = np.argsort(points[:, 0], kind="stable")
    line = points[order, 0]
    place = np.searchsorted(line, wanted[:, 0])
    window = place[:, None] + np.arange(-pool, pool)
    inside = (window >= 0) & (window < len(line))
    window = np.clip(window, 0, len(line) - 1)
    distance = np.where(inside, np.abs(line[window] - wanted), np.inf)
    nearest = np.argpartition(distance, pool - 1, axis=1)[:, :pool]
    return order[np.take_along_axis(window, nearest, axis=1)]
