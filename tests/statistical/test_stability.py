"""Components of variance against a known truth, and trees that were advised."""

from __future__ import annotations

import numpy as np
from hetflow.effects.components import between, difference, jackknife_variance
from rates import assert_rate_at_least
from stability_world import advised, nested, seed_variances

REPLICATES = 500
#: Nested studies: runs, groups within a run, true component, true noise.
RUNS, GROUPS, COMPONENT, NOISE = 5, 10, 1.0, 0.5


def test_the_method_of_moments_finds_the_component_and_its_bounds_cover_it() -> None:
    """Mean within 5 Monte Carlo errors; 95 % bounds cover at least 93 % (false alarm 1e-6; a coverage of 85 % is caught
    with a power above 0.95)."""
    estimates, covered = [], 0
    for square, noise in nested(REPLICATES, RUNS, GROUPS, COMPONENT, NOISE):
        found = difference(square, RUNS - 1, noise, RUNS * (GROUPS - 1), 0.95)
        estimates.append(square - noise)
        covered += found.lower <= COMPONENT <= found.upper
    error = np.std(estimates) / np.sqrt(REPLICATES)
    assert abs(np.mean(estimates) - COMPONENT) < 5 * error
    assert_rate_at_least(covered, REPLICATES, 0.93)


def test_no_component_is_seldom_shown() -> None:
    """With a true component of 0 the lower bound is 0 in at least 95 % (it is one-sided there: 97.5 %)."""
    zero = [
        difference(square, RUNS - 1, noise, RUNS * (GROUPS - 1), 0.95).lower == 0
        for square, noise in nested(REPLICATES, RUNS, GROUPS, 0.0, NOISE)
    ]
    assert_rate_at_least(sum(zero), REPLICATES, 0.95)


def test_the_seed_s_component_is_what_other_seeds_do() -> None:
    """Variance of AUTOC between 40 forests of other seeds against the mean of their jackknives: a ratio with a
    standard deviation of some 0.25, within a factor of 2.5."""
    across, within = seed_variances(40, 160)
    assert 0.4 < within / across < 2.5


def test_advice_that_was_followed_is_enough() -> None:
    """The error of the advised trees, over 30 other seeds, is at most 1.5 times the permitted one: an error from 30
    seeds has a standard deviation of 13 %, and the advice rests on one of 20 %."""
    found, permitted, trees = advised(30)
    assert trees > 80
    assert found < 1.5 * permitted


def test_jackknife_and_between_agree_on_means() -> None:
    values = np.random.default_rng(3).normal(size=(2000, 10))
    own = [jackknife_variance(row.mean(), (row.sum() - row) / 9, np.ones(10)) for row in values]
    assert abs(np.mean(own) / between(values.mean(axis=1)) - 1) < 0.15  # 4 standard deviations
