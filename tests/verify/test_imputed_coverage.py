"""Coverage of intervals pooled over ten imputations by arm, in full, and of the control that ignores arms.

500 studies of 1,000 units a design. That coverage lies between .925 and .975 is refuted by an exact binomial tail below
1e-3 on either side; a coverage of .865 is then caught with probability .9 (asserted). Biases below .03 are allowed five
Monte Carlo errors. Run with `-s`, all figures are printed (docs/validation.md).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from imputed_coverage import DESIGNS, ROUTES, TARGETS, simulate
from rates import assert_rate_at_least, assert_rate_at_most, detectable_at_least

pytestmark = pytest.mark.verify

REPLICATES, FIRST = 500, 1000
LOWEST, HIGHEST, BIAS, CONTROL = 0.925, 0.975, 0.03, 0.85
FALSE_ALARM = 1e-3


@cache
def table(name: str) -> pd.DataFrame:
    found = simulate(DESIGNS[name], REPLICATES, FIRST)
    for route in ROUTES:
        for target in TARGETS:
            error = found[f"{route}.{target}.error"]
            print(
                f"\n{name} {route} {target}: {error.mean():+.3f} ({error.std() / np.sqrt(REPLICATES):.3f}) "
                f"covered {found[f'{route}.{target}.covered'].mean():.3f}",
                end="",
            )
    return found


def test_what_this_can_see() -> None:
    assert detectable_at_least(REPLICATES, LOWEST, false_alarm=FALSE_ALARM) > 0.865


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", DESIGNS)
def test_by_arm_with_the_outcome_covers(name: str, target: str) -> None:
    covered = int(table(name)[f"by_arm.{target}.covered"].sum())
    assert_rate_at_least(covered, REPLICATES, LOWEST, FALSE_ALARM)
    assert_rate_at_most(covered, REPLICATES, HIGHEST, FALSE_ALARM)
    error = table(name)[f"by_arm.{target}.error"]
    assert abs(error.mean()) < BIAS + 5 * error.std() / np.sqrt(REPLICATES)


@pytest.mark.parametrize("name", DESIGNS)
def test_imputation_over_both_arms_does_not(name: str) -> None:
    assert table(name)["main_effects.A:X1.covered"].mean() < CONTROL
