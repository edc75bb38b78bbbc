"""Whether the doubly robust score goes along with the covariates: a quadratic permutation test of independence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from hetflow.effects.linear import Matrix, Vector

#: A direction of the standardised covariates counts as empty below this share of the longest one.
RANK_TOLERANCE = 1e-7
#: Eigenvalues of the covariance of a sum of scores below this share of the greatest count as zero.
EMPTY = 1e-10
#: Share by which a draw that gives the data back may differ from them.
ROUNDING = 1e-10


@dataclass(frozen=True, slots=True)
class Quadratic:
    """A quadratic test.

    Attributes
    ----------
    statistic : float
    df : int
        Rank of the covariance of what it is made of.
    p_chi2 : float
        From chi-square with `df` degrees of freedom.
    p : float
        (1 + draws at least as great) / (1 + draws); `p_chi2` where nothing was drawn.
    draws : int
        Permutations behind `p`.
    """

    statistic: float
    df: int
    p_chi2: float
    p: float
    draws: int


def coded(X: Matrix, ranks: bool) -> Matrix:
    """Covariates as a test reads them: each column of mean 0 and variance 1, constant columns left out.

    Parameters
    ----------
    X : ndarray, shape (n, k)
        Without missing values.
    ranks : bool
        Replace the values of a column by their ranks, ties by their mean rank: a skewed covariate then weighs as much
        as another, and any increasing transformation of it changes nothing. Columns of two values stay what they are.

    Returns
    -------
    ndarray, shape (n, at most k)
    """
    values = (
        np.apply_along_axis(stats.rankdata, 0, X) if ranks and X.size else np.asarray(X, dtype=np.float64)
    )
    values = values[:, np.ptp(values, axis=0) > 0] if values.size else values
    centred = values - values.mean(axis=0)
    return np.asarray(centred / np.sqrt((centred**2).mean(axis=0)))


def directions(X: Matrix) -> Matrix:
    """Orthonormal basis of the column space of centred covariates, shape (n, rank)."""
    if not X.size:
        return np.empty((X.shape[0], 0))
    left, lengths, _ = np.linalg.svd(X, full_matrices=False)
    return np.asarray(left[:, lengths > RANK_TOLERANCE * lengths[0]])


def independence(
    X: Matrix, score: Vector, draws: int, rng: np.random.Generator
) -> tuple[Quadratic, Quadratic]:
    """Test that a score is independent of covariates, as WATCH does and studentised.

    The linear statistic ``T = sum x_i s_i`` has, over all permutations of the scores, a mean and a covariance in closed
    form (Strasser and Weber 1999). WATCH's global test of the doubly robust scores (Sechidis et al. 2025) takes
    ``(T - mean)' covariance^+ (T - mean)`` with the Moore-Penrose inverse, as R coin's ``independence_test(teststat =
    "quadratic")``; it equals n - 1 times the R squared of the regression of the score on the covariates. It supposes
    that the spread of the scores does not depend on covariates, and rejects too often where noise does.

    The studentised test takes the covariance ``sum (s_i - mean)^2 (x_i - x0)(x_i - x0)'`` in its place, in the data and
    in every permutation: permutation then keeps its exactness under independence, and its size asymptotically where
    only the mean of the score does not depend on covariates (DiCiccio and Romano 2017).

    Parameters
    ----------
    X : ndarray, shape (n, k)
        From `coded`.
    score : ndarray, shape (n,)
        Not constant.
    draws : int
        Random permutations, the same for both; 0 takes chi-square distributions.
    rng : Generator

    Returns
    -------
    studentised, plain : Quadratic
    """
    basis = directions(X)
    centred = score - score.mean()
    total = float(centred @ centred)
    n, df = basis.shape
    studentised, plain, rank = np.empty(1 + draws), np.empty(1 + draws), df
    for draw in range(1 + draws):
        drawn = rng.permutation(centred) if draw else centred
        plain[draw] = (n - 1) * ((drawn @ basis) ** 2).sum() / total
        studentised[draw], held = studentised_sum(basis * drawn[:, None])
        rank = rank if draw else held
    return quadratic(studentised, rank), quadratic(plain, df)


def studentised_sum(scores: Matrix) -> tuple[float, int]:
    """``U' V^+ U`` of the sum U of scores and ``V = scores' scores``, and the rank of V; scores of shape (n, k)."""
    if not scores.shape[1]:
        return 0.0, 0
    total = scores.sum(axis=0)
    values, vectors = np.linalg.eigh(scores.T @ scores)
    held = values > EMPTY * values[-1]
    return float(((vectors[:, held].T @ total) ** 2 / values[held]).sum()), int(held.sum())


def quadratic(statistics: NDArray[np.float64], df: int) -> Quadratic:
    """The test of a statistic, the first, against chi-square and against draws of it under the null, the others."""
    statistic, drawn = float(statistics[0]), statistics[1:]
    p_chi2 = float(stats.chi2.sf(statistic, df)) if df else 1.0
    close = ROUNDING * max(statistic, 1.0)
    p = (1 + int((drawn >= statistic - close).sum())) / (1 + drawn.size) if drawn.size else p_chi2
    return Quadratic(statistic, df, p_chi2, p, int(drawn.size))
