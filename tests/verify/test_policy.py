"""Sizes of the tests of rankings, and coverage of the gains of policies, at full size; the figures are printed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from policy_world import covered, gains, rankings, trial
from rates import assert_rate_at_least, assert_rate_at_most, detectable_at_least, detectable_at_most

pytestmark = pytest.mark.verify

N, REPLICATES = 500, 1000
#: Estimated standard errors of 200 half-samples, at 500 units.
SLACK = 0.02


@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_size_of_the_tests_of_rankings(slope: float) -> None:
    """Effects all the same; and effects of two markers alike, where the rules by either are equally good."""
    found = pd.concat(
        [rankings(trial(np.random.default_rng((11, r)), N, slope), r) for r in range(REPLICATES)]
    )
    tested = found[found["p"].notna()]
    rates = tested.assign(rejected=tested["p"] < 0.05).groupby(["rule", "against", "basis"])["rejected"].sum()
    print(f"\nslope {slope}, {REPLICATES} replicates\n{(rates / REPLICATES).round(3).to_string()}")
    assert detectable_at_most(REPLICATES, 0.05 + SLACK) < 0.13
    null = rates.index if slope == 0 else [key for key in rates.index if key[:2] == ("x1", "x2")]
    for key in null:
        assert_rate_at_most(int(rates[key]), REPLICATES, 0.05 + SLACK)


@pytest.mark.parametrize("slope", [0.0, 0.3, 0.8])
def test_coverage_of_gains(slope: float) -> None:
    found = pd.concat(
        [gains(trial(np.random.default_rng((12, r)), N, slope), slope, r) for r in range(REPLICATES)]
    )
    found = found.assign(covered=covered(found), error=found["estimate"] - found["truth"])
    groups = found[found["quantity"] != "share"].groupby(["policy", "quantity"])
    table = groups[["truth", "error", "se", "covered"]].mean().assign(sd=groups["error"].std())
    print(f"\nslope {slope}, {REPLICATES} replicates\n{table.round(3).to_string()}")
    assert detectable_at_least(REPLICATES, 0.95 - SLACK) > 0.87
    for rate in table["covered"]:
        assert_rate_at_least(round(rate * REPLICATES), REPLICATES, 0.95 - SLACK)
