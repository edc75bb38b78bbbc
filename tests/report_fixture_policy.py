"""The appraisal `policy` of a made-up trial, as the stage leaves it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from hetflow.cohort.columns import Column
from hetflow.effects.policy.appraise import Appraised, appraise
from hetflow.effects.scores import Scores
from policy_world import trial

COLUMNS = [
    Column("x1", "continuous", label="First marker", unit="mg"),
    Column("x2", "continuous", label="Second marker"),
    Column("sex", "binary", label="Sex", levels=("female", "male")),
    Column("site", "nominal", label="Site", levels=("A", "B")),
    Column("published", "continuous", role="auxiliary", label="Published score"),
]
UNITS = 500


def section(**changes: Any) -> dict[str, Any]:
    """The section `policy` with its defaults."""
    rule = {"covariate": None, "column": None, "higher_first": True}
    rules = {
        "marker": rule | {"covariate": "x1"},
        "score": rule | {"column": "published", "higher_first": False},
    }
    default = {
        "rules": rules,
        "covariates": ["sex", "site"],
        "depths": [1, 2],
        "min_leaf": "auto",
        "candidates": 64,
    }
    return default | {"cost": 0.0, "budget": 1.0, "harm": None, "exchange_rate": None} | changes


def settings(randomised: bool = True, better: str = "higher", **changes: Any) -> dict[str, Any]:
    """The stage's slice."""
    shared = {
        "seed": 7,
        "better": better,
        "randomised": randomised,
        "confidence": 0.95,
        "minimum_cell_count": 10,
    }
    more = {"projection": ["x1", "x2"], "ranking_draws": 50, "imputed": False, "harm": None}
    policy = {key: value for key, value in changes.items() if key not in more}
    return (
        shared | more | {key: changes[key] for key in more if key in changes} | {"policy": section(**policy)}
    )


def covariates(X: np.ndarray) -> pd.DataFrame:
    """A completed file, and with a published score that misses nobody a cohort."""
    unit = np.arange(len(X))
    frame = pd.DataFrame({"unit": unit, "x1": X[:, 0], "x2": X[:, 1], "sex": (X[:, 2] > 0).astype(float)})
    frame["site"] = np.where(X[:, 3] > 0, "A", "B")
    return frame


def world(slope: float = 0.5, seed: int = 1, units: int = UNITS) -> tuple[Scores, pd.DataFrame, pd.DataFrame]:
    """Scores, a completed file and the cohort."""
    one = trial(np.random.default_rng(seed), units, slope)
    frame = covariates(one.X)
    return one.scores, frame, frame.assign(published=-one.X[:, 1])


def appraised(slope: float = 0.5, harm: bool = False, **changes: Any) -> Appraised:
    """The appraisal of a made-up trial whose effect rises with two markers."""
    scores, frame, cohort = world(slope)
    second = []
    if harm:
        second = [world(0.1, 2)[0]]
        facts = {"outcome": "pain", "analysis": "pain", "better": "lower", "label": "Pain", "unit": "points"}
        changes |= {"harm": facts | {"kind": "continuous"}}
    return appraise([scores], [frame], COLUMNS, cohort, settings(**changes), second)
