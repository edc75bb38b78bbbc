"""Simulated randomised trials whose covariates are missing at random, with known truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from hetflow.cohort.columns import Column
from hetflow.cohort.matrix import covariate_matrix
from numpy.typing import NDArray
from scipy.special import expit

FloatArray = NDArray[np.float64]
CORRELATION = 0.4
COVARIATES = 8


@dataclass(frozen=True)
class Trial:
    """X1..X8 normal, correlated by 0.4; Y = X1 + X5 + (base + slope X1)(A - 1/2) + N(0, 1); P(A = 1) = 1/2.

    X1, X3, X5 and X7 are each missing in some 35 % of units, with a probability that depends on X8 alone.
    """

    frame: pd.DataFrame
    columns: list[Column]
    arm: NDArray[np.int8]
    outcome: FloatArray


def simulate_trial(rng: np.random.Generator, n: int = 1000, base: float = 1.0, slope: float = 0.8) -> Trial:
    """Draw one trial."""
    shared = np.sqrt(CORRELATION) * rng.standard_normal((n, 1))
    X = shared + np.sqrt(1 - CORRELATION) * rng.standard_normal((n, COVARIATES))
    arm = rng.permutation(np.arange(n) % 2).astype(np.int8)
    outcome = X[:, 0] + X[:, 4] + (base + slope * X[:, 0]) * (arm - 0.5) + rng.standard_normal(n)
    seen = X.copy()
    for place in (0, 2, 4, 6):
        seen[rng.random(n) < expit(-0.75 + X[:, 7]), place] = np.nan
    names = [f"X{place + 1}" for place in range(COVARIATES)]
    frame = pd.DataFrame(seen, columns=names).assign(unit=np.arange(n, dtype=np.int64))
    return Trial(frame[["unit", *names]], [Column(name, "continuous") for name in names], arm, outcome)


def outcome_mean(X: FloatArray, outcome: FloatArray, rng: np.random.Generator, folds: int = 5) -> FloatArray:
    """Out-of-fold ridge prediction of the outcome from the covariates and their squares."""
    design = np.column_stack([X, X**2])
    design = (design - design.mean(axis=0)) / design.std(axis=0)
    fold = rng.permutation(np.arange(len(X)) % folds)
    predicted = np.empty(len(X))
    for k in range(folds):
        inside = fold == k
        Z, y = design[~inside], outcome[~inside]
        beta = np.linalg.solve(Z.T @ Z + np.eye(Z.shape[1]), Z.T @ (y - y.mean()))
        predicted[inside] = y.mean() + design[inside] @ beta
    return predicted


def score_of(arm: NDArray[np.int8], outcome: FloatArray, mean: FloatArray) -> FloatArray:
    """Doubly robust score of a trial with probability 1/2, whose mean is the average effect."""
    return 4.0 * (arm - 0.5) * (outcome - mean)


def matrix(frame: pd.DataFrame, columns: list[Column]) -> FloatArray:
    """Numeric covariates."""
    return covariate_matrix(frame, columns)[0]


def slope_and_variance(score: FloatArray, x: FloatArray) -> tuple[float, float]:
    """Least-squares slope of the score on x and its sandwich variance (HC0 with n / (n - 2))."""
    centred = x - x.mean()
    slope = float(centred @ score / (centred @ centred))
    residual = score - score.mean() - slope * centred
    variance = float(((centred * residual) ** 2).sum() / (centred @ centred) ** 2)
    return slope, variance * len(x) / (len(x) - 2)


def pool(estimates: list[float], variances: list[float]) -> tuple[float, float]:
    """Rubin's estimate and standard error."""
    m = len(estimates)
    within, between = float(np.mean(variances)), float(np.var(estimates, ddof=1))
    return float(np.mean(estimates)), float(np.sqrt(within + (1 + 1 / m) * between))
