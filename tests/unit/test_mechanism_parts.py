"""The parts of the description of mechanisms against closed forms, brute force and statsmodels."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hetflow.missingness.mechanism.assignment import association_within
from hetflow.missingness.mechanism.association import _moments, auc, permutation_p
from hetflow.missingness.mechanism.basis import additive_basis, orthonormal
from hetflow.missingness.mechanism.compared import hotelling, outcome_coefficients, standardised_differences
from hetflow.missingness.mechanism.dropout import dropout_curves, dropout_hazard
from hetflow.missingness.mechanism.little import choose_columns, little_test
from hetflow.missingness.mechanism.logistic import fit_logistic
from hetflow.missingness.mechanism.order import order_test
from hetflow.missingness.mechanism.projection import projection_test
from hetflow.missingness.mechanism.ridge import mask_scores, value_scores
from hetflow.missingness.mechanism.rows import draw_folds
from hetflow.missingness.mechanism.structure import components, dependence_given_values, inclusion
from hetflow.multiplicity import holm

ALGEBRA = 1e-8  # the same sums in another order
NEWTON = 1e-4  # the penalty of 1e-4 nats moves coefficients by about as much


def masks(n: int, k: int, seed: int, rate: float = 0.3) -> np.ndarray:
    return (np.random.default_rng(seed).random((n, k)) < rate).astype(float)


def test_moments_are_those_of_all_permutations() -> None:
    rng = np.random.default_rng(0)
    Q = orthonormal(additive_basis(rng.normal(size=(7, 1))))
    m = np.array([1.0, 1, 0, 0, 0, 0, 0])
    centred = m - m.mean()
    shares = [
        float(((Q.T @ centred[list(order)]) ** 2).sum() / (centred**2).sum())
        for order in permutations(range(7))
    ]
    mean, variance = _moments(Q, np.array([(centred**4).sum() / (centred**2).sum() ** 2]))
    assert mean == pytest.approx(np.mean(shares), abs=ALGEBRA)
    assert variance[0] == pytest.approx(np.var(shares), abs=ALGEBRA)


def test_logistic_regression_agrees_with_statsmodels() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(2.0, 3.0, (300, 2))
    y = (rng.random(300) < 1 / (1 + np.exp(-(0.4 * X[:, 0] - 1)))).astype(float)
    own, other = fit_logistic(X, y), sm.Logit(y, sm.add_constant(X)).fit(disp=0)
    np.testing.assert_allclose(own.coefficients, other.params, atol=10 * NEWTON)
    np.testing.assert_allclose(np.sqrt(np.diag(own.covariance)), other.bse, rtol=0.01)
    assert own.log_likelihood == pytest.approx(other.llf, abs=NEWTON)


def test_separable_data_end_in_finite_slopes() -> None:
    x = np.linspace(-1, 1, 50)
    fit = fit_logistic(x[:, None], (x > 0).astype(float))
    assert np.isfinite(fit.coefficients).all()
    assert fit.log_likelihood > -1.0


def test_scores_of_all_masks_equal_one_regression_each() -> None:
    rng = np.random.default_rng(2)
    n, M = 120, masks(120, 4, 3)
    B, fold = additive_basis(rng.normal(size=(n, 2))), draw_folds(n, 3, 1, "test")
    together, beside = value_scores(B, M, fold), mask_scores(B, M, fold)
    C = M - M.mean(axis=0)
    F = np.column_stack([B, C / M.std(axis=0)])
    for j in range(4):
        for k in range(3):
            train = fold != k
            for X, scores in ((B, together), (np.delete(F, B.shape[1] + j, axis=1), beside)):
                penalty = X.shape[1] if X is B else F.shape[1]
                y = C[:, j] if X is B else C[:, j] / M[:, j].std()
                naive = np.linalg.solve(
                    X[train].T @ X[train] + penalty * np.eye(X.shape[1]), X[train].T @ y[train]
                )
                np.testing.assert_allclose(scores[~train, j], X[~train] @ naive, atol=ALGEBRA)


def test_hotelling_is_the_textbook_statistic() -> None:
    rng = np.random.default_rng(4)
    X, M = rng.normal(size=(80, 3)), masks(80, 1, 5)
    Q = orthonormal(X - X.mean(axis=0))
    one, zero = X[M[:, 0] == 1], X[M[:, 0] == 0]
    pooled = ((len(one) - 1) * np.cov(one.T) + (len(zero) - 1) * np.cov(zero.T)) / (len(X) - 2)
    gap = one.mean(axis=0) - zero.mean(axis=0)
    textbook = len(one) * len(zero) / len(X) * gap @ np.linalg.solve(pooled, gap)
    statistic, _ = hotelling(Q, M, 1)
    assert statistic[0] == pytest.approx(textbook, rel=ALGEBRA)


def test_rare_masks_keep_the_level_that_the_f_test_loses() -> None:
    rng = np.random.default_rng(6)
    X = np.exp(1.5 * rng.normal(size=(300, 8)))
    Q = orthonormal(X - X.mean(axis=0))
    M = np.zeros((300, 400))
    for k in range(400):
        M[rng.permutation(300)[:12], k] = 1
    _, p = permutation_p(Q, M, 1)
    assert 0.02 <= (p < 0.05).mean() <= 0.085  # 5 % and three standard errors


def test_standardised_differences_agree_with_a_loop() -> None:
    rng = np.random.default_rng(7)
    X, M = rng.normal(5, 2, (60, 3)), masks(60, 2, 8)
    X[rng.random(X.shape) < 0.2] = np.nan
    found = standardised_differences(X, M)
    for k in range(2):
        for j in range(3):
            one, zero = X[M[:, k] == 1, j], X[M[:, k] == 0, j]
            one, zero = one[np.isfinite(one)], zero[np.isfinite(zero)]
            spread = np.sqrt((one.var(ddof=1) + zero.var(ddof=1)) / 2)
            assert found[k, j] == pytest.approx(abs(one.mean() - zero.mean()) / spread, rel=ALGEBRA)


@pytest.mark.parametrize("clustered", [False, True])
def test_coefficients_on_the_outcome_agree_with_statsmodels(clustered: bool) -> None:
    rng = np.random.default_rng(9)
    n = 120
    M, X = masks(n, 2, 10), rng.normal(size=(n, 2))
    y = 0.5 * M[:, 0] + X[:, 0] + rng.normal(size=n)
    cluster = np.arange(n) // 4 if clustered else None
    others = np.column_stack([np.ones(n), X])
    found = outcome_coefficients(y, M, orthonormal(others), cluster)
    for k in range(2):
        model = sm.OLS(y, np.column_stack([M[:, k], others]))
        fit = (
            model.fit(cov_type="cluster", cov_kwds={"groups": cluster})
            if clustered
            else model.fit(cov_type="HC1")
        )
        assert found.estimate[k] == pytest.approx(fit.params[0], rel=ALGEBRA)
        assert found.se[k] == pytest.approx(fit.bse[0], rel=ALGEBRA)


def test_association_within_strata_is_the_slope_beside_their_dummies() -> None:
    rng = np.random.default_rng(11)
    n = 200
    stratum, arm = rng.integers(0, 3, n), rng.integers(0, 2, n).astype(float)
    M = masks(n, 1, 12)
    dummies = (stratum[:, None] == np.arange(3)).astype(float)
    fit = sm.OLS(M[:, 0], np.column_stack([arm, dummies])).fit(cov_type="HC0")
    found = association_within(arm, M, stratum)
    assert found.slope[0] == pytest.approx(fit.params[0], rel=ALGEBRA)
    assert found.se[0] == pytest.approx(fit.bse[0], rel=ALGEBRA)


def test_a_mask_that_is_the_arm_is_found_and_a_constant_is_not_tested() -> None:
    arm = np.tile([0.0, 1.0], 40)
    found = association_within(arm, np.column_stack([arm, np.zeros(80)]), np.zeros(80, dtype=np.int64))
    assert found.slope[0] == pytest.approx(1.0)
    assert found.p[0] < 1e-6
    assert np.isnan(found.p[1])


def naive_little(X: np.ndarray) -> tuple[float, int]:
    """Little's statistic by EM row by row."""
    n, p = X.shape
    mean, covariance = np.nanmean(X, axis=0), np.diag(np.nanvar(X, axis=0))
    for _ in range(2000):
        first, second = np.zeros(p), np.zeros((p, p))
        for x in X:
            o = np.isfinite(x)
            full, extra = x.copy(), np.zeros((p, p))
            if not o.all():
                slope = np.linalg.solve(covariance[np.ix_(o, o)], covariance[np.ix_(o, ~o)])
                full[~o] = mean[~o] + (x[o] - mean[o]) @ slope
                extra[np.ix_(~o, ~o)] = covariance[np.ix_(~o, ~o)] - covariance[np.ix_(~o, o)] @ slope
            first, second = first + full, second + np.outer(full, full) + extra
        mean, covariance = first / n, second / n - np.outer(first / n, first / n)
    unbiased, statistic, df = covariance * n / (n - 1), 0.0, -p
    for pattern in np.unique(np.isfinite(X), axis=0):
        rows = X[(np.isfinite(X) == pattern).all(axis=1)][:, pattern]
        gap = rows.mean(axis=0) - mean[pattern]
        statistic += len(rows) * gap @ np.linalg.solve(unbiased[np.ix_(pattern, pattern)], gap)
        df += int(pattern.sum())
    return statistic, df


def test_little_agrees_with_em_row_by_row() -> None:
    rng = np.random.default_rng(13)
    X = rng.normal(size=(60, 3)) @ np.array([[1, 0.6, 0.2], [0, 1, 0.5], [0, 0, 1]]) * [1, 20, 0.1] + 5
    X[rng.random(60) < 0.3, 1] = np.nan
    X[rng.random(60) < 0.2, 2] = np.nan
    statistic, df = naive_little(X)
    found = little_test(X)
    assert found.df == df
    assert found.statistic == pytest.approx(statistic, rel=1e-3)  # both stop at a change of 1e-6 or beyond


def test_little_leaves_out_copies_and_says_why_it_cannot_be_made() -> None:
    rng = np.random.default_rng(14)
    X = rng.normal(size=(100, 3))
    X[:30, 0] = np.nan
    assert choose_columns(np.column_stack([X, 2 * X[:, 1], np.ones(100)])) == [0, 1, 2]
    apart = X.copy()
    apart[30:, 1] = np.nan
    assert "observed together" in little_test(apart).reason
    assert "no missing value" in little_test(X[:, 1:]).reason
    assert len(choose_columns(rng.normal(size=(100, 40)))) == 10


def test_projection_test_finds_a_rule_and_passes_over_rare_masks() -> None:
    rng = np.random.default_rng(15)
    X = rng.normal(size=(200, 3))
    X[X[:, 0] > 0.5, 1] = np.nan
    X[:3, 2] = np.nan
    found = projection_test(X, np.array([-1, 0, 1]), np.zeros(3, dtype=bool), 1)
    assert found.partial[0] == pytest.approx(1 / 200)  # the least p-value of 199 permutations
    assert np.isnan(found.partial[1])
    alone = projection_test(X[:, [1]], np.array([0]), np.zeros(1, dtype=bool), 1)
    assert np.isnan(alone.p)
    assert alone.reason


def test_generalised_covariance_agrees_with_a_loop() -> None:
    R = np.random.default_rng(16).normal(size=(50, 3))
    p, nats = dependence_given_values(R)
    product = R[:, 0] * R[:, 1]
    z = product.mean() / np.sqrt(product.var() / 50)
    from scipy.stats import norm

    assert p[0, 1] == pytest.approx(2 * norm.sf(abs(z)), rel=ALGEBRA)
    assert nats[0, 1] == pytest.approx(
        0.5 * product.sum() ** 2 / ((R[:, 0] ** 2).sum() * (R[:, 1] ** 2).sum())
    )


def test_inclusion_needs_more_than_chance() -> None:
    M = np.zeros((200, 4))
    M[:100, 0] = 1
    M[:40, 1] = 1  # within the first
    M[:41, 2] = 1  # the second and one more: the same up to a unit
    M[98:100, 3] = 1  # within the first, as a quarter of all pairs would be
    found = inclusion(M)
    assert found[1, 0]
    assert not found[0, 1]
    assert found[1, 2]
    assert found[2, 1]
    assert not found[3, 0]


def test_components_are_numbered_by_their_first_member() -> None:
    linked = np.zeros((5, 5), dtype=bool)
    linked[0, 3] = linked[3, 0] = linked[1, 4] = linked[4, 1] = True
    assert components(linked).tolist() == [0, 1, 2, 0, 1]


def test_holm_and_auc_by_hand() -> None:
    np.testing.assert_allclose(holm(np.array([0.01, np.nan, 0.04, 0.03])), [0.03, np.nan, 0.06, 0.06])
    assert auc(np.array([1.0, 2, 3, 3]), np.array([0.0, 0, 1, 0]))[0] == pytest.approx(2.5 / 3)


def test_order_test_tells_a_chain_from_a_common_cause() -> None:
    rng = np.random.default_rng(17)
    n, common = 1500, rng.normal(size=1500)
    block = np.column_stack([(common + rng.normal(size=n) > 0.7).astype(float) for _ in range(4)])
    chain = masks(n, 4, 18)
    for j in range(1, 4):
        chain[:, j] = rng.random(n) < 0.15 + 0.5 * chain[:, j - 1]
    nothing = np.empty((n, 0))
    assert order_test(block, np.zeros((n, 4)), [0, 1, 2, 3], nothing)[0] < 1e-6
    p, df = order_test(chain, np.zeros((n, 4)), [0, 1, 2, 3], nothing)
    assert p > 1e-3  # false alarm 0.1 %
    assert df == 3
    assert np.isnan(order_test(chain, np.zeros((n, 4)), [0, 0, 1, 1], nothing)[0])


def test_dropout_by_hand_and_against_statsmodels() -> None:
    seen = np.array([[1, 1], [1, 0], [0, 1], [1, 1]], dtype=bool)
    curves = dropout_curves(seen, np.array([0, 0, 1, 1], dtype=np.int8), ["v1", "v2"])
    assert curves["seen"].tolist() == [1.0, 0.5, 0.5, 0.5]
    assert curves["missed"].tolist() == [0, 1, 1, 0]
    assert curves["at_risk"].tolist() == [2, 2, 2, 1]
    rng = np.random.default_rng(19)
    n, arm = 400, np.tile([0, 1], 200).astype(np.int8)
    last = rng.normal(size=(n, 2))
    gone = rng.random((n, 2)) < 1 / (1 + np.exp(1.5 - 0.8 * arm[:, None] - 0.3 * last))
    seen = ~gone
    found = dropout_hazard(seen, last, arm, ["v1", "v2"])
    risk = [(i, v) for i in range(n) for v in range(2) if v == 0 or seen[i, 0]]
    x = np.array([[arm[i], last[i, v], v] for i, v in risk], dtype=float)
    x[:, 1] -= x[:, 1].mean()
    design = sm.add_constant(np.column_stack([x[:, 0], x[:, 1], x[:, 0] * x[:, 1], x[:, 2]]))
    fit = sm.Logit(np.array([not seen[i, v] for i, v in risk], dtype=float), design).fit(disp=0)
    np.testing.assert_allclose(found["estimate"], fit.params[1:4], atol=10 * NEWTON)
    np.testing.assert_allclose(found["se"], fit.bse[1:4], rtol=0.01)
    assert dropout_hazard(np.ones((20, 1), dtype=bool), np.zeros((20, 1)), arm[:20], ["v1"]).empty


def test_curves_are_a_table() -> None:
    assert isinstance(dropout_curves(np.zeros((0, 1), dtype=bool), np.zeros(0, np.int8), ["a"]), pd.DataFrame)
