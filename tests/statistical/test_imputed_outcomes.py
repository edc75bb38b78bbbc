"""Imputed outcomes and shifts on simulated trials that lose some 30 % of their outcomes; see `lost_outcomes`.

Measured over 1,000 trials of 600 units, 10 imputations (Monte Carlo errors of coverages 0.007): see
tests/verify/test_imputed_outcomes.py, which prints them.
"""

from __future__ import annotations

import numpy as np
import pytest
from hetflow.effects.average import average_effect
from hetflow.effects.shifts import linear_in_shifts
from hetflow.effects.tipping import tipping_table
from lost_outcome_rates import rates, truths
from lost_outcomes import imputed_sets, lost_trial
from rates import assert_rate_at_least, assert_rate_at_most, detectable_at_least, power_at_most

TRIALS, UNITS, IMPUTATIONS, SLOPE = 50, 300, 5, 0.8
SHIFT = (-1.5, 0.5)
# A mean over trials may be off by five Monte Carlo errors (false alarm below 1e-6); the methods claim no bias.
FIVE = 5.0
# Ten per cent is the acceptance figure: a tipping point of an effect of known size, in one large trial.
TENTH = 0.1


@pytest.mark.parametrize("name", ["ATE", "groups", "slope"])
def test_imputed_outcomes_are_unbiased_and_cover(name: str) -> None:
    found = rates(TRIALS, UNITS, IMPUTATIONS, SLOPE)
    error = found.error[name]
    assert abs(error.mean()) < FIVE * error.std(ddof=1) / np.sqrt(TRIALS)
    assert_rate_at_least(int(found.covered[name].sum()), TRIALS, 0.93)
    assert detectable_at_least(TRIALS, 0.93) > 0.6


@pytest.mark.parametrize("name", ["ATE", "groups", "slope"])
def test_planted_shifts_are_undone_by_the_shifts_that_were_planted(name: str) -> None:
    found = rates(TRIALS, UNITS, IMPUTATIONS, SLOPE, SHIFT)
    error = found.error[name]
    assert abs(error.mean()) < FIVE * error.std(ddof=1) / np.sqrt(TRIALS)
    assert_rate_at_least(int(found.covered[name].sum()), TRIALS, 0.93)


def test_without_the_shift_the_average_effect_is_not_covered() -> None:
    """The planted shifts move the average effect by some 0.7, seven standard errors and more: coverage near 0."""
    found = rates(TRIALS, UNITS, IMPUTATIONS, SLOPE, SHIFT)
    assert_rate_at_most(int(found.unshifted["ATE"].sum()), TRIALS, 0.5)
    assert power_at_most(TRIALS, 0.5, 0.93) > 0.9


@pytest.mark.parametrize("arms", ["treated", "control"])
def test_the_tipping_point_recovers_a_planted_shift(arms: str) -> None:
    """Outcomes lost in one arm were shifted until no effect is left: the estimate is zero at the planted shift."""
    alone = {"treated": (1.0, 0.0), "control": (0.0, 1.0)}[arms]
    per_unit = truths(0.0, alone, -1.1)[0] - 1.0
    planted = -1.0 / per_unit
    trial = lost_trial(
        np.random.default_rng(12), n=20_000, slope=0.0, shift=(planted * alone[0], planted * alone[1])
    )
    (linear,) = linear_in_shifts(
        lambda scores, number: [average_effect(scores, "ATE")], imputed_sets(trial, 5, 12)
    )
    table = tipping_table({"ATE": linear}, 1.0, 0.95)
    rows = table[table["arms"] == arms].dropna(subset=["zero"])
    assert len(rows) == 1
    zero, tip = float(rows["zero"].iloc[0]), float(rows["shift"].iloc[0])
    assert abs(zero - planted) < TENTH * abs(planted)
    assert abs(tip - planted) < TENTH * abs(planted)
    assert abs(tip) < abs(zero)
