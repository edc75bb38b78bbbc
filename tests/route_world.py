"""Simulated trials in which routes for missing covariates can be told apart, and the routes, by library functions.

X is normal with correlation 0.4, the arm randomised with probability 1/2, Y = b(X) + tau(X) (A - 1/2) + N(0, 1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from hetflow.cohort.columns import Column
from hetflow.cohort.matrix import covariate_codes
from hetflow.cohort.views import matrix
from hetflow.effects.average import average_effect
from hetflow.effects.ranking import evaluate_ranking
from hetflow.effects.scores import Scores, make_scores
from hetflow.forest.effects import effects
from hetflow.forest.grow import grow_shard
from hetflow.forest.submodels import grow_submodels
from hetflow.missingness.blockwise import submodels
from hetflow.missingness.strategies import complete
from hetflow.missingness.task import Settings
from hetflow.nuisance.folds import draw_folds
from hetflow.nuisance.nuisance import nuisance
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.float64]
CORRELATION = 0.4
FOLDS = 5
MINIMUM_PATTERN = 100
ENGINE = {"engine": "histogram", "bag_trees": 4}


@dataclass(frozen=True)
class World:
    """A trial; `columns` say of every mask that it was fixed before randomisation unless a test says otherwise."""

    frame: pd.DataFrame
    columns: list[Column]
    arm: NDArray[np.int8]
    outcome: Floats
    effect: Floats

    @property
    def cohort(self) -> pd.DataFrame:
        """As the cohort stage leaves it."""
        n = len(self.arm)
        more = {"treated": self.arm, "cluster": np.arange(n), "weight": np.ones(n), "stratum": "all"}
        return self.frame.assign(**more)

    @property
    def folds(self) -> pd.DataFrame:
        """Under the contract `folds`."""
        unit = self.frame["unit"].to_numpy()
        return pd.DataFrame({"unit": unit, "fold": draw_folds(unit, self.arm, None, None, FOLDS, 1)})


def trial(rng: np.random.Generator, setting: str, slope: float, n: int = 0) -> World:
    """Draw a trial.

    ``X``: 8 covariates, four of them missing in 35 % given X8. ``B``: 16 covariates, X1 to X12 missing together in 50 %
    given X16, n 400. ``M``: two sources, one measures X1 to X4, the other X5 to X8, nobody both. ``Y``: as X, with gaps
    that depend on the outcome and so arise after randomisation. The effect is 1 + slope X1 (M: and X5).
    """
    p, n = (16, n or 400) if setting == "B" else (8 + 4 * (setting == "M"), n or 1000)
    shared = np.sqrt(CORRELATION) * rng.standard_normal((n, 1))
    X = shared + np.sqrt(1 - CORRELATION) * rng.standard_normal((n, p))
    arm = rng.permutation(np.arange(n) % 2).astype(np.int8)
    modifier = X[:, 0] + (X[:, 4] if setting == "M" else 0.0)
    effect = 1.0 + slope * modifier
    other = 12 if setting == "B" else 4
    outcome = X[:, 0] + X[:, other] + effect * (arm - 0.5) + rng.standard_normal(n)
    seen, block = X.copy(), [None] * p
    if setting in ("X", "Y"):
        reason = X[:, 7] + (0.8 * (outcome - outcome.mean()) if setting == "Y" else 0.0)
        for place in (0, 2, 4, 6):
            seen[rng.random(n) < expit(-0.75 + reason), place] = np.nan
    elif setting == "B":
        seen[np.ix_(rng.random(n) < expit(X[:, 15]), range(12))] = np.nan
        block = ["panel"] * 12 + [None] * 4
    else:
        first = rng.random(n) < 0.5
        seen[np.ix_(first, range(4, 8))] = np.nan
        seen[np.ix_(~first, range(4))] = np.nan
        block = ["one"] * 4 + ["other"] * 4 + [None] * 4
    names = [f"X{place + 1}" for place in range(p)]
    frame = pd.DataFrame(seen, columns=names).assign(unit=np.arange(n, dtype=np.int64))
    fixed = setting != "Y"
    columns = [
        Column(name, "continuous", block=of, mask_fixed_before_randomisation=fixed)
        for name, of in zip(names, block, strict=True)
    ]
    return World(frame[["unit", *names]], columns, arm, outcome, effect)


def completions(
    world: World, strategy: str, m: int, mode: str = "deployment", **more: Any
) -> list[pd.DataFrame]:
    """Completed frames."""
    settings = Settings(**more)
    given = {"arm": world.arm, "outcome": world.outcome} if mode == "inference" else {}
    return [
        complete(world.frame, world.columns, strategy, mode, k, 1, settings=settings, **given).frame
        for k in range(m)
    ]


def shared_nuisance(
    world: World, frames: list[pd.DataFrame], strategy: str, learner: str = "linear"
) -> pd.DataFrame:
    """One nuisance table from the mean of the completed frames."""
    X, _ = matrix(world.columns, frames)
    models = submodels(X, MINIMUM_PATTERN) if strategy == "blockwise" else []
    settings = {"outcome": learner, "propensity": "design", "trim": None}
    fold = world.folds["fold"].to_numpy()
    unit = world.frame["unit"].to_numpy()
    design = {"probability": 0.5}
    return nuisance(
        unit, X, world.arm, world.outcome, fold, None, design, settings, 1, ("shared",), models=models
    )[0]


def scores(
    world: World,
    strategy: str,
    m: int,
    trees: int,
    learner: str = "linear",
    trained: list[pd.DataFrame] | None = None,
    **more: Any,
) -> Scores:
    """Scores of a route: effects averaged over imputations; `trained` are the frames that trees learn from."""
    frames = completions(world, strategy, m, **more)
    table = shared_nuisance(world, frames, strategy, learner)
    residuals = {name: table[name].to_numpy() for name in ("treatment_residual", "outcome_residual")}
    n, cate = len(world.arm), []
    for k, frame in enumerate(frames):
        X, _, nominal = covariate_codes(frame, world.columns)
        common: dict[str, Any] = residuals | {
            "weight": np.ones(n),
            "cluster": None,
            "in_sample": np.ones(n, dtype=bool),
            "unit": np.arange(n, dtype=np.int64),
            "nominal": nominal,
            "seed": 1,
            "label": ("deployment", k, "all"),
            "first_bag": 0,
            "last_bag": trees // 4 - 1,
            "settings": ENGINE,
        }
        if strategy == "blockwise":
            sums = grow_submodels(submodels(X, MINIMUM_PATTERN), X, **common)
        elif trained is None:
            sums = grow_shard(X, **common)
        else:
            sums = grow_shard(covariate_codes(trained[k], world.columns)[0], evaluated=X, **common)
        cate.append(effects(sums, intervals=False)[0])
    return make_scores(table, np.column_stack(cate), better="higher")


def one_sided(found: Scores, draws: int = 100) -> tuple[float, float]:
    """AUTOC and its standard error."""
    rng = np.random.default_rng(1)
    ranking = evaluate_ranking(found.score, found.priority, found.weight, found.cluster, draws, rng)
    return ranking.autoc, ranking.autoc_se


def average(found: Scores) -> tuple[float, float]:
    """Average effect and its standard error."""
    terms = average_effect(found, "ATE")
    return float(terms.estimate[0]), float(np.sqrt(terms.covariance[0, 0]))


def unfixed(world: World) -> World:
    """The same, with no mask known to have been fixed before randomisation."""
    loose = [replace(column, mask_fixed_before_randomisation=False) for column in world.columns]
    return replace(world, columns=loose)
