"""What must not change the effects of several arms, and what must, and how."""

from __future__ import annotations

import numpy as np
import pytest
from arms_world import arms_trial
from forest_world import LABEL, assert_same_sums, grow_histogram
from hetflow.errors import Refused
from hetflow.forest.arms import arm_effects
from hetflow.forest.effects import effects
from hetflow.forest.grow import open_forest
from hetflow.forest.histogram_engine import HistogramEngine
from hetflow.forest.settings import ForestSettings
from hetflow.forest.stored import from_arrays, score, store
from hetflow.forest.sums import accumulate, add_all, empty_sums, from_frame

N, SAMPLE, BAGS = 300, 280, 30
# Leaf averages and the fixed-point grid are rounded anew, and a matrix of three rows is inverted for each unit; splits
# tie whatever the rounding.
RELATIVE = 1e-8


@pytest.fixture(scope="module")
def data():
    data = arms_trial(N, arms=3, noise=2.0)
    data.X[::7, 1] = np.nan
    return data


def grow(data, first=0, last=BAGS - 1, **changes):
    return grow_histogram(data, first, last, sample=SAMPLE, **changes)


@pytest.fixture(scope="module")
def whole(data):
    return grow(data)


def assert_close(sums, cate, variance):
    got = arm_effects(sums)
    np.testing.assert_allclose(got[0], cate, rtol=RELATIVE, atol=RELATIVE * np.abs(cate).max())
    np.testing.assert_allclose(got[1], variance, rtol=1e-6, atol=RELATIVE * variance.max())


@pytest.mark.parametrize("threads", [2, 4])
def test_the_same_bits_for_any_number_of_threads_and_shards(data, whole, threads):
    assert_same_sums(grow(data, threads=threads), whole)
    assert_same_sums(add_all([grow(data, 0, 6), grow(data, 7, BAGS - 1)]), whole)


def test_one_column_is_two_arms_bit_for_bit_and_effects_agree(data):
    flat, column = grow(data, treatment_residual=data.treatment[:, 0]), data.treatment[:, :1]
    assert_same_sums(grow(data, treatment_residual=column), flat)
    cate, variance = effects(flat)
    assert_close(flat, cate[:, None], variance[:, None])


def test_the_kernel_for_several_arms_grows_the_trees_of_two(data):
    engine, half = HistogramEngine(), np.arange(0, N, 2)
    covariates, settings = engine.prepare(data.X, np.arange(N)), ForestSettings("histogram")
    treatments = (data.treatment[:, 0].copy(), data.treatment[:, :1].copy())
    bags = [engine.grow(covariates, t, data.outcome, None, half, settings, 5) for t in treatments]
    np.testing.assert_array_equal(bags[0].nodes, bags[1].nodes)
    np.testing.assert_allclose(bags[0].averages, bags[1].averages, rtol=1e-12, atol=1e-12)


def test_permuted_arms_permute_the_contrasts(data, whole):
    cate, variance = arm_effects(whole)
    assert_close(grow(data, treatment_residual=data.treatment[:, ::-1]), cate[:, ::-1], variance[:, ::-1])


def test_contrasts_between_other_arms_follow_by_algebra(data, whole):
    cate, variance = arm_effects(whole)
    contrasts, both = arm_effects(whole, [[-1.0, 1.0], [1.0, 1.0], [2.0, 0.0]])
    np.testing.assert_allclose(contrasts[:, 0], cate[:, 1] - cate[:, 0], rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(contrasts[:, 2], 2 * cate[:, 0], rtol=1e-12)
    np.testing.assert_allclose(both[:, 2], 4 * variance[:, 0], rtol=1e-10)
    assert np.all(both[:, 0] > 0)
    with pytest.raises(Refused, match="leave the reference arm out"):
        arm_effects(whole, [[1.0, 1.0, 1.0]])


def test_another_reference_arm_gives_the_same_effects_from_the_same_trees(data):
    # Splits depend on which arm is the reference (in grf too); what the same trees say does not.
    engine, half, out = HistogramEngine(), np.arange(0, N, 2), np.arange(1, N, 2)
    covariates = engine.prepare(data.X, np.arange(N))
    turned = np.column_stack([-data.treatment.sum(axis=1), data.treatment[:, 1]])
    grid, settings = (
        open_forest(
            data.X, turned, data.outcome, None, None, np.ones(N, bool), 1, LABEL, {"engine": "histogram"}
        ).grid,
        ForestSettings("histogram", max_depth=1, max_features=1),
    )
    first, second = empty_sums(np.arange(N), grid, 0), empty_sums(np.arange(N), grid, 0)
    t = data.treatment
    for number in range(4):
        bag = engine.grow(covariates, t, data.outcome, None, half, settings, number)
        z = engine.moments(bag, covariates, out)
        accumulate(first, out, z)
        accumulate(second, out, reference_turned(z))
    a, b = arm_effects(first), arm_effects(second)
    # The second forest's contrasts are old reference - old first arm, and second - first arm.
    np.testing.assert_allclose(b[0][out, 0], -a[0][out, 0], rtol=RELATIVE, atol=RELATIVE)
    np.testing.assert_allclose(b[0][out, 1], a[0][out, 1] - a[0][out, 0], rtol=RELATIVE, atol=RELATIVE)
    np.testing.assert_allclose(b[1][out, 0], a[1][out, 0], rtol=1e-5)
    between = arm_effects(first, [[-1.0, 1.0]])[1]
    np.testing.assert_allclose(b[1][out, 1], between[out, 0], rtol=1e-5)


def reference_turned(z):
    """Leaf averages of (t1, t2) as those of (-t1 - t2, t2)."""
    a1, a2, y, q11, q12, q22, c1, c2, one = z
    return np.stack([-a1 - a2, a2, y, q11 + 2 * q12 + q22, -q12 - q22, q22, -c1 - c2, c2, one])


@pytest.mark.parametrize("factor", [-0.25, 2.0**40])
def test_effects_scale_with_the_outcome_exactly_by_powers_of_two(data, whole, factor):
    cate, variance = arm_effects(whole)
    got = arm_effects(grow(data, outcome_residual=factor * data.outcome))
    np.testing.assert_array_equal(got[0], factor * cate)
    np.testing.assert_array_equal(got[1], factor**2 * variance)


def test_signs_and_constants(data, whole):
    cate, variance = arm_effects(whole)
    assert_close(grow(data, treatment_residual=-data.treatment), -cate, variance)
    shifted = data.treatment + np.array([0.25, -0.1])
    assert_close(grow(data, outcome_residual=data.outcome + 3.0, treatment_residual=shifted), cate, variance)


def test_increasing_transformations_of_covariates_change_nothing(data, whole):
    assert_same_sums(grow(data, X=np.exp(data.X)), whole)


def test_how_categories_are_numbered_does_not_matter(data):
    nominal = np.array([True, False, False, False])
    level = np.floor(data.X[:, 0] * 6)
    first, second = data.X.copy(), data.X.copy()
    first[:, 0], second[:, 0] = level, (level * 5 + 3) % 6
    a, b = (grow(data, X=X, nominal=nominal) for X in (first, second))
    assert_close(b, *arm_effects(a))


def test_weights_and_clusters(data, whole):
    weight = np.random.default_rng(8).uniform(0.5, 2, N)
    reference = grow(data, weight=weight)
    assert not np.array_equal(reference.first, whole.first)
    assert_close(grow(data, weight=3.0 * weight), *arm_effects(reference))
    assert_same_sums(grow(data, weight=np.full(N, 2.5)), whole)
    sums = grow(data, cluster=np.arange(N) // 6)
    for members in np.split(np.arange(276), 46):
        assert np.ptp(sums.bags[members]) == 0
    assert np.isfinite(np.stack(arm_effects(sums))).all()


def test_tables_and_stored_trees_return_the_sums(data, whole):
    again = from_frame(whole.to_frame())
    assert again.grid == whole.grid
    assert_same_sums(again, whole)
    forest = open_forest(
        data.X,
        data.treatment,
        data.outcome,
        None,
        None,
        np.arange(N) < 280,
        4,
        LABEL,
        {"engine": "histogram"},
    )
    bags = (forest.grow(bag)[0] for bag in range(BAGS))
    stored = store(bags, forest.covariates.bins, forest.grid, 0)
    read = from_arrays(stored.to_arrays(), "trees.npz")
    got = arm_effects(score([read], data.X[280:]))
    np.testing.assert_array_equal(got[0], arm_effects(whole)[0][280:])
    broken = stored.to_arrays() | {"averages": stored.averages[:, :4].copy()}
    with pytest.raises(Refused):
        from_arrays(broken, "trees.npz")


def test_what_cannot_be_done_is_refused_by_name(data):
    with pytest.raises(Refused, match="3 arms"):
        grow(data, settings={"engine": "econml"}, X=np.nan_to_num(data.X))
    constant = data.treatment.copy()
    constant[:, 1] = 0.3
    with pytest.raises(Refused, match="treatment residual 2"):
        grow(data, treatment_residual=constant)
    missing = data.treatment.copy()
    missing[3, 0] = np.nan
    with pytest.raises(Refused, match="treatment residual 1"):
        grow(data, treatment_residual=missing)


def test_arms_that_cannot_be_told_apart_have_no_effect(data):
    twice = np.column_stack([data.treatment[:, 0], 2 * data.treatment[:, 0]])
    cate, variance = arm_effects(grow(data, treatment_residual=twice))
    assert np.isnan(cate).all()
    assert np.isnan(variance).all()
