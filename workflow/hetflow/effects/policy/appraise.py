"""The appraisal `policy` of an analysis: what rules that decide whom to treat would gain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from hetflow.cohort.columns import Column
from hetflow.effects.checks import check_sets
from hetflow.effects.linear import Matrix, Vector
from hetflow.effects.policy import harms, values
from hetflow.effects.policy.bins import make_bins
from hetflow.effects.policy.compared import areas, sequential_differences
from hetflow.effects.policy.curves import gain_curves
from hetflow.effects.policy.learnt import Learnt, learn, nodes_frame, smallest_leaf, stability
from hetflow.effects.policy.priorities import (
    SEQUENTIAL,
    Priority,
    baseline_risk,
    named_priorities,
    out_of_bag_benefit,
    predicted_benefit,
    tree_covariates,
    within_folds,
)
from hetflow.effects.policy.sampled import Halves, make_halves
from hetflow.effects.policy.tables import RANKING_COLUMNS, policy_frame, ranking_frame
from hetflow.effects.policy.trees import DEEP_CANDIDATES
from hetflow.effects.policy.values import QUANTITIES, Policy
from hetflow.effects.scores import Scores, direction, require
from hetflow.errors import Refused, refuse

TABLES = ("ranking", "curves", "values", "trees", "harms")
#: Why nothing is evaluated on imputed outcomes.
IMPUTED = (
    "left out: policies on imputed outcomes: predicted effects and imputed outcomes were learnt from the same observed "
    "outcomes, so that imputed outcomes bear the predictions out; missing_outcome: {strategy: weighting} evaluates "
    "policies on observed outcomes"
)
NO_COVARIATES = (
    "left out: policy trees: no covariates are named; write estimates.projection or policy.covariates. Trees are not "
    "learnt from all covariates: of many, the best split is the luckiest"
)


@dataclass(frozen=True, slots=True)
class Appraised:
    """Tables by name (`TABLES`) and facts."""

    tables: dict[str, pd.DataFrame]
    facts: dict[str, Any]


@dataclass(slots=True)
class _Found:
    policies: list[Policy] = field(default_factory=list)
    ranked: list[Priority] = field(default_factory=list)
    learnt: list[Learnt] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    X: Matrix = field(default_factory=lambda: np.empty((0, 0)))
    minimum: int = 0


def appraise(
    score_sets: Sequence[Scores],
    completions: Sequence[pd.DataFrame],
    columns: Sequence[Column],
    cohort: pd.DataFrame,
    settings: Mapping[str, Any],
    harm_sets: Sequence[Scores] = (),
) -> Appraised:
    """Everything that the section `policy` asks of an analysis.

    Rules and trees are the same for all sets of scores (trees learn from their mean); values are made per set and
    pooled by Rubin's rules, in observational designs.

    Parameters
    ----------
    score_sets : sequence of Scores
        One, or one an imputation.
    completions : sequence of DataFrame
        Deployment-mode files: completed without arm and outcome, as for a new patient.
    columns : sequence of Column
    cohort : DataFrame
    settings : mapping
        The stage's slice: ``seed, better, randomised, confidence, minimum_cell_count, policy, projection,
        ranking_draws, imputed, harm``.
    harm_sets : sequence of Scores
        Of the second outcome; as many as `score_sets`, or none.

    Raises
    ------
    Refused
        If scores or effects are not there, or there are fewer than four clusters.
    """
    asked = settings["policy"]
    if settings["imputed"]:
        empty = {name: pd.DataFrame() for name in TABLES} | {"ranking": pd.DataFrame(columns=RANKING_COLUMNS)}
        return Appraised(empty, _facts(settings, [IMPUTED]))
    sets = [scores.subset(scores.weight > 0) for scores in score_sets]
    check_sets(sets, None, settings)
    for scores in sets:
        require(scores, "policy", "score", "priority", "outcome_mean")
    first, better = sets[0], settings["better"]
    own, notices = named_priorities(asked["rules"], columns, completions, cohort, first.unit)
    fixed = [baseline_risk(sets, better), *own]
    found = _policies(sets, fixed, columns, completions, settings)
    judged = np.flatnonzero(first.fold > first.fold.min())
    later = [scores.subset(first.fold > first.fold.min()) for scores in sets]
    benefits = [direction(better) * scores.score for scores in later]
    policies = [values.restricted(policy, judged) for policy in found.policies]
    ranked = [values.restricted_priority(one, judged) for one in found.ranked]
    halves = make_halves(later[0].weight, later[0].cluster, settings["ranking_draws"], settings["seed"])
    tables = {
        "ranking": _ranking(sets, fixed, settings),
        "curves": gain_curves(benefits, ranked, asked["cost"], halves, settings["confidence"]),
        "values": _values(policies, benefits, halves, settings),
        "trees": _concat([nodes_frame(one, found.names) for one in found.learnt]),
        "harms": _harms(policies, later, benefits, harm_sets, settings),
    }
    facts = _facts(settings, [*notices, *found.notices]) | {
        "n": first.n,
        "judged": later[0].n,
        "smallest_leaf": found.minimum,
        "columns": found.names,
        "effect_basis": found.ranked[0].basis,
        "rules": {one.name: one.label for one in found.ranked},
        "trees": [stability(one, found.X, first.weight, found.names) for one in found.learnt],
    }
    return Appraised(tables, facts)


def _facts(settings: Mapping[str, Any], notices: list[str]) -> dict[str, Any]:
    asked = settings["policy"]
    kept = {key: asked[key] for key in ("cost", "budget", "exchange_rate")}
    empty: dict[str, Any] = {
        "n": 0,
        "smallest_leaf": 0,
        "columns": [],
        "effect_basis": "",
        "rules": {},
        "trees": [],
    }
    return empty | kept | {"harm": settings["harm"], "notices": notices}


def _ranking(sets: Sequence[Scores], fixed: Sequence[Priority], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Areas of every ranking, differences of every two, and the sequential differences."""
    better, draws, seed = settings["better"], settings["ranking_draws"], settings["seed"]
    halves = make_halves(sets[0].weight, sets[0].cluster, draws, seed)
    found = [
        [
            *areas(direction(better) * scores.score, [out_of_bag_benefit(scores), *fixed], halves),
            *sequential_differences(scores, fixed, better, draws, seed),
        ]
        for scores in sets
    ]
    return ranking_frame(found, settings["randomised"], settings["confidence"], len(sets), halves.df)


def _policies(
    sets: Sequence[Scores],
    fixed: Sequence[Priority],
    columns: Sequence[Column],
    completions: Sequence[pd.DataFrame],
    settings: Mapping[str, Any],
) -> _Found:
    """Every policy that is judged: none, all, by predicted effect, by trees, and within the budget."""
    asked, first = settings["policy"], sets[0]
    effect = predicted_benefit(first, settings["better"])
    found = _Found(values.simple_policies(first.unit.size, asked["budget"]))
    found.policies.append(values.above_cost(effect, asked["cost"]))
    found.ranked = [within_folds(effect, first.weight, first.fold), *fixed]
    if asked["budget"] < 1:
        found.policies += values.within_budget(found.ranked, asked["budget"])
    found.minimum = smallest_leaf(asked["min_leaf"], first.n, settings["minimum_cell_count"])
    if asked["depths"]:
        _learn_trees(found, sets, columns, completions, settings)
    return found


def _learn_trees(
    found: _Found,
    sets: Sequence[Scores],
    columns: Sequence[Column],
    completions: Sequence[pd.DataFrame],
    settings: Mapping[str, Any],
) -> None:
    """Trees of every depth asked for, added to what was found; what cannot be learnt is left out with a notice."""
    asked, first = settings["policy"], sets[0]
    names = [*settings["projection"], *asked["covariates"]]
    if not names:
        found.notices.append(NO_COVARIATES)
        return
    found.X, found.names, notices = tree_covariates(names, columns, completions, first.unit)
    found.notices += notices
    net = direction(settings["better"]) * np.mean([scores.score for scores in sets], axis=0) - asked["cost"]
    for depth in asked["depths"]:
        try:
            found.learnt += _learnt(found, net, first, depth, settings)
        except Refused as refused:
            found.notices += [f"left out: {one.where}: {one.found}; {one.remedy}" for one in refused.problems]
    found.policies += [_of_tree(one) for one in found.learnt]


def _learnt(
    found: _Found, net: Vector, first: Scores, depth: int, settings: Mapping[str, Any]
) -> list[Learnt]:
    asked = settings["policy"]
    candidates = min(asked["candidates"], DEEP_CANDIDATES) if depth == 3 else asked["candidates"]
    bins = make_bins(found.X, candidates)
    budgets = [1.0, asked["budget"]] if asked["budget"] < 1 else [1.0]

    def minimum(units: int) -> int:
        return smallest_leaf(asked["min_leaf"], units, settings["minimum_cell_count"])

    return [learn(bins, net, first.weight, first.fold, depth, minimum, budget) for budget in budgets]


def _of_tree(one: Learnt) -> Policy:
    label = f"Tree of depth {one.depth}"
    return Policy(one.name, label, SEQUENTIAL, treated=one.treated, share=one.budget)


def _values(
    policies: Sequence[Policy], benefits: Sequence[Vector], halves: Halves, settings: Mapping[str, Any]
) -> pd.DataFrame:
    asked, n = settings["policy"], halves.weight.size
    return _concat(
        [
            policy_frame(
                policy,
                QUANTITIES,
                [values.quantities(policy, benefit, asked["cost"], halves) for benefit in benefits],
                settings["confidence"],
                n,
                policy.share,
            )
            for policy in policies
        ]
    )


def _harms(
    policies: Sequence[Policy],
    sets: Sequence[Scores],
    benefits: Sequence[Vector],
    harm_sets: Sequence[Scores],
    settings: Mapping[str, Any],
) -> pd.DataFrame:
    """Benefit and harm on the units that have both outcomes; empty without a second outcome."""
    if not harm_sets:
        return pd.DataFrame()
    asked = settings["policy"]
    second = [scores.subset(scores.weight > 0) for scores in harm_sets]
    if len(second) != len(sets):
        refuse(
            "policy.harm",
            f"as many sets of scores for the second outcome as for the first ({len(sets)})",
            str(len(second)),
            f"give analysis {settings['harm']['analysis']} as many imputations",
        )
    rows, others = harms.common_units(sets[0], second)
    inside = np.zeros(sets[0].unit.size, dtype=bool)
    inside[rows] = True
    return harms.trade_offs(
        [values.restricted(policy, rows) for policy in policies],
        [benefit[rows] - asked["cost"] for benefit in benefits],
        [harms.harm_of(scores, settings["harm"]["better"])[others] for scores in second],
        sets[0].subset(inside),
        asked["exchange_rate"],
        settings["ranking_draws"],
        settings["seed"],
        settings["confidence"],
    )


def _concat(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
