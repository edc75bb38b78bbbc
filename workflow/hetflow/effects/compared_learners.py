"""The tables of the appraisal `learners`: every learner, the forest and the stack beside the constant effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hetflow.effects.learners import CONSTANT, FOREST, STACK, agreement, evaluation_terms, loss_terms, spread
from hetflow.effects.scores import Scores
from hetflow.effects.stacked import Candidate, constant_effect, stack
from hetflow.effects.table import Frame, rows
from hetflow.effects.terms import Terms
from hetflow.errors import refuse

_KEPT = {"term": "learner", "estimand": "measure", "group": "reference"}
_COLUMNS = ["learner", "measure", "reference", "scale", "estimate", "se", "df", "lower", "upper", "n"]


@dataclass(frozen=True, slots=True)
class Compared:
    """What the appraisal leaves behind.

    Attributes
    ----------
    comparison : DataFrame
        ``learner, measure, reference, scale, estimate, se, df, lower, upper, n``: one row a learner, measure and
        reference; pooled over imputations where scores differ between them.
    agreement : DataFrame
        See `hetflow.effects.learners.agreement`.
    weights : DataFrame
        ``fold, learner, weight`` of the stack; empty without one.
    facts : dict
        ``learners`` (in order), ``spread`` (standard deviation of the effects, outcome units), ``units``, ``folds``,
        ``stack_weights`` (means over folds), ``notices``.
    """

    comparison: pd.DataFrame
    agreement: pd.DataFrame
    weights: pd.DataFrame
    facts: dict[str, Any]


def compare(
    sets: Sequence[Scores], learners: Mapping[str, Candidate], settings: Mapping[str, Any], seed: int
) -> Compared:
    """Compare learners by the scores of a study.

    Parameters
    ----------
    sets : sequence of Scores
        One, or one an imputation, of the same units.
    learners : mapping of str to Candidate
        Their effects, in the order of the scores' units.
    settings : mapping
        ``better``, ``groups``, ``ranking_draws``, ``confidence``, ``randomised``, ``stack``.
    seed : int
        The study's seed.
    """
    first = sets[0]
    _check(first, learners)
    candidates, notices = {CONSTANT: _mean([constant_effect(one) for one in sets])}, []
    if first.lacks("cate_held_out") or first.lacks("cate_sequential"):
        notices.append(
            "the forest is not among the compared learners: it has no effects out of fold (forest.held_out_trees is 0)"
        )
    else:
        candidates[FOREST] = Candidate(
            *(
                np.mean([getattr(one, name) for one in sets], axis=0)
                for name in ("cate_held_out", "cate_sequential")
            )
        )
    candidates |= learners
    weights = pd.DataFrame(columns=["fold", "learner", "weight"])
    if settings["stack"]:
        candidates[STACK], weights = _stack(sets, candidates)
    comparison, left_out = _comparison(sets, candidates, settings, seed)
    facts = {
        "learners": list(candidates),
        "spread": {name: spread(one.held_out, first.weight) for name, one in candidates.items()},
        "units": first.n,
        "folds": int(np.unique(first.fold).size),
        "stack_weights": {
            str(name): float(value)
            for name, value in weights.groupby("learner", sort=False)["weight"].mean().items()
        },
        "notices": [*notices, *left_out],
    }
    return Compared(comparison, agreement(first, candidates), weights, facts)


def _stack(sets: Sequence[Scores], candidates: Mapping[str, Candidate]) -> tuple[Candidate, pd.DataFrame]:
    """The stack, its weights averaged over imputations."""
    found = [stack(one, candidates) for one in sets]
    weights = found[0][1].assign(weight=np.mean([table["weight"] for _, table in found], axis=0))
    return _mean([one for one, _ in found]), weights


def _mean(found: Sequence[Candidate]) -> Candidate:
    return Candidate(
        np.mean([one.held_out for one in found], axis=0), np.mean([one.sequential for one in found], axis=0)
    )


def _comparison(
    sets: Sequence[Scores], candidates: Mapping[str, Candidate], settings: Mapping[str, Any], seed: int
) -> tuple[pd.DataFrame, list[str]]:
    """All measures of all learners, pooled over imputations, and what was left out."""
    frame = Frame("", "", sets[0].contrast, float(settings["confidence"]), bool(settings["randomised"]))
    better, groups, draws = settings["better"], int(settings["groups"]), int(settings["ranking_draws"])
    tables, notices = [], []
    for name, candidate in candidates.items():
        found: list[list[Terms]] = []
        for scores in sets:
            terms = loss_terms(scores, name, candidates)
            if name != CONSTANT:
                more, said = evaluation_terms(scores, name, candidate, better, groups, draws, seed)
                terms += more
                notices += said
            found.append(terms)
        tables += [_pooled(list(same), frame) for same in zip(*_common(found), strict=True)]
    whole = pd.concat(tables, ignore_index=True).rename(columns=_KEPT)[_COLUMNS]
    return whole, list(dict.fromkeys(notices))


def _pooled(same: list[Terms], frame: Frame) -> pd.DataFrame:
    return rows(same, frame, "", len(same))[0]


def _common(found: Sequence[list[Terms]]) -> list[list[Terms]]:
    """The terms that every set has, in the same order."""
    keys = [{(one.estimand, one.groups) for one in terms} for terms in found]
    shared = set.intersection(*keys)
    return [[one for one in terms if (one.estimand, one.groups) in shared] for terms in found]


def _check(scores: Scores, learners: Mapping[str, Candidate]) -> None:
    for name, one in learners.items():
        later = scores.fold > scores.fold.min()
        if not np.isfinite(one.held_out).all() or not np.isfinite(one.sequential[later]).all():
            refuse(
                f"learners: {name}",
                "a finite effect of every unit, out of fold",
                "missing or infinite ones",
                "make the effects anew; if this comes back, it is a defect of hetflow",
            )


def in_order(effects: pd.DataFrame, scores: Scores) -> Candidate:
    """A learner's effects in the order of the scores' units.

    Raises
    ------
    Refused
        If units or folds are not those of the scores.
    """
    own = effects.set_index("unit")
    if not np.array_equal(np.sort(own.index.to_numpy()), np.sort(scores.unit)):
        refuse("learners: effects", "the units of the scores", "others", "start the run again")
    own = own.loc[scores.unit]
    if not np.array_equal(own["fold"].to_numpy(), scores.fold):
        refuse("learners: effects", "the folds of the scores", "others", "start the run again")
    return Candidate(own["cate"].to_numpy(dtype=float), own["cate_sequential"].to_numpy(dtype=float))
