"""Headline numbers, what refits are made of, and bounds of components; against formulas and naive twins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort.columns import Column
from hetflow.effects.components import difference, jackknife_variance, mean_square, scaled
from hetflow.effects.estimates import estimate_all, settle_plan
from hetflow.effects.headlines import covariates_side, is_headline, scores_side, with_effects
from hetflow.effects.refits import (
    GROUPS,
    bag_groups,
    effects_without,
    headline_variants,
    refit_effects,
)
from hetflow.effects.stability import (
    without_imputations,
)
from hetflow.errors import Refused
from hetflow.forest.effects import effects
from hetflow.forest.grow import grow_shard
from hetflow.forest.sums import add_all
from scipy import stats
from score_world import linear_trial

# The same sums in another order.
ROUNDING = 1e-10
SETTINGS = {
    "average": ["ATE"],
    "groups": 3,
    "rules": {"halves": {"covariate": "x0", "cuts": [0.0]}, "thirds": {"covariate": "x1", "quantiles": 3}},
    "projection": ["x0", "x2"],
    "ranking_draws": 60,
    "confidence": 0.95,
    "better": "higher",
    "randomised": True,
}


def world(m: int = 3, n: int = 240):
    """Scores of a trial, m completed data sets that differ in one covariate, their columns and settled plan."""
    scores, _, X = linear_trial(np.random.default_rng(4), n, 0.8)
    frames = []
    for k in range(m):
        own = X.copy()
        own[: n // 3, 1] += np.random.default_rng(k).normal(size=n // 3)
        frames.append(pd.DataFrame(own, columns=[f"x{j}" for j in range(5)]).assign(unit=scores.unit))
    columns = [Column(f"x{j}", "continuous") for j in range(5)]
    plan = settle_plan([scores], frames, columns, SETTINGS, 7, frames[0], [])
    return scores, frames, columns, plan


def test_a_mean_square_has_chi_squared_bounds() -> None:
    found = mean_square(2.0, 5, 0.9)
    assert found.variance == 2.0
    assert (found.lower, found.upper) == pytest.approx(
        (10 / stats.chi2.ppf(0.95, 5), 10 / stats.chi2.ppf(0.05, 5))
    )


def test_without_noise_a_difference_is_the_mean_square() -> None:
    assert difference(2.0, 5, 0.0, 30, 0.9) == mean_square(2.0, 5, 0.9)
    assert difference(0.0, 5, 0.0, 30, 0.9).upper == 0.0


def test_bounds_with_little_noise_are_nearly_those_without() -> None:
    found, exact = difference(2.0, 5, 1e-9, 30, 0.95), mean_square(2.0, 5, 0.95)
    assert (found.lower, found.upper) == pytest.approx((exact.lower, exact.upper), rel=1e-6)


def test_a_negative_component_is_given_as_zero_and_said() -> None:
    found = difference(1.0, 4, 1.5, 45, 0.95)
    assert found.truncated
    assert found.variance == found.lower == 0.0
    assert found.upper > 0
    assert not difference(1.5, 4, 1.0, 45, 0.95).truncated


def test_scaling_scales_all_but_the_degrees_of_freedom() -> None:
    found = scaled(difference(3.0, 4, 1.0, 45, 0.95), 0.1)
    assert found.variance == pytest.approx(0.2)
    assert found.df == 4


def test_the_jackknife_of_a_mean_is_its_variance() -> None:
    values = np.random.default_rng(1).normal(size=12)
    left_out = np.array([np.delete(values, i).mean() for i in range(12)])
    assert jackknife_variance(values.mean(), left_out, np.ones(12)) == pytest.approx(values.var(ddof=1) / 12)


def test_the_jackknife_takes_groups_of_different_sizes() -> None:
    """Of a mean its expectation is the variance of the mean; 4,000 draws have a Monte Carlo error of some 1 %."""
    rng, sizes = np.random.default_rng(2), np.array([3, 4, 4, 5, 6])
    groups = np.split(np.arange(22), np.cumsum(sizes)[:-1])
    found = []
    for _ in range(4000):
        values = rng.normal(size=22)
        left_out = np.array([np.delete(values, group).mean() for group in groups])
        found.append(jackknife_variance(values.mean(), left_out, sizes.astype(float)))
    assert np.mean(found) == pytest.approx(1 / 22, rel=0.06)  # 6 Monte Carlo errors


def test_headline_numbers_are_those_of_the_table() -> None:
    scores, frames, columns, plan = world()
    table = estimate_all([scores], frames, columns, SETTINGS, 7, "primary", "y", observed=frames[0]).table
    cate = np.repeat(scores.cate[:, None], 2, axis=1)
    before = np.repeat(scores.cate_sequential[:, None], 2, axis=1)
    found = headline_variants([scores], cate, before, frames, plan)
    wanted = table[[is_headline(e, t) for e, t in zip(table["estimand"], table["term"], strict=True)]]
    keys = list(wanted[["estimand", "group", "term"]].itertuples(index=False, name=None))
    assert set(found) == set(keys)
    assert len(keys) == 9  # ATE, AUTOC, sequential AUTOC, gap, calibration, two rules, two slopes
    for key, estimate in zip(keys, wanted["estimate"], strict=True):
        assert found[key] == pytest.approx([estimate] * 2, abs=ROUNDING), key


def test_imputed_outcomes_rank_nobody() -> None:
    scores, _, _, plan = world()
    imputed = replace(plan, settings=SETTINGS | {"imputed": True})
    assert [key[0] for key in scores_side(scores, imputed)] == ["ATE"]


@pytest.mark.parametrize("sets", [1, 3])
def test_leaving_imputations_out_is_estimating_without_them(sets: int) -> None:
    scores, frames, _, plan = world()
    rng = np.random.default_rng(3)
    cate = scores.cate[:, None] + rng.normal(scale=0.1, size=(240, 3))
    before = scores.cate_sequential[:, None] + rng.normal(scale=0.1, size=(240, 3))
    several = [scores, *(replace(scores, outcome_residual=scores.outcome_residual + d) for d in (0.1, 0.3))][
        :sets
    ]
    found = without_imputations(several, cate, before, frames, plan)
    for column, keep in enumerate(([0, 1, 2], [1, 2], [0, 2], [0, 1])):
        expected: dict = {}
        for k in keep if sets > 1 else [0]:
            own = with_effects(several[k], cate[:, keep].mean(axis=1), before[:, keep].mean(axis=1), "higher")
            used = [frames[k]] if sets > 1 else [frames[i] for i in keep]
            sides = {key: v.mean() for key, v in covariates_side(own, own.score[:, None], used, plan).items()}
            for key, value in (scores_side(own, plan) | sides).items():
                expected.setdefault(key, []).append(value)
        assert set(expected) == set(found.values)
        for key, values in expected.items():
            assert found.values[key][column] == pytest.approx(np.mean(values), abs=ROUNDING), key


def test_a_single_completed_file_leaves_nothing_out() -> None:
    scores, frames, _, plan = world(1)
    found = without_imputations([scores], scores.cate[:, None], scores.cate_sequential[:, None], frames, plan)
    assert found.sizes.size == 0


def forest(first: int, last: int, sample: str = "all", imputation: int = 0, n: int = 120):
    rng = np.random.default_rng(6)
    X, treated = rng.normal(size=(n, 3)), rng.integers(0, 2, n) - 0.5
    fold = np.arange(n) % 3 + 1
    inside = {"all": fold > 0, "first1": fold == 1, "not3": fold != 3}[sample]
    outcome = treated * (1 + X[:, 0]) + rng.normal(size=n)
    settings = {"engine": "histogram", "bag_trees": 4, "min_leaf": 2}
    label = ("deployment", imputation, sample)
    return grow_shard(X, treated, outcome, None, None, inside, 1, label, first, last, settings)


def test_effects_without_a_group_are_those_of_the_other_bags() -> None:
    parts = [forest(*bounds) for bounds in ((0, 4), (5, 7), (8, 12))]
    _, found = effects_without(parts)
    np.testing.assert_array_equal(found[:, 0], effects(add_all(parts), intervals=False)[0])
    np.testing.assert_array_equal(found[:, 3], effects(add_all(parts[:2]), intervals=False)[0])


def test_groups_of_bags_are_all_bags_once() -> None:
    ranges = bag_groups(53)
    assert len(ranges) == GROUPS
    assert [bag for first, last in ranges for bag in range(first, last + 1)] == list(range(53))


def test_effects_of_a_refit_come_from_the_forest_that_may_speak() -> None:
    unit, fold = np.arange(120), np.arange(120) % 3 + 1
    bags = {"all": 30, "sequential": 20}
    cate, before = refit_effects(lambda s, k, a, b: forest(a, b, s, k), unit, fold, bags, 2)
    assert np.isnan(before[fold == 1]).all()
    whole = [effects(forest(0, 29, "all", k), intervals=False)[0] for k in (0, 1)]
    np.testing.assert_allclose(cate[:, 0], np.mean(whole, axis=0))
    for number, sample in ((2, "first1"), (3, "not3")):
        own = [effects(forest(0, 19, sample, k), intervals=False)[0][fold == number] for k in (0, 1)]
        np.testing.assert_allclose(before[fold == number, 0], np.mean(own, axis=0))


def test_too_few_bags_are_refused_by_name() -> None:
    unit, fold = np.arange(120), np.arange(120) % 3 + 1
    with pytest.raises(Refused, match=r"raise stability\.trees"):
        refit_effects(lambda s, k, a, b: forest(a, b, s, k), unit, fold, {"all": 10, "sequential": 0}, 1)
