"""Out-of-bag effects and their intervals against a known truth, in simulated trials."""

from __future__ import annotations

import numpy as np
import pytest
from forest_world import LABEL, trial
from hetflow.forest.effects import effects
from hetflow.forest.grow import grow_shard
from rates import assert_rate_at_least
from scipy.stats import chi2

TRIALS = 40
UNITS = 300
BAGS = 40
FALSE_ALARM = 1e-6
Z = 1.96


@pytest.fixture(scope="module")
def trials():
    """Effect, variance and truth of two fixed points in each trial: one out of bag, one out of the sample."""
    rows = []
    for number in range(TRIALS):
        data = trial(UNITS + 1, p=3, seed=1000 + number, slope=1.0)
        data.X[[0, UNITS]] = 0.5
        effect = 1 + (data.X[:, 0] - 0.5)
        outcome = data.outcome + data.treatment * (effect - data.effect)
        sample = np.arange(UNITS + 1) < UNITS
        sums = grow_shard(data.X, data.treatment, outcome, None, None, sample, number, LABEL, 0, BAGS - 1, {})
        cate, variance = effects(sums)
        rows.append([cate[[0, UNITS]], variance[[0, UNITS]], effect[[0, UNITS]]])
    return np.array(rows)


@pytest.mark.parametrize("point", [0, 1], ids=["out_of_bag", "out_of_sample"])
def test_intervals_cover_the_truth(trials, point):
    # Claim: nominal 95 % intervals cover at least 85 % at an interior point. Fails falsely with probability
    # below 1e-6; catches a coverage of .41 or less with probability .9 (rates.detectable_at_least). The check
    # with sharper power is tests/verify/test_forest_coverage.py.
    cate, variance, truth = trials[:, 0, point], trials[:, 1, point], trials[:, 2, point]
    covered = int(np.sum(np.abs(cate - truth) < Z * np.sqrt(variance)))
    assert_rate_at_least(covered, TRIALS, 0.85, FALSE_ALARM)


@pytest.mark.parametrize("point", [0, 1], ids=["out_of_bag", "out_of_sample"])
def test_the_mean_variance_is_of_the_size_of_the_variance_over_trials(trials, point):
    # Claim: the variance over trials lies between a third of the mean estimated variance and 1.5 times it
    # (the debiasing errs upwards with few bags). The chi-squared tails of 40 normal draws: fails falsely
    # with probability below 2e-6; catches with probability .9 estimates too small by a factor of 5.1 or
    # too large by 15.
    cate, variance = trials[:, 0, point], trials[:, 1, point]
    ratio, freedom = np.var(cate, ddof=1) / variance.mean(), TRIALS - 1
    assert ratio < 1.5 * chi2.isf(FALSE_ALARM, freedom) / freedom
    assert ratio > chi2.ppf(FALSE_ALARM, freedom) / freedom / 3


def test_effects_beat_the_constant_effect_where_there_is_heterogeneity():
    # Claim: with a slope of 3 in 300 units, in at least 9 trials of 10 the out-of-bag effects lie nearer
    # to the truth than the best constant does. Fails falsely with probability below 1e-6 (fewer than 4 of
    # 12); a forest without information, which the best constant always beats, is caught surely.
    wins = 0
    for number in range(12):
        data = trial(UNITS, p=3, seed=number, slope=3.0)
        sums = grow_shard(
            data.X, data.treatment, data.outcome, None, None, np.ones(UNITS, bool), number, LABEL, 0, 19, {}
        )
        error = np.sqrt(np.mean((effects(sums)[0] - data.effect) ** 2))
        wins += int(error < data.effect.std())
    assert_rate_at_least(wins, 12, 0.9, FALSE_ALARM)
