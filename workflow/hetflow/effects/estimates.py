"""All estimates of an analysis: the driver that evaluates and pools them.

In a randomised design one set of scores serves all imputations: what reads only scores is evaluated once,
what reads covariates is evaluated per imputation against the shared scores and pooled. In an observational
design there is one set of scores an imputation, and everything is evaluated per set and pooled.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from hetflow.cohort.columns import Column
from hetflow.effects import projection
from hetflow.effects.checks import aligned, check_asked, check_sets
from hetflow.effects.joint import joint_row, joint_table
from hetflow.effects.linear import Matrix
from hetflow.effects.registry import MEASURED, REGISTRY, SEEN, Estimator, Plan
from hetflow.effects.rules import Rule, settle_rule
from hetflow.effects.scores import Scores
from hetflow.effects.table import COLUMNS, Frame, rows
from hetflow.effects.terms import Terms
from hetflow.errors import Problem, Refused, refuse

#: Estimands that are curves and have a table of their own.
CURVES = ("TOC",)
#: Why nothing that ranks units is evaluated on imputed outcomes.
RANKS_AND_IMPUTED_OUTCOMES = (
    "predicted effects and imputed outcomes were learnt from the same observed outcomes, so that imputed outcomes "
    "bear the predictions out; missing_outcome: {strategy: weighting} evaluates rankings on observed outcomes"
)
#: Below this many clusters, cluster-robust standard errors tend to be too small.
FEW_CLUSTERS = 40


class Results(NamedTuple):
    """What `estimate_all` returns.

    Attributes
    ----------
    table : DataFrame
        Under the contract `estimates`.
    covariances : dict of str to ndarray
        Covariance of terms that belong together, rows in the table's order; keys are the estimand, followed
        by ``:rule`` for groups by a rule.
    curves : dict of str to DataFrame
        ``toc``: analysis, outcome, contrast, target, q, n, estimate, se, lower, scale, imputations.
    joint : DataFrame
        Under the contract `joint`: terms that belong together, tested together.
    notices : list of str
        What was left out and why, and what to read with care.
    """

    table: pd.DataFrame
    covariances: dict[str, Matrix]
    curves: dict[str, pd.DataFrame]
    joint: pd.DataFrame
    notices: list[str]


def estimate_all(
    score_sets: Sequence[Scores],
    completions: Sequence[pd.DataFrame] | None,
    columns: Sequence[Column],
    settings: Mapping[str, Any],
    seed: int,
    analysis: str,
    outcome: str,
    *,
    covariate_target: str = MEASURED,
    observed: pd.DataFrame | None = None,
    imputations: int | None = None,
    kept_masks: Collection[str] = (),
) -> Results:
    """Every estimate that the study asks for, pooled over imputations.

    Parameters
    ----------
    score_sets : sequence of Scores
        One (shared by all imputations), or one an imputation.
    completions : sequence of DataFrame, optional
        Completed covariates, one frame an imputation (inference mode under multiple imputation), with
        `unit`; units without scores are passed over.
    columns : sequence of Column
    settings : mapping
        The study's `estimates` section (``average``, ``groups``, ``rules``, ``projection``,
        ``ranking_draws``, ``confidence``) with ``better`` ("higher" or "lower") and ``randomised`` (bool);
        ``imputed`` (bool, optional) says that the sets of scores are imputations of missing outcomes: what
        ranks units by predicted effects is then left out.
    seed : int
        The study's seed.
    analysis, outcome : str
    covariate_target : str
        Target of what reads covariates: `MEASURED`; `SEEN` where they were filled without imputation.
    observed : DataFrame, optional
        Covariates before imputation, with `unit`: quantiles of rules are cut on them.
    imputations : int, optional
        Imputations that a shared set of scores averaged over; by default the number of completions.
    kept_masks : collection of str
        Covariates whose gaps hold a constant: what reads one of them is about covariates as they are seen.

    Returns
    -------
    Results
        A p-value is printed for average effects, and in randomised designs for projections, differences of
        rule groups, the sequential AUTOC (two-sided) and the out-of-bag AUTOC (one-sided).

    Raises
    ------
    Refused
        If what was asked for by name is unknown, or scores and covariates do not belong together. What the
        data cannot support (held-out forests not grown, a covariate left incomplete) is left out with a
        notice.
    """
    score_sets = [scores.subset(scores.weight > 0) for scores in score_sets]
    check_sets(score_sets, completions, settings)
    check_asked(score_sets[0], completions, columns, settings)
    frames = [aligned(frame, score_sets[0]) for frame in completions or []]
    seen = None if observed is None else aligned(observed, score_sets[0])
    notices = _cluster_notice(score_sets[0])
    plan = settle_plan(score_sets, frames, columns, settings, seed, seen, notices)
    first = score_sets[0]
    frame = Frame(analysis, outcome, first.contrast, settings["confidence"], settings["randomised"])
    behind = imputations or max(len(frames), 1)

    tables: list[pd.DataFrame] = []
    covariances: dict[str, Matrix] = {}
    curves: dict[str, pd.DataFrame] = {}
    together: list[dict[str, Any]] = []
    unranked: list[str] = []
    for estimator in REGISTRY:
        if settings.get("imputed") and estimator.target == SEEN:
            unranked.append(estimator.name.replace("_", " "))
            continue
        for item in estimator.items(plan):
            kept = any(name in kept_masks for name in _read(estimator, item, plan))
            target = _target(estimator, settings["randomised"], SEEN if kept else covariate_target)
            try:
                sets = _evaluate(estimator, item, score_sets, frames, plan)
            except Refused as refused:
                notices += [_left_out(problem) for problem in refused.problems]
                continue
            for terms in zip(*sets, strict=True):
                count = behind if len(sets) == 1 else len(sets)
                table, covariance = rows(terms, frame, target, count)
                name = terms[0].estimand
                if name in CURVES:
                    curves[name.lower()] = _curve(table)
                    continue
                tables.append(table)
                tested = joint_row(terms, frame, target, count)
                together += [tested] if tested else []
                if len(table) > 1:
                    covariances[_key(estimator, item, name)] = covariance
    if unranked:
        notices.append(f"left out: {', '.join(unranked)}: {RANKS_AND_IMPUTED_OUTCOMES}")
    whole = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)
    return Results(whole, covariances, curves, joint_table(together), notices)


def _evaluate(
    estimator: Estimator, item: str, score_sets: Sequence[Scores], frames: Sequence[pd.DataFrame], plan: Plan
) -> list[list[Terms]]:
    """Terms of every imputation; of a single evaluation where one set of scores is all that is read."""
    if estimator.reads == "scores":
        return [estimator.function(scores, pd.DataFrame(), plan, item) for scores in score_sets]
    sets = list(score_sets) * len(frames) if len(score_sets) == 1 else score_sets
    return [estimator.function(scores, frame, plan, item) for scores, frame in zip(sets, frames, strict=True)]


def settle_plan(
    score_sets: Sequence[Scores],
    frames: Sequence[pd.DataFrame],
    columns: Sequence[Column],
    settings: Mapping[str, Any],
    seed: int,
    observed: pd.DataFrame | None,
    notices: list[str],
) -> Plan:
    """Settle rules and projections; what cannot be settled is left out with a notice, added to `notices`.

    Parameters
    ----------
    score_sets, columns, settings, seed, observed
        As for `estimate_all`.
    frames : sequence of DataFrame
        Completed covariates of the scored units, in the order of the scores; so is `observed`.
    notices : list of str
    """
    scores = score_sets[0]
    rules: dict[str, Rule] = {}
    for name, terms in settings["rules"].items():
        try:
            rules[name] = settle_rule(name, terms, columns, frames, scores.weight, observed)
        except Refused as refused:
            notices += [_left_out(problem) for problem in refused.problems]
    by_name = {column.name: column for column in columns}
    projected = tuple(by_name[name] for name in settings["projection"])
    kept: tuple[int, ...] = ()
    try:
        if projected:
            projected, kept = _settle_projection(projected, frames, scores, notices)
    except Refused as refused:
        notices += [_left_out(problem) for problem in refused.problems]
        projected = ()
    differs = not scores.lacks("propensity") and bool(np.ptp(scores.propensity) > 0)
    return Plan(settings, settings["better"], seed, rules, projected, kept, differs)


def _settle_projection(
    projected: tuple[Column, ...], frames: Sequence[pd.DataFrame], scores: Scores, notices: list[str]
) -> tuple[tuple[Column, ...], tuple[int, ...]]:
    absent = [
        column.name for column in projected if any(column.name not in frame.columns for frame in frames)
    ]
    if absent:
        refuse(
            "estimates.projection",
            "covariates that this analysis holds",
            f"no {', '.join(absent)}",
            "use a strategy that keeps them, or leave them out of the projection",
        )
    names, kept = projection.common_terms(frames, projected, scores)
    dropped = [name for j, name in enumerate(names) if j not in kept]
    if dropped:
        notices.append(f"projection: without {', '.join(dropped)}, which the other terms determine")
    return projected, kept


def _cluster_notice(scores: Scores) -> list[str]:
    clusters = np.unique(scores.cluster).size
    if clusters < min(FEW_CLUSTERS, scores.unit.size):
        return [
            f"only {clusters} clusters: below {FEW_CLUSTERS}, clustered standard errors tend to be too small"
        ]
    return []


def _target(estimator: Estimator, randomised: bool, covariate_target: str) -> str:
    if estimator.target == SEEN and randomised:
        return SEEN
    return covariate_target if estimator.target else ""


def _read(estimator: Estimator, item: str, plan: Plan) -> list[str]:
    """Covariates that one part of a family reads."""
    if estimator.name == "rule_groups":
        return [plan.rules[item].column.name]
    return [column.name for column in plan.projected] if estimator.name == "projection" else []


def _left_out(problem: Problem) -> str:
    return f"left out: {problem.where}: expected {problem.expected}; found {problem.found}; {problem.remedy}"


def _key(estimator: Estimator, item: str, estimand: str) -> str:
    return f"{estimand}:{item}" if estimator.name == "rule_groups" else estimand


def _curve(table: pd.DataFrame) -> pd.DataFrame:
    curve = table[["analysis", "outcome", "contrast", "target"]].copy()
    curve["q"] = table["group"].astype(float)
    return curve.join(table[["n", "estimate", "se", "lower", "scale", "imputations"]])
