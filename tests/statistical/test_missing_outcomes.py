"""Missing outcomes by weighting: right where drop-out depends on what is modelled, wrong where it does not.

The bounds on mean errors are five Monte Carlo standard errors, from the standard deviations below (measured in
`tests/verify/test_missing_outcomes.py`): each fails falsely with probability below 1e-6. The full size, with
coverages and sizes, is there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import observed_world as worlds
import pandas as pd
import pytest
from hetflow.nuisance.folds import draw_folds
from hetflow.nuisance.nuisance import nuisance
from observed_world import Found, World
from rates import assert_rate_at_least, power_at_least
from statsmodels.api import OLS, Logit, add_constant

ACTG175 = Path(__file__).resolve().parents[2] / "workflow" / "resources" / "actg175" / "actg175.csv"

REPLICATES, UNITS = 16, 1000
ERRORS = 5
#: Standard deviations of an estimate at 1,000 units, rounded up.
SPREAD = {"ATE": 0.11, "ATT": 0.12, "ATC": 0.12, "ATO": 0.11, "contrast": 0.22, "slope": 0.13}
COVERAGE = 0.95


def _bound(name: str, replicates: int) -> float:
    return ERRORS * SPREAD[name] / np.sqrt(replicates)


def _found(
    make: Callable[..., World], replicates: int, strategy: str = "weighting", **options: bool
) -> Found:
    rows = []
    for number in range(replicates):
        world = make(np.random.default_rng([41, number]))
        rows.append(worlds.read(world, *worlds.scores_of(world, strategy, seed=number, **options)))
    return worlds.gathered(rows)


def test_every_average_and_contrast_is_that_of_all_units() -> None:
    """Drop-out by x1, the other way round in each arm. The difference of the means of those observed is off by .88.

    Power: an error of that size lies above 25 standard errors. Coverage of 0.4 is caught with probability above 0.8.
    """
    found = _found(lambda rng: worlds.by_arm(rng, UNITS), REPLICATES)
    for name in SPREAD:
        assert abs(found.bias(name)) < _bound(name, REPLICATES), name
        assert_rate_at_least(found.covered(name), REPLICATES, COVERAGE)
    assert power_at_least(REPLICATES, COVERAGE, 0.4) > 0.8
    raw = [
        worlds.unadjusted(worlds.by_arm(np.random.default_rng([41, i]), UNITS))[0] for i in range(REPLICATES)
    ]
    assert np.mean(raw) - worlds.EFFECT > 0.5
    lost = _found(lambda rng: worlds.by_arm(rng, UNITS), REPLICATES, "complete_case")
    assert (
        lost.bias("contrast") < -0.1
    )  # measured -.23; weighting's bound is wider, so they are compared in verify


def test_drop_out_by_what_was_recorded_after_treatment_began() -> None:
    """With the auxiliary the error is chance; without it -.74, some 20 standard errors."""
    replicates = 8
    right = _found(lambda rng: worlds.by_auxiliary(rng, UNITS), replicates)
    wrong = _found(lambda rng: worlds.by_auxiliary(rng, UNITS), replicates, auxiliary=False)
    assert abs(right.bias("ATE")) < _bound("ATE", replicates)
    assert wrong.bias("ATE") < -0.5


@pytest.mark.parametrize("make", [worlds.observational, worlds.clustered])
def test_cohorts_and_weighted_clusters(make: Callable[..., World]) -> None:
    """Estimated propensities at 2,000 units; 150 clusters of 8 with sample weights. Bounds are for 1,000 units."""
    replicates = 8
    found = _found(make, replicates)
    assert abs(found.bias("ATE")) < 1.5 * _bound("ATE", replicates)  # clusters raise the spread by some half
    assert_rate_at_least(found.covered("ATE"), replicates, COVERAGE)


def test_actg175_at_96_weeks_agrees_with_plain_regressions() -> None:
    """Means of all by arm, against logistic and least-squares regressions by arm without cross-fitting.

    Within half a standard error of an arm's mean (8 and 5 cells/mm3); the means of those observed are more than one
    off.
    """
    data = pd.read_csv(ACTG175)
    treated, outcome = (data["arms"] > 0).to_numpy().astype(int), data["cd496"].to_numpy(dtype=float)
    names = ["age", "wtkg", "hemo", "homo", "drugs", "karnof", "oprior", "z30", "preanti", "race", "gender"]
    names += ["str2", "symptom", "cd40", "cd80"]
    X, later = data[names].to_numpy(dtype=float), data[["cd420"]].to_numpy(dtype=float)
    _, facts = nuisance(
        data["pidnum"],
        X,
        treated,
        outcome,
        draw_folds(data["pidnum"], treated, None, None, 5, 1),
        None,
        {"probability": 0.75},
        {"outcome": "linear", "propensity": "design", "trim": None},
        1,
        ("shared",),
        missing_outcome=worlds.WEIGHTING | {"auxiliary": ["cd420"]},
        auxiliary=later,
    )
    for row, tolerance in zip(facts["observation"]["arms"], (4.0, 2.5), strict=True):
        rows = treated == (row["arm"] == "treated")
        Z, y = add_constant(np.hstack([X, later])[rows]), outcome[rows]
        seen = np.isfinite(y)
        p = Logit(seen.astype(float), Z).fit(disp=0).predict(Z)
        q = OLS(y[seen], Z[seen]).fit().predict(Z)
        assert abs(row["mean_completed"] - (q + np.where(seen, y - q, 0) / p).mean()) < tolerance
        assert row["mean_observed"] - row["mean_completed"] > tolerance
