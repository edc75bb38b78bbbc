"""Trials in which the outcome's risk is known, and how the effect goes with it is chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hetflow.effects.risk_models import Appraised, appraise_risk
from hetflow.effects.scores import Scores, make_scores
from hetflow.nuisance.linear import logistic_path, ridge_path
from numpy.typing import NDArray
from scipy.special import expit
from score_world import FOLDS, nuisance_frame

COVARIATES = 5
SETTINGS = {
    "groups": 4,
    "score_worse": "higher",
    "better": "lower",
    "outcome_kind": "binary",
    "confidence": 0.95,
    "randomised": True,
}


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial with its scores; arrays have shape (n,).

    Attributes
    ----------
    scores : Scores
    outcome, index : ndarray
        The outcome, and the true linear predictor without treatment.
    truth : ndarray
        True effect of each unit, outcome units.
    """

    scores: Scores
    outcome: NDArray
    index: NDArray
    truth: NDArray

    @property
    def risk(self) -> NDArray:
        """The internal risk: the outcome's mean, predicted without the arm."""
        return self.scores.outcome_mean

    def appraised(self, external: NDArray | None = None, **changes: object) -> Appraised:
        """The appraisal of its internal risk, and of a score beside it."""
        kind = "binary" if np.isin(self.outcome, (0, 1)).all() else "continuous"
        settings = SETTINGS | {"outcome_kind": kind} | changes
        return appraise_risk([self.scores], self.outcome, self.risk, external, settings)


def risk_trial(
    rng: np.random.Generator,
    n: int,
    *,
    log_odds: float = 0.0,
    difference: float = 0.0,
    interaction: float = 0.0,
    spread: float = 1.0,
    binary: bool = True,
    clusters: int = 0,
) -> Trial:
    """A randomised trial (1:1) with five normal covariates.

    Parameters
    ----------
    log_odds : float
        Constant log odds ratio of a binary outcome (effect in sd of the noise for another).
    difference : float
        Constant risk difference, added to the probability; the base risk is kept within what leaves room for it.
    interaction : float
        Change of the log odds ratio for a unit of the linear predictor.
    spread : float
        Standard deviation of the linear predictor.
    clusters : int
        If positive, units share clusters with an effect of their own on the outcome (not on treatment).
    """
    X = rng.normal(size=(n, COVARIATES))
    index = spread * X @ np.array([0.8, 0.5, 0.3, 0.1, 0.0]) / np.sqrt(0.99)
    cluster = rng.integers(0, clusters, n) if clusters else np.arange(n)
    shared = rng.normal(scale=0.4, size=clusters)[cluster] if clusters else 0.0
    treated = rng.integers(0, 2, n)
    if binary:
        base = expit(index - 0.7 + shared)
        base = base if difference == 0 else np.clip(base, 0.02, 0.98 - difference)
        other = expit(index - 0.7 + shared + log_odds + interaction * index)
        risk1 = base + difference if difference else other
        truth = risk1 - base
        outcome = (rng.random(n) < np.where(treated == 1, risk1, base)).astype(float)
    else:
        truth = log_odds + interaction * index
        outcome = index + shared + treated * truth + rng.normal(size=n)
    fold = rng.permutation(np.arange(n) % FOLDS) + 1
    mean, effect = np.empty(n), np.empty(n)
    for k in range(1, FOLDS + 1):
        out = fold == k
        path = logistic_path if binary else ridge_path
        ones = np.ones((~out).sum())
        beta = path(X[~out], outcome[~out], ones, np.array([0.01]))[0]
        linear = beta[0] + X[out] @ beta[1:]
        mean[out] = expit(linear) if binary else linear
        arms = [outcome[~out & (treated == a)].mean() for a in (0, 1)]
        effect[out] = arms[1] - arms[0]
    frame = nuisance_frame(treated, outcome - mean, np.full(n, 0.5), fold).assign(outcome_mean=mean)
    return Trial(make_scores(frame, effect, better="lower", cluster=cluster), outcome, index, truth)
