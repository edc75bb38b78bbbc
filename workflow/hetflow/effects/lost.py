"""Units without an outcome: how many, and what covariates tell of the outcomes that nobody saw."""

from __future__ import annotations

from typing import Any

import numpy as np

from hetflow.effects.linear import Vector
from hetflow.effects.scores import Scores
from hetflow.errors import refuse

#: Share of an arm that is called its extreme.
TENTH = 0.1


def outcome_sd(outcome: Vector, scores: Scores) -> float:
    """Standard deviation of the observed outcomes within arms, weighted, pooled over the arms."""
    observed = (scores.observed == 1) & (scores.weight > 0)
    squares, free = 0.0, 0.0
    for arm in (0, 1):
        rows = observed & (scores.treated == arm)
        weight = scores.weight[rows]
        if weight.size < 2:
            refuse(
                "sensitivity", "observed outcomes in both arms", f"{weight.size} in arm {arm}", "leave it out"
            )
        mean = weight @ outcome[rows] / weight.sum()
        squares += float(weight @ (outcome[rows] - mean) ** 2)
        free += float(weight.sum() * (1 - 1 / weight.size))
    sd = float(np.sqrt(squares / free))
    if not sd > 0:
        refuse("sensitivity", "outcomes that vary", "a constant", "leave the sensitivity analysis out")
    return sd


def describe_lost(scores: Scores, outcome: Vector) -> dict[str, Any]:
    """Who has no outcome, and how much the measured covariates tell about what it would have been.

    Returns
    -------
    dict
        By arm: ``lost`` (units), ``share_lost`` (of the arm's weight), ``observed_mean``, and ``drift``: the
        mean outcome that covariates predict for the units without one (``expected_lost``), minus that for the
        units with one. ``extreme``: by arm and direction, the mean expected outcome of the most extreme tenth
        minus the arm's: how much covariates tell apart.
    """
    observed, arm = scores.observed == 1, scores.treated == 1
    expected = scores.outcome_mean + scores.treatment_residual * scores.cate
    facts: dict[str, Any] = {name: {} for name in ("lost", "share_lost", "observed_mean")}
    facts |= {"expected_lost": {}, "drift": {}, "extreme": {}}
    for name, rows in (("treated", arm), ("control", ~arm)):
        there, gone = scores.weight * (rows & observed), scores.weight * (rows & ~observed)
        facts["lost"][name] = int((rows & ~observed).sum())
        facts["extreme"][name] = _extreme(expected[rows], scores.weight[rows])
        facts["share_lost"][name] = float(gone.sum() / (gone.sum() + there.sum()))
        facts["observed_mean"][name] = float(there[observed] @ outcome[observed] / there.sum())
        if gone.sum() > 0:
            facts["expected_lost"][name] = float(gone @ expected / gone.sum())
            facts["drift"][name] = float(facts["expected_lost"][name] - there @ expected / there.sum())
    return facts


def _extreme(expected: Vector, weight: Vector) -> dict[str, float]:
    """Weighted mean of the highest and of the lowest tenth, minus that of all."""
    order = np.argsort(expected, kind="stable")
    value, share = expected[order], weight[order] / weight.sum()
    reached = np.cumsum(share)
    mean = float(share @ value)
    low, high = reached <= max(TENTH, share[0]), reached > min(1 - TENTH, 1 - share[-1])
    return {
        "lower": float(share[low] @ value[low] / share[low].sum()) - mean,
        "higher": float(share[high] @ value[high] / share[high].sum()) - mean,
    }
