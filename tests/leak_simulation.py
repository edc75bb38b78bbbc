"""A simulated trial analysed by the rule for imputed covariates, by a permitted variant, and with the rule broken.

complete   nothing is missing
R          the rule: forests, nuisance and scores read deployment-mode imputations; one score shared by all; effects
           averaged over imputations, then evaluated once
J          as R, with forests trained on inference-mode covariates and evaluated at deployment-mode ones
b_avg      the rule broken: R with inference-mode imputations in the place of the deployment-mode ones
b_m1       the same with a single imputation

Projections and groups by a rule regress a route's shared score on inference-mode covariates, pooled by Rubin.
Everything is done by the functions that a study runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from hetflow.cohort.matrix import covariate_matrix
from hetflow.effects.calibration import calibration, t_values
from hetflow.effects.estimates import estimate_all
from hetflow.effects.groups import group_differences, group_effects, weighted_cuts
from hetflow.effects.scores import Scores, make_scores
from hetflow.forest.effects import effects
from hetflow.forest.grow import open_forest
from hetflow.forest.histogram_engine import Binned
from hetflow.forest.sums import empty_sums
from hetflow.missingness.strategies import complete
from hetflow.nuisance.folds import draw_folds
from hetflow.nuisance.nuisance import nuisance
from leak_settings import AVERAGE, Setting, Trial, draw
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]

IMPUTATIONS = 5
BAGS = 38
"""Of four trees: some 150 trees."""
FOLDS = 5
LEVEL = 0.05
ROUTES = ("complete", "R", "J", "b_avg", "b_m1")
PROJECTED = ("complete", "R", "deployed")
DESIGN = {"probability": 0.5}
LEARNERS = {"outcome": "linear", "propensity": "design", "trim": None}
QUARTERS = ("1", "2", "3", "4")
ESTIMATES = {
    "average": ["ATE"],
    "groups": 4,
    "rules": {"X1": {"covariate": "X1", "quantiles": None, "cuts": [0.0], "levels": None}},
    "projection": ["X1"],
    "ranking_draws": 200,
    "confidence": 0.95,
    "better": "higher",
    "randomised": True,
}


@dataclass(frozen=True)
class Files:
    """Completed covariates of one trial, one frame an imputation."""

    deployment: list[pd.DataFrame]
    inference: list[pd.DataFrame]


def impute(trial: Trial, seed: int, imputations: int = IMPUTATIONS) -> Files:
    """Both modes of imputation."""
    more = {"arm": trial.arm, "outcome": trial.outcome}
    given = {"deployment": {}, "inference": more}
    made = {
        mode: [
            complete(trial.frame, trial.columns, "multiple_imputation", mode, k, seed, **arguments).frame
            for k in range(imputations)
        ]
        for mode, arguments in given.items()
    }
    return Files(**made)


def mean_frame(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Mean over imputations, cell by cell."""
    return sum(frames[1:], start=frames[0].astype(float)) / len(frames)


def shared_nuisance(trial: Trial, frames: Sequence[pd.DataFrame], seed: int) -> pd.DataFrame:
    """One nuisance table, its outcome mean read from the mean of the imputations."""
    unit = np.arange(len(trial.arm))
    fold = draw_folds(unit, trial.arm, None, None, FOLDS, seed)
    X = covariate_matrix(mean_frame(frames), trial.columns)[0]
    return nuisance(unit, X, trial.arm, trial.outcome, fold, None, DESIGN, LEARNERS, seed, ("shared",))[0]


def forest(
    trial: Trial, trained: pd.DataFrame, judged: pd.DataFrame, table: pd.DataFrame, imputation: int, seed: int
) -> Floats:
    """Out-of-bag effects of a forest trained on some covariates and evaluated at others."""
    X, evaluated = (covariate_matrix(frame, trial.columns)[0] for frame in (trained, judged))
    residuals = [table[name].to_numpy() for name in ("treatment_residual", "outcome_residual")]
    everybody = np.ones(len(X), dtype=bool)
    label = ("deployment", imputation, "all")
    grown = open_forest(X, *residuals, None, None, everybody, seed, label, {"engine": "histogram"})
    bins = grown.covariates.bins
    covariates = Binned(bins, bins.codes(evaluated))
    sums = empty_sums(np.arange(len(X)), grown.grid, 0)
    for bag in range(BAGS):
        trees, half = grown.grow(bag)
        grown.engine.add(sums, trees, covariates, np.setdiff1d(np.arange(len(X)), half))
    return effects(sums, intervals=False)[0]


def route_scores(trial: Trial, files: Files, route: str, seed: int) -> Scores:
    """The scores that a route makes."""
    if route == "complete":
        files = Files([trial.complete], [trial.complete])
    if route == "b_m1":
        files = Files(files.deployment[:1], files.inference[:1])
    judged = files.inference if route.startswith("b_") else files.deployment
    trained = files.inference if route == "J" else judged
    table = shared_nuisance(trial, judged, seed)
    cate = [forest(trial, a, b, table, k, seed) for k, (a, b) in enumerate(zip(trained, judged, strict=True))]
    return make_scores(table, np.column_stack(cate), better="higher")


def heterogeneity(scores: Scores, effect: Floats, seed: int) -> dict[str, float]:
    """One-sided p-values of AUTOC, calibration slope and quarters by out-of-bag effect; average and quarters.

    ``groups_error`` is the difference between the outer quarters less the true one of the same units.
    """
    table = estimate_all(
        [scores], None, [], ESTIMATES | {"rules": {}, "projection": []}, seed, "a", "y"
    ).table
    by_name = table.set_index("estimand")
    codes = np.searchsorted(weighted_cuts(scores.priority, scores.weight, 4), scores.priority)
    quarters = group_effects(scores, codes, QUARTERS, "GATES", "out of bag")
    difference = group_differences(quarters, [(3, 0)], False)
    estimate, se = float(difference.estimate[0]), float(np.sqrt(difference.covariance[0, 0]))
    truth = float(effect[codes == 3].mean() - effect[codes == 0].mean())
    average = by_name.loc["ATE"]
    return {
        "autoc_p": float(by_name.loc["AUTOC", "p"]),
        "slope_p": float(stats.norm.sf(t_values(calibration(scores))[1])),
        "groups_p": float(stats.norm.sf(estimate / se)),
        "groups_error": estimate - truth,
        "groups_covered": float(abs(estimate - truth) < 1.96 * se),
        "average_error": float(average["estimate"]) - AVERAGE,
        "average_covered": float(average["lower"] <= AVERAGE <= average["upper"]),
    }


def projections(
    trial: Trial, scores: Scores, frames: Sequence[pd.DataFrame], slope: float, seed: int
) -> dict[str, float]:
    """Slope of the score on X1, and difference between X1 > 0 and the rest, against the truth."""
    table = estimate_all([scores], frames, trial.columns, ESTIMATES, seed, "a", "y").table
    line = table[(table["estimand"] == "projection") & (table["term"] == "X1")].iloc[0]
    rule = table[table["estimand"] == "rule_groups_difference"].iloc[0]
    step = 2 * np.sqrt(2 / np.pi) * slope
    found: dict[str, float] = {}
    for name, row, truth in (("projection", line, slope), ("rule", rule, step)):
        found |= {
            f"{name}_error": float(row["estimate"]) - truth,
            f"{name}_covered": float(row["lower"] <= truth <= row["upper"]),
            f"{name}_p": float(row["p"]),
        }
    return found


def replicate(
    setting: Setting,
    slope: float,
    number: int,
    routes: Sequence[str] = ROUTES,
    imputations: int = IMPUTATIONS,
) -> dict[str, float]:
    """One trial by several routes; keys are ``route.measure``."""
    trial = draw(setting, slope, number)
    files = impute(trial, number, imputations)
    row: dict[str, float] = {}
    made: dict[str, Scores] = {}
    for route in routes:
        made[route] = route_scores(trial, files, route, number)
        found = heterogeneity(made[route], trial.effect, number)
        row |= {f"{route}.{name}": value for name, value in found.items()}
    sides = {"complete": ("complete", [trial.complete]), "R": ("R", files.inference)}
    sides["deployed"] = ("R", files.deployment)
    for name, (route, frames) in sides.items():
        if route in made:
            found = projections(trial, made[route], frames, slope, number)
            row |= {f"{name}.{what}": value for what, value in found.items()}
    return row


def simulate(
    setting: Setting,
    slope: float,
    replicates: int,
    first: int = 0,
    routes: Sequence[str] = ROUTES,
    imputations: int = IMPUTATIONS,
) -> pd.DataFrame:
    """One row a replicate."""
    return pd.DataFrame(
        [replicate(setting, slope, first + j, routes, imputations) for j in range(replicates)]
    )
