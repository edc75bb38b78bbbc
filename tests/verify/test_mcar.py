"""Sizes and powers of the tests of MCAR at 500 units: Little's, and classification in random projections.

Five hundred tables a null: a size of 5 % has a Monte Carlo error of .0097, and lies outside .02 to .08 with probability
.003. Run with `-s`, all rates are printed (docs/validation.md).
"""

from __future__ import annotations

from functools import cache

import pytest
from mcar_tests import NULLS, p_values

pytestmark = pytest.mark.verify

REPLICATES, POWER_REPLICATES, FIRST, LEVEL = 500, 100, 1000, 0.05
LOWEST, HIGHEST, POWER = 0.02, 0.08, 0.9
BLIND = 0.4
"""Power of Little's test against missingness that leaves means alone is below this: the negative control."""


@cache
def rates(world: str) -> dict[str, float]:
    found = p_values(world, REPLICATES if world in NULLS else POWER_REPLICATES, FIRST)
    share = (found < LEVEL).mean()
    print(f"\n{world}: {share.round(3).to_dict()}")
    return {str(name): float(value) for name, value in share.items()}


@pytest.mark.parametrize("test", ["little", "projection"])
@pytest.mark.parametrize("world", NULLS)
def test_sizes(world: str, test: str) -> None:
    """Little's assumes normal means of patterns: with log-normal values its size may be too small, not too large."""
    assert rates(world)[test] <= HIGHEST
    if (world, test) != ("lognormal", "little"):
        assert rates(world)[test] >= LOWEST


def test_powers() -> None:
    assert rates("mean")["little"] >= POWER
    assert rates("mean")["projection"] >= POWER
    assert rates("variance")["projection"] >= POWER
    assert rates("variance")["little"] < BLIND
