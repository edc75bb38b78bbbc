"""What repeated sample splits leave behind, for the tests of the report: a made-up trial, the stage's own code."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
from hetflow.effects.one_split import evaluate_split
from hetflow.effects.split_tables import facts, split_tables
from hetflow.report.inputs import AppraisalInputs, ReportInputs
from report_fixture import report_inputs
from split_world import SETTINGS, noisy

NAMES = ("Age", "BMI", "Clinic=MN", "Use.Tob", "CRP1")
SECTION = SETTINGS["splits"] | {"learners": ["linear"], "covariates": ["Age"], "leading": 4}


@cache
def split_inputs(
    slope: float = 1.0, n: int = 300, number: int = 5, strategy: str = "regression"
) -> AppraisalInputs:
    """Tables and facts of one learner."""
    trial = noisy(np.random.default_rng(3), n, slope)
    levels = np.isin(NAMES, ("Clinic=MN", "Use.Tob"))
    trial = replace(trial, names=NAMES, values=np.where(levels, trial.X > 0, trial.X))
    settings = SETTINGS | {"splits": SECTION | {"strategy": strategy}}
    parts = pd.concat([evaluate_split(trial, split, ["linear"], 4, 9) for split in range(number)])
    tables = split_tables(parts, trial, pd.DataFrame(), settings)
    return AppraisalInputs(tables, facts(tables, trial, settings))


def with_splits(found: AppraisalInputs, **more: str) -> ReportInputs:
    """The made-up study with splits of its primary analysis."""
    whole = report_inputs(**more)
    held = replace(whole.analyses[whole.primary], appraisals={"splits": found})
    return replace(whole, analyses=dict(whole.analyses) | {whole.primary: held})
