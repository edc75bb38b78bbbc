"""Tests of MCAR see departures and no structure; tests/verify/test_mcar.py gives sizes and powers.

Ten tables a world. Sizes by exact binomial tails, false alarm 1e-6; a size of .85 is caught with probability .9. Powers
of at least .9, false alarm 1e-3; a power of .25 is caught with probability .9.
"""

from __future__ import annotations

from mcar_tests import p_values
from rates import assert_rate_at_least, assert_rate_at_most, power_at_least, power_at_most

REPLICATES, PERMUTATIONS = 10, 99
LEVEL, POWER, FALSE_ALARM = 0.05, 0.9, 1e-3


def rejected(world: str) -> dict[str, int]:
    return {
        name: int(count)
        for name, count in (p_values(world, REPLICATES, permutations=PERMUTATIONS) < LEVEL).sum().items()
    }


def test_what_these_tests_can_see() -> None:
    assert power_at_most(REPLICATES, LEVEL, 0.85) > 0.9
    assert power_at_least(REPLICATES, POWER, 0.25, FALSE_ALARM) > 0.9


def test_structure_is_no_departure() -> None:
    for count in rejected("structured").values():
        assert_rate_at_most(count, REPLICATES, LEVEL)


def test_departures_of_means_and_of_spread() -> None:
    for count in rejected("mean").values():
        assert_rate_at_least(count, REPLICATES, POWER, FALSE_ALARM)
    spread = rejected("variance")
    assert_rate_at_least(spread["projection"], REPLICATES, POWER, FALSE_ALARM)
    assert spread["little"] < spread["projection"], "Little's test reads means only"
