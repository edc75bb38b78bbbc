"""Every kernel against its naive twin, on small random inputs with weights, categories, clusters, missing values."""

from __future__ import annotations

import forest_twin as twin
import hetflow.forest.binning as binning
import numpy as np
import pytest
from forest_world import grid_of
from hetflow.forest.binning import Bins, find_bins
from hetflow.forest.components import component_count
from hetflow.forest.histogram_engine import Binned, HistogramEngine, mean_tried
from hetflow.forest.kernels_arms import open_arms
from hetflow.forest.kernels_bag import grow_bag
from hetflow.forest.kernels_bag_arms import grow_bag_arms
from hetflow.forest.kernels_moments import BELOW, node_moments, pseudo_outcomes
from hetflow.forest.kernels_random import choose_halves, poisson, seed_stream, uniform
from hetflow.forest.kernels_split_arms import sorted_along
from hetflow.forest.kernels_sums import leaf_averages
from hetflow.forest.settings import ForestSettings
from hetflow.forest.sums import accumulate, empty_sums
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# The same sums in another order.
CLOSE = 1e-9
ENGINE = HistogramEngine()
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(0, 2**32 - 1)


def started(seed: int, number: int) -> np.ndarray:
    state = np.zeros(1, np.uint64)
    seed_stream(state, np.uint64(seed), number)
    return state


@quick
@given(seed=seeds, number=st.integers(0, 9), mean=st.floats(0.5, 700))
def test_streams_and_poisson_draws(seed, number, mean):
    state, draws = started(seed, number), twin.stream(seed, number)
    assert [uniform(state) for _ in range(5)] == [next(draws) for _ in range(5)]
    assert poisson(state, mean) == twin.poisson(draws, mean)


@quick
@given(seed=seeds, size=st.integers(0, 40), share=st.floats(0, 1))
def test_halves(seed, size, share):
    role, drawn = np.empty(size, np.uint8), int(share * size)
    choose_halves(started(seed, 0), role, size, drawn)
    np.testing.assert_array_equal(role, twin.halves(twin.stream(seed, 0), size, drawn))
    assert np.sum(role == 1) == drawn // 2
    assert np.sum(role == 2) == drawn - drawn // 2


@quick
@given(seed=seeds, weighted=st.booleans())
def test_moments_and_pseudo_outcomes(seed, weighted):
    rng = np.random.default_rng(seed)
    t, y, w = rng.normal(size=12), rng.normal(size=12), rng.integers(0, 3, 12).astype(float) + 0.1
    idx = rng.permutation(12).astype(np.uint32)
    found, values, weights = np.empty(5), np.empty((7, 4)), np.empty(7)
    node_moments(idx, 3, 10, t, y, w, weighted, found)
    chosen = idx[3:10]
    share = w[chosen] if weighted else np.ones(7)
    expected = [np.squeeze(value) for value in twin.moments(t[chosen], y[chosen], share)]
    np.testing.assert_allclose(found, expected, rtol=CLOSE, atol=CLOSE)
    below = pseudo_outcomes(idx, 3, 10, t, y, w, weighted, found, values, weights)
    away = t[chosen] - expected[1]
    rho = away * (y[chosen] - expected[2] - expected[4] / expected[3] * away)
    stacked = np.column_stack([share * rho, share * away, share * away**2, 1 + BELOW * (away < 0)])
    np.testing.assert_allclose(values, stacked, rtol=CLOSE, atol=CLOSE)
    assert below == np.sum(away < 0)


@quick
@given(seed=seeds, weighted=st.booleans(), d=st.integers(1, 4))
def test_moments_and_pseudo_outcomes_of_several_arms(seed, weighted, d):
    rng = np.random.default_rng(seed)
    t, y, w = rng.normal(size=(19, d)), rng.normal(size=19), rng.integers(0, 3, 19).astype(float) + 0.1
    idx = rng.permutation(19).astype(np.uint32)
    found, values, weights, node = (
        np.empty((d, d + 2)),
        np.empty((14, d, 4)),
        np.empty(14),
        np.empty((3, d, 4)),
    )
    limits = np.array([0.0, 0.05, 0.0])
    assert open_arms(idx, 3, 17, t, y, w, weighted, limits, found, values, weights, node)
    chosen = idx[3:17]
    share = w[chosen] if weighted else np.ones(14)
    total, mean, _, squares, products = twin.moments(t[chosen], y[chosen], share)
    inverse = np.linalg.inv(squares)
    expected = np.column_stack([inverse, inverse @ products, mean])
    # The condition of a sum of squares of 14 draws in up to 4 dimensions.
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    away, rho = twin.pseudo_outcomes(t[chosen], y[chosen], share)
    own = share[:, None]
    stacked = np.stack([own * rho, own * away, own * away**2, 1 + BELOW * (away < 0)], axis=2)
    np.testing.assert_allclose(values, stacked, rtol=1e-6, atol=1e-6)
    counts = [np.full(d, 14), np.sum(away < 0, axis=0), np.full(d, total), np.diag(squares)]
    np.testing.assert_allclose(node[0], np.column_stack(counts), rtol=CLOSE, atol=CLOSE)


def test_a_node_that_lacks_an_arm_is_not_split():
    t = np.column_stack([np.tile([0.6, -0.4], 10), np.full(20, -0.3)])
    found, values, weights, node = np.empty((2, 4)), np.empty((20, 2, 4)), np.empty(20), np.empty((3, 2, 4))
    limits, idx = np.array([0.0, 0.05, 0.0]), np.arange(20).astype(np.uint32)
    for contrasts, may in ((t, False), (t[:, ::-1].copy(), False), (t[:, :1].copy(), True)):
        d = contrasts.shape[1]
        own = found[:d, : d + 2].copy(), values[:, :d].copy(), weights, node[:, :d].copy()
        assert open_arms(idx, 0, 20, contrasts, np.arange(20.0), weights, False, limits, *own) == may


@quick
@given(seed=seeds, d=st.integers(1, 5), size=st.integers(2, 9))
def test_categories_are_sorted_along_their_leading_direction(seed, d, size):
    rng = np.random.default_rng(seed)
    histogram, order, mean = np.zeros((256, d, 4)), np.empty(256, np.int64), np.empty(256)
    codes = np.sort(rng.choice(256, size, replace=False))
    units = rng.integers(1, 9, size)
    histogram[codes, :, 0] = rng.normal(size=(size, d))
    histogram[codes, :, 3] = units[:, None]
    occupied = np.zeros(4, np.uint64)
    for code in codes:
        occupied[code // 64] |= np.uint64(1) << np.uint64(code % 64)
    assert sorted_along(histogram, np.zeros(256), occupied, False, order, mean) == size
    sums = histogram[codes, :, 0]
    along = sums @ twin.leading_direction(sums, units) / units
    np.testing.assert_array_equal(order[:size], codes[np.argsort(along, kind="stable")])


def sample(rng, n, p, nominal, missing, weighted, binary, contrasts=0):
    """Bins, residuals and weights of a small study; treatments as a matrix if `contrasts` says how many."""
    X = rng.normal(size=(n, p))
    for j in range(nominal):
        X[:, j] = rng.integers(0, 5, n)
    X[rng.random((n, p)) < missing] = np.nan
    bins = find_bins(X, np.arange(n), np.arange(p) < nominal)
    if contrasts:
        arm = rng.integers(0, contrasts + 1, n)
        t = np.column_stack([(arm == k + 1) - 0.3 for k in range(contrasts)])
        t = t if binary else t + rng.normal(size=t.shape)
        effect = t[:, 0] - t.sum(axis=1)
    else:
        effect = t = rng.integers(0, 2, n) - 0.4 if binary else rng.normal(size=n)
    w = rng.integers(0, 4, n).astype(float) if weighted else np.ones(n)
    return bins, bins.codes(X), t, effect * X[:, -1].round(1) + rng.normal(size=n), w


WORLDS = st.fixed_dictionaries(
    {
        "seed": seeds,
        "p": st.integers(1, 4),
        "nominal": st.integers(0, 1),
        "missing": st.sampled_from([0.0, 0.2]),
        "weighted": st.booleans(),
        "binary": st.booleans(),
        "clusters": st.booleans(),
        "penalty": st.sampled_from([0.0, 0.01]),
        "min_leaf": st.integers(1, 3),
        "depth": st.sampled_from([2, 100]),
        "share_tried": st.sampled_from([0.7, 1.0]),
        "near": st.sampled_from([0, 5, 15, 1000]),
        # 0 is the kernel for two arms, 1 the kernel for several with two.
        "contrasts": st.sampled_from([0, 0, 1, 2, 3]),
    }
)


@settings(quick, max_examples=100)
@given(world=WORLDS)
def test_trees_and_their_leaf_averages(world):
    rng, n = np.random.default_rng(world["seed"]), 90
    kinds = ("p", "nominal", "missing", "weighted", "binary", "contrasts")
    bins, codes, t, y, w = sample(rng, n, *(world[kind] for kind in kinds))
    y[np.isnan(y)] = 0.5
    rows = np.sort(rng.choice(n, 60, replace=False))
    group = rng.integers(0, 9, 60) if world["clusters"] else None
    if group is not None:
        group = np.unique(group, return_inverse=True)[1]
    limits = np.array([world["min_leaf"], 0.05, world["penalty"]])
    tried, share, trees = world["share_tried"] * world["p"], 0.9, 3
    found = (grow_bag if t.ndim == 1 else grow_bag_arms)(
        codes,
        t,
        y,
        w if world["weighted"] else np.empty(0),
        rows,
        np.empty(0, np.int64) if group is None else group,
        0 if group is None else group.max() + 1,
        bins.categories,
        limits,
        world["depth"],
        tried,
        world["near"],
        share,
        trees,
        np.uint64(world["seed"]),
    )
    averages = np.empty((component_count(max(world["contrasts"], 1)), trees, n))
    leaf_averages(*found, codes, np.arange(n), averages)
    for tree in range(trees):
        expected, _ = twin.tree_moments(
            codes,
            bins.categories,
            t,
            y,
            w,
            rows,
            group,
            limits,
            world["depth"],
            tried,
            share,
            world["seed"],
            tree,
        )
        np.testing.assert_allclose(averages[:-1, tree].T, expected, rtol=CLOSE, atol=CLOSE)
    assert np.all(averages[-1] == 1)


@quick
@given(seed=seeds, nominal=st.integers(0, 1), contrasts=st.integers(0, 3))
def test_adding_a_bag_equals_accumulating_its_moments(seed, nominal, contrasts):
    rng = np.random.default_rng(seed)
    bins, codes, t, y, w = sample(rng, 200, 3, nominal, 0.1, True, False, contrasts)
    y[np.isnan(y)] = 0.5
    covariates, half = Binned(bins, codes), np.arange(0, 200, 2)
    bag = ENGINE.grow(covariates, t, y, w, half, ForestSettings(bag_trees=4), seed)
    out = np.setdiff1d(np.arange(200), half)
    grid = grid_of(t, y, 4)
    ours, theirs = empty_sums(np.arange(200), grid, 0), empty_sums(np.arange(200), grid, 0)
    ENGINE.add(ours, bag, covariates, out)
    accumulate(theirs, out, ENGINE.moments(bag, covariates, out))
    for name in ("bags", "first", "tree_products", "bag_products"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)


def test_an_average_beyond_its_bound_is_an_error():
    rng = np.random.default_rng(0)
    bins, codes, t, y, _ = sample(rng, 100, 2, 0, 0, False, True)
    covariates, half = Binned(bins, codes), np.arange(0, 100, 2)
    bag = ENGINE.grow(covariates, t, y, None, half, ForestSettings(), 1)
    sums = empty_sums(np.arange(100), grid_of(t / 100, y / 100, 4), 0)
    with pytest.raises(OverflowError):
        ENGINE.add(sums, bag, covariates, np.arange(1, 100, 2))


@quick
@given(values=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=40), most=st.integers(2, 8))
def test_bins_keep_order_and_are_as_even_as_ties_allow(values, most):
    X = np.array(values)[:, None]
    before, binning.MOST_BINS = binning.MOST_BINS, most
    try:
        bins = find_bins(X, np.arange(len(X)))
        codes = bins.codes(X)[:, 0]
    finally:
        binning.MOST_BINS = before
    order = np.argsort(X[:, 0], kind="stable")
    assert np.all(np.diff(codes[order].astype(int)) >= 0)
    assert codes.min() >= 1
    distinct = len(np.unique(X))
    assert len(np.unique(codes)) <= most
    if distinct <= most:
        assert len(np.unique(codes)) == distinct
    largest = max(np.sum(np.equal(X, value)) for value in X[:, 0])
    assert max(np.sum(codes == code) for code in codes) <= len(X) / most + 1 + largest


def test_missing_values_and_categories_have_codes_of_their_own():
    X = np.array([[np.nan, 2.0], [5.0, np.nan], [7.0, 0.0], [1e9, 254.0]])
    bins = find_bins(X, np.arange(3), np.array([False, True]))
    np.testing.assert_array_equal(bins.codes(X), [[0, 3], [1, 0], [2, 1], [2, 255]])
    assert isinstance(bins, Bins)


def test_covariates_tried_by_default_are_grfs():
    assert mean_tried("auto", 20) == 20
    assert mean_tried(None, 100) == 30
    assert mean_tried("sqrt", 49) == 7
    assert mean_tried(0.3, 20) == 6
    assert mean_tried(3, 20) == 3
