"""What an unmeasured confounder could do to an effect: bounds on the bias of an omitted variable.

With g(a, x) the outcome's mean given arm and covariates and alpha the Riesz representer of the effect, leaving a
confounder out moves the effect by at most ``|rho| sqrt(c_y c_t / (1 - c_t)) sqrt(sigma2 nu2)``, where sigma2 is the
mean squared error of g, nu2 the mean square of alpha, c_y the share of the outcome's remaining variance that the
confounder would explain, c_t the share of the mean square of the full alpha that it would add, and rho the correlation
of the two errors (Chernozhukov, Cinelli, Newey, Sharma and Syrgkanis, "Long story short: omitted variable bias in
causal machine learning", NBER working paper 30302, 2022, theorem 2 and section 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.optimize import brentq

from hetflow.effects.linear import (
    Matrix,
    Vector,
    cluster_codes,
    cluster_count,
    cluster_sums,
    count_factor,
    reference_df,
)
from hetflow.effects.scores import Scores, require
from hetflow.errors import refuse
from hetflow.pooling import pool

_NEEDS = ("score", "cate", "propensity", "outcome_residual", "treatment_residual")
_LARGEST = 1 - 1e-9  # strengths are shares below 1


@dataclass(frozen=True, slots=True)
class Elements:
    """Effect, sigma2 and nu2 of one set of scores.

    Attributes
    ----------
    estimate : ndarray, shape (3,)
        Effect (treated minus control, outcome units), sigma2 (squared outcome units), nu2.
    covariance : ndarray, shape (3, 3)
        Of the three, clustered.
    n : int
        Units of positive weight.
    df : float
        Degrees of freedom: clusters less one, infinite without clusters.
    """

    estimate: Vector
    covariance: Matrix
    n: int
    df: float = np.inf


@dataclass(frozen=True, slots=True)
class Bound:
    """Where the effect could lie for a confounder of some strength, and the confidence limits of these ends."""

    lower_bound: float
    upper_bound: float
    lower: float
    upper: float


def elements(scores: Scores, target: str, error2: Vector, weight: Vector | None = None) -> Elements:
    """Effect, sigma2 and nu2 with their joint covariance.

    Parameters
    ----------
    scores : Scores
    target : {"ATE", "ATT", "ATO"}
        ATE and ATT in the interactive model (any effect of the covariates), ATO in the partially linear one, where
        c_t is the partial R2 of the treatment with the confounder.
    error2 : ndarray, shape (n,)
        From `squared_error`; for the ATO with the common effect in place of each unit's.
    weight : ndarray, shape (n,), optional
        By default the scores' weights; 0 leaves units out. A group is a target of its own: c_y and c_t are then shares
        within the group.

    Raises
    ------
    Refused
        If the estimated nu2 is not positive, as under propensities far from the data.
    """
    require(scores, f"confounding: {target}", *_NEEDS)
    w = scores.weight if weight is None else weight
    influence = {"ATE": _ate, "ATT": _att, "ATO": _ato}[target]
    estimate, psi = influence(scores, error2, w)
    if not (estimate[1] > 0 and estimate[2] > 0):
        refuse(
            f"confounding: {target}",
            "a positive mean square of the inverse propensities",
            f"sigma2 {estimate[1]:.3g}, nu2 {estimate[2]:.3g}: the propensities do not fit the data",
            "choose another learner of the propensity (nuisance.propensity) or trim (nuisance.trim)",
        )
    codes = cluster_codes(scores.cluster)
    factor = count_factor(cluster_count(codes, w), f"confounding: {target}")
    sums = cluster_sums(w[:, None] * psi, codes) / w.sum()
    df = reference_df(scores.cluster, w)
    return Elements(estimate, factor * sums.T @ sums, int(np.count_nonzero(w)), df)


def squared_error(
    scores: Scores, outcome: Vector, imputed: bool = False, effect: float | None = None
) -> Vector:
    """Squared error of the outcome's mean given arm and covariates, shape (n,).

    Where missing outcomes are weighted for, those observed stand for the others by the inverse of their probability:
    the completed outcome has the right mean but not the right variance. Imputed outcomes are read as drawn.

    Parameters
    ----------
    scores : Scores
    outcome : ndarray, shape (n,)
        As recorded; NaN where missing.
    imputed : bool
    effect : float, optional
        A common effect in place of each unit's.
    """
    tau = scores.cate if effect is None else effect
    error = (scores.outcome_residual - scores.treatment_residual * tau) ** 2
    if imputed or scores.lacks("observation_probability"):
        return np.asarray(error)
    own = outcome - scores.outcome_mean - scores.treatment_residual * tau
    return np.where(scores.observed == 1, own**2 / scores.observation_probability, 0.0)


def _ate(scores: Scores, error2: Vector, w: Vector) -> tuple[Vector, Matrix]:
    e = scores.propensity
    alpha = scores.treatment_residual / (e * (1 - e))
    return _means(w, np.column_stack([scores.score, error2, 2 / (e * (1 - e)) - alpha**2]))


def _means(w: Vector, columns: Matrix) -> tuple[Vector, Matrix]:
    mean = w @ columns / w.sum()
    return mean, columns - mean


def _att(scores: Scores, error2: Vector, w: Vector) -> tuple[Vector, Matrix]:
    """Doubly robust effect of the treated; its alpha is ``(W - (1 - W) e / (1 - e)) / P(W = 1)``."""
    e, treated = scores.propensity, scores.treated == 1
    share = float(w @ treated / w.sum())
    balance = np.where(treated, 1.0, -e / (1 - e))
    residual = scores.outcome_residual - scores.treatment_residual * scores.cate
    moment = (treated * scores.cate + balance * residual) / share
    effect = float(w @ moment / w.sum())
    # the mean of 2 m(alpha) - alpha^2 needs no estimate of alpha's mean square itself
    square = (2 * treated / (1 - e) - balance**2) / share**2
    mean, psi = _means(w, np.column_stack([moment, error2, square]))
    drift = treated / share - 1
    psi[:, 0] -= effect * drift
    psi[:, 2] -= 2 * mean[2] * drift
    return mean, psi


def _ato(scores: Scores, error2: Vector, w: Vector) -> tuple[Vector, Matrix]:
    """Slope of the outcome residual on the treatment residual, with intercept, as in `average_effect`."""
    t = scores.treatment_residual - w @ scores.treatment_residual / w.sum()
    y = scores.outcome_residual - w @ scores.outcome_residual / w.sum()
    square = float(w @ t**2 / w.sum())
    effect = float(w @ (t * y) / w.sum() / square)
    sigma2, nu2 = float(w @ error2 / w.sum()), 1 / square
    psi = np.column_stack([t * (y - effect * t) * nu2, error2 - sigma2, nu2 - t**2 * nu2**2])
    return np.array([effect, sigma2, nu2]), psi


def bound(sets: Sequence[Elements], c_y: float, c_t: float, rho: float, confidence: float) -> Bound:
    """Bounds of the effect under a confounder of given strength.

    Parameters
    ----------
    sets : sequence of Elements
        One, or one an imputation: effect, sigma2 and nu2 are pooled by Rubin's rules as a vector, and the bound, a
        smooth function of the three, by the delta method.
    c_y, c_t : float
        Strength, in [0, 1).
    rho : float
        In [-1, 1]; 1 is the worst case.
    confidence : float
        Each limit is one-sided at ``(1 + confidence) / 2``, so that both together hold the bounds with probability
        `confidence` at least, and without a confounder they are the usual interval.
    """
    if not (0 <= c_y < 1 and 0 <= c_t < 1 and -1 <= rho <= 1):
        raise ValueError(f"strengths must lie in [0, 1) and rho in [-1, 1], got {c_y}, {c_t}, {rho}")
    reach = abs(rho) * float(np.sqrt(c_y * c_t / (1 - c_t)))
    low, low_error = _end(sets, -reach, confidence)
    high, high_error = _end(sets, reach, confidence)
    return Bound(low, high, low - low_error, high + high_error)


def _end(sets: Sequence[Elements], reach: float, confidence: float) -> tuple[float, float]:
    """One end, ``theta + reach sqrt(sigma2 nu2)``, and the half-width of its limit."""
    estimates = np.stack([one.estimate for one in sets])
    _, sigma2, nu2 = estimates.mean(axis=0)
    line = np.array([1.0, 0.5 * reach * np.sqrt(nu2 / sigma2), 0.5 * reach * np.sqrt(sigma2 / nu2)])
    variances = np.array([line @ one.covariance @ line for one in sets])
    pooled = pool((estimates @ line)[:, None], variances[:, None], min(one.df for one in sets))
    width = stats.t.ppf(0.5 + confidence / 2, pooled.df[0]) * np.sqrt(pooled.total[0])
    return float(pooled.estimate[0]), float(width)


def robustness(sets: Sequence[Elements], confidence: float) -> tuple[float, float]:
    """Least strength ``c_y = c_t`` that could explain the effect away.

    Returns
    -------
    of_estimate : float
        At which the bound reaches 0.
    of_interval : float
        At which its confidence limit does; 0 where the interval holds 0 already.
    """
    mean = np.stack([one.estimate for one in sets]).mean(axis=0)
    ratio = mean[0] ** 2 / (mean[1] * mean[2])  # solves c^2 / (1 - c) = ratio
    of_estimate = float((np.sqrt(ratio**2 + 4 * ratio) - ratio) / 2)

    def clearance(strength: float) -> float:
        one = bound(sets, strength, strength, 1.0, confidence)
        return one.lower if mean[0] > 0 else -one.upper

    if clearance(0.0) <= 0:
        return of_estimate, 0.0
    return of_estimate, float(brentq(clearance, 0.0, _LARGEST, xtol=1e-10))
