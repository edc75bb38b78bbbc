"""An outcome mean that reads indicators of gaps which depend on the outcome loses part of the average effect.

Setting Y at 4,000 units (`outcome_dependent`): the average effect of 1 is off by -0.24 (standard deviation over trials
0.034); with covariates that nobody misses it is not off. Means are allowed five Monte Carlo errors (false alarm 3e-7
one-sided; 6 trials leave the bias a distance of 15).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from outcome_dependent import simulate

TRIALS, UNITS, FIVE = 6, 4000, 5.0
SD = {"with_masks": 0.034, "never_missing": 0.053}
"""Standard deviation of the average effect over 60 trials, more certain than over these."""


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return simulate(UNITS, TRIALS, means=tuple(SD))


def test_indicators_of_gaps_made_by_the_outcome(table: pd.DataFrame) -> None:
    error = table["with_masks.average_error"]
    assert error.mean() + FIVE * SD["with_masks"] / np.sqrt(TRIALS) < -0.1


def test_covariates_without_gaps(table: pd.DataFrame) -> None:
    error = table["never_missing.average_error"]
    assert abs(error.mean()) < FIVE * SD["never_missing"] / np.sqrt(TRIALS)
