"""What must not change the histogram engine's effects, and what must, and how."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from forest_world import ARRAYS, LABEL, assert_same_sums, grow_histogram, trial
from hetflow.forest.bags import Label, half_sample, pool_of
from hetflow.forest.effects import effects
from hetflow.forest.histogram_engine import HistogramEngine
from hetflow.forest.settings import ForestSettings
from hetflow.forest.sums import add_all

N, SAMPLE, BAGS = 240, 220, 40
# Leaf averages and the fixed-point grid are rounded anew; splits tie whatever the rounding.
RELATIVE = 1e-9


@pytest.fixture(scope="module")
def data():
    data = trial(N, noise=2.0)
    data.X[::7, 1] = np.nan
    return data


def grow(data, first=0, last=BAGS - 1, **changes):
    return grow_histogram(data, first, last, sample=SAMPLE, **changes)


@pytest.fixture(scope="module")
def whole(data):
    return grow(data)


def assert_close(sums, cate, variance):
    got = effects(sums)
    np.testing.assert_allclose(got[0], cate, rtol=RELATIVE, atol=RELATIVE * np.abs(cate).max())
    np.testing.assert_allclose(got[1], variance, rtol=1e-6, atol=RELATIVE * variance.max())


@pytest.mark.parametrize("threads", [2, 4])
def test_the_same_bits_for_any_number_of_threads(data, whole, threads):
    assert_same_sums(grow(data, threads=threads), whole)


@pytest.mark.parametrize("cuts", [(0, 20, 40), (0, 1, 7, 40)])
def test_the_same_bits_whatever_the_shards(data, whole, cuts):
    shards = [grow(data, first, last - 1) for first, last in pairwise(cuts)]
    assert_same_sums(add_all(shards), whole)


@pytest.mark.parametrize("factor", [2.0**-30, -0.25, -1.0, 2.0**40])
def test_effects_scale_with_the_outcome_exactly_by_powers_of_two(data, whole, factor):
    cate, variance = effects(whole)
    got = effects(grow(data, outcome_residual=factor * data.outcome))
    np.testing.assert_array_equal(got[0], factor * cate)
    np.testing.assert_array_equal(got[1], factor**2 * variance)


@pytest.mark.parametrize("factor", [3.7, -0.21, 1e-9, 1e12])
def test_effects_scale_with_the_outcome_by_other_factors(data, whole, factor):
    cate, variance = effects(whole)
    assert_close(grow(data, outcome_residual=factor * data.outcome), factor * cate, factor**2 * variance)


def test_swapped_arms_turn_the_sign(data, whole):
    cate, variance = effects(whole)
    assert_close(grow(data, treatment_residual=-data.treatment), -cate, variance)


def test_constants_added_to_the_residuals_change_nothing(data, whole):
    cate, variance = effects(whole)
    shifted = grow(data, outcome_residual=data.outcome + 3.0, treatment_residual=data.treatment + 0.25)
    assert_close(shifted, cate, variance)


@pytest.mark.parametrize("transform", [np.exp, lambda x: 5 * x - 2, lambda x: x**3, np.arctan])
def test_increasing_transformations_of_covariates_change_nothing(data, whole, transform):
    assert_same_sums(grow(data, X=transform(data.X)), whole)


def test_the_order_of_rows_does_not_matter_where_the_draws_are_the_same(data):
    half = half_sample(pool_of(np.ones(N, bool), None), 4, Label(*LABEL), 0)
    order = np.random.default_rng(1).permutation(N)
    moved, engine, settings = np.argsort(order)[half], HistogramEngine(), ForestSettings("histogram")
    plain, permuted = (
        engine.prepare(X, np.arange(N), None) for X in (data.X, np.ascontiguousarray(data.X[order]))
    )
    bag = engine.grow(plain, data.treatment, data.outcome, None, half, settings, 5)
    other = engine.grow(permuted, data.treatment[order], data.outcome[order], None, moved, settings, 5)
    np.testing.assert_array_equal(
        engine.moments(other, permuted, np.arange(N)), engine.moments(bag, plain, np.arange(N))[:, :, order]
    )


def test_how_categories_are_numbered_does_not_matter_but_for_ties(data):
    # Splits tie by number only where two categories have the same mean pseudo-outcome.
    nominal = np.array([True, False, False, False])
    level = np.floor(data.X[:, 0] * 6)
    first, second = data.X.copy(), data.X.copy()
    first[:, 0], second[:, 0] = level, (level * 5 + 3) % 6
    a, b = (grow(data, X=X, nominal=nominal) for X in (first, second))
    assert_close(b, *effects(a))


def test_units_outside_the_sample_have_no_say(data, whole):
    changed = data.X.copy()
    changed[220:] = 0.1
    treatment, outcome = data.treatment.copy(), data.outcome.copy()
    treatment[220:], outcome[220:] = np.nan, np.nan
    got = grow(data, X=changed, treatment_residual=treatment, outcome_residual=outcome)
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(got, name)[..., :220], getattr(whole, name)[..., :220])


def test_a_common_factor_of_the_weights_changes_nothing_and_weights_do_not_enter_the_drawing(data, whole):
    weight = np.random.default_rng(8).uniform(0.5, 2, N)
    reference = grow(data, weight=weight)
    assert not np.array_equal(reference.first, whole.first)
    np.testing.assert_array_equal(reference.bags, whole.bags)
    assert_close(grow(data, weight=3.0 * weight), *effects(reference))
    assert_same_sums(grow(data, weight=np.full(N, 2.5)), whole)


def test_units_of_weight_zero_are_as_good_as_absent_from_the_leaves(data):
    weight = np.ones(N)
    weight[:40] = 0
    outcome = data.outcome.copy()
    outcome[:40] *= -7
    a, b = grow(data, weight=weight), grow(data, weight=weight, outcome_residual=outcome)
    exact = effects(a)
    scaled = effects(b)
    np.testing.assert_allclose(scaled[0], exact[0], rtol=RELATIVE, atol=RELATIVE)


def test_clusters_are_drawn_whole_and_their_intervals_are_given(data):
    cluster = np.arange(N) // 6
    sums = grow(data, cluster=cluster)
    for members in np.split(np.arange(216), 36):
        assert np.ptp(sums.bags[members]) == 0
    cate, variance = effects(sums)
    assert np.isfinite(cate).all()
    assert np.isfinite(variance).all()
    assert not np.array_equal(grow(data, cluster=np.arange(N) // 3).first, sums.first)


def test_settings_reach_the_trees(data, whole):
    changes = [{"min_leaf": 12}, {"max_depth": 1}, {"max_features": 0.3}, {"min_balancedness": 0.1}]
    for section in [*changes, {"imbalance_penalty": 0.5}]:
        assert not np.array_equal(
            grow(data, settings={"engine": "histogram"} | section).first, whole.first
        ), section
