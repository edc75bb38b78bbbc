"""Names and ranges of samples and shards."""

from __future__ import annotations

import numpy as np
import pytest
from hetflow.errors import Refused
from hetflow.forest.samples import held_out_sample, sample_names, sequential_sample, units_of
from hetflow.forest.shards import (
    MOST_TREES,
    auto_shard_bags,
    bag_seconds,
    bags_of_shard,
    shard_name,
    shard_names,
    shard_ranges,
)
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(0, 400), st.integers(1, 5), st.integers(1, 90))
def test_shards_cover_every_bag_once_in_order(bags, bag_trees, shard_bags):
    ranges = shard_ranges(bags * bag_trees, bag_trees, shard_bags)
    assert [bag for first, last in ranges for bag in range(first, last + 1)] == list(range(bags))
    names = shard_names(bags * bag_trees, bag_trees, shard_bags)
    assert names == sorted(names)
    assert [bags_of_shard(name) for name in names] == ranges


def test_more_trees_add_shards_and_change_none():
    few, many = shard_names(2000, 4, 100), shard_names(4000, 4, 100)
    assert many[: len(few)] == few
    assert few[0] == "000000-000099"


def test_trees_that_do_not_fill_their_bags_are_refused():
    with pytest.raises(Refused, match="write 104"):
        shard_ranges(102, 4, 10)
    with pytest.raises(Refused, match="at most"):
        shard_ranges(MOST_TREES + 4, 4, 10)


@pytest.mark.parametrize("name", ["0-1", "000003-000001", "000000_000001", "all"])
def test_what_is_no_shard_is_an_error(name):
    with pytest.raises(ValueError, match="not a shard"):
        bags_of_shard(name)
    assert bags_of_shard(shard_name(3, 12)) == (3, 12)


@pytest.mark.parametrize(("units", "covariates"), [(659, 85), (5_000, 50), (100_000, 50), (1_000_000, 20)])
def test_automatic_shards_last_minutes_and_files_stay_few(units, covariates):
    bags = auto_shard_bags(units, covariates, 4)
    seconds = bags * bag_seconds(units, covariates, 4)
    assert 100 <= seconds <= 3600
    assert 300 * units / seconds <= 110_000
    assert auto_shard_bags(units, covariates, 4, samples=8) <= max(1, bags // 8)


def test_automatic_shards_of_a_huge_bag_hold_one():
    assert auto_shard_bags(10**7, 10**4, 100) == 1


def test_samples_of_five_folds():
    assert sample_names(5) == ["all", "not1", "not2", "not3", "not4", "not5", "first1", "first2", "first3"]
    assert sample_names(2) == ["all", "not1", "not2"]


@given(st.integers(2, 9), st.integers(0, 2**16))
def test_a_unit_is_judged_by_a_forest_that_has_not_seen_its_fold(folds, seed):
    fold = np.random.default_rng(seed).integers(1, folds + 1, 40)
    names = sample_names(folds)
    for k in range(1, folds + 1):
        assert held_out_sample(k) in names
        np.testing.assert_array_equal(units_of(held_out_sample(k), fold), fold != k)
        earlier = sequential_sample(k, folds)
        if k == 1:
            assert earlier is None
        else:
            assert earlier in names
            np.testing.assert_array_equal(units_of(earlier, fold), fold < k)


def test_units_of_all_and_of_no_sample():
    assert units_of("all", [1, 2, 3]).all()
    for wrong in ("not", "first0", "last1", "not01x"):
        with pytest.raises(ValueError, match="no forest sample"):
            units_of(wrong, [1, 2])
    with pytest.raises(ValueError, match="at least 2"):
        sample_names(1)
    with pytest.raises(ValueError, match="numbered"):
        held_out_sample(0)
    with pytest.raises(ValueError, match="between"):
        sequential_sample(3, 2)
