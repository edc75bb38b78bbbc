"""Trials and studies with gaps in their covariates, for the coverage of what appraisals print; all is known of them.

trial       setting X of `leak_settings`: 1,000 units, 8 covariates correlated by 0.4, four of them missing in 35 %,
            effect 1 + 0.8 X1
weights     the same, drawn with a probability that goes by X2 and weighted by its inverse: without the weights the
            average effect is 1.11
clusters    the same, in 100 clusters that share part of the outcome and part of the effect
alike       the same as trial, the effect 1 for everybody
binary      the same covariates and a binary outcome: log odds -0.5 + 0.6 X1 + 0.6 X5, under treatment less 0.7 + 0.4 X1
confounded  a cohort: treatment and outcome depend on x, which misses 35 %, and on a hidden u; z helps to impute x
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from confounded_world import Confounded
from hetflow.cohort.columns import Column
from hetflow.cohort.matrix import covariate_matrix
from hetflow.effects.omitted import Elements, elements, squared_error
from hetflow.effects.scores import Scores, make_scores
from hetflow.missingness.amputation import Strengths, amputate
from hetflow.missingness.strategies import complete
from hetflow.nuisance.folds import draw_folds
from hetflow.nuisance.nuisance import nuisance
from hetflow.seeds import generator, integer_seed
from leak_settings import AVERAGE, CORRELATION, SLOPE
from leak_simulation import DESIGN, FOLDS, IMPUTATIONS, LEARNERS, Files, mean_frame
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.float64]

UNITS, COVARIATES, RATE = 1000, 8, 0.35
CLUSTERS, SHARED, SHARED_EFFECT = 100, 0.5, 0.5
WORLDS = ("trial", "weights", "clusters", "alike", "binary")
COLUMNS = [Column(f"X{place + 1}", "continuous") for place in range(COVARIATES)]
#: Of the pool from which weighted units are drawn; half of it is drawn.
POOL = 3000
CONFOUNDED = Confounded(on_treatment=1.5, on_outcome=1.0, slope=0.8)


@dataclass(frozen=True)
class World:
    """One trial with its imputations and scores; arrays have shape (n,).

    Attributes
    ----------
    control, effect : ndarray
        Expected outcome without treatment, and what treatment changes.
    slope : float
        Of the effect on X1; NaN where it is no line.
    """

    frame: pd.DataFrame
    files: Files
    outcome: Floats
    control: Floats
    effect: Floats
    slope: float
    scores: Scores
    cluster: NDArray[np.int64] | None

    @property
    def binary(self) -> bool:
        """Whether the outcome is."""
        return bool(np.isin(self.outcome, (0, 1)).all())


def make_world(name: str, seed: int) -> World:
    """Draw a trial, impute it in both modes, and make its scores as a study does.

    Effects are predicted by least squares on the mean of the deployment imputations: without the unit's cluster (as out
    of bag), and from the folds before its own.
    """
    rng = generator(seed, "appraisal coverage", name)
    n = POOL if name == "weights" else UNITS
    X = np.sqrt(CORRELATION) * rng.standard_normal((n, 1))
    X = X + np.sqrt(1 - CORRELATION) * rng.standard_normal((n, COVARIATES))
    chance = expit(0.8 * X[:, 1]) if name == "weights" else np.ones(n)
    drawn = np.flatnonzero(rng.random(n) < chance)[:UNITS]
    X, chance = X[drawn], chance[drawn]
    cluster = rng.integers(0, CLUSTERS, UNITS) if name == "clusters" else None
    shift, deviation = np.zeros(UNITS), np.zeros(UNITS)
    if cluster is not None:
        shift, deviation = (sd * rng.normal(size=CLUSTERS)[cluster] for sd in (SHARED, SHARED_EFFECT))
    arm = rng.permutation(np.arange(UNITS) % 2).astype(np.int8)
    slope = {"alike": 0.0, "binary": np.nan}.get(name, SLOPE)
    if name == "binary":
        index = -0.5 + 0.6 * (X[:, 0] + X[:, 4])
        control = expit(index)
        effect = expit(index - 0.7 - 0.4 * X[:, 0]) - control
        outcome = (rng.random(UNITS) < control + arm * effect).astype(np.float64)
    else:
        effect = AVERAGE + slope * X[:, 0] + deviation
        control = X[:, 0] + X[:, 4] + shift - effect / 2
        outcome = control + effect * arm + rng.standard_normal(UNITS)
    frame = _with_gaps(X, [column.name for column in COLUMNS], ["X1", "X3", "X5", "X7"], "X8", seed)
    files = _imputed(frame, COLUMNS, arm, outcome, seed)
    scores = _scores(files, arm, outcome, chance.min() / chance, cluster, seed)
    return World(frame, files, outcome, control, effect, slope, scores, cluster)


def _with_gaps(X: Floats, names: list[str], gaps: list[str], driver: str, seed: int) -> pd.DataFrame:
    made = amputate(
        pd.DataFrame(X, columns=names),
        gaps,
        "MAR-UP",
        seed=integer_seed(seed, "appraisal coverage", "masks"),
        rate=RATE,
        drivers=[driver],
        strengths=Strengths(values=1.0),
    )
    return pd.concat([pd.DataFrame({"unit": np.arange(len(X), dtype=np.int64)}), made.frame], axis=1)


def _imputed(
    frame: pd.DataFrame, columns: list[Column], arm: NDArray[np.int8], outcome: Floats, seed: int
) -> Files:
    more = {"arm": arm, "outcome": outcome}
    made = {
        mode: [
            complete(frame, columns, "multiple_imputation", mode, k, seed, **given).frame
            for k in range(IMPUTATIONS)
        ]
        for mode, given in (("deployment", {}), ("inference", more))
    }
    return Files(**made)


def _scores(
    files: Files,
    arm: NDArray[np.int8],
    outcome: Floats,
    weight: Floats,
    cluster: NDArray[np.int64] | None,
    seed: int,
) -> Scores:
    unit = np.arange(UNITS)
    fold = draw_folds(unit, arm, None, cluster, FOLDS, seed)
    X = covariate_matrix(mean_frame(files.deployment), COLUMNS)[0]
    binary = bool(np.isin(outcome, (0, 1)).all())
    table = nuisance(
        unit,
        X,
        arm,
        outcome,
        fold,
        weight,
        DESIGN,
        LEARNERS,
        seed,
        ("shared",),
        cluster=cluster,
        binary=binary,
    )[0]
    transformed = (table["outcome_residual"] / table["treatment_residual"]).to_numpy()
    Z = np.column_stack([np.ones(UNITS), X])
    sequential = np.full(UNITS, np.nan)
    for k in range(2, FOLDS + 1):
        earlier = fold < k
        sequential[fold == k] = Z[fold == k] @ fitted(Z[earlier], transformed[earlier], weight[earlier])
    own = unit if cluster is None else cluster
    cate = _left_out(Z, transformed, weight, own)
    return make_scores(table, cate, better="higher", sequential=sequential, weight=weight, cluster=own)


def fitted(Z: Floats, y: Floats, weight: Floats) -> Floats:
    return np.linalg.lstsq(np.sqrt(weight)[:, None] * Z, np.sqrt(weight) * y, rcond=None)[0]


def _left_out(Z: Floats, y: Floats, weight: Floats, cluster: NDArray[np.int64]) -> Floats:
    """Predictions of weighted least squares without the unit's own cluster."""
    gram, moment = Z.T @ (weight[:, None] * Z), Z.T @ (weight * y)
    found = np.empty(len(y))
    for label in np.unique(cluster):
        rows = cluster == label
        w = weight[rows, None]
        rest = np.linalg.solve(gram - Z[rows].T @ (w * Z[rows]), moment - Z[rows].T @ (w[:, 0] * y[rows]))
        found[rows] = Z[rows] @ rest
    return found


def confounded_sets(seed: int, units: int = UNITS) -> list[Elements]:
    """Effect, sigma2 and nu2 of the confounded cohort, one of each inference-mode imputation of x."""
    rng = generator(seed, "appraisal coverage", "confounded")
    x, _, treated, outcome = CONFOUNDED.draw(rng, units)
    z = 0.8 * x + 0.6 * rng.normal(size=units)
    frame = _with_gaps(np.column_stack([x, z]), ["x", "z"], ["x"], "z", seed)
    columns = [Column("x", "continuous"), Column("z", "continuous")]
    fold = draw_folds(np.arange(units), treated, None, None, FOLDS, seed)
    found = []
    for k, completed in enumerate(_imputed(frame, columns, treated, outcome, seed).inference):
        X = completed[["x", "z"]].to_numpy()
        learners = {"outcome": "linear", "propensity": "linear", "trim": None}
        key = ("inference", k)
        table = nuisance(
            np.arange(units), X, treated, outcome, fold, None, {"probability": None}, learners, seed, key
        )[0]
        effect = np.empty(units)
        Z = np.column_stack([np.ones(units), X])
        for j in range(1, FOLDS + 1):
            arms = [
                fitted(*(part[(fold != j) & (treated == a)] for part in (Z, outcome, np.ones(units))))
                for a in (0, 1)
            ]
            effect[fold == j] = Z[fold == j] @ (arms[1] - arms[0])
        scores = make_scores(table, effect, better="higher")
        found.append(elements(scores, "ATE", squared_error(scores, outcome)))
    return found
