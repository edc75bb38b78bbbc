"""The histogram engine against the econml engine and against known effects, on few replicates.

The full comparison, with standard errors, is tests/verify/test_forest_histogram.py.
"""

from __future__ import annotations

import numpy as np
import pytest
from forest_compared import ENGINES, clustered_coverage, compared
from rates import assert_rate_at_least
from scipy.stats import t as student

FALSE_ALARM = 1e-6
# Measured in the full comparison: at most 1.013.
RATIO = 1.02
REPLICATES = 8


@pytest.mark.parametrize("setup", ["B", "D", "null"])
def test_errors_are_no_larger_than_econmls(setup):
    # Claim: the mean error is at most 1.02 times econml's on the same replicates. Student's t of the paired
    # differences: fails falsely with probability below 1e-6 (were they normal); with their standard error of 0.005
    # to 0.02 and 8 replicates a ratio of 1.10 to 1.3 is caught with probability .9.
    errors = compared(setup, 400, REPLICATES, trees=200).errors
    difference = errors[:, ENGINES.index("histogram")] - RATIO * errors[:, ENGINES.index("econml")]
    spread = difference.std(ddof=1) / np.sqrt(REPLICATES)
    assert difference.mean() / spread < student.isf(FALSE_ALARM, REPLICATES - 1)


def test_intervals_hold_under_clusters():
    # Claim: where units of a cluster share a deviation of the effect, intervals from whole clusters cover at least
    # 85 % (measured in the full simulation, which also shows that those that ignore clusters fail). Fails falsely with
    # probability below 1e-6; catches a coverage of .41 or less with probability .9.
    aware, _ = clustered_coverage(replicates=40, seed=1)
    assert_rate_at_least(int(aware.sum()), len(aware), 0.85, FALSE_ALARM)
