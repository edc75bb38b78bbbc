"""Regression algebra against statsmodels and against the formulas written out."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from effects_twin import hc3
from effects_twin import independent_columns as one_by_one
from hetflow.effects.linear import (
    RANK_TOLERANCE,
    cluster_codes,
    cluster_sums,
    hc1_covariance,
    hc3_covariance,
    independent_columns,
    is_clustered,
    least_squares,
    weighted_mean,
)
from hetflow.errors import Refused
from hetflow.seeds import generator

# The same algebra in another order.
ROUNDING = 1e-10


@pytest.fixture
def data() -> tuple[np.ndarray, ...]:
    rng = generator(1, "linear")
    n = 120
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 2)), rng.integers(0, 2, n)])
    y = X @ [1, 2, -1, 0.5] + rng.normal(size=n) * (1 + np.abs(X[:, 1]))
    return X, y, rng.uniform(0.2, 3, n), rng.integers(0, 15, n)


def test_hc3_equals_statsmodels(data: tuple[np.ndarray, ...]) -> None:
    X, y, weight, _ = data
    fit = least_squares(X, y, weight)
    witness = sm.WLS(y, X, weights=weight).fit(cov_type="HC3")
    np.testing.assert_allclose(fit.coefficients, witness.params, atol=ROUNDING)
    found = hc3_covariance(X, fit, weight, cluster_codes(np.arange(len(y))))
    np.testing.assert_allclose(found, witness.cov_params(), atol=ROUNDING)


def test_cluster_hc1_equals_statsmodels(data: tuple[np.ndarray, ...]) -> None:
    X, y, weight, cluster = data
    witness = sm.WLS(y, X, weights=weight).fit(cov_type="cluster", cov_kwds={"groups": cluster})
    found = hc1_covariance(X, least_squares(X, y, weight), weight, cluster_codes(cluster))
    np.testing.assert_allclose(found, witness.cov_params(), atol=ROUNDING)


def test_cluster_hc3_equals_the_formula_written_out(data: tuple[np.ndarray, ...]) -> None:
    X, y, weight, cluster = data
    fit = least_squares(X, y, weight)
    bread = np.linalg.inv(X.T @ (weight[:, None] * X))
    residual = y - X @ bread @ X.T @ (weight * y)
    meat = np.zeros_like(bread)
    for g in np.unique(cluster):
        rows = cluster == g
        hat = X[rows] @ bread @ X[rows].T @ np.diag(weight[rows])
        score = X[rows].T @ np.linalg.solve(np.eye(rows.sum()) - hat, weight[rows] * residual[rows])
        meat += np.outer(score, score)
    found = hc3_covariance(X, fit, weight, cluster_codes(cluster))
    np.testing.assert_allclose(found, bread @ meat @ bread, atol=ROUNDING)


def test_zero_weight_is_absence(data: tuple[np.ndarray, ...]) -> None:
    X, y, weight, cluster = data
    held = cluster > 2
    zeroed = np.where(held, weight, 0.0)
    with_zero, without = least_squares(X, y, zeroed), least_squares(X[held], y[held], weight[held])
    np.testing.assert_allclose(with_zero.coefficients, without.coefficients, atol=ROUNDING)
    assert with_zero.df == without.df
    for covariance in (hc1_covariance, hc3_covariance):
        np.testing.assert_allclose(
            covariance(X, with_zero, zeroed, cluster_codes(cluster)),
            covariance(X[held], without, weight[held], cluster_codes(cluster[held])),
            atol=ROUNDING,
        )
    np.testing.assert_allclose(
        weighted_mean(y, zeroed, cluster_codes(cluster)),
        weighted_mean(y[held], weight[held], cluster_codes(cluster[held])),
        atol=ROUNDING,
    )


def test_mean_is_the_cluster_formula(data: tuple[np.ndarray, ...]) -> None:
    _, y, weight, cluster = data
    mean, se = weighted_mean(y, weight, cluster_codes(cluster))
    assert mean == pytest.approx(np.average(y, weights=weight), abs=ROUNDING)
    sums = [(weight * (y - mean))[cluster == g].sum() for g in np.unique(cluster)]
    assert se == pytest.approx(np.sqrt(np.sum(np.square(sums)) * 15 / 14) / weight.sum(), abs=ROUNDING)


def test_mean_of_independent_units_has_the_usual_standard_error() -> None:
    y = np.array([1.0, 2.0, 4.0, 8.0])
    found = weighted_mean(y, np.ones(4), np.arange(4))
    np.testing.assert_allclose(found, [y.mean(), y.std(ddof=1) / 2], atol=ROUNDING)


def test_cluster_sums_follow_the_codes() -> None:
    codes = cluster_codes(np.array([7, -3, 7, 100]))
    assert codes.tolist() == [1, 0, 1, 2]
    assert cluster_sums(np.array([1.0, 2.0, 3.0, 4.0]), codes).tolist() == [2.0, 4.0, 4.0]


def test_clustered_only_if_units_that_count_share_one() -> None:
    cluster = np.array([1, 1, 2])
    assert is_clustered(cluster, np.ones(3))
    assert not is_clustered(cluster, np.array([1.0, 0.0, 1.0]))


def test_dependent_columns_are_told_in_order() -> None:
    a, b = np.arange(5.0), np.array([1.0, 0, 0, 1, 1])
    X = np.column_stack([np.ones(5), a, 3 * a - 2, b, np.zeros(5), 1 - b])
    assert independent_columns(X, np.ones(5)) == [0, 1, 3]


def test_a_dependent_column_is_refused() -> None:
    with pytest.raises(Refused, match="no term that the others determine"):
        least_squares(np.ones((6, 2)), np.arange(6.0), np.ones(6), "projection")


def test_a_level_of_one_unit_is_refused() -> None:
    X = np.column_stack([np.ones(6), np.eye(6)[0]])
    y = np.array([1.0, 2, 3, 2, 1, 5])
    with pytest.raises(Refused, match="single unit or cluster"):
        hc3_covariance(X, least_squares(X, y, np.ones(6)), np.ones(6), np.arange(6))


def test_one_cluster_is_refused() -> None:
    with pytest.raises(Refused, match="at least two independent units"):
        weighted_mean(np.arange(3.0), np.ones(3), np.zeros(3, dtype=np.int64), "ATE")


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("cells", [9, 10_000_000])
def test_hc3_is_that_of_every_unit_s_outer_product(
    size: int, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hetflow.effects.linear._CELLS", cells)
    rng = np.random.default_rng(8)
    X = np.column_stack([np.ones(120), rng.normal(size=(120, 2))])
    weight = np.where(np.arange(120) < 6, 0.0, rng.uniform(0.5, 2, 120))
    codes = rng.permutation(np.repeat(np.arange(120 // size), size)) if size > 1 else np.arange(120)
    fit = least_squares(X, rng.normal(size=120), weight)
    found = hc3_covariance(X, fit, weight, codes)
    np.testing.assert_allclose(found, hc3(X, fit.bread, fit.residual, weight, codes), rtol=1e-10)


def test_columns_at_once_are_those_one_by_one() -> None:
    rng = np.random.default_rng(9)
    X = rng.normal(size=(40, 6))
    assert independent_columns(X, np.ones(40)) == one_by_one(X, RANK_TOLERANCE) == list(range(6))
    X[:, 2], X[:, 4] = X[:, 0] + X[:, 1], 0.0
    assert independent_columns(X, np.ones(40)) == one_by_one(X, RANK_TOLERANCE) == [0, 1, 3, 5]
    nearly = np.column_stack([X[:, :2], X[:, 0] + 1e-6 * X[:, 5]])
    assert independent_columns(nearly, np.ones(40)) == [0, 1, 2]
