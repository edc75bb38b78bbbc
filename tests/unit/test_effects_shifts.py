"""Estimates under shifts of missing outcomes: against closed forms, and against doing it the long way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hetflow.effects.average import average_effect
from hetflow.effects.groups import group_differences, group_effects, sequential_groups
from hetflow.effects.projection import best_linear_projection
from hetflow.effects.ranking import ranking_effects
from hetflow.effects.scores import Scores, doubly_robust_score
from hetflow.effects.shifts import linear_in_shifts, pick, shift_columns
from hetflow.effects.table import Frame, rows
from hetflow.effects.terms import Terms
from hetflow.effects.tipping import ABOVE, ARMS, BELOW, INCLUDES, plane, tipping_point, tipping_table, verdict
from lost_outcomes import clean_parts, imputed_sets, lost_trial, scores_of
from scipy import stats

LEVEL = 0.95
# Estimates are linear combinations of three evaluations, variances of six: rounding of numbers of order one.
CLOSE = 1e-10
# Roots are sought to 1e-13 standard deviations, through arithmetic of the same rounding as above.
ROOT = 1e-8


def one_set(seed: int = 3, clusters: bool = False, weights: bool = False) -> Scores:
    rng = np.random.default_rng(seed)
    trial = lost_trial(rng, n=300)
    mean, effect, fold = clean_parts(trial, rng)
    scores = scores_of(trial, np.where(trial.observed, trial.outcome, mean), mean, effect, fold)
    cluster = np.arange(300) // 3 if clusters else scores.cluster
    return replace(scores, cluster=cluster, weight=rng.uniform(0.5, 2, 300) if weights else scores.weight)


def shifted(scores: Scores, treated: float, control: float) -> Scores:
    """The long way: outcomes that are missing moved, outcome mean and effect with them, the score made anew."""
    lost, e = 1 - scores.observed, scores.propensity
    p1, p0 = (
        np.average(lost[scores.treated == arm], weights=scores.weight[scores.treated == arm])
        for arm in (1, 0)
    )
    move = np.where(scores.treated == 1, treated, control) * lost
    residual = scores.outcome_residual + move - e * p1 * treated - (1 - e) * p0 * control
    effect = scores.cate + p1 * treated - p0 * control
    return replace(scores, score=doubly_robust_score(effect, scores.treatment_residual, residual, e))


def ate(scores: Scores, number: int = 0) -> list[Terms]:
    return [average_effect(scores, "ATE")]


def groups(scores: Scores, number: int = 0) -> list[Terms]:
    found = group_effects(scores, (scores.cate > 0.8).astype(int), ["low", "high"], "rule_groups", "x")
    return [found, group_differences(found, [(1, 0)], tested=True)]


FAMILIES: dict[str, Callable[[Scores, int], list[Terms]]] = {
    "average": ate,
    "groups": groups,
    "projection": lambda scores, number: [best_linear_projection(scores, scores.cate[:, None], ["x"])],
    "sequential": lambda scores, number: sequential_groups(scores, 2, "higher"),
    "ranking": lambda scores, number: ranking_effects(scores, "higher", 60, 1)[:2],
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("clusters", [False, True])
def test_what_is_linear_equals_evaluating_shifted_scores(family: str, clusters: bool) -> None:
    scores = one_set(clusters=clusters, weights=clusters)
    found = linear_in_shifts(FAMILIES[family], [scores])
    for treated, control in ((0.0, 0.0), (0.7, -1.3), (-40.0, 15.0)):
        direct = FAMILIES[family](shifted(scores, treated, control), 0)
        for linear, terms in zip(found, direct, strict=True):
            point = linear.at(treated, control, LEVEL)
            table, _ = rows([terms], Frame("a", "o", "c", LEVEL, True), "", 1)
            for name in ("estimate", "se", "lower"):
                np.testing.assert_allclose(
                    getattr(point, name),
                    table[name],
                    rtol=CLOSE,
                    atol=CLOSE * (1 + abs(treated) + abs(control)),
                )


def test_pooled_over_imputations_it_is_rubin_of_the_shifted_sets() -> None:
    trial = lost_trial(np.random.default_rng(5), n=300)
    sets = imputed_sets(trial, 5, 5)
    (linear,) = linear_in_shifts(ate, sets)
    for treated, control in ((0.0, 0.0), (1.1, -0.4)):
        table, _ = rows(
            [ate(shifted(scores, treated, control))[0] for scores in sets],
            Frame("a", "o", "c", LEVEL, True),
            "",
            5,
        )
        point = linear.at(treated, control, LEVEL)
        for name in ("estimate", "se", "df", "lower", "upper", "p", "fmi"):
            np.testing.assert_allclose(getattr(point, name), table[name], rtol=1e-9, err_msg=name)


def test_a_difference_of_means_moves_by_the_shares_lost() -> None:
    """ATE(d1, d0) - ATE(0, 0) = d1 p1 - d0 p0, p the shares lost, also where arms differ in size."""
    trial = lost_trial(np.random.default_rng(8), n=500)
    trial = replace(trial, arm=(np.arange(500) < 200).astype(np.int8))
    zero = np.zeros(500)
    scores = scores_of(
        trial, np.where(trial.observed, trial.outcome, 0.0), zero, zero, np.arange(500) % 5 + 1
    )
    (linear,) = linear_in_shifts(ate, [scores])
    p1, p0 = (1 - trial.observed[trial.arm == arm].mean() for arm in (1, 0))
    moved = linear.at(0.9, -2.0, LEVEL).estimate - linear.at(0.0, 0.0, LEVEL).estimate
    np.testing.assert_allclose(moved, 0.9 * p1 + 2.0 * p0, rtol=CLOSE)


def test_shift_columns_by_hand() -> None:
    scores = replace(one_set(), propensity=np.full(300, 0.25), treatment_residual=one_set().treated - 0.25)
    treated, control = shift_columns(scores)
    lost, arm = scores.observed == 0, scores.treated == 1
    p1, p0 = lost[arm].mean(), lost[~arm].mean()
    np.testing.assert_allclose(treated, np.where(arm, p1 + 4 * (lost - p1), p1), rtol=CLOSE)
    np.testing.assert_allclose(control, -np.where(arm, p0, p0 + 4 / 3 * (lost - p0)), rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize("arms", ARMS)
@pytest.mark.parametrize("sign", [1, -1])
def test_the_tipping_point_solves_the_quadratic(arms: str, sign: int) -> None:
    """With a normal reference the interval ends at zero where estimate^2 = z^2 variance: a quadratic in the shift."""
    (linear,) = linear_in_shifts(ate, [one_set()])
    t, c = ARMS[arms]
    base = linear.estimates[0, :, 0]
    form = linear.covariances[0, :, :, 0]
    direction = np.array([0.0, sign * t, sign * c])
    z2 = stats.norm.ppf(0.975) ** 2
    start = np.array([1.0, 0.0, 0.0])
    quadratic = [
        (direction @ base) ** 2 - z2 * direction @ form @ direction,
        2 * (start @ base * (direction @ base) - z2 * start @ form @ direction),
        (start @ base) ** 2 - z2 * start @ form @ start,
    ]
    roots = [float(root.real) for root in np.roots(quadratic) if abs(root.imag) < ROOT and root.real > 0]
    tip = tipping_point(linear, arms, sign, 1.0, LEVEL)
    expected = sign * min([root for root in roots if root < 10.0], default=np.nan)
    np.testing.assert_allclose(tip.shift, expected, rtol=ROOT)
    assert tip.change == "lost"


def test_a_finding_that_is_not_there_can_be_gained() -> None:
    scores = one_set()
    flat = replace(scores, score=scores.score - scores.score.mean())
    (linear,) = linear_in_shifts(ate, [flat])
    tip = tipping_point(linear, "treated", 1, 1.0, LEVEL)
    assert tip.change == "gained"
    assert tip.estimate > 0
    assert linear.at(tip.shift, 0.0, LEVEL).lower[0] == pytest.approx(0.0, abs=ROOT)


def test_the_shift_at_which_the_estimate_is_zero() -> None:
    (linear,) = linear_in_shifts(ate, [one_set()])
    table = tipping_table({"ATE": linear}, 1.0, LEVEL).set_index(["arms", "direction"])
    zero = table.loc[("treated", "lower"), "zero"]
    assert zero < table.loc[("treated", "lower"), "shift"] < 0
    assert linear.at(zero, 0.0, LEVEL).estimate[0] == pytest.approx(0.0, abs=CLOSE)
    assert np.isnan(table.loc[("treated", "higher"), "zero"])


def test_the_plane_agrees_with_the_tipping_points() -> None:
    (linear,) = linear_in_shifts(ate, [one_set()])
    grid = plane({"ATE": linear}, 4.0, 9, 1.0, LEVEL).set_index(["delta_treated", "delta_control"])
    tip = tipping_point(linear, "treated", -1, 1.0, LEVEL).shift
    for delta in np.linspace(-4, 0, 5):
        expected = ABOVE if delta > tip else INCLUDES
        if linear.at(delta, 0.0, LEVEL).upper[0] >= 0:
            assert grid.loc[(delta, 0.0), "verdict"] == expected


def test_one_sided_findings_are_never_below_zero() -> None:
    (autoc, _) = linear_in_shifts(FAMILIES["ranking"], [one_set()])
    low = pick(autoc, 0).at(-40.0, 0.0, LEVEL)
    assert verdict(low, autoc.terms.alternative) == INCLUDES
    (linear,) = linear_in_shifts(ate, [one_set()])
    assert verdict(linear.at(-40.0, 0.0, LEVEL), linear.terms.alternative) == BELOW
