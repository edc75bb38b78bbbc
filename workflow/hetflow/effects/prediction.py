"""How well a risk predicts the outcome: discrimination and calibration with intervals, and recalibration across folds.

Every measure is a smooth function of weighted means; its standard error is that of its influence function, clustered,
with the predictions taken as given (they were made without the unit's own fold).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from hetflow.effects.linear import (
    Codes,
    Matrix,
    Vector,
    cluster_codes,
    cluster_count,
    cluster_sums,
    count_factor,
    least_squares,
)
from hetflow.errors import refuse
from hetflow.nuisance.linear import logistic_path

#: Probabilities are kept so far from 0 and 1 before a logit is taken.
EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Judged:
    """Units whose outcome is seen; arrays of shape (n,).

    Attributes
    ----------
    outcome, weight : ndarray
        The outcome, 0/1 if `binary`; sample weights, divided by the probability of an observed outcome where missing
        ones are weighted for.
    cluster, fold : ndarray of int64
    binary : bool
    """

    outcome: Vector
    weight: Vector
    cluster: Codes
    fold: Codes
    binary: bool


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure with its standard error."""

    name: str
    estimate: float
    se: float


def linear_predictor(risk: Vector, binary: bool) -> Vector:
    """The logit of a probability; any other prediction as it is."""
    return np.asarray(logit(np.clip(risk, EDGE, 1 - EDGE))) if binary else risk


def recalibrated(judged: Judged, predictor: Vector, rows: np.ndarray, fold: Codes) -> Vector:
    """Predictions with intercept and slope learnt on the other folds, shape (n of `predictor`,).

    Parameters
    ----------
    judged : Judged
        Units that are learnt from: the entries `rows` of `predictor`.
    predictor : ndarray, shape (n,)
        On the scale of the link, for all units.
    rows : ndarray of bool, shape (n,)
    fold : ndarray of int, shape (n,)
        Of all units.

    Returns
    -------
    ndarray, shape (n,)
        Expected outcome, or probability. A slope that is negative on the other folds is set to 0: a model that ranks
        the wrong way round knows nothing.
    """
    seen = predictor[rows]
    result = np.empty(len(predictor))
    for k in np.unique(fold):
        others = judged.fold != k
        intercept, slope = _line(seen[others], judged.outcome[others], judged.weight[others], judged.binary)
        linear = intercept + slope * predictor[fold == k]
        result[fold == k] = expit(linear) if judged.binary else linear
    return result


def _line(predictor: Vector, outcome: Vector, weight: Vector, binary: bool) -> tuple[float, float]:
    """Intercept and slope of the outcome on its prediction; the mean alone where the slope is not positive."""
    total = weight.sum()
    centred = predictor - weight @ predictor / total
    if np.sqrt(weight @ centred**2 / total) > EDGE * (1 + np.abs(predictor).max()):
        if binary:
            intercept, slope = logistic_path(predictor[:, None], outcome, weight, np.array([0.0]))[0]
        else:
            slope = float(weight @ (centred * outcome) / (weight @ centred**2))
            intercept = float(weight @ (outcome - slope * predictor) / total)
        if slope > 0:
            return float(intercept), float(slope)
    level = float(weight @ outcome / total)
    return (float(logit(np.clip(level, EDGE, 1 - EDGE))) if binary else level), 0.0


def measures(judged: Judged, risk: Vector) -> list[Measure]:
    """Discrimination and calibration of predictions for the judged units.

    Parameters
    ----------
    judged : Judged
    risk : ndarray, shape (n,)
        Expected outcome, or probability.

    Returns
    -------
    list of Measure
        Binary: ``auc`` (C-statistic), ``brier_r2`` (1 minus the Brier score over that of the mean),
        ``calibration_intercept`` (of the logit, slope held at 1; 0 is calibrated), ``calibration_slope`` (1 is
        calibrated). Else: ``r2``, ``calibration_intercept`` (mean outcome minus mean prediction, outcome units),
        ``calibration_slope``. A measure that does not exist (one class, predictions all the same) is left out.
    """
    found = [_r2(judged, risk), _large(judged, risk)]
    predictor = linear_predictor(risk, judged.binary)
    found = discrimination(judged, risk) + found
    if np.ptp(predictor) > EDGE * (1 + np.abs(predictor).max()):
        found.append(_slope(judged, predictor))
    return found


def discrimination(judged: Judged, score: Vector) -> list[Measure]:
    """The C-statistic of a score on any scale; nothing for an outcome that is not binary or has one class."""
    both = judged.binary and np.ptp(judged.outcome) > 0
    return [_auc(judged, score)] if both else []


def _error(judged: Judged, influence: Vector) -> float:
    """Standard error of an estimate from its influence function (weighted mean 0)."""
    codes = cluster_codes(judged.cluster)
    factor = count_factor(cluster_count(codes, judged.weight), "risk: performance")
    sums = cluster_sums(judged.weight * influence, codes)
    return float(np.sqrt(factor * (sums @ sums)) / judged.weight.sum())


def _auc(judged: Judged, score: Vector) -> Measure:
    """C-statistic, weighted, ties counted half; placement values as influence (DeLong et al. 1988)."""
    event = judged.outcome == 1
    w1, w0 = judged.weight * event, judged.weight * ~event
    below_controls = _placement(score, w0)
    below_cases = _placement(score, w1)
    auc = float(w1 @ below_controls / w1.sum())
    total = judged.weight.sum()
    influence = np.where(
        event, (below_controls - auc) * total / w1.sum(), (1 - below_cases - auc) * total / w0.sum()
    )
    return Measure("auc", auc, _error(judged, influence))


def _placement(score: Vector, weight: Vector) -> Vector:
    """Weighted share of the weighted units that score lower, ties counted half, shape (n,)."""
    values, codes = np.unique(score, return_inverse=True)
    mass = np.bincount(codes, weights=weight, minlength=len(values)) / weight.sum()
    return np.asarray((np.cumsum(mass) - mass / 2)[codes])


def _r2(judged: Judged, risk: Vector) -> Measure:
    w = judged.weight / judged.weight.sum()
    spread = (judged.outcome - w @ judged.outcome) ** 2
    if not w @ spread > 0:
        refuse("risk: performance", "outcomes that differ", "one value for everybody", "leave `risk` out")
    error = (judged.outcome - risk) ** 2
    r2 = float(1 - w @ error / (w @ spread))
    influence = ((1 - r2) * spread - error) / (w @ spread)
    return Measure("brier_r2" if judged.binary else "r2", r2, _error(judged, influence))


def _large(judged: Judged, risk: Vector) -> Measure:
    """Calibration in the large: intercept with the slope held at 1."""
    if not judged.binary:
        gap = judged.outcome - risk
        mean = float(judged.weight @ gap / judged.weight.sum())
        return Measure("calibration_intercept", mean, _error(judged, gap - mean))
    predictor, shift = linear_predictor(risk, True), 0.0
    for _ in range(50):
        p = expit(predictor + shift)
        step = float(judged.weight @ (judged.outcome - p) / (judged.weight @ (p * (1 - p))))
        shift += float(np.clip(step, -2.0, 2.0))
        if abs(step) < 1e-12:
            break
    p = expit(predictor + shift)
    mean = judged.weight @ (p * (1 - p)) / judged.weight.sum()
    return Measure("calibration_intercept", shift, _error(judged, (judged.outcome - p) / mean))


def _slope(judged: Judged, predictor: Vector) -> Measure:
    X = np.column_stack([np.ones_like(predictor), predictor])
    w = judged.weight / judged.weight.sum()
    if judged.binary:
        beta = logistic_path(predictor[:, None], judged.outcome, judged.weight, np.array([0.0]))[0]
        p = expit(X @ beta)
        bread: Matrix = np.linalg.inv((X * (w * p * (1 - p))[:, None]).T @ X)
        residual = judged.outcome - p
    else:
        fit = least_squares(X, judged.outcome, judged.weight, "risk: calibration")
        beta, residual = fit.coefficients, fit.residual
        bread = np.linalg.inv((X * w[:, None]).T @ X)
    return Measure(
        "calibration_slope", float(beta[1]), _error(judged, residual * (X @ np.asarray(bread)[:, 1]))
    )
