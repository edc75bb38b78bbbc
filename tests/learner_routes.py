"""A small study of every strategy, design and kind of outcome up to what the learners read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from hetflow.cohort.columns import Column
from hetflow.cohort.views import matrix
from hetflow.effects.scores import Scores, make_scores
from hetflow.learners.inputs import learner_inputs
from hetflow.learners.rows import Units
from hetflow.missingness.blockwise import Submodel, submodels
from hetflow.missingness.chained import ChainSettings
from hetflow.missingness.strategies import complete
from hetflow.missingness.task import Settings
from hetflow.nuisance.folds import draw_folds
from hetflow.nuisance.nuisance import nuisance
from hetflow.study.routes import ROUTES
from route_study import UNITS, data

FOLDS = 3
MINIMUM_PATTERN = 100


@dataclass(frozen=True)
class Route:
    """What the learners read and what they are judged by."""

    units: Units
    models: list[Submodel]
    scores: list[Scores]


def columns() -> list[Column]:
    """As the dictionary of `route_study` says."""
    lab = [
        Column(f"lab{k}", "continuous", block="laboratory", mask_fixed_before_randomisation=True)
        for k in range(3)
    ]
    site = Column("site", "nominal", levels=("North", "South"))
    return [Column("age", "continuous"), Column("bmi", "continuous"), site, *lab]


@cache
def route(strategy: str, design: str, kind: str, weighted: bool, clustered: bool) -> Route:
    """Complete, cross-fit, line up: by the stages' own functions."""
    randomised = design == "randomised"
    frame = data()
    arm = frame["arm" if randomised else "chosen"].to_numpy(dtype=np.int8)
    outcome = frame[f"{kind}_{design}"].to_numpy(dtype=float)
    cohort = frame.assign(
        unit=np.arange(UNITS, dtype=np.int64),
        treated=arm,
        cluster=np.arange(UNITS) // 2 if clustered else np.arange(UNITS),
        weight=np.random.default_rng(4).uniform(0.5, 2, UNITS) if weighted else np.ones(UNITS),
        stratum="all",
    )
    keep = ("lab0", "lab1", "lab2") if strategy == "selective" else ()
    settings = Settings(chain=ChainSettings(iterations=1), keep_mask=keep)
    imputations = range(2 if ROUTES[strategy].several else 1)

    def frames(mode: str) -> list[pd.DataFrame]:
        given = {"arm": arm} | ({"outcome": outcome} if mode == "inference" else {})
        return [
            complete(cohort, columns(), strategy, mode, k, 1, settings=settings, **given).frame
            for k in imputations
        ]

    deployment = frames("deployment")
    read = [deployment] if randomised else [[one] for one in frames("inference")]
    nuisances = [_nuisance(cohort, outcome, one, k, randomised, kind, strategy) for k, one in enumerate(read)]
    _, units = learner_inputs(columns(), deployment, nuisances, cohort)
    models = submodels(units.X, MINIMUM_PATTERN) if strategy == "blockwise" else []
    return Route(units, models, [_scores(one, cohort) for one in nuisances])


def _nuisance(
    cohort: pd.DataFrame,
    outcome: np.ndarray,
    frames: list[pd.DataFrame],
    number: int,
    randomised: bool,
    kind: str,
    strategy: str,
) -> pd.DataFrame:
    rows = frames[0]["unit"].to_numpy()
    own = cohort.iloc[rows]
    X, _ = matrix(columns(), frames)
    cluster = own["cluster"].to_numpy()
    fold = draw_folds(cohort["unit"], cohort["treated"], None, cohort["cluster"], FOLDS, 1)[rows]
    settings = {"outcome": "linear", "propensity": "design" if randomised else "linear", "trim": None}
    return nuisance(
        rows,
        X,
        own["treated"],
        outcome[rows],
        fold,
        own["weight"],
        {"probability": 0.5} if randomised else {},
        settings,
        1,
        ("shared" if randomised else number,),
        cluster=None if len(np.unique(cluster)) == len(cluster) else cluster,
        binary=kind == "binary",
        models=submodels(X, MINIMUM_PATTERN) if strategy == "blockwise" else [],
    )[0]


def _scores(table: pd.DataFrame, cohort: pd.DataFrame) -> Scores:
    """Scores whose own effects are one number: no forest is needed to judge the learners."""
    flat = np.full(len(table), 0.5)
    return make_scores(
        table, flat, better="higher", cluster=cohort["cluster"].to_numpy()[table["unit"].to_numpy()]
    )
