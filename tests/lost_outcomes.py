"""Simulated trials that lose outcomes: known effects, known shifts of what was lost, clean cross-fitted nuisances.

Outcome means and effects are learnt from observed outcomes and complete covariates only, out of fold, and
predicted for everybody: what the pipeline does with its forest, here by least squares.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from hetflow.cohort.columns import Column
from hetflow.effects.scores import Scores, make_scores
from hetflow.missingness.chained import ChainSettings
from hetflow.missingness.outcome_draws import AT_RANDOM, draw_outcomes
from numpy.typing import NDArray
from scipy.special import expit

FloatArray = NDArray[np.float64]
COVARIATES = 4
FOLDS = 5
CHAIN = ChainSettings()


@dataclass(frozen=True)
class LostTrial:
    """P(A = 1) = 1/2; Y = X1 + X2 + (base + slope X1) (A - 1/2) + N(0, 1); lost with P = expit(rate + X1 (+ 0.5 A)).

    `shift` was added to the outcomes that were then lost, by arm: what was lost is not missing at random.
    """

    frame: pd.DataFrame
    columns: list[Column]
    X: FloatArray
    arm: NDArray[np.int8]
    outcome: FloatArray
    whole: FloatArray
    effect: FloatArray

    @property
    def observed(self) -> NDArray[np.bool_]:
        return np.isfinite(self.outcome)


def lost_trial(
    rng: np.random.Generator,
    n: int = 1000,
    base: float = 1.0,
    slope: float = 0.8,
    shift: tuple[float, float] = (0.0, 0.0),
    rate: float = -1.1,
) -> LostTrial:
    """Draw one trial; some 30 % of the outcomes are lost, more of the treated and of those with high X1."""
    X = rng.standard_normal((n, COVARIATES))
    arm = rng.permutation(np.arange(n) % 2).astype(np.int8)
    effect = base + slope * X[:, 0]
    whole = X[:, 0] + X[:, 1] + effect * (arm - 0.5) + rng.standard_normal(n)
    lost = rng.random(n) < expit(rate + X[:, 0] + 0.5 * arm)
    whole = whole + lost * np.where(arm == 1, shift[0], shift[1])
    names = [f"X{place + 1}" for place in range(COVARIATES)]
    frame = pd.DataFrame(X, columns=names).assign(unit=np.arange(n, dtype=np.int64))
    columns = [Column(name, "continuous") for name in names]
    return LostTrial(frame, columns, X, arm, np.where(lost, np.nan, whole), whole, effect)


def clean_parts(
    trial: LostTrial, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, NDArray[np.int64]]:
    """Outcome mean and effect of everybody, out of fold, learnt from observed outcomes; the folds."""
    n, seen = len(trial.X), trial.observed
    fold = rng.permutation(np.arange(n) % FOLDS) + 1
    Z = np.column_stack([np.ones(n), trial.X])
    W = (trial.arm - 0.5)[:, None]
    design = np.column_stack([Z, W * Z])
    mean, effect = np.empty(n), np.empty(n)
    for k in range(1, FOLDS + 1):
        inside, learn = fold == k, (fold != k) & seen
        beta = np.linalg.lstsq(design[learn], trial.outcome[learn], rcond=None)[0]
        mean[inside] = Z[inside] @ beta[: Z.shape[1]]
        effect[inside] = Z[inside] @ beta[Z.shape[1] :]
    return mean, effect, fold


def scores_of(
    trial: LostTrial, outcome: FloatArray, mean: FloatArray, effect: FloatArray, fold: NDArray[np.int64]
) -> Scores:
    """Doubly robust scores with a complete vector of outcomes."""
    nuisance = pd.DataFrame(
        {
            "unit": trial.frame["unit"],
            "fold": fold,
            "contrast": "treated minus control",
            "treated": trial.arm,
            "treatment_residual": trial.arm - 0.5,
            "outcome_residual": outcome - mean,
            "propensity": 0.5,
            "outcome_mean": mean,
            "observed": trial.observed.astype(np.int8),
            "observation_probability": np.where(trial.observed, 1.0, 0.5),
            "weight": 1.0,
        }
    )
    return make_scores(
        nuisance, effect, better="higher", held_out=effect, sequential=np.where(fold > 1, effect, np.nan)
    )


def imputed_sets(
    trial: LostTrial,
    imputations: int,
    seed: int,
    assumption: str = AT_RANDOM,
    named: tuple[str, ...] = ("X1",),
) -> list[Scores]:
    """One set of scores an imputation of the outcome, all with the same clean nuisances."""
    mean, effect, fold = clean_parts(trial, np.random.default_rng([seed, 1]))
    draws = [
        draw_outcomes(
            trial.frame, trial.columns, trial.arm, trial.outcome, assumption, k, seed, CHAIN, named=named
        )
        for k in range(imputations)
    ]
    return [scores_of(trial, drawn, mean, effect, fold) for drawn in draws]
