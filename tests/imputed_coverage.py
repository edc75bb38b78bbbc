"""Do intervals pooled over imputations cover? Trials and observational studies with two incomplete covariates.

Five normal covariates, correlated by 0.4; effect 1 + 0.8 X1; outcome X1 + 0.5 X3 + X5 + effect (A - 1/2) + N(0, 1).
X1 and X5 miss 35 %, given X2, or given X2 and the outcome. In the observational study treatment goes by X1 and X3.

Imputation by arm with the outcome is what a study does in inference mode. The control imputes over both arms with arm
and outcome as predictors without interactions, as software does that is not told of effect modification.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from hetflow.cohort.columns import Column
from hetflow.effects.linear import hc3_covariance, least_squares
from hetflow.missingness.amputation import Influences, Strengths, amputate
from hetflow.missingness.chained import OUTCOME, ChainSettings, run_chain
from hetflow.missingness.strategies import complete
from hetflow.pooling import pool
from hetflow.seeds import generator, integer_seed
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]

UNITS = 1000
IMPUTATIONS = 10
RATE = 0.35
NAMES = ["X1", "X2", "X3", "X4", "X5"]
COLUMNS = [Column(name, "continuous") for name in NAMES]
TARGETS = ("ATE", "A:X1", "GATE")
TRUTH = np.array([1.0, 0.8, 0.8 * 2 * np.sqrt(2 / np.pi)])
"""Average effect; interaction; difference between X1 > 0 and the rest."""
ROUTES = ("complete", "by_arm", "main_effects")
MAIN_EFFECTS = ChainSettings(minimum_correlation=0.0)
"""Arm and outcome are always among the predictors."""


@dataclass(frozen=True)
class Design:
    """Whether treatment was randomised, and the log odds of missingness per standard deviation of the outcome."""

    name: str
    randomised: bool
    outcome_log_odds: float


DESIGNS = {
    design.name: design
    for design in (
        Design("trial, X2", True, 0.0),
        Design("trial, X2 and Y", True, 1.0),
        Design("observational, X2", False, 0.0),
        Design("observational, X2 and Y", False, 1.0),
    )
}


@dataclass(frozen=True)
class Study:
    """One data set; `frame` has gaps."""

    frame: pd.DataFrame
    complete: pd.DataFrame
    arm: NDArray[np.int8]
    outcome: Floats


def draw(design: Design, seed: int, units: int = UNITS) -> Study:
    """Draw one data set."""
    rng = generator(seed, "imputed coverage", design.name)
    X = np.sqrt(0.4) * rng.standard_normal((units, 1)) + np.sqrt(0.6) * rng.standard_normal((units, 5))
    chance = np.full(units, 0.5) if design.randomised else expit(0.5 * X[:, 0] + 0.5 * X[:, 2])
    arm = (rng.random(units) < chance).astype(np.int8)
    effect = 1.0 + 0.8 * X[:, 0]
    outcome = X[:, 0] + 0.5 * X[:, 2] + X[:, 4] + effect * (arm - 0.5) + rng.standard_normal(units)
    whole = pd.DataFrame(X, columns=NAMES)
    made = amputate(
        whole,
        ["X1", "X5"],
        "MAR-UP",
        seed=integer_seed(seed, "imputed coverage", "masks"),
        rate=RATE,
        drivers=["X2"],
        strengths=Strengths(values=1.0),
        influences=Influences(outcome=outcome, outcome_log_odds=design.outcome_log_odds),
    )
    unit = pd.DataFrame({"unit": np.arange(units, dtype=np.int64)})
    return Study(pd.concat([unit, made.frame], axis=1), whole, arm, outcome)


def impute(study: Study, route: str, imputation: int, seed: int) -> pd.DataFrame:
    """One completed data set."""
    if route == "complete":
        return study.complete
    if route == "by_arm":
        more = {"arm": study.arm, "outcome": study.outcome}
        return complete(
            study.frame, COLUMNS, "multiple_imputation", "inference", imputation, seed, **more
        ).frame
    typed = study.frame.assign(arm=study.arm.astype(float), **{OUTCOME: study.outcome})
    described = [*COLUMNS, Column("arm", "binary", levels=("0", "1")), Column(OUTCOME, "continuous")]
    return run_chain(typed, described, MAIN_EFFECTS, seed, ("main effects", imputation)).frame


def analyse(X: Floats, arm: NDArray[np.int8], outcome: Floats, randomised: bool) -> tuple[Floats, Floats]:
    """Estimates of `TARGETS` and their variances, shapes (3,).

    Doubly robust scores from linear outcome models by arm, and for A:X1 least squares with all interactions (HC3).
    """
    n, centred = len(X), X - X.mean(axis=0)
    design = np.column_stack([np.ones(n), centred])
    one = np.ones(n)
    means = [
        design @ np.linalg.lstsq(design[arm == value], outcome[arm == value], rcond=None)[0]
        for value in (0, 1)
    ]
    e = np.full(n, 0.5)
    if not randomised:
        e = LogisticRegression(C=np.inf, tol=1e-8).fit(centred, arm).predict_proba(centred)[:, 1]
    score = means[1] - means[0] + arm / e * (outcome - means[1]) - (1 - arm) / (1 - e) * (outcome - means[0])
    upper = X[:, 0] > 0
    groups = [score[rows] for rows in (upper, ~upper)]
    interacted = np.column_stack([design, arm[:, None] * design])
    fit = least_squares(interacted, outcome, one, "coverage")
    covariance = hc3_covariance(interacted, fit, one, np.arange(n), "coverage")
    place = design.shape[1] + 1
    estimates = [score.mean(), fit.coefficients[place], groups[0].mean() - groups[1].mean()]
    variances = [score.var(ddof=1) / n, covariance[place, place], sum(g.var(ddof=1) / len(g) for g in groups)]
    return np.array(estimates), np.array(variances)


def replicate(design: Design, seed: int, routes: tuple[str, ...] = ROUTES) -> dict[str, float]:
    """Error and whether the 95 % interval covers, keys ``route.target.measure``."""
    study = draw(design, seed)
    row = {}
    for route in routes:
        count = 1 if route == "complete" else IMPUTATIONS
        fits = [
            analyse(
                impute(study, route, k, seed)[NAMES].to_numpy(), study.arm, study.outcome, design.randomised
            )
            for k in range(count)
        ]
        pooled = pool(np.array([fit[0] for fit in fits]), np.array([fit[1] for fit in fits]), UNITS - 12)
        half = stats.t.ppf(0.975, pooled.df) * np.sqrt(pooled.total)
        for k, target in enumerate(TARGETS):
            error = float(pooled.estimate[k] - TRUTH[k])
            row |= {
                f"{route}.{target}.error": error,
                f"{route}.{target}.covered": float(abs(error) <= half[k]),
                f"{route}.{target}.width": float(2 * half[k]),
            }
    return row


def simulate(
    design: Design, replicates: int, first: int = 0, routes: tuple[str, ...] = ROUTES
) -> pd.DataFrame:
    """One row a replicate."""
    return pd.DataFrame([replicate(design, first + j, routes) for j in range(replicates)])
