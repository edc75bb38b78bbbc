"""Coverage of every interval of the estimates table, with imputed covariates and known truth.

500 trials of 1,000 units with five imputations, under a constant effect and under 1 + 0.8 X1
(`tests/interval_coverage.py`).
Judged by exact binomial tails with a false alarm of 1e-6 a row. Run with `-s`, all figures are printed.
"""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest
from interval_coverage import coverage
from rates import assert_rate_at_least, detectable_at_least

pytestmark = pytest.mark.verify

REPLICATES, FIRST = 500, 1000
SLOPES = (0.0, 0.8)
LOWEST = 0.93
# An interval that the page calls a description; `hetflow.report.sentences.CALIBRATION_HOLDS` says what was measured.
DESCRIPTIVE = ("calibration", "differential")


@cache
def table(slope: float) -> pd.DataFrame:
    found = coverage(slope, REPLICATES, FIRST)
    print(f"\nslope {slope}\n{found.to_string()}")
    return found


@pytest.mark.parametrize("slope", SLOPES)
def test_every_interval_covers_as_it_says(slope: float) -> None:
    """A coverage of .84 would be seen with probability .9."""
    assert detectable_at_least(REPLICATES, LOWEST) > 0.84
    for row in table(slope).to_dict("records"):
        if (row["estimand"], row["term"]) != DESCRIPTIVE:
            assert row["replicates"] == REPLICATES, row
            assert_rate_at_least(row["covered"], REPLICATES, LOWEST)
