"""Effect modifiers: Shapley values, smoothing and bands against closed forms and other programs."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pytest
import statsmodels.api as sm
from hetflow.cohort.columns import Column
from hetflow.effects import score_forest
from hetflow.effects.smoothing import (
    FEWEST,
    REFERENCE,
    Smooth,
    bandwidth,
    local_linear,
    pooled_band,
    weighted_quantiles,
)
from hetflow.pooling import pool
from needs import package
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq
from sklearn.ensemble import RandomForestRegressor

#: Sums of a few dozen products in another order.
ROUNDING = 1e-10
#: Quantile of 4,000 draws of a supremum: its Monte Carlo error is some 0.02.
QUANTILE_ERROR = 0.08
ENTRIES = Column("entries", "nominal", levels=("a", "b", "c"))
LAB = [Column(f"lab{j}", "continuous", block="panel") for j in range(2)]


def _forest(
    rng: np.random.Generator, gaps: float = 0.0, trees: int = 7
) -> tuple[score_forest.ScoreForest, NDArray]:
    X = rng.normal(size=(240, 5))
    X[rng.random(X.shape) < gaps] = np.nan
    X = score_forest.single_precision(X)
    y = np.nan_to_num(X[:, 0]) * (np.nan_to_num(X[:, 1]) > 0) + rng.normal(size=240)
    return score_forest.grow_score_forest(X, y, rng.uniform(0.5, 2, 240), trees, 3), X


def _expected(forest: score_forest.ScoreForest, node: int, row: NDArray, known: set[int]) -> float:
    """What a tree predicts from the known covariates, both ways in proportion to cover elsewhere."""
    feature, left, right, missing_left = (int(value) for value in forest.nodes[node])
    if feature < 0:
        return float(forest.numbers[node, 1])
    if feature in known:
        goes = missing_left == 1 if np.isnan(row[feature]) else row[feature] <= forest.numbers[node, 0]
        return _expected(forest, left if goes else right, row, known)
    cover = forest.numbers[[left, right], 2]
    each = [_expected(forest, child, row, known) for child in (left, right)]
    return float(cover @ each / cover.sum())


def _naive_shapley(forest: score_forest.ScoreForest, row: NDArray) -> NDArray:
    """Shapley values by their definition, over all subsets of the covariates."""
    p = len(row)

    def value(known: set[int]) -> float:
        return float(np.mean([_expected(forest, root, row, known) for root in forest.start[:-1]]))

    phi = np.zeros(p)
    for j in range(p):
        others = [k for k in range(p) if k != j]
        for size in range(p):
            share = factorial(size) * factorial(p - size - 1) / factorial(p)
            for subset in combinations(others, size):
                phi[j] += share * (value({*subset, j}) - value(set(subset)))
    return phi


def test_shapley_values_are_those_of_their_definition_and_add_up() -> None:
    forest, X = _forest(np.random.default_rng(1), gaps=0.15)
    phi = score_forest.shapley_values(forest, X)
    np.testing.assert_allclose(phi[:3], [_naive_shapley(forest, row) for row in X[:3]], atol=ROUNDING)
    predicted = score_forest.predicted(forest, X)
    assert np.ptp(predicted) > 0.1
    np.testing.assert_allclose(phi.sum(axis=1) + forest.base, predicted, atol=ROUNDING)


def test_shapley_values_are_those_of_the_package_shap() -> None:
    shap = package("shap")
    rng = np.random.default_rng(2)
    X = score_forest.single_precision(rng.normal(size=(300, 6)))
    y = X[:, 0] + X[:, 1] * X[:, 2] + rng.normal(size=300)
    forest = RandomForestRegressor(10, min_samples_leaf=score_forest.MIN_LEAF, random_state=1).fit(X, y)
    theirs = shap.TreeExplainer(forest, feature_perturbation="tree_path_dependent").shap_values(X)
    ours = score_forest.shapley_values(score_forest._plain([one.tree_ for one in forest.estimators_]), X)
    np.testing.assert_allclose(ours, theirs, atol=ROUNDING)


@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_trees_as_arrays_predict_as_scikit_learn_and_exchange_covariates(gaps: float) -> None:
    rng = np.random.default_rng(3)
    forest, X = _forest(rng, gaps)
    other = RandomForestRegressor(
        7,
        min_samples_leaf=score_forest.MIN_LEAF,
        max_features=score_forest.SHARE_OF_COVARIATES,
        max_samples=120,
        max_depth=score_forest.DEEPEST - 1,
        random_state=3,
    )
    again = np.random.default_rng(3)
    again.normal(size=X.shape)
    again.random(X.shape)
    y = np.nan_to_num(X[:, 0]) * (np.nan_to_num(X[:, 1]) > 0) + again.normal(size=240)
    weight = again.uniform(0.5, 2, 240)
    np.testing.assert_allclose(
        score_forest.predicted(forest, X), other.fit(X, y, weight / weight.mean()).predict(X), atol=ROUNDING
    )
    donor, replaced = rng.permutation(240).astype(np.int64), np.array([True, False, False, True, False])
    changed = X.copy()
    changed[:, replaced] = X[donor][:, replaced]
    expected = score_forest.predicted(forest, changed) - score_forest.predicted(forest, X)
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(
        score_forest.predicted_change(forest, X, donor, replaced), expected, atol=ROUNDING
    )


def _line_data(n: int = 200) -> tuple[NDArray, NDArray, NDArray]:
    rng = np.random.default_rng(5)
    x = rng.uniform(-1, 1, n)
    return x, 1 - 2 * x + rng.normal(size=n) * (1 + x**2), rng.uniform(0.5, 2, n)


def test_local_line_is_weighted_least_squares_of_statsmodels_with_hc3() -> None:
    x, score, weight = _line_data()
    points, half = np.array([-0.4, 0.1, 0.5]), 0.6
    ours = local_linear(score, x, weight, np.arange(len(x)), points, half)
    for g, point in enumerate(points):
        kernel = weight * np.clip(1 - ((x - point) / half) ** 2, 0, None)
        held = kernel > 0
        fit = sm.WLS(score[held], sm.add_constant(x[held] - point), kernel[held]).fit(cov_type="HC3")
        np.testing.assert_allclose(ours.estimate[g], fit.params[0], rtol=ROUNDING)
        np.testing.assert_allclose(np.sqrt(ours.covariance[g, g]), fit.bse[0], rtol=1e-8)
        assert ours.n[g] == held.sum()


def test_a_straight_effect_is_found_without_error_and_repeated_units_in_a_cluster_count_once() -> None:
    x, score, weight = _line_data()
    exact = local_linear(1 - 2 * x, x, weight, np.arange(len(x)), np.array([0.0, 0.3]), 0.5)
    np.testing.assert_allclose(exact.estimate, [1.0, 0.4], atol=ROUNDING)
    np.testing.assert_allclose(exact.covariance, 0, atol=ROUNDING)
    once = local_linear(score, x, weight, np.arange(len(x)), np.array([0.0]), 0.5)
    halves = local_linear(
        np.tile(score, 2),
        np.tile(x, 2),
        np.tile(weight, 2),
        np.tile(np.arange(len(x)), 2),
        np.array([0.0]),
        0.5,
    )
    np.testing.assert_allclose(halves.estimate, once.estimate, rtol=ROUNDING)
    # Leverages halve, so that HC3's inflation is smaller; without it the two would be equal.
    assert 0.9 * once.covariance[0, 0] < halves.covariance[0, 0] < once.covariance[0, 0]


def test_windows_with_few_units_or_clusters_or_a_single_value_have_no_estimate() -> None:
    x = np.concatenate([np.linspace(0, 1, FEWEST), np.linspace(9, 10, FEWEST - 1), np.full(FEWEST, 20.0)])
    points = np.array([0.5, 9.5, 20.0])
    units = local_linear(x, x, np.ones(len(x)), np.arange(len(x)), points, 1.0)
    assert np.isfinite(units.estimate).tolist() == [True, False, False]
    paired = local_linear(x, x, np.ones(len(x)), np.arange(len(x)) // 2, points, 1.0)
    assert np.isnan(paired.estimate).all()


def test_bandwidth_reads_spread_and_number_alone() -> None:
    x = np.random.default_rng(6).normal(size=5000)
    one = np.ones(5000)
    assert bandwidth(x, one) == pytest.approx(REFERENCE * 5000 ** (-2 / 7), rel=0.03)
    assert bandwidth(3 * x + 7, one) == pytest.approx(3 * bandwidth(x, one))
    assert bandwidth(x, 9 * one) == pytest.approx(bandwidth(x, one))
    np.testing.assert_array_equal(
        weighted_quantiles(np.array([3.0, 1, 2]), np.array([1.0, 1, 2]), (0.25, 0.75)), [1, 2]
    )


def _curve(estimate: NDArray, covariance: NDArray, clusters: int = 10**9) -> Smooth:
    return Smooth(estimate, covariance, np.full(len(estimate), clusters), np.full(len(estimate), clusters))


def test_uniform_band_has_the_closed_form_of_independent_and_of_equal_points() -> None:
    rng = np.random.default_rng(7)
    independent = pooled_band([_curve(np.zeros(10), np.eye(10))], 0.95, rng)
    sidak = stats.norm.ppf(0.5 + 0.5 * 0.95 ** (1 / 10))
    assert independent.critical == pytest.approx(sidak, abs=QUANTILE_ERROR)
    alike = pooled_band([_curve(np.zeros(10), np.ones((10, 10)))], 0.95, rng)
    assert alike.critical == pytest.approx(stats.norm.ppf(0.975), abs=QUANTILE_ERROR)
    np.testing.assert_allclose(independent.upper, stats.norm.ppf(0.975), rtol=1e-6)


def test_bands_of_few_units_are_wider() -> None:
    """Ten independent points of windows of 30: Student's t, and the studentised maximum modulus, by their integral."""
    band = pooled_band([_curve(np.zeros(10), np.eye(10), 30)], 0.95, np.random.default_rng(9))
    np.testing.assert_allclose(band.upper, stats.t.ppf(0.975, 28), rtol=1e-12)
    np.testing.assert_array_equal(band.df, 28)

    def held(critical: float) -> float:
        """Chance that all ten stay within, over the chi-square that they share."""
        within = lambda x: (2 * stats.norm.cdf(critical * np.sqrt(x / 28)) - 1) ** 10  # noqa: E731
        return float(stats.chi2.expect(within, args=(28,)))

    assert band.critical == pytest.approx(brentq(lambda c: held(c) - 0.95, 2, 5), abs=QUANTILE_ERROR)
    assert band.critical > stats.norm.ppf(0.5 + 0.5 * 0.95 ** (1 / 10)) + QUANTILE_ERROR


def test_curves_are_pooled_by_rubins_rules() -> None:
    rng = np.random.default_rng(8)
    estimates, variances = rng.normal(size=(5, 3)), rng.uniform(0.5, 1, (5, 3))
    curves = [
        _curve(e, np.diag(v), 60 + k) for k, (e, v) in enumerate(zip(estimates, variances, strict=True))
    ]
    band = pooled_band(curves, 0.95, rng)
    pooled = pool(estimates, variances, 58)  # units of the sparsest window, less two
    np.testing.assert_allclose(band.estimate, pooled.estimate)
    np.testing.assert_allclose(band.se, np.sqrt(pooled.total))
    reach = stats.t.ppf(0.975, pooled.df) * np.sqrt(pooled.total)
    np.testing.assert_allclose(band.upper - band.estimate, reach)
    assert band.critical > stats.norm.ppf(0.975)
    np.testing.assert_allclose(band.uniform_upper - band.estimate, band.critical * band.se)
    np.testing.assert_allclose(band.estimate - band.uniform_lower, band.critical * band.se)
