"""Effects and variances against econml itself, against the formula written out, and against closed forms."""

from __future__ import annotations

from math import erfc

import numpy as np
import pytest
from econml.grf import CausalForest
from forest_world import LABEL, grid_of, sums_of_trees, trial
from hetflow.forest.bags import Label, bag_seed, half_sample, pool_of
from hetflow.forest.econml_engine import EconmlEngine, leaf_averages
from hetflow.forest.effects import debiased_variance, effects
from hetflow.forest.grow import grow_shard
from hetflow.forest.settings import ForestSettings
from hetflow.forest.sums import empty_sums
from hetflow.forest.trees import from_econml

# Sums are rounded to 2e-13 of their bound; a variance is a difference of such sums.
RELATIVE = 1e-9
# Closed forms in double precision.
EXACT = 1e-12


@pytest.fixture(scope="module")
def data():
    return trial(300, noise=3.0)


@pytest.fixture(scope="module")
def forest(data):
    return CausalForest(n_estimators=120, n_jobs=1, random_state=3).fit(data.X, data.treatment, data.outcome)


@pytest.mark.parametrize("bag_trees", [2, 4, 6])
def test_over_all_trees_estimate_and_variance_are_econmls(data, bag_trees):
    forest = CausalForest(n_estimators=60, subforest_size=bag_trees, n_jobs=1, random_state=5)
    forest.fit(data.X, data.treatment, data.outcome)
    everyone = np.arange(len(data.X))
    grid = grid_of(data.treatment, data.outcome, bag_trees)
    sums = sums_of_trees(forest.estimators_, data.X, grid, [everyone] * (60 // bag_trees))
    cate, variance = effects(sums)
    point, covariance = forest.predict_and_var(data.X)
    np.testing.assert_allclose(cate, point[:, 0], rtol=RELATIVE, atol=RELATIVE)
    np.testing.assert_allclose(variance, covariance[:, 0, 0], rtol=RELATIVE)


def test_over_all_trees_of_a_weighted_forest_too(data):
    weight = np.random.default_rng(1).uniform(0.5, 3, len(data.X))
    forest = CausalForest(n_estimators=60, n_jobs=1, random_state=5)
    forest.fit(data.X, data.treatment, data.outcome, sample_weight=weight)
    grid = grid_of(data.treatment, data.outcome, 4)
    cate, variance = effects(sums_of_trees(forest.estimators_, data.X, grid, [np.arange(300)] * 15))
    point, covariance = forest.predict_and_var(data.X)
    np.testing.assert_allclose(cate, point[:, 0], rtol=RELATIVE, atol=RELATIVE)
    np.testing.assert_allclose(variance, covariance[:, 0, 0], rtol=RELATIVE)


def test_out_of_each_trees_sample_the_estimate_is_econmls_oob_predict(data, forest):
    out = [np.setdiff1d(np.arange(len(data.X)), rows) for rows in forest.get_subsample_inds()]
    sums = sums_of_trees(forest.estimators_, data.X, grid_of(data.treatment, data.outcome, 1), out)
    expected = forest.oob_predict(data.X)[:, 0]
    np.testing.assert_allclose(effects(sums)[0], expected, rtol=RELATIVE, atol=RELATIVE)


def written_out(averages):
    """Estimate and variance of one unit from its leaf averages, shape (5, bags, trees), step by step."""
    a_t, a_1, j_tt, j_t1, j_11 = averages
    alpha = np.stack([a_t, a_1], axis=-1)
    jacobian = np.stack([np.stack([j_tt, j_t1], -1), np.stack([j_t1, j_11], -1)], -2)
    inverse = np.linalg.inv(jacobian.mean(axis=(0, 1)))
    theta = inverse @ alpha.mean(axis=(0, 1))
    psi = (alpha - jacobian @ theta) @ inverse[0]
    bags, trees = psi.shape
    between = psi.mean(axis=1).var()
    noise = ((psi**2).mean() - (psi.mean(axis=1) ** 2).mean()) / (trees - 1)
    s, q = between - noise, max(between, noise) * np.sqrt(2 / bags)
    density = np.exp(-((s / q) ** 2) / 2) / np.sqrt(2 * np.pi)
    return theta[0], s + q * density / (0.5 * erfc(-s / q / np.sqrt(2)))


def test_out_of_bag_each_unit_is_judged_by_the_bags_that_left_it_out_and_by_no_other(data):
    sums = grow_shard(
        data.X, data.treatment, data.outcome, None, None, np.ones(300, bool), 7, LABEL, 0, 24, {}
    )
    cate, variance = effects(sums)
    engine, settings, pool = EconmlEngine(), ForestSettings(), pool_of(np.ones(300, bool), None)
    halves = [half_sample(pool, 7, Label(*LABEL), bag) for bag in range(25)]
    bags = [
        engine.grow(
            data.X, data.treatment, data.outcome, None, half, settings, bag_seed(7, Label(*LABEL), number)
        )
        for number, half in enumerate(halves)
    ]
    for unit in (0, 17, 299):
        out = [
            leaf_averages(bag.estimators_, data.X[[unit]])[:, :, 0]
            for bag, half in zip(bags, halves, strict=True)
            if unit not in half
        ]
        assert sums.bags[unit] == len(out)
        expected = written_out(np.stack(out, axis=1))
        np.testing.assert_allclose([cate[unit], variance[unit]], expected, rtol=RELATIVE)


def test_debiased_variance_in_its_closed_forms():
    bags = np.array([200.0, 200.0, 1.0])
    between, noise = np.array([5.0, 2.0, 2.0]), np.array([0.0, 2.0, 1.0])
    large, zero, single = debiased_variance(between, noise, bags)
    assert large == pytest.approx(5.0, rel=EXACT)  # the spread is a tenth: nothing to correct
    assert zero == pytest.approx(2.0 * np.sqrt(2 / 200) * np.sqrt(2 / np.pi), rel=EXACT)
    assert np.isnan(single)


def test_debiased_variance_stays_positive_where_the_plain_ratio_underflows():
    bags = np.full(2, 250_000.0)
    variance = debiased_variance(np.array([0.1, 0.0]), np.array([1.0, 1.0]), bags)
    assert np.all(variance > 0)
    assert np.all(variance < 1e-3)


def test_variance_is_null_where_it_does_not_hold_and_effects_where_nothing_was_summed(data):
    sums = grow_shard(
        data.X,
        data.treatment,
        data.outcome,
        None,
        np.arange(300) // 3,
        np.ones(300, bool),
        7,
        LABEL,
        0,
        9,
        {},
    )
    cate, variance = effects(sums)
    assert np.isfinite(cate).all()
    assert np.isnan(variance).all()
    assert np.isfinite(effects(sums, intervals=True)[1]).all()
    cate, variance = effects(empty_sums(np.arange(3), sums.grid, 0))
    assert np.isnan(cate).all()
    assert np.isnan(variance).all()


def test_plain_arrays_hold_the_same_trees(data, forest):
    arrays = from_econml(forest.estimators_[:7])
    np.testing.assert_array_equal(arrays.moments(data.X), leaf_averages(forest.estimators_[:7], data.X))
    plain = arrays.to_arrays()
    assert all(array.dtype.kind in "if" for array in plain.values())
    assert type(arrays)(**plain).moments(data.X[:5]).shape == (5, 7, 5)


def test_leaves_hold_weighted_averages_so_a_weight_of_two_counts_as_two_rows(data):
    weight = np.random.default_rng(2).integers(1, 4, len(data.X)).astype(float)
    rows = np.arange(0, 300, 2)
    bag = EconmlEngine().grow(data.X, data.treatment, data.outcome, weight, rows, ForestSettings(), 11)
    tree, drawn = bag.estimators_[0], rows[bag.get_subsample_inds()[0]]
    honest = drawn[tree.get_train_test_split_inds()[1]]
    repeated = np.repeat(honest, weight[honest].astype(int))
    leaf = tree.apply(data.X)
    averages = leaf_averages([tree], data.X)[:, 0]
    for node in np.unique(leaf):
        members = repeated[leaf[repeated] == node]
        t, y = data.treatment[members], data.outcome[members]
        expected = [(t * y).mean(), y.mean(), (t * t).mean(), t.mean(), 1.0]
        np.testing.assert_allclose(averages[:, leaf == node][:, 0], expected, rtol=RELATIVE, atol=RELATIVE)


@pytest.mark.parametrize("n", [200, 300, 1000])
def test_a_bag_is_grown_as_econml_grows_a_bag_of_its_own(n):
    data = trial(n)
    half = half_sample(pool_of(np.ones(n, bool), None), 7, Label(*LABEL), 0)
    bag = EconmlEngine().grow(data.X, data.treatment, data.outcome, None, half, ForestSettings(), 3)
    econmls = CausalForest(n_estimators=4, n_jobs=1, random_state=3).fit(data.X, data.treatment, data.outcome)
    ours, theirs = bag.get_params(), econmls.get_params()
    differing = {name for name in ours if ours[name] != theirs[name]}
    assert differing == {"inference", "max_samples"}  # the half-sample is ours; each tree reads 0.9 of it
    assert ours["honest"]
    sizes = {len(rows) for rows in bag.get_subsample_inds()}
    assert sizes == {len(rows) for rows in econmls.get_subsample_inds()}
