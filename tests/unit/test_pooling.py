"""Rubin's rules on examples small enough to work by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hetflow.pooling import FEWEST_IMPUTATIONS, imputations_needed, pool, pool_covariance, wald_d1
from scipy import stats

ROUNDING = 1e-12

# Three imputations, estimates 1, 2, 3, variances 1: Q = 2, U = 1, B = 1, T = 1 + 4/3 = 7/3, share = 4/7.
ESTIMATES = np.array([[1.0], [2.0], [3.0]])
VARIANCES = np.ones((3, 1))
SHARE = 4 / 7


def test_by_hand() -> None:
    pooled = pool(ESTIMATES, VARIANCES)
    assert (pooled.estimate[0], pooled.within[0], pooled.between[0], pooled.imputations) == (2, 1, 1, 3)
    assert pooled.total[0] == pytest.approx(7 / 3, abs=ROUNDING)
    assert pooled.df[0] == pytest.approx(2 * (7 / 4) ** 2, abs=ROUNDING)
    r = 4 / 3
    assert pooled.fmi[0] == pytest.approx((r + 2 / (6.125 + 3)) / (1 + r), abs=ROUNDING)
    assert pooled.monte_carlo_se[0] == pytest.approx(np.sqrt(1 / 3), abs=ROUNDING)


def test_each_estimate_may_have_degrees_of_freedom_of_its_own() -> None:
    both = pool(np.tile(ESTIMATES, 2), np.tile(VARIANCES, 2), np.array([10.0, 40.0])).df
    assert both.tolist() == [pool(ESTIMATES, VARIANCES, d).df[0] for d in (10, 40)]


def test_barnard_rubin_by_hand() -> None:
    """Complete-data df of 10: observed-data df are 11/13 * 10 * 3/7, and reciprocals add."""
    observed = 11 / 13 * 10 * (1 - SHARE)
    assert pool(ESTIMATES, VARIANCES, 10).df[0] == pytest.approx(1 / (1 / 6.125 + 1 / observed), abs=ROUNDING)


@pytest.mark.parametrize("df", [np.inf, 17.0])
def test_a_single_imputation_passes_through(df: float) -> None:
    pooled = pool(np.array([[1.5, 2.0]]), np.array([[0.5, 0.25]]), df)
    assert pooled.estimate.tolist() == [1.5, 2.0]
    assert pooled.total.tolist() == [0.5, 0.25]
    assert pooled.df.tolist() == [df, df]
    assert np.isnan(pooled.fmi).all()


@pytest.mark.parametrize("df", [np.inf, 17.0])
def test_estimates_that_agree_pass_through(df: float) -> None:
    pooled = pool(np.full((4, 1), 0.3), np.full((4, 1), 0.04), df)
    np.testing.assert_allclose(
        [pooled.estimate[0], pooled.total[0], pooled.fmi[0], pooled.monte_carlo_se[0]],
        [0.3, 0.04, 0, 0],
        atol=ROUNDING,
    )
    assert pooled.df[0] == df


def test_no_variance_at_all() -> None:
    pooled = pool(np.zeros((3, 1)), np.zeros((3, 1)))
    assert pooled.total[0] == pooled.fmi[0] == 0


def test_fmi_for_many_imputations_is_the_share_of_variance() -> None:
    pooled = pool(np.tile(ESTIMATES, (2000, 1)), np.tile(VARIANCES, (2000, 1)))
    assert pooled.fmi[0] == pytest.approx(pooled.between[0] / (1 + pooled.between[0]), abs=1e-3)


def test_wrong_shapes() -> None:
    with pytest.raises(ValueError, match="expected two"):
        pool(np.zeros(3), np.zeros(3))
    with pytest.raises(ValueError, match="expected covariances"):
        pool_covariance(np.zeros((3, 2)), np.zeros((3, 2)))


def test_vector_agrees_with_scalars_and_carries_covariances() -> None:
    estimates = np.array([[1.0, 0.0], [2.0, 1.0], [3.0, 5.0]])
    covariances = np.stack([np.array([[1.0, 0.2], [0.2, 2.0]])] * 3)
    mean, total = pool_covariance(estimates, covariances)
    scalars = pool(estimates, np.diagonal(covariances, axis1=1, axis2=2))
    np.testing.assert_allclose(mean, scalars.estimate, atol=ROUNDING)
    np.testing.assert_allclose(np.diag(total), scalars.total, atol=ROUNDING)
    assert total[0, 1] == pytest.approx(0.2 + 4 / 3 * np.cov(estimates.T)[0, 1], abs=ROUNDING)


def test_d1_of_one_estimate_is_the_squared_t() -> None:
    """With one estimate D1 is t^2; with t = m - 1 = 8 > 4 its df are those of Li, Raghunathan and Rubin."""
    estimates = np.linspace(0, 2, 9)[:, None]
    pooled = pool(estimates, np.full((9, 1), 0.5))
    wald = wald_d1(estimates, np.full((9, 1, 1), 0.5))
    assert wald.statistic == pytest.approx(pooled.estimate[0] ** 2 / pooled.total[0], abs=ROUNDING)
    r = 10 / 9 * pooled.between[0] / 0.5
    assert wald.df2 == pytest.approx(4 + 4 * (1 + 0.75 / r) ** 2, abs=ROUNDING)
    assert wald.p == pytest.approx(stats.f.sf(wald.statistic, 1, wald.df2), abs=ROUNDING)


def test_d1_with_few_imputations() -> None:
    """k = 1, m = 3: t = 2, df2 = t (1 + 1/k) (1 + 1/r)^2 / 2 = 2 (7/4)^2, the classic df."""
    wald = wald_d1(ESTIMATES, np.ones((3, 1, 1)))
    assert wald.df2 == pytest.approx(6.125, abs=ROUNDING)
    assert wald.statistic == pytest.approx(4 / (7 / 3), abs=ROUNDING)


def test_d1_without_missing_information_is_the_wald_test() -> None:
    estimate, covariance = np.array([1.0, -0.5]), np.array([[0.5, 0.1], [0.1, 0.3]])
    expected = stats.chi2.sf(estimate @ np.linalg.solve(covariance, estimate), 2)
    for m in (1, 4):
        wald = wald_d1(np.tile(estimate, (m, 1)), np.tile(covariance, (m, 1, 1)))
        assert wald.p == pytest.approx(expected, abs=ROUNDING)
    against_itself = wald_d1(estimate[None], covariance[None], null=estimate, df_complete=20)
    assert (against_itself.p, against_itself.df2) == (1, 19)


def test_a_joint_test_with_few_degrees_of_freedom_is_hotelling_s() -> None:
    """One sample of 12, three means: T2 (n - k) / (k (n - 1)) is F(k, n - k) (Hotelling 1931); by simulation too."""
    rng, n, k, rejected, naive = np.random.default_rng(5), 12, 3, 0, 0
    replicates = 2000
    for _ in range(replicates):
        values = rng.normal(size=(n, k))
        mean, covariance = values.mean(axis=0), np.cov(values.T) / n
        t2 = n * mean @ np.linalg.inv(np.cov(values.T)) @ mean
        found = wald_d1(mean[None], covariance[None], df_complete=n - 1)
        assert found.p == pytest.approx(stats.f.sf(t2 * (n - k) / (k * (n - 1)), k, n - k), rel=1e-9)
        rejected += found.p < 0.05
        naive += stats.f.sf(t2 / k, k, n - 1) < 0.05
    low, high = stats.binom.ppf([1e-6, 1 - 1e-6], replicates, 0.05)
    assert low <= rejected <= high < naive
    with pytest.raises(ValueError, match="13 estimates"):
        wald_d1(np.zeros((1, 13)), np.eye(13)[None], df_complete=12)


def test_imputations_needed_follows_the_two_stage_rule() -> None:
    # With many imputations at hand the fraction is known, and m = 1 + (FMI / 0.05)^2 / 2: 0.499 asks for 50.8.
    assert imputations_needed(0.499, 10**12) == 51
    # The upper end for 0.3 from 20 imputations: logit(0.3) + 1.96 sqrt(0.1) = -0.2275, that is 0.4434, and 41 (40.3).
    assert imputations_needed(0.3, 20) == 41
    assert imputations_needed(0.5, 10**12, repeatable=0.5) == 50  # White, Royston and Wood: 100 FMI
    assert imputations_needed(float("nan"), 1) == imputations_needed(0.0, 5) == FEWEST_IMPUTATIONS
    assert imputations_needed(0.3, 5) > imputations_needed(0.3, 20)


def test_the_rule_makes_standard_errors_repeatable() -> None:
    """With the m that it asks for, standard errors vary by no more than 5 % over new draws of the imputations."""
    rng, replicates = np.random.default_rng(0), 4000
    between = 0.4 / 0.6  # within variance 1: a fraction of missing information of 0.4
    m = imputations_needed(0.4, 10**9)
    draws = rng.normal(0, np.sqrt(between), (replicates, m))
    errors = [np.sqrt(pool(one[:, None], np.ones((m, 1))).total[0]) for one in draws]
    found = np.std(errors) / np.mean(errors)
    # The spread's own standard error is 1 / sqrt(2 replicates) of it: 6 of them are some 7 %.
    assert 0.04 < found < 0.05 * 1.07
