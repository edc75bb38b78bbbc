"""What must not change an estimate, and what must change it in a known way."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort.columns import Column
from hetflow.effects.average import average_effect
from hetflow.effects.calibration import calibration
from hetflow.effects.estimates import estimate_all
from hetflow.effects.groups import group_effects, weighted_cuts
from hetflow.effects.projection import best_linear_projection
from hetflow.effects.ranking import evaluate_ranking
from hetflow.effects.scores import Scores, doubly_robust_score
from hetflow.seeds import generator
from score_world import linear_trial

# The same numbers added in another order.
ROUNDING = 1e-9
UNITS = 160
AVERAGES = ("ATE", "ATT", "ATC", "ATO")
SETTINGS = {
    "average": list(AVERAGES),
    "groups": 2,
    "rules": {"x1": {"covariate": "x1", "quantiles": 3}},
    "projection": ["x1", "x2"],
    "ranking_draws": 50,
    "confidence": 0.95,
    "better": "higher",
    "randomised": True,
}


@pytest.fixture
def trial() -> tuple[Scores, np.ndarray]:
    """A trial with uneven propensities, weights and clusters that lie within folds."""
    rng = generator(1, "invariance")
    scores, _, X = linear_trial(rng, UNITS, 0.7)
    e = rng.uniform(0.3, 0.7, UNITS)
    residual = scores.treated - e
    return (
        replace(
            scores,
            propensity=e,
            treatment_residual=residual,
            score=doubly_robust_score(scores.cate, residual, scores.outcome_residual, e),
            weight=rng.uniform(0.5, 2, UNITS),
            cluster=scores.fold * 100 + rng.integers(0, 8, UNITS),
        ),
        X,
    )


def table_of(scores: Scores, X: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame({"unit": scores.unit, "x1": X[:, 0], "x2": X[:, 1]})
    columns = [Column("x1", "continuous"), Column("x2", "continuous")]
    return estimate_all([scores], [frame], columns, SETTINGS, 5, "primary", "y").table


def assert_same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    numbers = ["estimate", "se", "df", "lower", "upper", "p", "n"]
    pd.testing.assert_frame_equal(left.drop(columns=numbers), right.drop(columns=numbers))
    np.testing.assert_allclose(left[numbers], right[numbers], atol=ROUNDING, rtol=ROUNDING)


def test_order_of_rows(trial: tuple[Scores, np.ndarray]) -> None:
    scores, X = trial
    order = generator(2, "order").permutation(UNITS)
    arrays = {f.name: getattr(scores, f.name)[order] for f in fields(scores) if f.name != "contrast"}
    assert_same(table_of(scores, X), table_of(replace(scores, **arrays), X[order]))


def test_names_of_clusters_that_keep_their_order(trial: tuple[Scores, np.ndarray]) -> None:
    scores, X = trial
    assert_same(table_of(scores, X), table_of(replace(scores, cluster=scores.cluster * 3 + 7), X))


@pytest.mark.parametrize("factor", [1e-3, 1 / 7, 1e4])
def test_scale_of_weights(trial: tuple[Scores, np.ndarray], factor: float) -> None:
    scores, X = trial
    assert_same(table_of(scores, X), table_of(replace(scores, weight=scores.weight * factor), X))


def test_units_of_zero_weight(trial: tuple[Scores, np.ndarray]) -> None:
    scores, X = trial
    held = generator(3, "zero").uniform(size=UNITS) < 0.8
    zeroed = replace(scores, weight=np.where(held, scores.weight, 0.0))
    assert_same(table_of(zeroed, X), table_of(scores.subset(held), X[held]))


@pytest.mark.parametrize("factor", [0.01, 30.0])
def test_units_of_the_outcome(trial: tuple[Scores, np.ndarray], factor: float) -> None:
    """Everything but calibration, which is free of units, scales with the outcome; tests do not change."""
    scores, X = trial
    names = ("score", "cate", "cate_held_out", "cate_sequential", "priority", "outcome_residual")
    scaled = table_of(replace(scores, **{name: factor * getattr(scores, name) for name in names}), X)
    table = table_of(scores, X)
    factors = np.where(table["estimand"] == "calibration", 1.0, factor)
    for name in ("estimate", "se", "lower", "upper"):
        np.testing.assert_allclose(scaled[name], table[name] * factors, rtol=1e-7, atol=ROUNDING)
    np.testing.assert_allclose(scaled["p"], table["p"], rtol=1e-6, atol=ROUNDING)


def test_a_constant_added_to_every_effect(trial: tuple[Scores, np.ndarray]) -> None:
    """Averages, intercepts and group means move by it; slopes, differences and rankings do not."""
    scores, X = trial
    shift = 2.5
    moved = replace(
        scores,
        outcome_residual=scores.outcome_residual + shift * scores.treatment_residual,
        **{
            name: getattr(scores, name) + shift
            for name in ("score", "cate", "cate_held_out", "cate_sequential", "priority")
        },
    )
    before, after = table_of(scores, X), table_of(moved, X)
    moves = before["estimand"].isin([*AVERAGES, "rule_groups", "held_out_groups", "sequential_groups"])
    moves |= before["term"] == "intercept"
    compared = before["estimand"] != "calibration"
    difference = (after["estimate"] - before["estimate"])[compared]
    np.testing.assert_allclose(difference, np.where(moves, shift, 0.0)[compared], atol=ROUNDING)
    np.testing.assert_allclose(after["se"][compared], before["se"][compared], atol=ROUNDING)


def test_arms_exchanged(trial: tuple[Scores, np.ndarray]) -> None:
    """Calling control treated turns every effect, and makes of the treated the controls."""
    scores, _ = trial
    cate = -scores.cate
    residual, e = -scores.treatment_residual, 1 - scores.propensity
    swapped = replace(
        scores,
        treated=1 - scores.treated,
        treatment_residual=residual,
        propensity=e,
        cate=cate,
        score=doubly_robust_score(cate, residual, scores.outcome_residual, e),
    )
    for here, there in (("ATE", "ATE"), ("ATT", "ATC"), ("ATC", "ATT"), ("ATO", "ATO")):
        one, other = average_effect(scores, here), average_effect(swapped, there)
        np.testing.assert_allclose(one.estimate, -other.estimate, atol=ROUNDING)
        np.testing.assert_allclose(one.covariance, other.covariance, atol=ROUNDING)


def test_integer_weights_are_repeated_rows(trial: tuple[Scores, np.ndarray]) -> None:
    """Estimates agree; so do standard errors when the copies of a unit are a cluster, ATT's and ATC's apart, whose form
    without clusters is grf's. AUTOC is not compared: copies are reached one by one.
    """
    scores, X = trial
    times = generator(4, "times").integers(1, 4, UNITS)
    rows = np.repeat(np.arange(UNITS), times)
    weighted = replace(scores, weight=times.astype(float), cluster=scores.unit)
    arrays = {f.name: getattr(weighted, f.name)[rows] for f in fields(weighted) if f.name != "contrast"}
    copies = arrays | {"unit": np.arange(rows.size), "weight": np.ones(rows.size)}
    repeated = replace(weighted, **copies)
    for target in AVERAGES:
        one, other = average_effect(weighted, target), average_effect(repeated, target)
        np.testing.assert_allclose(one.estimate, other.estimate, atol=ROUNDING)
        if target == "ATE":
            np.testing.assert_allclose(one.covariance, other.covariance, atol=ROUNDING)
    for here, there in (
        (calibration(weighted), calibration(repeated)),
        (
            best_linear_projection(weighted, X[:, :2], ["x1", "x2"]),
            best_linear_projection(repeated, X[rows, :2], ["x1", "x2"]),
        ),
    ):
        np.testing.assert_allclose(here.estimate, there.estimate, atol=ROUNDING)
    cuts = weighted_cuts(X[:, 0], weighted.weight, 4)
    assert np.array_equal(cuts, weighted_cuts(X[rows, 0], repeated.weight, 4))
    codes = np.searchsorted(cuts, X[:, 0])
    one, other = (
        group_effects(s, c, list("abcd"), "rule_groups", "x")
        for s, c in ((weighted, codes), (repeated, codes[rows]))
    )
    np.testing.assert_allclose(one.estimate, other.estimate, atol=ROUNDING)
    np.testing.assert_allclose(one.covariance, other.covariance, atol=ROUNDING)
    grid = np.array([0.1, 0.37, 0.8])
    curves = [
        evaluate_ranking(s.score, s.priority, s.weight, s.cluster, 4, generator(1, "r"), grid).toc
        for s in (weighted, repeated)
    ]
    np.testing.assert_allclose(*curves, atol=ROUNDING)


def test_monotone_change_of_priority(trial: tuple[Scores, np.ndarray]) -> None:
    scores, _ = trial
    results = [
        evaluate_ranking(scores.score, priority, scores.weight, scores.cluster, 20, generator(1, "r"))
        for priority in (scores.priority, np.exp(scores.priority), 5 * scores.priority - 3)
    ]
    for other in results[1:]:
        assert other.autoc == results[0].autoc
        assert np.array_equal(other.qini_draws, results[0].qini_draws)


def test_number_of_draws_changes_only_standard_errors(trial: tuple[Scores, np.ndarray]) -> None:
    scores, _ = trial
    few, many = (
        evaluate_ranking(scores.score, scores.priority, scores.weight, scores.cluster, r, generator(1, "r"))
        for r in (10, 30)
    )
    assert few.autoc == many.autoc
    assert np.array_equal(few.autoc_draws, many.autoc_draws[:10])
