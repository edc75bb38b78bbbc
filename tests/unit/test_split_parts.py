"""The parts of repeated sample splits against statsmodels, scipy, NumPy and closed forms."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hetflow.cohort.columns import Column
from hetflow.effects.clan import applicable, compare
from hetflow.effects.halves import auxiliary_half
from hetflow.effects.medians import lower_median, median_estimate, median_interval, median_p, upper_median
from hetflow.effects.proxies import Proxies
from hetflow.effects.split_regressions import (
    HORVITZ_THOMPSON,
    REGRESSION,
    STRATEGIES,
    Main,
    best_linear_predictor,
    controls,
    group_average_effects,
    groups_by_benefit,
    spread_between,
    spread_found,
)
from hetflow.errors import Refused
from scipy import stats

ALGEBRA = 1e-9
"""Two routes to the same least squares in double precision agree to far better than this."""
GROUPS = 3


def half(seed: int = 1, n: int = 240, weighted: bool = True, cluster: int = 0) -> Main:
    """A main half with probabilities of treatment and weights that differ between units."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    p = np.where(x > 0, 0.3, 0.6)
    treated = (rng.random(n) < p).astype(np.int64)
    effect = 1 + x + 0.3 * rng.normal(size=n)
    outcome = x**2 + treated * (1 + x) + rng.normal(size=n)
    weight = rng.uniform(0.5, 2, n) if weighted else np.ones(n)
    labels = rng.integers(0, cluster, n) if cluster else np.arange(n)
    return Main(treated, outcome, p, weight, labels, Proxies(x**2 + 0.1 * rng.normal(size=n), effect))


def codes_of(main: Main) -> np.ndarray:
    return groups_by_benefit(main.proxies.effect, main.weight, GROUPS, np.zeros(len(main.weight)))


def by_statsmodels(main: Main, V: np.ndarray, strategy: str) -> sm.regression.linear_model.RegressionResults:
    """The regressions as the paper writes them."""
    D, p = main.treated, main.propensity
    share = p if strategy == REGRESSION else 1 - p
    C = np.column_stack([np.ones(len(p)), p, main.proxies.baseline, share * main.proxies.effect])
    if strategy == REGRESSION:
        whole, y, weight = (
            np.column_stack([C, V * (D - p)[:, None]]),
            main.outcome,
            main.weight / (p * (1 - p)),
        )
    else:
        H = (D - p) / (p * (1 - p))
        whole, y, weight = np.column_stack([C * H[:, None], V]), main.outcome * H, main.weight
    return sm.WLS(y, whole, weights=weight).fit(cov_type="HC3")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_regressions_are_those_of_statsmodels(strategy: str) -> None:
    main = half()
    S = main.proxies.effect
    V = np.column_stack([np.ones(len(S)), S - np.average(S, weights=main.weight)])
    found, witness = best_linear_predictor(main, strategy), by_statsmodels(main, V, strategy)
    np.testing.assert_allclose(found.estimate, witness.params[-2:], rtol=ALGEBRA)
    np.testing.assert_allclose(found.covariance, witness.cov_params()[-2:, -2:], rtol=ALGEBRA, atol=1e-12)
    members = (codes_of(main)[:, None] == np.arange(GROUPS)).astype(float)
    gates, witness = (
        group_average_effects(main, codes_of(main), GROUPS, strategy),
        by_statsmodels(main, members, strategy),
    )
    np.testing.assert_allclose(gates.estimate, witness.params[-GROUPS:], rtol=ALGEBRA)
    np.testing.assert_allclose(
        gates.covariance, witness.cov_params()[-GROUPS:, -GROUPS:], rtol=ALGEBRA, atol=1e-12
    )
    assert gates.df == len(S) - 4 - GROUPS


def test_the_transformed_regression_is_not_the_plain_one() -> None:
    """GenericML's exported functions run the plain one whatever `HT` says; with unequal probabilities they differ."""
    main = half()
    plain, transformed = (
        best_linear_predictor(main, name).estimate for name in (REGRESSION, HORVITZ_THOMPSON)
    )
    assert np.abs(plain - transformed).min() > 1e-3


def test_with_even_odds_for_everybody_both_strategies_are_one() -> None:
    main = half()
    even = Main(
        main.treated, main.outcome, np.full(len(main.weight), 0.5), main.weight, main.cluster, main.proxies
    )
    for estimate in (
        best_linear_predictor,
        lambda *a: group_average_effects(a[0], codes_of(even), GROUPS, a[1]),
    ):
        plain, transformed = (estimate(even, name) for name in (REGRESSION, HORVITZ_THOMPSON))
        np.testing.assert_allclose(plain.estimate, transformed.estimate, rtol=ALGEBRA)
        np.testing.assert_allclose(plain.covariance, transformed.covariance, rtol=1e-7)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_without_noise_right_proxies_give_the_truth(strategy: str) -> None:
    """``Y = B + D S`` exactly: beta1 is the mean effect, beta2 is 1, Lambda the variance of the effect."""
    main = half(weighted=False)
    S = main.proxies.effect
    exact = Main(
        main.treated,
        main.proxies.baseline + main.treated * S,
        main.propensity,
        main.weight,
        main.cluster,
        main.proxies,
    )
    found = best_linear_predictor(exact, strategy)
    np.testing.assert_allclose(found.estimate, [S.mean(), 1.0], rtol=ALGEBRA)
    assert np.abs(found.covariance).max() < ALGEBRA
    assert spread_found(found.estimate[1], S, exact.weight) == pytest.approx(S.var(), rel=1e-8)


def test_a_unit_of_weight_two_is_two_units() -> None:
    main = half(weighted=False)
    rows = np.concatenate([np.arange(len(main.weight)), np.arange(50)])
    doubled = np.where(np.arange(len(main.weight)) < 50, 2.0, 1.0)
    weighted = Main(main.treated, main.outcome, main.propensity, doubled, main.cluster, main.proxies)
    repeated = Main(
        *(a[rows] for a in (main.treated, main.outcome, main.propensity, main.weight, main.cluster)),
        Proxies(main.proxies.baseline[rows], main.proxies.effect[rows]),
    )
    for strategy in STRATEGIES:
        one, other = (best_linear_predictor(m, strategy).estimate for m in (weighted, repeated))
        np.testing.assert_allclose(one, other, rtol=ALGEBRA)
        one, other = (best_linear_predictor(m, strategy).covariance for m in (weighted, repeated))
        assert np.abs(one / other - 1).max() < 0.2  # HC3 of a weighted unit is not that of two, but near


def test_clustered_standard_errors_are_those_of_the_definition() -> None:
    """Against the sandwich with (I - H_gg)^-1 written out for each cluster."""
    main = half(cluster=30)
    found = best_linear_predictor(main, REGRESSION)
    p, D, S = main.propensity, main.treated, main.proxies.effect
    V = np.column_stack([np.ones(len(S)), S - np.average(S, weights=main.weight)])
    X, w = np.column_stack([controls(main, REGRESSION), V * (D - p)[:, None]]), main.weight / (p * (1 - p))
    bread = np.linalg.inv(X.T @ (w[:, None] * X))
    e = main.outcome - X @ (bread @ (X.T @ (w * main.outcome)))
    meat = np.zeros_like(bread)
    for g in np.unique(main.cluster):
        rows = main.cluster == g
        H = X[rows] @ bread @ X[rows].T * w[rows]
        score = X[rows].T @ np.linalg.solve(np.eye(rows.sum()) - H, (w * e)[rows])
        meat += np.outer(score, score)
    np.testing.assert_allclose(found.covariance, (bread @ meat @ bread)[-2:, -2:], rtol=1e-7)
    assert found.df == 29


def test_what_cannot_be_estimated_is_refused() -> None:
    main = half(weighted=False)
    flat = Main(
        main.treated,
        main.outcome,
        main.propensity,
        main.weight,
        main.cluster,
        Proxies(main.proxies.baseline, np.full(len(main.weight), 0.7)),
    )
    assert not flat.varies
    with pytest.raises(Refused):
        best_linear_predictor(flat, REGRESSION)
    with pytest.raises(Refused):
        group_average_effects(main, np.where(main.treated == 1, 0, 1), 2, REGRESSION)


def test_groups_have_equal_weight_and_ties_are_broken_at_random() -> None:
    rng = np.random.default_rng(3)
    benefit, weight = rng.normal(size=400), rng.uniform(0.2, 3, 400)
    group = groups_by_benefit(benefit, weight, 4, rng.random(400))
    share = np.bincount(group, weights=weight) / weight.sum()
    assert np.abs(share - 0.25).max() < weight.max() / weight.sum()
    ends = [(benefit[group == k].min(), benefit[group == k].max()) for k in range(4)]
    assert all(low[1] <= high[0] for low, high in itertools.pairwise(ends))
    tied = groups_by_benefit(np.zeros(400), np.ones(400), 4, rng.random(400))
    assert np.bincount(tied).tolist() == [100] * 4
    assert len(np.unique(tied[:20])) > 1
    assert spread_between(np.array([1.0, 2.0, 3.0, 4.0]), tied, np.ones(400)) == pytest.approx(7.5)


def test_medians_are_numpys_quantiles_of_type_1_and_its_mirror() -> None:
    rng = np.random.default_rng(2)
    for n in range(1, 12):
        values = rng.normal(size=n)
        assert lower_median(values) == np.quantile(values, 0.5, method="inverted_cdf")
        assert upper_median(values) == -np.quantile(-values, 0.5, method="inverted_cdf")
    assert median_interval(np.array([0.0, 1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0, 7.0])) == (2.0, 5.0)
    assert median_interval(np.array([-np.inf, -np.inf, 1.0]), np.array([np.inf, np.inf, 2.0])) == (
        -np.inf,
        np.inf,
    )
    assert median_interval(np.array([0.0, 10.0]), np.array([1.0, 11.0])) == (1.0, 10.0)
    assert median_p(np.array([0.01, 0.02, 0.03, 0.9])) == pytest.approx(0.06)
    assert median_p(np.array([0.7, 0.8])) == 1.0
    assert median_estimate(np.array([np.nan, 1.0, 3.0])) == 2.0
    assert np.isnan(median_estimate(np.array([np.nan])))


def test_groups_are_compared_as_by_welch() -> None:
    rng = np.random.default_rng(4)
    values, group = rng.normal(size=(90, 2)) * [1, 3], np.repeat([0, 1, 2], 30)
    values[::7, 1] = np.nan
    found = compare(values, np.ones(90), np.arange(90), group, (0, 2))
    for j in range(2):
        first, last = (v[np.isfinite(v)] for v in (values[group == 0, j], values[group == 2, j]))
        witness = stats.ttest_ind(last, first, equal_var=False)
        assert found.mean[2, j] / found.se[2, j] == pytest.approx(witness.statistic, rel=ALGEBRA)
        assert found.df[2, j] == pytest.approx(witness.df, rel=ALGEBRA)
        assert found.se[0, j] == pytest.approx(stats.sem(first), rel=ALGEBRA)
        assert found.n[:, j].tolist() == [len(first), len(last), len(first) + len(last)]


def test_clusters_that_lie_in_both_groups_are_counted_in_the_difference() -> None:
    """Every cluster has one unit in each group, so that the difference is a paired one."""
    rng = np.random.default_rng(5)
    shift = 5 * rng.normal(size=40)
    values = np.concatenate([shift + rng.normal(size=40), shift + rng.normal(size=40)])[:, None]
    group, cluster = np.repeat([0, 1], 40), np.tile(np.arange(40), 2)
    found = compare(values, np.ones(80), cluster, group, (0, 1))
    witness = stats.ttest_rel(values[40:, 0], values[:40, 0])
    assert found.mean[2, 0] / found.se[2, 0] == pytest.approx(witness.statistic, rel=ALGEBRA)
    assert found.df[2, 0] == 39


def test_a_group_without_two_values_has_no_standard_error() -> None:
    values = np.array([[1.0], [np.nan], [2.0], [3.0]])
    found = compare(values, np.ones(4), np.arange(4), np.array([0, 0, 1, 1]), (0, 1))
    assert np.isnan(found.se[[0, 2], 0]).all()
    assert found.se[1, 0] == pytest.approx(0.5)


def test_what_does_not_apply_is_no_value() -> None:
    columns = [Column("cigarettes", "count", applicable_if="smoker == 'Yes'"), Column("age", "continuous")]
    X = np.array([[0.0, 0.0, 40.0], [12.0, 1.0, 50.0], [6.0, 0.6, 60.0]])
    found = applicable(X, ["cigarettes", "cigarettes__applies", "age"], columns)
    assert np.isnan(found[0, 0])
    assert found[1:, 0].tolist() == [12.0, 6.0]
    assert found[:, 1:].tolist() == X[:, 1:].tolist()


def test_halves_are_even_within_arm_and_do_not_depend_on_the_rows() -> None:
    rng = np.random.default_rng(6)
    unit = rng.permutation(1000)[:101]
    treated, stratum = rng.integers(0, 2, 101), rng.choice(["a", "b", "c"], 101)
    first = auxiliary_half(unit, treated, stratum, None, 7, 3)
    assert abs(int(first.sum()) - 50.5) < 1
    for arm in (0, 1):
        assert abs(first[treated == arm].sum() - (treated == arm).sum() / 2) <= 1
        for level in "abc":
            cell = (treated == arm) & (stratum == level)
            assert abs(first[cell].sum() - cell.sum() / 2) <= 1
    order = rng.permutation(101)
    again = auxiliary_half(unit[order], treated[order], stratum[order], None, 7, 3)
    assert np.array_equal(first[order], again)
    assert not np.array_equal(first, auxiliary_half(unit, treated, stratum, None, 7, 4))


def test_every_unit_is_as_often_in_either_half() -> None:
    """Share of splits in the auxiliary half: five standard errors of 400 even draws about a half."""
    treated = np.tile([0, 1, 1], 11)
    count = sum(auxiliary_half(np.arange(33), treated, None, None, 1, split) for split in range(400))
    assert np.abs(count / 400 - 0.5).max() < 5 * 0.5 / 20


def test_clusters_stay_whole_and_are_dealt_anew() -> None:
    rng = np.random.default_rng(8)
    cluster = rng.integers(0, 20, 300)
    arm = (np.arange(20) % 2)[cluster]
    found = [auxiliary_half(np.arange(300), arm, None, cluster, 1, split) for split in range(10)]
    tables = pd.DataFrame({f"s{i}": half for i, half in enumerate(found)}).groupby(cluster).nunique()
    assert (tables == 1).all().all()
    of_clusters = [tuple(half[np.unique(cluster, return_index=True)[1]]) for half in found]
    assert len(set(of_clusters)) > 5
    for arms in of_clusters:
        assert sum(arms) == 10
        assert sum(np.array(arms)[1::2]) == 5
