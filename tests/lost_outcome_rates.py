"""What repeated trials that lose outcomes say of imputed outcomes and of shifts: one row a trial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from hetflow.effects.average import average_effect
from hetflow.effects.groups import group_differences, group_effects
from hetflow.effects.projection import best_linear_projection
from hetflow.effects.ranking import ranking_effects
from hetflow.effects.scores import Scores
from hetflow.effects.shifts import Linear, linear_in_shifts, pick
from hetflow.effects.terms import Terms
from lost_outcomes import LostTrial, imputed_sets, lost_trial
from scipy.special import expit

LEVEL = 0.95
DRAWS = 100


@dataclass(frozen=True)
class Rates:
    """Errors (estimate minus truth), covered or not, and one-sided rejections, each with one entry a trial.

    `error` and `covered` are at the shifts that were planted; `unshifted` is covered or not without any.
    """

    error: dict[str, np.ndarray]
    covered: dict[str, np.ndarray]
    unshifted: dict[str, np.ndarray]
    rejected: dict[str, np.ndarray]
    autoc: dict[str, np.ndarray]


@cache
def rates(
    trials: int,
    n: int,
    imputations: int,
    slope: float,
    shift: tuple[float, float] = (0.0, 0.0),
    rate: float = -1.1,
    ranking: bool = False,
    seed: int = 2026,
) -> Rates:
    """Simulate trials whose lost outcomes were shifted by `shift`."""
    rows = [_trial([seed, k], n, imputations, slope, shift, rate, ranking) for k in range(trials)]
    keys = rows[0]
    gathered = {key: {name: np.array([row[key][name] for row in rows]) for name in keys[key]} for key in keys}
    return Rates(**gathered)


def _trial(
    seed: list[int],
    n: int,
    imputations: int,
    slope: float,
    shift: tuple[float, float],
    rate: float,
    ranking: bool,
) -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(seed)
    trial = lost_trial(rng, n=n, slope=slope, shift=shift, rate=rate)
    sets = imputed_sets(trial, imputations, seed[1])
    found: dict[str, dict[str, float]] = {"error": {}, "covered": {}, "unshifted": {}}
    found |= {"rejected": {}, "autoc": {}}
    for name, (linear, truth) in _estimates(trial, sets, slope, shift, rate).items():
        point, plain = linear.at(*shift, LEVEL), linear.at(0.0, 0.0, LEVEL)
        found["error"][name] = float(point.estimate[0]) - truth
        found["covered"][name] = float(point.lower[0] <= truth <= point.upper[0])
        found["unshifted"][name] = float(plain.lower[0] <= truth <= plain.upper[0])
    if ranking:
        for name, (estimate, p) in _rankings(trial, sets, rate).items():
            found["autoc"][name], found["rejected"][name] = estimate, float(p < 0.05)
    return found


def _estimates(
    trial: LostTrial, sets: list[Scores], slope: float, shift: tuple[float, float], rate: float
) -> dict[str, tuple[Linear, float]]:
    """Average, difference of groups by the sign of X1, and slope on X1, with their truths."""
    codes = (trial.X[:, 0] > 0).astype(int)

    def family(evaluate: Callable[[Scores], Terms], place: int) -> Linear:
        return pick(linear_in_shifts(lambda scores, number: [evaluate(scores)], sets)[0], place)

    def groups(scores: Scores) -> Terms:
        return group_differences(group_effects(scores, codes, ["low", "high"], "g", "x"), [(1, 0)], True)

    average, difference, line = truths(slope, shift, rate)
    return {
        "ATE": (family(lambda scores: average_effect(scores, "ATE"), 0), average),
        "groups": (family(groups, 0), difference),
        "slope": (family(lambda s: best_linear_projection(s, trial.X[:, :1], ["X1"]), 1), line),
    }


@cache
def truths(slope: float, shift: tuple[float, float], rate: float) -> tuple[float, float, float]:
    """Average effect, difference X1 > 0 minus X1 <= 0, and slope on X1, by integration over a normal X1."""
    x = np.linspace(-8, 8, 40_001)
    density = np.exp(-(x**2) / 2)
    density /= density.sum()
    effect = 1 + slope * x + shift[0] * expit(rate + x + 0.5) - shift[1] * expit(rate + x)
    high = x > 0
    average = float(density @ effect)
    difference = float(density[high] @ effect[high] - density[~high] @ effect[~high]) * 2
    return average, difference, float(density @ (x * effect))


def _rankings(trial: LostTrial, sets: list[Scores], rate: float) -> dict[str, tuple[float, float]]:
    """AUTOC and its one-sided p: on imputed outcomes, and on observed ones weighted by their known probability."""

    def autoc(score_sets: list[Scores]) -> tuple[float, float]:
        linear = linear_in_shifts(lambda s, k: ranking_effects(s, "higher", DRAWS, 1)[:1], score_sets)[0]
        point = linear.at(0.0, 0.0, LEVEL)
        return float(point.estimate[0]), float(point.p[0])

    first = sets[0]
    chance = 1 - expit(rate + trial.X[:, 0] + 0.5 * trial.arm)
    weighted = first.cate + np.where(trial.observed, (first.score - first.cate) / chance, 0.0)
    return {"imputed": autoc(sets), "weighted": autoc([replace(first, score=weighted)])}
