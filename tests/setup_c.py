"""Setup C of Nie and Wager (2021): confounded, constant effect 1; with a doubly robust estimate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hetflow.nuisance.crossfit import cross_fit
from hetflow.nuisance.folds import draw_folds

EFFECT = 1.0


@dataclass(frozen=True)
class Draw:
    """One draw with its truths: outcome mean m(x) = b(x) + (e(x) - 1/2) tau and propensity e(x)."""

    X: np.ndarray
    treated: np.ndarray
    outcome: np.ndarray
    outcome_mean: np.ndarray
    propensity: np.ndarray


def draw(seed: int, replicate: int, n: int = 500, d: int = 6) -> Draw:
    """b = 2 log(1 + exp(x1 + x2 + x3)), e = 1 / (1 + exp(x2 + x3)), unit noise."""
    rng = np.random.default_rng([seed, replicate])
    X = rng.normal(size=(n, d))
    e = 1 / (1 + np.exp(X[:, 1] + X[:, 2]))
    treated = (rng.random(n) < e).astype(float)
    b = 2 * np.log1p(np.exp(X[:, 0] + X[:, 1] + X[:, 2]))
    outcome = b + (treated - 0.5) * EFFECT + rng.normal(size=n)
    return Draw(X, treated, outcome, b + (e - 0.5) * EFFECT, e)


def fit(sample: Draw, learner: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Cross-fitted outcome mean and propensity by one learner."""
    fold = draw_folds(np.arange(len(sample.X)), sample.treated, None, None, 5, seed)
    m = cross_fit(sample.X, sample.outcome, fold, learner, None, seed, ("outcome",), "regression")
    e = cross_fit(sample.X, sample.treated, fold, learner, None, seed, ("propensity",), "classification")
    return m.prediction, e.prediction


def estimate(treated: np.ndarray, outcome: np.ndarray, m: np.ndarray, e: np.ndarray) -> tuple[float, float]:
    """Doubly robust average effect and standard error, the effect in the score being the residual slope."""
    a, b = treated - e, outcome - m
    tau = (a @ b) / (a @ a)
    score = tau + a / (e * (1 - e)) * (b - a * tau)
    return float(score.mean()), float(score.std(ddof=1) / np.sqrt(len(score)))


def conditional_bias(sample: Draw, m: np.ndarray, e: np.ndarray) -> float:
    """Bias of the doubly robust average given covariates and fitted nuisances, with tau = 1 in the score.

    E[(W - e^)(Y - m^ - (W - e^)) | X] / (e^(1 - e^)) = (e - e^)((m - m^) - (e - e^)) / (e^(1 - e^)),
    averaged: the noise of arm and outcome is integrated out, so that a few replicates suffice.
    """
    miss_e, miss_m = sample.propensity - e, sample.outcome_mean - m
    return float(np.mean(miss_e * (miss_m - miss_e) / (e * (1 - e))))
