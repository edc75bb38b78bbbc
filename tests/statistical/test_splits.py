"""Repeated sample splits: size under the null, power, and the published example, on a small scale.

The full-size simulation is `tests/verify/test_splits.py`. Rates are judged with a false-alarm rate of 1e-6.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from hetflow.effects.one_split import AVERAGE, GATES, SLOPE, evaluate_split
from rates import assert_rate_at_least, assert_rate_at_most, detectable_at_most
from split_rates import LEVEL, split_rates
from split_world import noisy, published

LEARNERS = ("linear", "causal_forest")
NULL, SPLITS = 24, 5


@cache
def null() -> pd.DataFrame:
    return split_rates(lambda rng: noisy(rng, 300, 0.0), NULL, SPLITS, LEARNERS)


def test_without_heterogeneity_the_slope_and_the_gap_are_seldom_found() -> None:
    """A rate of a half would be found with power .9; `make verify` is sharper."""
    for name in ("slope", "gap"):
        assert_rate_at_most(int((null()[name] < LEVEL).sum()), NULL, LEVEL)
    assert detectable_at_most(NULL, LEVEL) < 0.55


def test_the_average_effect_is_covered() -> None:
    assert_rate_at_least(int(null()["covered"].sum()), NULL, 0.95)


def test_heterogeneity_is_found() -> None:
    """Effect 1 + x1 in 300 units and unit noise: a slope is found in nearly every trial."""
    found = split_rates(lambda rng: noisy(rng, 300, 1.0), 8, SPLITS, LEARNERS)
    assert_rate_at_least(int((found["slope"] < LEVEL).sum()), 8, 0.9)


#: What GenericML prints for its example (README of the package), regression strategy, 1,000 splits. Its draw of 1,000
#: units cannot be repeated, so that it must lie among the medians of ours.
PUBLISHED = {"average": 0.975, "slope": 1.020, "1": -0.452, "2": 0.499, "3": 1.429, "4": 2.410}
#: Of the population: effects 2 z1 - 1 + 2 {z2 >= 1/2} are uniform on (-1, 3).
TRUTH = {"average": 1.0, "slope": 1.0, "1": -0.5, "2": 0.5, "3": 1.5, "4": 2.5}
#: Standard deviations between draws of the median over splits (24 draws, 10 splits, ridge regression), rounded up.
BETWEEN = {"average": 0.05, "slope": 0.02, "1": 0.05, "2": 0.07, "3": 0.08, "4": 0.06}
DRAWS = 8
#: The published draw beside the mean of ours: five standard deviations of its distance.
REACH = 5 * np.sqrt(1 + 1 / DRAWS)
#: Quarters by a ridge of squares are blurred where the effect jumps: by so much at most, beside the population's.
BLURRED = 0.2


def test_the_published_example_lies_among_ours() -> None:
    parts = []
    for draw in range(DRAWS):
        trial = published(np.random.default_rng([draw, 5]))
        splits = pd.concat([evaluate_split(trial, split, ["linear"], 4, draw) for split in range(6)])
        parts.append(splits[splits["strategy"] == "regression"].assign(draw=draw))
    table = pd.concat(parts)
    table["key"] = np.where(table["estimand"] == GATES, table["group"], table["term"])
    held = table[(table["estimand"] == GATES) | table["term"].isin((AVERAGE, SLOPE))]
    medians = held.groupby(["key", "draw"])["estimate"].median().groupby("key").mean()
    for key, value in PUBLISHED.items():
        assert abs(medians[key] - value) < REACH * BETWEEN[key], key
        allowed = 0 if key in ("average", "slope") else BLURRED
        assert abs(medians[key] - TRUTH[key]) < allowed + 5 * BETWEEN[key] / np.sqrt(DRAWS), key
