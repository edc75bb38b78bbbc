"""Sizes of the printed tests of heterogeneity, and of one that must not be made, by the whole analysis.

Folds, nuisances, forests, merging, scores and estimates run as in a study, on trials of known truth
(`pipeline_null`); tests/verify/test_null_size.py does the same with more replicates. Every assertion fails
falsely with probability below 1e-6. With probability 0.9 a size of .39 or a coverage of .61 is caught (40
replicates), and a power of .11 (10 replicates); the first test asserts these figures. The second shows that
the assertion does fail: ranking by trees that have seen the units rejects always.
"""

from __future__ import annotations

import pytest
from null_trial import Setting
from pipeline_null import LEVEL, Found, in_bag_p, replicate
from rates import (
    assert_rate_at_least,
    assert_rate_at_most,
    detectable_at_least,
    detectable_at_most,
    power_at_most,
)

REPLICATES, VARIED_REPLICATES, IN_BAG_REPLICATES = 40, 10, 8
NULL, VARIED = Setting(), Setting(slope=0.8)


def rejections(rows: list[Found], name: str) -> int:
    return sum(getattr(row, name) < LEVEL for row in rows)


@pytest.fixture(scope="module")
def null() -> list[Found]:
    return [replicate(NULL, number) for number in range(REPLICATES)]


@pytest.fixture(scope="module")
def varied() -> list[Found]:
    return [replicate(VARIED, number) for number in range(VARIED_REPLICATES)]


def test_what_these_tests_can_see() -> None:
    assert detectable_at_most(REPLICATES, LEVEL) < 0.39
    assert detectable_at_least(REPLICATES, 1 - LEVEL) > 0.61
    assert detectable_at_least(VARIED_REPLICATES, 0.9) > 0.11
    assert power_at_most(IN_BAG_REPLICATES, LEVEL, 0.99) > 0.99


def test_ranking_by_trees_that_saw_the_units_is_caught() -> None:
    rejected = sum(in_bag_p(NULL, number) < LEVEL for number in range(IN_BAG_REPLICATES))
    with pytest.raises(AssertionError, match="too many"):
        assert_rate_at_most(rejected, IN_BAG_REPLICATES, LEVEL)


@pytest.mark.parametrize("name", ["autoc_p", "sequential_p", "slope_p", "rule_p"])
def test_size(null: list[Found], name: str) -> None:
    assert_rate_at_most(rejections(null, name), REPLICATES, LEVEL)


@pytest.mark.parametrize("name", ["average", "difference"])
def test_coverage(null: list[Found], name: str) -> None:
    """Of the average effect, and of the difference between the sequential groups."""
    assert_rate_at_least(sum(getattr(row, name) for row in null), REPLICATES, 1 - LEVEL)


@pytest.mark.parametrize("group", [0, 1, 2])
def test_coverage_of_sequential_groups(null: list[Found], group: int) -> None:
    assert_rate_at_least(sum(row.groups[group] for row in null), REPLICATES, 1 - LEVEL)


@pytest.mark.parametrize("name", ["autoc_p", "sequential_p", "slope_p", "rule_p"])
def test_power_where_effects_vary(varied: list[Found], name: str) -> None:
    assert_rate_at_least(rejections(varied, name), VARIED_REPLICATES, 0.9)
