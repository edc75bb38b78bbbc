"""Whether an analysis that weighs for missing outcomes can be run: asked of the cohort before the first job."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from hetflow.cohort.columns import Column
from hetflow.feasible import feasibility_problems
from hetflow.nuisance.folds import draw_folds

UNITS = 240
COLUMNS = [Column("age", "continuous"), Column("later", "continuous", role="auxiliary", visit=1)]


def _problems(observed: int, section: dict[str, Any], columns: list[Column] = COLUMNS) -> list[str]:
    """What is wrong with a trial in which the first `observed` units have an outcome."""
    rng = np.random.default_rng(1)
    arm = np.arange(UNITS) % 2
    cohort = pd.DataFrame(
        {"unit": np.arange(UNITS), "treated": arm, "cluster": np.arange(UNITS), "weight": 1.0}
        | {"age": rng.normal(size=UNITS), "later": rng.normal(size=UNITS)}
    )
    outcomes = pd.DataFrame({"y": np.where(np.arange(UNITS) < observed, rng.normal(size=UNITS), np.nan)})
    fold = draw_folds(np.arange(UNITS), arm, None, None, 3, 1)
    asked = {
        "outcome": "y",
        "strategy": "complete_case",
        "missing_outcome": section,
        "min_leaf": 5,
        "mean_covariates": "all",
        "held_out": True,
        "covariates": {},
    }
    needs = {"seed": 1, "folds": 3, "probability": 0.5, "analyses": {"primary": asked}}
    return [str(problem) for problem in feasibility_problems(cohort, outcomes, fold, columns, needs)]


def test_a_forest_of_all_units_needs_fewer_observed_outcomes() -> None:
    few = 60
    assert any("forest.min_leaf" in problem for problem in _problems(few, {"strategy": "complete_case"}))
    assert _problems(few, {"strategy": "weighting", "auxiliary": []}) == []


def test_every_fold_needs_an_observed_outcome_in_each_arm() -> None:
    found = _problems(3, {"strategy": "weighting", "auxiliary": []})
    assert any("outcome y: fold" in problem for problem in found)


def test_an_auxiliary_that_the_cohort_left_out_is_refused() -> None:
    section = {"strategy": "weighting", "auxiliary": ["later"]}
    assert _problems(UNITS, section) == []
    assert any("later, which was left out" in problem for problem in _problems(UNITS, section, COLUMNS[:1]))
