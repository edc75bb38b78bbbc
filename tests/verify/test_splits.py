"""Repeated sample splits in full: size, power and coverage of the default settings, and the published example.

Run with `-s`, all rates are printed. A rate of .05 of 500 replicates has a Monte Carlo error of .01.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hetflow.effects.halves import auxiliary_half
from hetflow.effects.one_split import GATES, LAMBDA, LAMBDA_BAR, Trial, _main, evaluate_split
from hetflow.effects.proxies import Half
from hetflow.effects.split_regressions import REGRESSION, best_linear_predictor
from rates import assert_rate_at_least, assert_rate_at_most
from split_rates import LEVEL, split_rates, summary
from split_world import clustered, noisy, published

pytestmark = pytest.mark.verify

REPLICATES, SPLITS = 500, 50
LEARNERS = ("linear", "causal_forest")
NULLS: dict[str, Callable[[np.random.Generator], Trial]] = {
    "400 units": lambda rng: noisy(rng, 400, 0.0),
    "400 units, 30 covariates": lambda rng: noisy(rng, 400, 0.0, 30),
    "400 units, two in three treated": lambda rng: noisy(rng, 400, 0.0, propensity=2 / 3),
    "60 clusters of 8": lambda rng: clustered(rng, 60, 8, 0.5),
}


@pytest.mark.parametrize("world", NULLS)
def test_size_and_coverage(world: str) -> None:
    found = split_rates(NULLS[world], REPLICATES, SPLITS, LEARNERS)
    print(f"\n{world}: {summary(found)}")
    for name in ("slope", "gap"):
        assert_rate_at_most(int((found[name] < LEVEL).sum()), REPLICATES, LEVEL)
    assert_rate_at_least(int(found["covered"].sum()), REPLICATES, 0.95)


def test_size_with_every_learner_to_choose_from() -> None:
    learners = ("linear", "boosting", "forest", "causal_forest")
    found = split_rates(NULLS["400 units"], 100, 20, learners)
    print(f"\nfour learners: {summary(found)}")
    for name in ("slope", "gap"):
        assert_rate_at_most(int((found[name] < LEVEL).sum()), 100, LEVEL)


@pytest.mark.parametrize("slope", [0.25, 0.5, 1.0])
def test_power(slope: float) -> None:
    found = split_rates(lambda rng: noisy(rng, 400, slope), 200, SPLITS, LEARNERS)
    print(f"\nslope {slope}: {summary(found)}")
    if slope == 1.0:
        assert_rate_at_least(int((found["slope"] < LEVEL).sum()), 200, 0.95)


#: As GenericML's README prints it: estimates, and half the widths of the intervals of the splits' level (95 %).
ESTIMATES = {"average": 0.975, "slope": 1.020, "1": -0.452, "2": 0.499, "3": 1.429, "4": 2.410}
SPREADS = {LAMBDA: {"linear": 1.119, "forest": 1.162}, LAMBDA_BAR: {"linear": 2.005, "forest": 2.082}}
HALF_WIDTHS = {"average": 0.081, "slope": 0.0755}
WITHIN = 4
"""Standard deviations between draws within which the published draw must lie; 1 false alarm in 16,000 for each."""


def test_the_published_example() -> None:
    """Its learners are a lasso, ranger with 100 trees and an SVM; ours a ridge of squares and scikit-learn's forest.

    A forest's slope is not compared: leaves of five units shrink effects more than ranger's.
    """
    parts, widths = [], []
    for draw in range(60):
        trial = published(np.random.default_rng([draw, 5]))
        splits = pd.concat([evaluate_split(trial, s, ["linear", "forest"], 4, draw) for s in range(20)])
        parts.append(splits[splits["strategy"] == REGRESSION].assign(draw=draw))
        widths.append(np.median([_plain_widths(trial, s, draw) for s in range(20)], axis=0))
    table = pd.concat(parts)
    table["key"] = np.where(table["estimand"] == GATES, table["group"], table["term"] + table["estimand"])
    table["key"] = table["key"].str.replace("BLP", "")
    medians = table.groupby(["learner", "key", "draw"])["estimate"].median()
    print("\n", medians.groupby(["learner", "key"]).agg(["mean", "std"]).round(3).to_string())
    wanted = [("linear" if k in ("average", "slope") else "forest", k, v) for k, v in ESTIMATES.items()]
    wanted += [(learner, name, v) for name, by in SPREADS.items() for learner, v in by.items()]
    for learner, key, value in wanted:
        ours = medians[learner][key]
        assert abs(value - ours.mean()) < WITHIN * ours.std(), (learner, key)
    for ours, (key, value) in zip(np.array(widths).T, HALF_WIDTHS.items(), strict=True):
        assert abs(value - ours.mean()) < WITHIN * ours.std(), key


def _plain_widths(trial: Trial, split: int, seed: int) -> np.ndarray:
    """Half-widths at 95 % with GenericML's controls, a constant and B alone."""
    learns = auxiliary_half(trial.unit, trial.treated, None, None, seed, split)
    half = Half(
        *(
            trial.unit,
            trial.X,
            trial.treated,
            trial.outcome,
            trial.propensity,
            trial.weight,
            None,
            False,
            learns,
        )
    )
    found = best_linear_predictor(_main(trial, half, "linear", split, seed), REGRESSION, ("baseline",))
    return 1.96 * np.sqrt(np.diag(found.covariance))
