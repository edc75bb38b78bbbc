"""Losses, agreement and stack by closed forms, by hand and in worlds whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hetflow.effects.average import average_effect
from hetflow.effects.calibration import calibration
from hetflow.effects.compared_learners import compare, in_order
from hetflow.effects.learners import (
    CONSTANT,
    FOREST,
    STACK,
    evaluation_terms,
    loss,
    loss_terms,
    weighted_correlation,
)
from hetflow.effects.scores import Scores
from hetflow.effects.sequential import sequential_autoc
from hetflow.effects.stacked import Candidate, constant_effect, stack
from hetflow.errors import Refused
from learner_worlds import SETTINGS
from scipy.optimize import minimize
from score_world import linear_trial

EXACT = 1e-10
FAR = 5.0
"""Standard errors: false alarm 6e-7."""


@pytest.fixture(scope="module")
def world() -> tuple[Scores, np.ndarray, np.ndarray]:
    """A trial of 600 with effect 1 + 0.8 x1, weighted and in pairs."""
    scores, tau, X = linear_trial(np.random.default_rng(3), 600, 0.8)
    rng = np.random.default_rng(4)
    return replace(scores, weight=rng.uniform(0.5, 2, 600), cluster=np.arange(600) // 2), tau, X


def truth(scores: Scores, tau: np.ndarray) -> Candidate:
    return Candidate(tau, np.where(scores.fold > 1, tau, np.nan))


def test_losses_and_their_gain_by_hand(world: tuple) -> None:
    scores, tau, _ = world
    candidates = {CONSTANT: constant_effect(scores), "right": truth(scores, tau)}
    terms = {(one.estimand, one.groups[0]): one for one in loss_terms(scores, "right", candidates)}
    w = scores.weight / scores.weight.sum()
    flat = candidates[CONSTANT].held_out
    dr = (scores.score - flat) ** 2 - (scores.score - tau) ** 2
    r = (scores.outcome_residual - scores.treatment_residual * flat) ** 2
    r -= (scores.outcome_residual - scores.treatment_residual * tau) ** 2
    for name, gain in (("DR_loss_gain", dr), ("R_loss_gain", r)):
        found = terms[name, CONSTANT]
        assert found.estimate[0] == pytest.approx(w @ gain, abs=EXACT)
        sums = np.add.reduceat(w * (gain - w @ gain), np.arange(0, 600, 2))
        assert found.covariance[0, 0] == pytest.approx(300 / 299 * (sums @ sums), abs=EXACT)
        assert not found.tested
        assert found.df == 299  # pairs are clusters
    assert (("DR_loss_gain", FOREST) in terms) is False


def test_with_a_probability_of_one_half_the_r_loss_is_a_quarter_of_the_dr_loss_but_for_a_constant(
    world: tuple,
) -> None:
    """With e = 1/2, (score - tau)^2 = 4 (Y - m - (W - e) tau)^2, unit by unit."""
    scores, tau, _ = world
    np.testing.assert_allclose(loss(scores, tau, "DR_loss"), 4 * loss(scores, tau, "R_loss"), atol=EXACT)


def test_a_gain_estimates_the_difference_of_squared_errors(world: tuple) -> None:
    scores, tau, _ = world
    candidates = {CONSTANT: constant_effect(scores), "right": truth(scores, tau)}
    gain = next(one for one in loss_terms(scores, "right", candidates) if one.estimand == "DR_loss_gain")
    expected = np.average((candidates[CONSTANT].held_out - tau) ** 2, weights=scores.weight)
    assert abs(gain.estimate[0] - expected) < FAR * np.sqrt(gain.covariance[0, 0])
    assert gain.estimate[0] > 3 * np.sqrt(gain.covariance[0, 0])


def test_the_constant_effect_is_the_overlap_weighted_average_of_the_other_folds(world: tuple) -> None:
    scores, _, _ = world
    flat = constant_effect(scores)
    for fold in (1, 4):
        others = scores.subset(scores.fold != fold)
        t, y, w = others.treatment_residual, others.outcome_residual, others.weight
        np.testing.assert_allclose(
            flat.held_out[scores.fold == fold], (w * t) @ y / ((w * t) @ t), atol=EXACT
        )
    assert np.isnan(flat.sequential[scores.fold == 1]).all()
    ato = average_effect(scores, "ATO")
    assert abs(flat.held_out.mean() - ato.estimate[0]) < np.sqrt(ato.covariance[0, 0])


def test_calibration_and_sequential_ranking_are_the_study_s_own(world: tuple) -> None:
    scores, _, _ = world
    forest = Candidate(scores.cate_held_out, scores.cate_sequential)
    terms, notices = evaluation_terms(scores, FOREST, forest, "higher", 4, 60, 7)
    found = {one.estimand: one for one in terms}
    assert not notices
    own = calibration(replace(scores, cate=scores.cate_held_out))
    assert found["calibration_slope"].estimate[0] == own.estimate[1]
    area = sequential_autoc(scores, "higher", 60, 7)
    assert (found["sequential_AUTOC"].estimate[0], found["sequential_AUTOC"].n) == (area.estimate, (area.n,))
    assert found["group_difference"].estimate[0] > 0
    assert not any(one.tested for one in terms)


def test_the_gap_of_groups_takes_the_degrees_of_freedom_of_its_clusters(world: tuple) -> None:
    scores, tau, _ = world
    few = replace(scores, cluster=scores.unit % 20, weight=np.ones(600))
    found, _ = evaluation_terms(few, "right", truth(few, tau), "higher", 3, 20, 1)
    assert next(one for one in found if one.estimand == "group_difference").df == 19


def test_lower_is_better_turns_the_ranking_and_not_the_loss(world: tuple) -> None:
    scores, tau, _ = world
    candidate = {"right": truth(scores, tau)}
    up = compare([scores], candidate, SETTINGS, 1).comparison
    turned = replace(scores, priority=-scores.cate)
    down = compare([turned], candidate, SETTINGS | {"better": "lower"}, 1).comparison
    both = up.merge(down, on=["learner", "measure", "reference"], suffixes=("", "_down"))
    same = both["measure"].str.contains("loss|slope")
    np.testing.assert_allclose(both["estimate"][same], both["estimate_down"][same], atol=EXACT)
    difference = both["measure"] == "group_difference"
    assert (both["estimate"][difference] > 0).all()
    assert (both["estimate_down"][difference & (both["learner"] == "right")] < 0).all()


def test_effects_that_are_all_equal_are_left_out_by_name(world: tuple) -> None:
    scores, _, _ = world
    flat = Candidate(np.full(600, 1.0), np.where(scores.fold > 1, 1.0, np.nan))
    found = compare([scores], {"flat": flat}, SETTINGS, 1)
    measures = set(found.comparison.query("learner == 'flat'")["measure"])
    assert "DR_loss_gain" in measures
    assert not measures & {"calibration_slope", "group_difference"}
    assert any("calibration_slope of flat" in said for said in found.facts["notices"])
    row = found.agreement[(found.agreement["first"] == FOREST) & (found.agreement["second"] == "flat")]
    assert row["correlation"].isna().all()


def test_the_stack_solves_its_problem_and_prefers_the_truth(world: tuple) -> None:
    scores, tau, X = world
    candidates = {
        CONSTANT: constant_effect(scores),
        "right": truth(scores, tau),
        "wrong": truth(scores, 1 - X[:, 1]),
        FOREST: Candidate(scores.cate_held_out, scores.cate_sequential),
    }
    stacked, weights = stack(scores, candidates)
    for fold in (1, 3):
        rows = scores.fold != fold
        held_out = np.column_stack([one.held_out for one in candidates.values()])[rows]
        own = weights[weights["fold"] == fold]["weight"].to_numpy()

        def risk(w: np.ndarray, held_out: np.ndarray = held_out, rows: np.ndarray = rows) -> float:
            residual = scores.outcome_residual[rows] - scores.treatment_residual[rows] * (held_out @ w)
            return float(scores.weight[rows] @ residual**2) / 100

        best = minimize(
            risk,
            np.full(4, 0.25),
            bounds=[(0, 1)] * 4,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
            method="SLSQP",
            options={"ftol": 1e-13, "maxiter": 500},
        )
        assert risk(own) <= best.fun + 1e-6
        assert own.min() >= 0
        assert own.sum() == pytest.approx(1)
    mean = weights.groupby("learner")["weight"].mean()
    assert mean["right"] + mean[FOREST] > 0.8
    assert np.mean((stacked.held_out - tau) ** 2) < 0.1 * np.mean((candidates[CONSTANT].held_out - tau) ** 2)


def test_sequential_stack_weights_have_not_seen_the_fold(world: tuple) -> None:
    scores, tau, X = world
    candidates = {
        CONSTANT: constant_effect(scores),
        "right": truth(scores, tau),
        "wrong": truth(scores, 1 - X[:, 1]),
    }
    before = stack(scores, candidates)[0].sequential
    moved = replace(scores, outcome_residual=np.where(scores.fold == 5, 9.0, scores.outcome_residual))
    after = stack(moved, candidates)[0].sequential
    np.testing.assert_array_equal(before, after)
    second = scores.fold == 2
    mean = np.mean([one.sequential[second] for one in candidates.values()], axis=0)
    np.testing.assert_allclose(before[second], mean, atol=EXACT)


def test_imputed_sets_are_pooled_by_rubin(world: tuple) -> None:
    scores, tau, _ = world
    rng = np.random.default_rng(5)
    other = replace(scores, outcome_residual=scores.outcome_residual + 0.2 * rng.normal(size=600))
    one = compare([scores], {"right": truth(scores, tau)}, SETTINGS, 1).comparison
    two = compare([scores, other], {"right": truth(scores, tau)}, SETTINGS, 1).comparison
    key = "learner == 'right' and measure == 'R_loss'"
    levels = [np.average(loss(s, tau, "R_loss"), weights=s.weight) for s in (scores, other)]
    assert two.query(key)["estimate"].iloc[0] == pytest.approx(np.mean(levels), abs=EXACT)
    assert two.query(key)["se"].iloc[0] > one.query(key)["se"].iloc[0]


def test_agreement_is_a_weighted_correlation() -> None:
    rng = np.random.default_rng(6)
    x, count = rng.normal(size=50), rng.integers(1, 4, 50)
    y = x + rng.normal(size=50)
    expected = np.corrcoef(np.repeat(x, count), np.repeat(y, count))[0, 1]
    assert weighted_correlation(x, y, count.astype(float)) == pytest.approx(expected, abs=EXACT)


def test_without_held_out_forests_the_forest_is_left_out_by_name(world: tuple) -> None:
    scores, tau, _ = world
    nothing = np.full(600, np.nan)
    found = compare(
        [replace(scores, cate_held_out=nothing, cate_sequential=nothing)],
        {"right": truth(scores, tau)},
        SETTINGS,
        1,
    )
    assert found.facts["learners"] == [CONSTANT, "right", STACK]
    assert "forest.held_out_trees is 0" in found.facts["notices"][0]
    assert set(found.comparison["reference"]) == {"all", CONSTANT, "greatest minus least predicted benefit"}


def test_effects_of_other_units_or_folds_are_refused(world: tuple) -> None:
    scores, tau, _ = world
    table = pd.DataFrame({"unit": scores.unit, "fold": scores.fold, "cate": tau, "cate_sequential": tau})
    shuffled = table.sample(frac=1, random_state=1)
    np.testing.assert_array_equal(in_order(shuffled, scores).held_out, tau)
    with pytest.raises(Refused, match="the units of the scores"):
        in_order(table.iloc[1:], scores)
    with pytest.raises(Refused, match="the folds of the scores"):
        in_order(table.assign(fold=1), scores)
    with pytest.raises(Refused, match="a finite effect"):
        compare([scores], {"half": Candidate(np.where(tau > 1, tau, np.nan), tau)}, SETTINGS, 1)
