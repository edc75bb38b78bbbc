"""Sensitivity of an observational study's effects to unmeasured confounding, of the average and of each group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from hetflow.effects.arm_means import arm_means, log_ratios
from hetflow.effects.benchmarks import Gain
from hetflow.effects.linear import Codes, Vector
from hetflow.effects.omitted import Elements, bound, elements, robustness, squared_error
from hetflow.effects.scores import Scores
from hetflow.errors import Refused
from hetflow.pooling import pool

#: Points of a side of the contour's grid, and the least strength at its far end.
GRID, REACH = 25, 0.1
_MOST = 0.95
_BOUND = ["lower_bound", "upper_bound", "lower", "upper"]
_NAMED = ["estimand", "group", "term", "n"]
#: Columns of the tables.
ROBUSTNESS = [*_NAMED, "share", "estimate", "lower", "upper", "outcome_sd", "riesz_sd", "rv", "rv_interval"]
BOUNDS = [*_NAMED, "c_y", "c_t", *_BOUND]
BENCHMARKS = ["benchmark", "multiple", "c_y", "c_t", "rho", "change", *_BOUND]
CONTOUR = ["c_y", "c_t", "bound", "limit"]
COLUMNS = {"robustness": ROBUSTNESS, "bounds": BOUNDS, "benchmarks": BENCHMARKS, "contour": CONTOUR}


@dataclass(frozen=True, slots=True)
class Target:
    """One effect whose bounds are asked for.

    Attributes
    ----------
    estimand : str
        ``ATE``, ``ATT``, ``ATO``, ``trimmed ATE`` or ``rule_groups``.
    group, term : str
        Of whom: a range of propensities, or a group and its rule.
    sets : list of Elements
        One a set of scores.
    """

    estimand: str
    group: str
    term: str
    sets: list[Elements]


@dataclass(frozen=True, slots=True)
class Groups:
    """A rule's groups: their labels, and the membership of every unit in each completed data set."""

    rule: str
    labels: tuple[str, ...]
    codes: Sequence[Codes]


def targets(
    score_sets: Sequence[Scores],
    outcome: Vector,
    groups: Sequence[Groups],
    trims: Sequence[float],
    imputed: bool,
) -> tuple[list[Target], list[str]]:
    """The average effects, the average within ranges of the propensity, and the effects of groups.

    Scores are used as they are: forests and nuisances are not refitted for a group or a range.

    Parameters
    ----------
    score_sets : sequence of Scores
    outcome : ndarray, shape (n,)
        As recorded; NaN where missing.
    groups : sequence of Groups
    trims : sequence of float
        For each value t the ATE of units whose propensity lies in [t, 1 - t]; who these are may differ by imputation.
    imputed : bool
        Whether the sets are draws of missing outcomes.

    Returns
    -------
    targets : list of Target
        The average effect first; none where it cannot be bounded.
    notices : list of str
        What was left out, and why.
    """
    found: list[Target] = []
    notices: list[str] = []

    def add(estimand: str, group: str, term: str, target: str, weights: Sequence[Vector | None]) -> None:
        try:
            sets = [
                elements(scores, target, _error(scores, outcome, imputed, target), weight)
                for scores, weight in zip(score_sets, weights, strict=True)
            ]
        except Refused as refused:
            notices.extend(f"left out: {p.where}: {estimand} {group}: {p.found}" for p in refused.problems)
            return
        found.append(Target(estimand, group, term, sets))

    for name, who in (("ATE", "all"), ("ATT", "treated"), ("ATO", "overlap")):
        add(name, who, "effect", name, [None] * len(score_sets))
    for trim in trims:
        kept = [_inside(scores, trim) for scores in score_sets]
        add("trimmed ATE", f"propensity {trim:g} to {1 - trim:g}", "effect", "ATE", kept)
    for rule in groups:
        for g, label in enumerate(rule.labels):
            members = [
                scores.weight * (codes == g) for scores, codes in zip(score_sets, rule.codes, strict=True)
            ]
            add("rule_groups", label, rule.rule, "ATE", members)
    if not found or found[0].estimand != "ATE":
        return [], [*notices, "left out: confounding: all, as there is no average effect to bound"]
    return found, notices


def _inside(scores: Scores, trim: float) -> Vector:
    e = scores.propensity
    return scores.weight * ((e >= trim) & (e <= 1 - trim))


def _error(scores: Scores, outcome: Vector, imputed: bool, target: str) -> Vector:
    common = None
    if target == "ATO":
        t, w = scores.treatment_residual, scores.weight
        t = t - w @ t / w.sum()
        common = float(w @ (t * scores.outcome_residual) / (w @ t**2))
    return squared_error(scores, outcome, imputed, common)


def bounded(
    asked: Sequence[Target], gains: Mapping[str, Gain], section: Mapping[str, Any], confidence: float
) -> dict[str, pd.DataFrame]:
    """All tables of bounds, by name; `section` is the study's ``confounding``, the average effect is first."""
    robust = robustness_table(asked, confidence)
    strong = benchmark_table(asked[0], gains, section["multiples"], section["rho"], confidence)
    end = farthest(float(robust["rv"].iloc[0]), strong)
    return {
        "robustness": robust,
        "bounds": bounds_table(asked, section["strengths"], section["rho"], confidence),
        "benchmarks": strong,
        "contour": contour_table(asked[0], end, section["rho"], confidence),
    }


def robustness_table(asked: Sequence[Target], confidence: float) -> pd.DataFrame:
    """Estimate, interval, robustness values and what they are made of, one row a target.

    Columns: ``estimand, group, term, n, share`` (of all units), ``estimate, lower, upper``, ``outcome_sd`` (square root
    of sigma2: what the covariates leave unexplained, outcome units), ``riesz_sd`` (square root of nu2), ``rv,
    rv_interval``.
    """
    out: list[dict[str, Any]] = []
    for target in asked:
        plain = bound(target.sets, 0.0, 0.0, 1.0, confidence)
        of_estimate, of_interval = robustness(target.sets, confidence)
        mean = np.stack([one.estimate for one in target.sets]).mean(axis=0)
        out.append(
            _named(target)
            | {"n": _n(target), "share": _n(target) / _n(asked[0]), "estimate": plain.lower_bound}
            | {"lower": plain.lower, "upper": plain.upper}
            | {"outcome_sd": float(np.sqrt(mean[1])), "riesz_sd": float(np.sqrt(mean[2]))}
            | {"rv": of_estimate, "rv_interval": of_interval}
        )
    return pd.DataFrame(out, columns=ROBUSTNESS)


def _n(target: Target) -> int:
    return round(float(np.mean([one.n for one in target.sets])))


def _named(target: Target) -> dict[str, Any]:
    return {"estimand": target.estimand, "group": target.group, "term": target.term}


def bounds_table(
    asked: Sequence[Target], strengths: Sequence[float], rho: float, confidence: float
) -> pd.DataFrame:
    """Bounds of every target at ``c_y = c_t`` = each strength, with the limits of their confidence region."""
    out = [
        _named(target) | {"n": _n(target), "c_y": c, "c_t": c} | _bounds(target.sets, c, c, rho, confidence)
        for target in asked
        for c in strengths
    ]
    return pd.DataFrame(out, columns=BOUNDS)


def _bounds(sets: Sequence[Elements], c_y: float, c_t: float, rho: float, level: float) -> dict[str, float]:
    one = bound(sets, c_y, c_t, rho, level)
    return {name: getattr(one, name) for name in _BOUND}


def benchmark_table(
    average: Target,
    gains: Mapping[str, Gain],
    multiples: Sequence[float],
    rho: float,
    confidence: float,
) -> pd.DataFrame:
    """Bounds of the average effect under a confounder as strong as observed covariates, or so many times as strong.

    Columns: ``benchmark, multiple, c_y, c_t`` (of the confounder), ``rho`` and ``change`` (of the covariates
    themselves), the bounds and their limits. A strength that is multiplied beyond 0.95 is held there.
    """
    out = [
        {
            "benchmark": name,
            "multiple": float(k),
            "c_y": min(k * one.c_y, _MOST),
            "c_t": min(k * one.c_t, _MOST),
        }
        | {"rho": one.rho, "change": one.change}
        | _bounds(average.sets, min(k * one.c_y, _MOST), min(k * one.c_t, _MOST), rho, confidence)
        for name, one in gains.items()
        for k in multiples
    ]
    return pd.DataFrame(out, columns=BENCHMARKS)


def contour_table(average: Target, farthest: float, rho: float, confidence: float) -> pd.DataFrame:
    """Bound nearest to no effect, and its limit, over a grid of strengths from 0 to `farthest`.

    Columns: ``c_y, c_t, bound, limit``.
    """
    above = np.mean([one.estimate[0] for one in average.sets]) > 0
    out = []
    for c_y in np.linspace(0, farthest, GRID):
        for c_t in np.linspace(0, farthest, GRID):
            one = bound(average.sets, float(c_y), float(c_t), rho, confidence)
            ends = (one.lower_bound, one.lower) if above else (one.upper_bound, one.upper)
            out.append({"c_y": c_y, "c_t": c_t, "bound": ends[0], "limit": ends[1]})
    return pd.DataFrame(out)


def farthest(rv: float, benchmarks: pd.DataFrame) -> float:
    """Where the contour's grid ends: beyond the robustness value and the benchmarks as they are, and below 0.95."""
    once = benchmarks[benchmarks["multiple"] == 1.0] if len(benchmarks) else benchmarks
    strongest = float(once[["c_y", "c_t"]].to_numpy().max()) if len(once) else 0.0
    return float(min(_MOST, max(REACH, 1.3 * rv, 1.15 * strongest)))


def e_value(ratio: float) -> float:
    """E-value of a risk ratio (VanderWeele and Ding, Annals of Internal Medicine 167 (2017) 268-274).

    The least risk ratio with both treatment and outcome that a confounder must have to explain the ratio away;
    1 for a ratio of 1.
    """
    far = max(ratio, 1 / ratio)
    return float(far + np.sqrt(far * (far - 1)))


def e_values(score_sets: Sequence[Scores], confidence: float) -> dict[str, float]:
    """Risk ratio of a binary outcome in all units, with its interval and the E-values of ratio and nearer limit.

    Raises
    ------
    Refused
        If a doubly robust risk is not positive.
    """
    logs = [log_ratios(arm_means(one, np.zeros(one.unit.size, np.int64), ("all",))) for one in score_sets]
    df = min(one.df for one in logs)
    pooled = pool(np.stack([one.estimate for one in logs]), np.stack([one.covariance[0] for one in logs]), df)
    reach = stats.t.ppf(0.5 + confidence / 2, pooled.df[0]) * np.sqrt(pooled.total[0])
    value = float(pooled.estimate[0])
    ratio, lower, upper = (float(np.exp(x)) for x in (value, value - reach, value + reach))
    nearer = lower if ratio > 1 else upper
    crosses = lower <= 1 <= upper
    return {
        "risk_ratio": ratio,
        "lower": lower,
        "upper": upper,
        "e_value": e_value(ratio),
        "e_value_limit": 1.0 if crosses else e_value(nearer),
    }
