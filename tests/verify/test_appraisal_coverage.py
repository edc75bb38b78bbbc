"""Coverage of every interval that appraisals print, with imputed covariates and known truth.

500 data sets of 1,000 units with five imputations of each world of `tests/appraisal_worlds.py`: a trial, the same with
sampling weights, in clusters, with one effect for all, with a binary outcome, and a cohort with a confounder. Judged by
exact binomial tails with a false alarm of 1e-6 an interval. Run with `-s`, all figures are printed.
"""

from __future__ import annotations

import pytest
from appraisal_coverage import coverage
from appraisal_worlds import WORLDS
from rates import assert_rate_at_least, assert_rate_at_most, detectable_at_least

pytestmark = pytest.mark.verify

REPLICATES, FIRST = 500, 1000
LOWEST = 0.93
#: A control, not an interval that is printed of such a study.
CONTROL = "no confounder supposed"
#: Intervals of which the page says that they hold the truth less often, or are descriptions.
SHORT = {"learners: DR_loss_gain": 0.8, "learners: R_loss_gain": 0.8, "learners: calibration_slope": 0.75}


@pytest.mark.parametrize("world", [*WORLDS, "confounded"])
def test_every_interval_covers_as_it_says(world: str) -> None:
    """A coverage of .84 would be seen with probability .9."""
    assert detectable_at_least(REPLICATES, LOWEST) > 0.84
    found = coverage(world, REPLICATES, FIRST)
    print(f"\n{world}\n{found.to_string()}")
    for row in found.to_dict("records"):
        assert row["replicates"] == REPLICATES, row
        if row["interval"] == CONTROL:
            assert_rate_at_most(row["covered"], REPLICATES, 0.1)
        else:
            assert_rate_at_least(row["covered"], REPLICATES, SHORT.get(row["interval"], LOWEST))
