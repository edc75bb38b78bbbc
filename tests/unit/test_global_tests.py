"""Global tests of heterogeneity against closed forms, every permutation of small samples, and statsmodels."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hetflow.cohort.columns import Column
from hetflow.effects.global_tests import Inputs, global_tests
from hetflow.effects.independence import coded, directions, independence, quadratic, studentised_sum
from hetflow.effects.score_residual import score_residual
from numpy.typing import NDArray
from scipy import stats
from score_world import linear_trial

ROUNDING = 1e-9  # sums of some hundred terms in another order


def sample(seed: int, n: int, k: int) -> tuple[NDArray, NDArray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, k))
    return X, X[:, 0] + rng.normal(size=n)


def test_mean_and_covariance_are_those_over_all_permutations() -> None:
    """The formulas of Strasser and Weber, as coin has them, by brute force: 720 permutations of six scores."""
    X, score = sample(1, 6, 2)
    drawn = np.array([X.T @ np.array(order) for order in permutations(score)])
    gap, covariance = X.T @ score - drawn.mean(axis=0), np.cov(drawn.T, bias=True)
    expected = gap @ np.linalg.pinv(covariance) @ gap
    found = independence(coded(X, False), score, 0, np.random.default_rng(0))[1]
    assert found.statistic == pytest.approx(expected, rel=ROUNDING)


def test_plain_statistic_is_r_squared_and_chi_square() -> None:
    X, score = sample(2, 80, 4)
    found = independence(coded(X, False), score, 0, np.random.default_rng(0))[1]
    r2 = sm.OLS(score, sm.add_constant(X)).fit().rsquared
    assert found.statistic == pytest.approx(79 * r2, rel=ROUNDING)
    assert found.p == pytest.approx(stats.chi2.sf(79 * r2, 4), rel=1e-6)


def test_two_groups_give_the_chi_square_of_a_permuted_mean_difference() -> None:
    """One 0/1 covariate: (n - 1) times the squared correlation, the square of the standardised two-sample statistic."""
    rng = np.random.default_rng(3)
    group, score = (rng.random(40) < 0.4).astype(float), rng.normal(size=40)
    found = independence(coded(group[:, None], True), score, 0, rng)[1]
    assert found.statistic == pytest.approx(39 * np.corrcoef(group, score)[0, 1] ** 2, rel=ROUNDING)


def test_permutation_p_is_the_share_over_all_permutations() -> None:
    """With six scores every draw is one of 720; 4,000 draws lie within five Monte Carlo errors of their share."""
    X, score = sample(4, 6, 1)
    X = coded(X, False)
    for place in (0, 1):
        value = [
            independence(X, np.array(order), 0, np.random.default_rng(0))[place].statistic
            for order in permutations(score)
        ]
        exact = np.mean(np.array(value) >= value[0] - ROUNDING)
        drawn = independence(X, score, 4000, np.random.default_rng(5))[place].p
        assert abs(drawn - exact) < 5 * np.sqrt(exact * (1 - exact) / 4000) + 1 / 4001


def test_studentised_statistic_is_that_of_a_regression_of_one() -> None:
    """``U' V^-1 U`` is n times the uncentred R squared of 1 on the scores (Wooldridge 1991)."""
    X, score = sample(6, 60, 3)
    parts = (X - X.mean(axis=0)) * (score - score.mean())[:, None]
    fit = sm.OLS(np.ones(60), parts).fit()
    assert studentised_sum(parts)[0] == pytest.approx(60 * (1 - fit.ssr / 60), rel=ROUNDING)


def test_score_residual_is_the_robust_lm_test_of_interactions() -> None:
    """Against the same statistic from statsmodels' residuals, interactions centred at the mean of the covariates."""
    rng = np.random.default_rng(7)
    n, X = 120, rng.normal(size=(120, 3))
    arm = rng.integers(0, 2, n).astype(np.int8)
    outcome = X[:, 0] + arm * (1 + X[:, 1]) + rng.normal(size=n)
    residual = np.asarray(sm.OLS(outcome, sm.add_constant(np.column_stack([X, arm]))).fit().resid)
    parts = (X - X.mean(axis=0)) * ((arm - 0.5) * residual)[:, None]
    expected = n * (1 - sm.OLS(np.ones(n), parts).fit().ssr / n)
    found = score_residual(coded(X, False), outcome, arm[None], np.full(n, 0.5), np.ones(n))
    assert found.statistic == pytest.approx(expected, rel=ROUNDING)
    assert found.df == 3


def test_score_residual_keeps_a_constant_effect_out() -> None:
    """Adding a constant effect, or anything linear in the covariates, changes neither statistic nor draws."""
    rng = np.random.default_rng(8)
    n, X = 90, coded(rng.normal(size=(90, 2)), False)
    arms = np.stack([rng.permutation(np.arange(n) % 2) for _ in range(20)]).astype(np.int8)
    outcome = rng.normal(size=n)
    e, w = np.full(n, 0.5), np.ones(n)
    first = score_residual(X, outcome, arms, e, w)
    moved = score_residual(X, 3 * outcome + 7 * arms[0] + X @ [2.0, -1.0] + 5, arms, e, w)
    assert moved.statistic == pytest.approx(first.statistic, rel=1e-7)
    assert moved.p == first.p


def test_weights_are_repeated_units() -> None:
    """A unit of weight 2 whose cluster counts once is two equal units of one cluster."""
    rng = np.random.default_rng(9)
    n, X = 60, coded(rng.normal(size=(60, 2)), False)
    arm, outcome = rng.integers(0, 2, n).astype(np.int8), rng.normal(size=n)
    weight = rng.integers(1, 3, n)
    twice = np.repeat(np.arange(n), weight)
    one = score_residual(X, outcome, arm[None], np.full(n, 0.5), weight.astype(float))
    other = score_residual(
        X[twice],
        outcome[twice],
        arm[None, twice],
        np.full(twice.size, 0.5),
        np.ones(twice.size),
        twice.astype(np.int64),
    )
    assert one.statistic == pytest.approx(other.statistic, rel=1e-7)


def test_redundant_covariates_change_nothing() -> None:
    """The Moore-Penrose inverse: a column that others determine, a constant, another order, other units."""
    X, score = sample(10, 50, 3)
    more = np.column_stack([X[:, 2] * 1e6, X, X[:, 0] + X[:, 1], np.ones(50)])
    rng = np.random.default_rng
    plain, redundant = (independence(coded(Z, False), score, 99, rng(1)) for Z in (X, more))
    assert directions(coded(more, False)).shape[1] == 3
    for one, other in zip(plain, redundant, strict=True):
        assert other.statistic == pytest.approx(one.statistic, rel=1e-7)
        assert (other.df, other.p) == (one.df, one.p)


def test_ranks_do_not_see_increasing_transformations() -> None:
    X, _ = sample(11, 40, 2)
    np.testing.assert_allclose(coded(np.exp(3 * X), True), coded(X, True), atol=1e-12)
    two = (X > 0).astype(float)
    np.testing.assert_allclose(coded(two, True), coded(two, False), atol=1e-12)


def test_nothing_to_test_gives_no_evidence() -> None:
    assert quadratic(np.zeros(3), 0).p == 1.0


def inputs(n: int = 200, slope: float = 1.0, seed: int = 12, **chosen: Any) -> Inputs:
    scores, _, X = linear_trial(np.random.default_rng(seed), n, slope)
    frame = pd.DataFrame(X, columns=[f"x{j + 1}" for j in range(5)]).assign(unit=scores.unit)
    settings = {"permutations": 99, "coding": "ranks", "projection": ["x1"], "unsuited": "", "seed": 1}
    columns = [Column(f"x{j + 1}", "continuous") for j in range(5)]
    return Inputs(scores, [frame], columns, np.full(n, "all"), settings | chosen)


def test_every_test_finds_a_strong_slope() -> None:
    table, notices = global_tests(inputs())
    assert not notices
    assert table["test"].tolist() == [
        *("independence", "independence_plain") * 2,
        *("score_residual",) * 2,
        "calibration",
    ]
    assert table["covariates"].tolist()[:4] == ["all", "all", "named", "named"]
    assert table["columns"].tolist() == [5, 5, 1, 1, 5, 1, 1]
    assert (table["p"] <= 0.01).all()
    assert table["reference"].tolist() == ["permutations"] * 6 + ["t"]


def test_tests_do_not_depend_on_the_order_of_columns_or_imputations() -> None:
    given = inputs(slope=0.2)
    turned = given._replace(columns=given.columns[::-1], frames=[given.frames[0]] * 2)
    first, second = global_tests(given)[0], global_tests(turned)[0]
    np.testing.assert_allclose(first["statistic"], second["statistic"], rtol=1e-7)
    np.testing.assert_array_equal(first["p"], second["p"])


def test_weights_and_clusters_leave_the_exchange_of_scores_out() -> None:
    given = inputs()
    weighted = replace(given.scores, weight=np.linspace(1, 2, given.scores.n))
    clustered = replace(given.scores, cluster=np.arange(given.scores.n) // 2)
    for scores in (weighted, clustered):
        table, notices = global_tests(given._replace(scores=scores))
        assert set(table["test"]) == {"score_residual", "calibration"}
        assert any("weights or clusters" in said for said in notices)


def test_gaps_and_too_many_columns_are_left_out_by_name() -> None:
    given = inputs()
    gap = given.frames[0].assign(x4=np.where(np.arange(given.scores.n) < 3, np.nan, given.frames[0]["x4"]))
    table, notices = global_tests(given._replace(frames=[gap]))
    assert set(table[table["test"] != "calibration"]["covariates"]) == {"named"}
    assert any("gaps in x4" in said for said in notices)
    small = inputs(n=14)
    table, notices = global_tests(small)
    assert "all" not in set(table["covariates"])
    assert any("name fewer covariates" in said for said in notices)


def test_whole_clusters_change_arms_together() -> None:
    """Arms of whole clusters: units of a cluster count as one, and too few clusters are refused."""
    given = inputs(n=300, slope=0.0)
    cluster = np.arange(300) // 10
    treated = (cluster % 2).astype(np.int8)
    scores = replace(given.scores, cluster=cluster, treated=treated, treatment_residual=treated - 0.5)
    table, _ = global_tests(given._replace(scores=scores))
    assert table[table["test"] == "score_residual"]["columns"].tolist() == [5, 1]
    few = replace(scores, cluster=np.arange(300) // 30, treated=((np.arange(300) // 30) % 2).astype(np.int8))
    assert "all" not in set(global_tests(given._replace(scores=few))[0]["covariates"])


def test_unsuited_analyses_say_why() -> None:
    table, notices = global_tests(inputs(unsuited="an observational design"))
    assert table.empty
    assert notices == ["global tests of heterogeneity left out: an observational design"]


def test_large_studies_take_chi_square(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hetflow.effects.global_tests.PERMUTED_UNITS", 100)
    table, _ = global_tests(inputs(slope=0.1))
    quadratics = table[table["test"] != "calibration"]
    assert (quadratics["reference"] == "chi-square").all()
    np.testing.assert_array_equal(quadratics["p"], quadratics["p_asymptotic"])


def test_a_permuted_p_counts_the_sample_itself() -> None:
    """Two of four draws at least as great: (1 + 2) / (1 + 4); none: never zero."""
    assert quadratic(np.array([3.0, 1.0, 3.0, 4.0, 2.0]), 2).p == pytest.approx(3 / 5)
    assert quadratic(np.array([9.0, 1.0, 3.0, 4.0, 2.0]), 2).p == pytest.approx(1 / 5)


def test_predictions_that_run_the_wrong_way_are_no_evidence() -> None:
    """The calibration test is one-sided: turned predictions give the p-value of the other side."""
    given = inputs()
    mean = given.scores.cate.mean()
    turned = replace(given.scores, cate=2 * mean - given.scores.cate)
    rows = [
        global_tests(given._replace(scores=scores))[0].set_index("test").loc["calibration"]
        for scores in (given.scores, turned)
    ]
    assert rows[0]["statistic"] == pytest.approx(-rows[1]["statistic"], rel=1e-9)
    assert rows[0]["p"] < 0.01
    assert rows[1]["p"] == pytest.approx(1 - rows[0]["p"], rel=1e-9)
