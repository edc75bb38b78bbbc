"""The rule for imputed covariates holds its sizes where breaking it finds heterogeneity that is not there.

Setting S (`leak_settings`) under a constant effect: half of X1 is missing and the outcome nearly reveals it. The same
trials are analysed by the rule, and with inference-mode covariates in the forest, the nuisance and the score. Measured
over 136 trials (docs/validation.md) the rule rejects in .00 to .02, the broken rule in .4 to .6.

Sizes by exact binomial tails, false alarm 1e-6 each. The paired difference is allowed four standard errors (false alarm
3e-5); against what was measured its power is 0.97.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from leak_settings import SETTINGS
from leak_simulation import LEVEL, simulate
from rates import FALSE_ALARM, assert_rate_at_least, assert_rate_at_most, power_at_most, tail_above

REPLICATES = 24
IMPUTATIONS = 3
FOUR = 4.0
TESTS = ("autoc_p", "slope_p", "groups_p")


@pytest.fixture(scope="module")
def null() -> pd.DataFrame:
    return simulate(SETTINGS["S"], 0.0, REPLICATES, routes=("R", "b_avg"), imputations=IMPUTATIONS)


def test_what_the_sizes_can_see() -> None:
    """With so few trials only gross violations; tests/verify/test_leak_settings.py sees finer ones."""
    assert power_at_most(REPLICATES, LEVEL, 0.6) > 0.9


@pytest.mark.parametrize("name", TESTS)
def test_sizes_under_the_rule(null: pd.DataFrame, name: str) -> None:
    assert_rate_at_most(int((null[f"R.{name}"] < LEVEL).sum()), REPLICATES, LEVEL)


def test_a_broken_rule_invents_heterogeneity(null: pd.DataFrame) -> None:
    """Some 0.8 is added to the difference between the outer quarters; its standard deviation is 0.6 a trial."""
    added = null["b_avg.groups_error"] - null["R.groups_error"]
    assert added.mean() > FOUR * added.std() / np.sqrt(REPLICATES)
    rejected = sum(int((null[f"b_avg.{name}"] < LEVEL).sum()) for name in TESTS)
    assert rejected > sum(int((null[f"R.{name}"] < LEVEL).sum()) for name in TESTS)


@pytest.mark.parametrize("what", ["R.average_covered", "R.projection_covered", "R.rule_covered"])
def test_coverage_under_the_rule(null: pd.DataFrame, what: str) -> None:
    assert_rate_at_least(int(null[what].sum()), REPLICATES, 0.93)


def test_false_alarm_is_what_is_said() -> None:
    assert tail_above(REPLICATES, REPLICATES, LEVEL) < FALSE_ALARM
