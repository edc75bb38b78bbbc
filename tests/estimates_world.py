"""A trial, its completed covariates and what is asked of them, for tests of the table of estimates."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hetflow.cohort.columns import Column
from hetflow.effects.estimates import Results, estimate_all
from hetflow.effects.scores import Scores
from hetflow.seeds import generator
from score_world import linear_trial

UNITS, IMPUTATIONS = 240, 3
COLUMNS = [
    Column("x1", "continuous"),
    Column("x2", "continuous"),
    Column("site", "nominal", levels=("A", "B", "C")),
]
SETTINGS = {
    "average": ["ATE", "ATT", "ATC", "ATO"],
    "groups": 4,
    "rules": {
        "high x1": {"covariate": "x1", "quantiles": None, "cuts": [0.0], "levels": None},
        "site": {"covariate": "site", "quantiles": None, "cuts": None, "levels": True},
    },
    "projection": ["x1", "site"],
    "ranking_draws": 50,
    "confidence": 0.9,
    "better": "higher",
    "randomised": True,
}


def trial_scores() -> Scores:
    """Effect ``1 + 0.6 x1``."""
    return linear_trial(generator(1, "driver"), UNITS, 0.6)[0]


def trial_completions() -> list[pd.DataFrame]:
    """Imputations in which a third of x1 differs."""
    X = linear_trial(generator(1, "driver"), UNITS, 0.6)[2]
    frames = []
    for k in range(IMPUTATIONS):
        rng = generator(2, "frame", k)
        x1 = np.where(np.arange(UNITS) % 3 == 0, X[:, 0] + 0.5 * rng.normal(size=UNITS), X[:, 0])
        site = np.array(["A", "B", "C"])[np.arange(UNITS) % 3]
        frames.append(pd.DataFrame({"unit": np.arange(UNITS), "x1": x1, "x2": X[:, 1], "site": site}))
    return frames


def run(sets, frames, settings=SETTINGS, **more) -> Results:
    """All estimates."""
    return estimate_all(sets, frames, COLUMNS, settings, 11, "primary", "outcome", **more)
