"""Sensitivity of an analysis to what cannot be known: outcomes that are missing for reasons of their own.

Reads the scores of all units, those without an outcome too, and gives every estimate that is linear in the
scores under shifts of the missing outcomes, the tipping points of the findings, and, where outcomes were
imputed, the estimates under a reference-based assumption.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from hetflow.cohort.columns import Column
from hetflow.effects.checks import aligned
from hetflow.effects.estimates import settle_plan
from hetflow.effects.linear import Vector
from hetflow.effects.lost import describe_lost, outcome_sd
from hetflow.effects.registry import REGISTRY, SEEN, Estimator, Plan
from hetflow.effects.scores import Scores
from hetflow.effects.shifts import Linear, arm_score, linear_in_shifts, pick
from hetflow.effects.terms import Terms
from hetflow.effects.tipping import ARMS, plane, tipping_table
from hetflow.errors import Refused

Evaluate = Callable[[Scores, int], list[Terms]]

#: Estimands that are linear in the scores with a variance that is a quadratic form of them.
LINEAR = (
    "ATE",
    "projection",
    "rule_groups",
    "rule_groups_difference",
    "sequential_groups",
    "sequential_groups_difference",
    "AUTOC",
)
FAMILIES = ("average", "projection", "rule_groups", "sequential_groups", "ranking")
#: Those whose tipping points are sought, and whether they are findings of heterogeneity.
FINDINGS = {"ATE": False, "AUTOC": True, "sequential_groups_difference": True}
#: Grid of the plane: points along a shift, and the least and greatest reach in standard deviations.
POINTS, LEAST_REACH, GREATEST_REACH = 41, 1.0, 4.0


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What `sensitivity` returns.

    Attributes
    ----------
    shifts : DataFrame
        Every estimate under every assumption and shift asked for: assumption, arms, delta, shift, and the
        columns of the contract `estimates` but for analysis, outcome and contrast.
    tipping, plane : DataFrame
        From `hetflow.effects.tipping`; empty where no outcome is missing.
    facts : dict
        Ready for JSON: ``lost``, ``share_lost``, ``sd``, ``drift`` (see `describe_lost`), ``reach``.
    notices : list of str
        What was left out, and why.
    """

    shifts: pd.DataFrame
    tipping: pd.DataFrame
    plane: pd.DataFrame
    facts: dict[str, Any]
    notices: list[str]


def sensitivity(
    score_sets: Sequence[Scores],
    completions: Sequence[pd.DataFrame],
    columns: Sequence[Column],
    outcome: Vector,
    settings: Mapping[str, Any],
    seed: int,
    *,
    observed: pd.DataFrame | None = None,
    references: Mapping[str, Sequence[Vector]] | None = None,
) -> Sensitivity:
    """Every linear estimate under shifted and reference-based outcomes, and where findings tip.

    Parameters
    ----------
    score_sets : sequence of Scores
        Of all units: one (weighted), or one an imputation of the outcome.
    completions : sequence of DataFrame
        Completed covariates, with `unit`; units without scores are passed over.
    columns : sequence of Column
    outcome : ndarray, shape (n,)
        NaN where missing, in the order of the scores.
    settings : mapping
        The study's `estimates` section with ``better``, ``randomised``, ``imputed`` (bool: the outcomes were
        imputed) and ``sensitivity``, the section of that name.
    seed : int
    observed : DataFrame, optional
        Covariates before imputation, with `unit`: quantiles of rules are cut on them.
    references : mapping of str to sequence of ndarray, optional
        By assumption: for every set, the outcomes drawn under it minus those drawn at random, shape (n,).

    Returns
    -------
    Sensitivity

    Notes
    -----
    Where outcomes were imputed, what ranks units by predicted effects is left out: ranks and imputed outcomes
    were learnt from the same observed outcomes.
    """
    held = score_sets[0].weight > 0
    score_sets, outcome = [scores.subset(held) for scores in score_sets], outcome[held]
    frames = [aligned(frame, score_sets[0]) for frame in completions]
    seen = None if observed is None else aligned(observed, score_sets[0])
    notices: list[str] = []
    plan = settle_plan(score_sets, frames, columns, settings, seed, seen, notices)
    case = _Case(score_sets, frames, plan, settings)
    there = score_sets[0].observed == 1
    linears = _linears(case, notices)
    sd = outcome_sd(outcome, score_sets[0])
    asked, confidence = settings["sensitivity"], float(settings["confidence"])
    scale = sd if asked["units"] == "sd" else 1.0
    tables = [
        _rows(linear, case, "shift", arms, delta, scale)
        for linear in linears
        for arms, delta in shifts_asked(asked)
    ]
    for assumption, changes in (references or {}).items():
        moved = _moved(case, [change[held] for change in changes])
        tables += [_rows(linear, moved, assumption, "both", 0.0, scale) for linear in _linears(moved, [])]
    findings = {} if there.all() else _findings(linears, settings["randomised"])
    tipping = tipping_table(findings, sd, confidence)
    reach = _reach(tipping, asked, sd)
    facts = describe_lost(score_sets[0], outcome) | {"sd": sd, "reach": reach, "units": asked["units"]}
    grid = plane(findings, reach, POINTS, sd, confidence)
    whole = pd.concat(tables, ignore_index=True)
    return Sensitivity(whole, tipping, grid, facts, list(dict.fromkeys(notices)))


@dataclass(frozen=True, slots=True)
class _Case:
    """What the estimators of one assumption are evaluated on."""

    score_sets: Sequence[Scores]
    frames: Sequence[pd.DataFrame]
    plan: Plan
    settings: Mapping[str, Any]


def shifts_asked(asked: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Pairs of arms and delta, no shift first and once."""
    pairs = [("both", 0.0)]
    return pairs + [(arms, float(d)) for arms in asked["arms"] for d in sorted(asked["deltas"]) if d]


def _linears(case: _Case, notices: list[str]) -> list[Linear]:
    """Every estimate that is linear in the scores; what is refused is left out with a notice."""
    found: list[Linear] = []
    for estimator, item in _asked(case):
        try:
            sets, evaluate = _pairs(case, estimator, item)
            found += linear_in_shifts(evaluate, sets)
        except Refused as refused:
            notices += [f"sensitivity: without {item}: {problem.found}" for problem in refused.problems]
    return found


def _asked(case: _Case) -> list[tuple[Estimator, str]]:
    """Families and items that are linear in the scores, without ranks where outcomes were imputed."""
    found = []
    for estimator in REGISTRY:
        if estimator.name not in FAMILIES or (case.settings["imputed"] and estimator.target == SEEN):
            continue
        items = ["ATE"] if estimator.name == "average" else estimator.items(case.plan)
        found += [(estimator, item) for item in items if item != "overlap"]
    return found


def _pairs(case: _Case, estimator: Estimator, item: str) -> tuple[list[Scores], Evaluate]:
    """Sets of scores to evaluate, and the evaluation that knows each one's covariates."""
    sets, frames = list(case.score_sets), [pd.DataFrame()] * len(case.score_sets)
    if estimator.reads == "covariates":
        frames = list(case.frames)
        sets = sets * len(frames) if len(sets) == 1 else sets
        frames = frames * len(sets) if len(frames) == 1 else frames

    def evaluate(scores: Scores, number: int) -> list[Terms]:
        found = estimator.function(scores, frames[number], case.plan, item)
        return [terms for terms in found if terms.estimand in LINEAR]

    return sets, evaluate


def _rows(
    linear: Linear, case: _Case, assumption: str, arms: str, delta: float, scale: float
) -> pd.DataFrame:
    """Rows of the table of shifts for one shift."""
    terms, settings, shift = linear.terms, case.settings, delta * scale
    treated, control = ARMS[arms]
    point = linear.at(treated * shift, control * shift, float(settings["confidence"]))
    printed = terms.tested and (settings["randomised"] or not terms.heterogeneity)
    sets = len(linear.estimates)
    return pd.DataFrame(
        {
            "assumption": assumption,
            "arms": arms,
            "delta": delta,
            "shift": shift,
            "estimand": terms.estimand,
            "group": list(terms.groups),
            "term": list(terms.terms),
            "scale": terms.scale,
            "estimate": point.estimate,
            "se": point.se,
            "df": np.where(np.isinf(point.df), np.nan, point.df),
            "lower": point.lower,
            "upper": point.upper,
            "p": point.p if printed else np.full(point.p.size, np.nan),
            "alternative": terms.alternative,
            "n": np.array(terms.n, dtype=np.int64),
            "imputations": np.int64(len(case.frames) if sets == 1 else sets),
            "fmi": point.fmi,
        }
    )


def _moved(case: _Case, changes: Sequence[Vector]) -> _Case:
    """The case with outcomes drawn under another assumption: the score changes by the effect on their change."""
    moved = []
    for scores, change in zip(case.score_sets, changes, strict=True):
        effect = arm_score(scores, change, 1) - arm_score(scores, change, 0)
        moved.append(replace(scores, score=scores.score + effect))
    return replace(case, score_sets=moved)


def _findings(linears: Sequence[Linear], randomised: bool) -> dict[str, Linear]:
    """Single estimates whose tipping points are sought: tests of heterogeneity in randomised designs only."""
    found: dict[str, Linear] = {}
    for linear in linears:
        name = linear.terms.estimand
        if name in FINDINGS and (randomised or not FINDINGS[name]):
            found[name] = pick(linear, 0)
    return found


def _reach(tipping: pd.DataFrame, asked: Mapping[str, Any], sd: float) -> float:
    """How far the plane goes, in standard deviations: over the shifts asked for and the nearest tipping points."""
    scale = 1.0 if asked["units"] == "sd" else 1 / sd
    named = max((abs(delta) * scale for delta in asked["deltas"]), default=LEAST_REACH)
    nearest = tipping["delta"].abs().groupby(tipping["estimand"]).min().dropna()
    wanted = max(named, 1.25 * float(nearest.max()) if len(nearest) else 0.0, LEAST_REACH)
    return float(min(np.ceil(2 * wanted) / 2, GREATEST_REACH))
