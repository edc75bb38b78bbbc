"""Fixed-point sums: exact addition, bounds, tables, and memory that does not grow with trees."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from forest_world import LABEL, trial
from hetflow.files import read_table, write_table
from hetflow.forest.fixed import BITS, exponents_above, from_fixed, to_fixed
from hetflow.forest.grow import grow_shard
from hetflow.forest.merge import effects_of_shards
from hetflow.forest.shards import MOST_TREES
from hetflow.forest.sums import Grid, Sums, accumulate, add, add_all, empty_sums, from_frame
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

# Adding 40 shards may hold no more than adding 4, nor growing 24 bags more than 3, but for some small garbage
# that waits for the collector; keeping the trees or the leaf averages of every bag would weigh far more.
MEMORY_SLACK = 1.08


def random_sums(n: int, first_bag: int, bags: int) -> Sums:
    """Sums over random leaf averages; the units are left out by turns."""
    sums = empty_sums(np.arange(n), Grid(4, 0, (2, 2, 0, 0, 1), True), first_bag)
    for bag in range(first_bag, first_bag + bags):
        rng = np.random.default_rng(bag)
        averages = rng.uniform(-0.9, 0.9, (5, 4, (n + 1) // 2))
        averages[4] = 1.0
        sums = accumulate(
            sums, np.arange(bag % 2, n, 2)[: (n + 1) // 2], averages[:, :, : len(range(bag % 2, n, 2))]
        )
    return sums


def arrays(sums: Sums):
    return [sums.unit, sums.bags, sums.first, sums.tree_products, sums.bag_products]


def equal(a: Sums, b: Sums) -> bool:
    same = (np.array_equal(x, y) for x, y in zip(arrays(a), arrays(b), strict=True))
    return all(same) and (a.grid, a.first_bag, a.last_bag) == (b.grid, b.first_bag, b.last_bag)


@given(
    hnp.arrays(np.float64, st.integers(1, 50), elements=st.floats(-1e6, 1e6)),
    st.integers(0, 49),
)
def test_fixed_point_sums_are_the_same_in_any_grouping(values, cut):
    exponent = exponents_above([np.abs(values).max()])
    fixed = to_fixed(values[None, :], exponent)[0]
    cut = min(cut, len(fixed))
    assert fixed.sum() == fixed[:cut].sum() + fixed[cut:].sum() == fixed[::-1].sum()
    back = from_fixed(fixed[None, :], exponent)[0]
    assert np.all(np.abs(back - values) <= 2.0 ** (exponent[0] - BITS - 1))


def test_a_bound_lies_above_its_value_and_what_exceeds_it_is_an_error():
    np.testing.assert_array_equal(exponents_above([0.25, 1.0, 1.5, 0.0]), [-1, 1, 1, 0])
    for wrong in (4.1, np.nan, np.inf):
        with pytest.raises(OverflowError):
            to_fixed(np.array([[wrong]]), np.array([2]))


def test_as_many_trees_as_are_allowed_cannot_overflow():
    assert MOST_TREES * 2**BITS <= 2**62


def test_sums_are_the_sums():
    n, bags = 6, 4
    sums = empty_sums(np.arange(n), Grid(2, 0, (1, 1, 1, 1, 1), True), 0)
    rng = np.random.default_rng(0)
    averages = rng.uniform(-1, 1, (bags, 5, 2, n))
    for bag in averages:
        sums = accumulate(sums, np.arange(n), bag)
    first, tree_products, bag_products = sums.moments()
    tolerance = {"rtol": 0, "atol": bags * 2.0**-40}
    np.testing.assert_allclose(first, averages.sum(axis=(0, 2)), **tolerance)
    for row, (j, k) in enumerate(sums.grid.pairs):
        np.testing.assert_allclose(
            tree_products[row], (averages[:, j] * averages[:, k]).sum((0, 1)), **tolerance
        )
        means = averages.mean(axis=2)
        np.testing.assert_allclose(bag_products[row], (means[:, j] * means[:, k]).sum(0), **tolerance)


def test_adding_is_exact_in_any_grouping_of_adjacent_shards():
    a, b, c = random_sums(7, 0, 3), random_sums(7, 3, 1), random_sums(7, 4, 5)
    assert equal(add(add(a, b), c), add(a, add(b, c)))
    assert equal(add_all([a, b, c]), random_sums(7, 0, 9))


@pytest.mark.parametrize("shards", [[(0, 3), (4, 2)], [(0, 3), (2, 3)], [(3, 2)], [], [(3, 2), (0, 3)]])
def test_shards_that_are_missing_doubled_or_in_disorder_are_an_error(shards):
    with pytest.raises(ValueError, match=r"bag|shard"):
        add_all(random_sums(5, first, bags) for first, bags in shards)


def test_shards_of_another_forest_are_an_error():
    a, b = random_sums(5, 0, 2), random_sums(6, 2, 2)
    with pytest.raises(ValueError, match="not of one forest"):
        add(a, b)


def test_the_table_returns_the_sums(tmp_path):
    sums = random_sums(9, 4, 3)
    frame = sums.to_frame()
    assert frame.columns[0] == "unit"
    assert frame.shape == (9, 47)
    write_table(frame, tmp_path / "shard.parquet", "forest_sums")
    assert equal(from_frame(read_table(tmp_path / "shard.parquet", "forest_sums")), sums)


def test_merging_holds_one_shard_whatever_their_number():
    def peak(shards: int) -> int:
        tracemalloc.start()
        effects_of_shards(random_sums(2000, first, 1).to_frame() for first in range(shards))
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(2)
    assert peak(40) <= MEMORY_SLACK * peak(4)


def test_growing_holds_one_bag_whatever_their_number():
    data = trial(3000, p=1)

    def peak(bags: int) -> int:
        tracemalloc.start()
        grow_shard(
            data.X, data.treatment, data.outcome, None, None, np.ones(3000, bool), 1, LABEL, 0, bags - 1, {}
        )
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(1)
    assert peak(24) <= MEMORY_SLACK * peak(3)
