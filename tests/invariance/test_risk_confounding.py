"""What must not change effects by risk and bounds: order of units, units of measurement, scale of weights, labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from confounded_world import Confounded
from hetflow.effects.average import average_effect
from hetflow.effects.benchmarks import Units, fit_without
from hetflow.effects.confounding import Groups, bounds_table, contour_table, robustness_table, targets
from hetflow.effects.omitted import bound, elements, robustness, squared_error
from hetflow.effects.sampled import sampled_units
from hetflow.effects.scores import Scores
from hetflow.effects.table import Frame, rows
from risk_world import risk_trial

#: Sums of the same numbers in another order, and Newton's method to 1e-10.
ROUNDING = 1e-7


def numbers(table: pd.DataFrame) -> np.ndarray:
    return table.select_dtypes("number").to_numpy(dtype=float)


def confounded(n: int = 500) -> tuple[Scores, np.ndarray]:
    return Confounded().scores(np.random.default_rng(3), n)


def shuffled(scores: Scores, order: np.ndarray) -> Scores:
    frame = scores.to_frame().iloc[order].reset_index(drop=True)
    return Scores.from_frame(frame)


def test_effects_by_risk_do_not_depend_on_the_order_of_units_or_the_scale_of_weights() -> None:
    trial = risk_trial(np.random.default_rng(1), 400, log_odds=-0.5, clusters=80)
    order = np.random.default_rng(2).permutation(400)
    other = replace(trial, scores=shuffled(trial.scores, order), outcome=trial.outcome[order])
    heavier = replace(trial, scores=replace(trial.scores, weight=3.0 * trial.scores.weight))
    for changed in (other, heavier):
        for name in ("effects", "groups", "performance"):
            first, second = (one.appraised().tables[name] for one in (trial, changed))
            assert numbers(first) == pytest.approx(numbers(second), abs=ROUNDING, nan_ok=True)


def test_exchanging_the_arms_turns_effects_and_inverts_ratios() -> None:
    trial = risk_trial(np.random.default_rng(4), 400, log_odds=-0.5)
    scores = trial.scores
    turned = replace(
        scores,
        treated=(1 - scores.treated).astype(np.int8),
        treatment_residual=-scores.treatment_residual,
        propensity=1 - scores.propensity,
        cate=-scores.cate,
        score=-scores.score,
        priority=-scores.priority,
    )
    first = trial.appraised().tables["effects"].set_index(["estimand", "group"])["estimate"]
    second = replace(trial, scores=turned).appraised().tables["effects"]
    second = second.set_index(["estimand", "group"])["estimate"]
    for estimand in ("risk_groups", "risk_trend"):
        assert second[estimand].to_numpy() == pytest.approx(-first[estimand].to_numpy(), abs=ROUNDING)
    for estimand in ("ratio", "odds_ratio", "interaction"):
        assert second[estimand].to_numpy() == pytest.approx(1 / first[estimand].to_numpy(), rel=ROUNDING)


def test_units_of_zero_weight_change_nothing() -> None:
    trial = risk_trial(np.random.default_rng(5), 400, log_odds=-0.5)
    kept = np.arange(400) % 10 > 0
    light = replace(trial.scores, weight=kept.astype(float))
    whole = replace(trial, scores=light)
    part = replace(
        trial, scores=trial.scores.subset(kept), outcome=trial.outcome[kept], index=trial.index[kept]
    )
    for name in ("effects", "groups", "performance"):
        first, second = (one.appraised().tables[name] for one in (whole, part))
        assert numbers(first) == pytest.approx(numbers(second), abs=ROUNDING, nan_ok=True)


@pytest.mark.parametrize("target", ["ATE", "ATT", "ATO"])
def test_bounds_scale_with_the_outcome_and_robustness_values_do_not_change(target: str) -> None:
    scores, outcome = confounded()
    scaled = replace(
        scores,
        outcome_residual=10 * scores.outcome_residual,
        outcome_mean=10 * scores.outcome_mean,
        cate=10 * scores.cate,
        score=10 * scores.score,
        priority=10 * scores.priority,
    )
    effect = 1.0 if target == "ATO" else None
    tenfold = 10.0 if target == "ATO" else None
    first = [elements(scores, target, squared_error(scores, outcome, effect=effect))]
    second = [elements(scaled, target, squared_error(scaled, 10 * outcome, effect=tenfold))]
    one, other = (bound(sets, 0.1, 0.05, 1.0, 0.95) for sets in (first, second))
    assert other.lower == pytest.approx(10 * one.lower)
    assert other.upper_bound == pytest.approx(10 * one.upper_bound)
    assert robustness(second, 0.95) == pytest.approx(robustness(first, 0.95), abs=ROUNDING)


@pytest.mark.parametrize("clusters", [500, 12])
def test_without_a_confounder_the_limits_are_the_average_effects_own_interval(clusters: int) -> None:
    """Of the estimates table; under clusters both take t with clusters less one."""
    scores, outcome = confounded()
    scores = replace(scores, cluster=(scores.unit % clusters).astype(np.int64))
    found = bound([elements(scores, "ATE", squared_error(scores, outcome))], 0.0, 0.0, 1.0, 0.95)
    table = rows([average_effect(scores, "ATE")], Frame("a", "y", "c", 0.95, False), "", 1)[0]
    assert [found.lower, found.upper] == pytest.approx(
        table[["lower", "upper"]].iloc[0].tolist(), abs=ROUNDING
    )
    assert np.isnan(table["df"].iloc[0]) == (clusters == 500)


def test_groups_are_analysed_as_studies_of_their_own_and_order_does_not_matter() -> None:
    scores, outcome = confounded()
    codes = (np.arange(scores.n) % 2).astype(np.int64)
    asked, _ = targets([scores], outcome, [Groups("half", ("a", "b"), [codes])], [0.1], False)
    robust = robustness_table(asked, 0.95)
    alone = scores.subset(codes == 1)
    own, _ = targets([alone], outcome[codes == 1], [], [], False)
    expected = robustness_table(own, 0.95).iloc[0]
    found = robust[(robust["estimand"] == "rule_groups") & (robust["group"] == "b")].iloc[0]
    for name in ("estimate", "lower", "upper", "rv", "rv_interval", "outcome_sd", "riesz_sd"):
        assert found[name] == pytest.approx(expected[name], abs=ROUNDING)
    order = np.random.default_rng(6).permutation(scores.n)
    again, _ = targets(
        [shuffled(scores, order)], outcome[order], [Groups("half", ("a", "b"), [codes[order]])], [0.1], False
    )
    assert numbers(robustness_table(again, 0.95)) == pytest.approx(numbers(robust), abs=ROUNDING)


def test_the_same_set_several_times_is_one_set_and_bounds_widen_with_strength() -> None:
    scores, outcome = confounded()
    one, _ = targets([scores], outcome, [], [], False)
    three, _ = targets([scores] * 3, outcome, [], [], False)
    first, again = (bounds_table(asked, [0.01, 0.05, 0.2], 1.0, 0.95) for asked in (one, three))
    assert numbers(first) == pytest.approx(numbers(again), abs=ROUNDING)
    ate = first[first["estimand"] == "ATE"]
    assert (np.diff(ate["lower_bound"]) < 0).all()
    assert (np.diff(ate["upper_bound"]) > 0).all()
    grid = contour_table(one[0], 0.3, 1.0, 0.95)
    plain = robustness_table(one, 0.95).iloc[0]
    assert grid["bound"].iloc[0] == pytest.approx(plain["estimate"])
    rv = plain["rv"]
    touching = bound(one[0].sets, rv, rv, 1.0, 0.95)
    assert min(abs(touching.lower_bound), abs(touching.upper_bound)) < ROUNDING


def test_missing_outcomes_that_are_weighted_for_keep_the_error_of_the_observed() -> None:
    """Outcomes are lost at random with chance 1/2; weighted by 2, the squared error has the same mean."""
    scores, outcome = confounded(4000)
    lost = np.random.default_rng(7).random(scores.n) < 0.5
    mean = scores.outcome_mean + scores.treatment_residual * scores.cate
    completed = np.where(lost, mean, mean + 2 * (outcome - mean))
    held = replace(
        scores,
        outcome_residual=completed - scores.outcome_mean,
        observed=(~lost).astype(np.int8),
        observation_probability=np.full(scores.n, 0.5),
    )
    seen = squared_error(held, np.where(lost, np.nan, outcome))
    whole = squared_error(scores, outcome)
    assert seen.mean() == pytest.approx(whole.mean(), rel=0.1)  # 4,000 units: a standard error of 0.03
    naive = squared_error(held, outcome, imputed=True)
    assert naive.mean() > 1.7 * whole.mean()  # the completed outcome's own error would be twice as large


def test_benchmarks_do_not_depend_on_the_order_of_covariates_and_drawn_units_keep_clusters() -> None:
    rng = np.random.default_rng(8)
    n = 300
    X = rng.normal(size=(n, 3))
    treated = (rng.random(n) < 0.5).astype(np.int8)
    cluster = np.repeat(np.arange(60), 5)
    fold = cluster % 5 + 1
    outcome = X[:, 0] + treated + rng.normal(size=n)
    units = Units(X, ("a", "b", "c"), treated, outcome, np.ones(n), np.ones(n), fold, cluster, False)
    first = fit_without(units, ("b",), 1, "00")
    other = replace(units, X=X[:, ::-1], columns=("c", "b", "a"))
    second = fit_without(other, ("b",), 1, "00")
    assert second.effect == pytest.approx(first.effect, abs=ROUNDING)
    drawn, number = sampled_units(units, 1, most=100)
    assert number == len(drawn.fold) <= 100
    assert drawn.cluster is not None
    assert all((drawn.cluster == c).sum() == 5 for c in np.unique(drawn.cluster))
    assert sampled_units(units, 1)[0] is units
