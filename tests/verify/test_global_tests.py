"""Sizes and powers of all global tests of heterogeneity, by the whole analysis; prints them (`-s`).

The counts that the page shows (`hetflow.report.measured_sizes`) were made by this file: the first replicates of each
world must give them again, but for two trials whose p-value lies at the level on another machine. On all replicates,
every test that counts as evidence must hold its size: an assertion fails falsely with probability below 1e-6, and
catches with probability .9 a size of .14 with 400 replicates and of .20 with 150. Repeated sample splits are 15.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from evidence_null import LEVEL, NULLS, TESTS, VARIED, World, replicate
from hetflow.report.measured_sizes import MEASURED
from rates import assert_rate_at_most, detectable_at_most

pytestmark = pytest.mark.verify

REPLICATES = dict.fromkeys(NULLS, 400) | {"many": 150, "missing": 150}
VARIED_REPLICATES = 100
ROUGH = "independence_plain"
"""Not studentised: supposes noise that does not depend on covariates, and is not asked to hold where it does."""
OTHERWISE = 2
"""Trials that may be decided otherwise on another machine."""


def measured(world: World, replicates: int) -> pd.DataFrame:
    """One row a trial, one column a test: whether it rejects."""
    rows = pd.DataFrame([replicate(world, seed) for seed in range(replicates)])
    return (rows < LEVEL)[[name for name in TESTS if name in rows]]


def describe(name: str, found: pd.DataFrame) -> None:
    """Print rates and their Monte Carlo errors."""
    print(f"\n{name}: {len(found)} trials")
    for test, rate in found.mean().items():
        print(f"  {test}: {rate:.3f} ({np.sqrt(rate * (1 - rate) / len(found)):.3f})")


def assert_as_shown(name: str, found: pd.DataFrame) -> None:
    """The page's counts are those of the first replicates."""
    shown = MEASURED[name]
    for test, count in shown.rejected.items():
        again = int(found[test].head(shown.replicates[test]).sum())
        assert abs(again - count) <= OTHERWISE, (name, test, again, count)


def test_what_these_tests_can_see() -> None:
    assert detectable_at_most(400, LEVEL) < 0.14
    assert detectable_at_most(150, LEVEL) < 0.20


@pytest.mark.parametrize("name", list(NULLS))
def test_sizes(name: str) -> None:
    found = measured(NULLS[name], REPLICATES[name])
    describe(name, found)
    assert_as_shown(name, found)
    for test in found:
        if name != "spread" or not str(test).startswith(ROUGH):
            assert_rate_at_most(int(found[test].sum()), len(found), LEVEL)


@pytest.mark.parametrize("name", list(VARIED))
def test_powers(name: str) -> None:
    found = measured(VARIED[name], VARIED_REPLICATES)
    describe(f"varied {name}", found)
    assert_as_shown(f"varied {name}", found)
