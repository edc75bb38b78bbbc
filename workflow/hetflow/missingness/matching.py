"""Predictive mean matching: a proper draw of the coefficients, then a donor among the nearest predictions.

Van Buuren, Flexible Imputation of Missing Data, 2nd ed., section 3.4 (algorithm 3.3, matching of type 1:
donors are predicted with the estimated, recipients with the drawn coefficients). Several scores at once give
multivariate matching, by which one donor hands on a whole vector.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.spatial import cKDTree

from hetflow.missingness.chance import Chance
from hetflow.missingness.transform import Scale
from hetflow.missingness.trees import TreeDonors, fit_tree

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
    sigma : ndarray, shape (r,)
        Drawn residual standard deviations.
    """

    used: NDArray[np.bool_]
    centre: FloatArray
    estimated: FloatArray
    drawn: FloatArray
    sigma: FloatArray


def predict(
    predictors: FloatArray, used: NDArray[np.bool_], centre: FloatArray, coefficients: FloatArray
) -> FloatArray:
    """Predicted scores, shape (n, r).

    Terms are added one by one, so that a row's prediction is the same bits whatever rows stand beside it, which the
    products of linear algebra libraries do not promise.
    """
    total = np.repeat(coefficients[:1], len(predictors), axis=0)
    for place, column in enumerate(np.flatnonzero(used)):
        total += (predictors[:, column] - centre[place])[:, None] * coefficients[1 + place]
    return total


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
    return Draw(used, centre, np.vstack([mean, slopes]), np.vstack([drawn_mean, drawn_slopes]), sigma)


@dataclass(frozen=True, slots=True)
class Matcher:
    """Predictive mean matching of one target, ready to draw donors.

    Attributes
    ----------
    used, centre, drawn
        As in `Draw`: how a recipient's scores are predicted.
    points : ndarray, shape (d, r)
        Predicted scores of the donors, shaken so that equal ones are told apart.
    shake : ndarray, shape (r,)
        Standard deviation of the shaking.
    pool : int
        Among how many nearest donors to draw.
    """

    used: NDArray[np.bool_]
    centre: FloatArray
    drawn: FloatArray
    points: FloatArray
    shake: FloatArray
    pool: int

    engine: ClassVar[str] = "pmm"

    def impute(
        self, predictors: FloatArray, vectors: FloatArray, chance: Chance, tilt: FloatArray | None = None
    ) -> FloatArray:
        """Values of donors drawn for rows.

        Parameters
        ----------
        predictors : ndarray, shape (m, k)
            Of the rows, on unit scale.
        vectors : ndarray, shape (d, c)
            Values of the donors, in the order of `points`.
        chance : Chance
            Source of random numbers.
        tilt : ndarray, shape (d,), optional
            Log weights of the donors; none: equal ones.

        Returns
        -------
        ndarray, shape (m, c)
        """
        return vectors[self.choose(predict(predictors, self.used, self.centre, self.drawn), chance, tilt)]

    def check(self, predictors: int, donors: int) -> None:
        """See `hetflow.missingness.engines.Fitted`."""
        used, width = int(self.used.sum()), self.points.shape[1]
        shapes = (self.used.shape, self.centre.shape, self.drawn.shape, self.shake.shape, len(self.points))
        if shapes != ((predictors,), (used,), (1 + used, width), (width,), donors):
            raise ValueError("coefficients or donors that do not fit one another")
        if not 1 <= self.pool <= donors:
            raise ValueError("a number of nearest donors that is not there")

    def choose(self, wanted: FloatArray, chance: Chance, tilt: FloatArray | None = None) -> IntArray:
        """For every row of predicted scores, shape (m, r), the position of one of its nearest donors."""
        wanted = wanted + self.shake * chance.normal(*wanted.shape)
        nearest = _nearest_on_line if self.points.shape[1] == 1 else _nearest_in_space
        rows = np.arange(len(wanted))
        if tilt is None:
            choice = chance.below(self.pool, len(wanted))
            return nearest(self.points, wanted, self.pool)[rows, choice]
        near = nearest(self.points, wanted, self.pool)
        return near[rows, _tilted(tilt[near], chance.uniform(len(wanted)))]


def fit_matcher(
    predictors: FloatArray, scores: FloatArray, pool: int, rng: np.random.Generator, scale: Scale | None
) -> Matcher | TreeDonors:
    """Draw coefficients and predict the donors.

    Where no predictor varies, every donor is as near as any other: one is drawn from a bootstrap sample of all, an
    approximate Bayesian bootstrap (Rubin and Schenker, Journal of the American Statistical Association 81 (1986)
    366-374). Matched means would differ from all donors' by the draw of the intercept alone, and the same few donors
    would stand for everybody.

    Parameters
    ----------
    predictors, scores : ndarray, shape (d, k), (d, r)
        Of the donors, d >= 1.
    pool : int
        Among how many nearest donors to draw; all of them when there are fewer.
    rng : Generator
        Random stream.
    scale : Scale or None
        Not read.
    """
    if not (predictors.std(axis=0) > CONSTANT).any():
        return fit_tree(predictors[:, :0], scores, pool, rng, scale)
    draw = draw_coefficients(predictors, scores, rng)
    expected = predict(predictors, draw.used, draw.centre, draw.estimated)
    points, shake = shaken(expected, rng)
    return Matcher(draw.used, draw.centre, draw.drawn, points, shake, min(pool, len(points)))


def shaken(expected: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Predicted scores of donors moved by a `TIE_BREAK` of their spread, and the standard deviation of the move."""
    spread = expected.std(axis=0)
    shake = TIE_BREAK * np.where(spread > 0, spread, 1.0)
    return expected + shake * rng.standard_normal(expected.shape), shake


def _tilted(tilt: FloatArray, uniform: FloatArray) -> IntArray:
    """A place of each row, shape (m,), drawn with probabilities proportional to exp(tilt), shape (m, pool)."""
    shares = np.cumsum(np.exp(tilt - tilt.max(axis=1, keepdims=True)), axis=1)
    place = (shares <= uniform[:, None] * shares[:, -1:]).sum(axis=1)
    return np.minimum(place, tilt.shape[1] - 1)


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
