"""Coverage of the intervals of three and four arms, with enough trials to be told apart from a poor one."""

from __future__ import annotations

import numpy as np
import pytest
from arms_world import interval_coverage
from rates import assert_rate_at_least

pytestmark = pytest.mark.verify

REPLICATES = 600
UNITS = {3: 800, 4: 1200}


@pytest.mark.parametrize("arms", [3, 4])
def test_intervals_cover_every_contrast(arms):
    # Claim: at least 92 %. Fails falsely with probability below 1e-6; catches a coverage of .84 or less with
    # probability .9 (rates.detectable_at_least).
    covered, error = interval_coverage(REPLICATES, UNITS[arms], 400, arms, seed=100)
    rates, bias = covered.mean(axis=0), error.mean(axis=0)
    mcse = np.sqrt(rates * (1 - rates) / REPLICATES)
    print(f"{arms} arms: coverage {rates.round(3)} (MCSE {mcse.round(3)}), bias {bias.round(3)}")
    for count in covered.sum(axis=0):
        assert_rate_at_least(int(count), REPLICATES, 0.92)
