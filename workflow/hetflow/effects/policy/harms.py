"""Benefit against harm: a second outcome under the same policies, on the units that have both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.effects.linear import Vector
from hetflow.effects.policy.sampled import Sampled, make_halves
from hetflow.effects.policy.tables import policy_frame
from hetflow.effects.policy.values import Policy, total, treated_share
from hetflow.effects.scores import Scores, direction
from hetflow.errors import refuse

#: Of each policy, a unit of all: benefit and harm against treating nobody, and one less the other at a rate.
HARMS = ("share", "benefit", "harm")
NET = "net_benefit"


def common_units(scores: Scores, harms: Sequence[Scores]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the units that both outcomes have, in either set of scores.

    Raises
    ------
    Refused
        If there are none.
    """
    shared, rows, others = np.intersect1d(scores.unit, harms[0].unit, return_indices=True)
    if shared.size == 0:
        refuse("policy.harm", "units with both outcomes", "none", "name another outcome")
    return rows.astype(np.int64), others.astype(np.int64)


def harm_of(scores: Scores, better: str) -> Vector:
    """Doubly robust scores of the harm: positive where treatment makes the second outcome worse."""
    return -direction(better) * scores.score


def trade_offs(
    policies: Sequence[Policy],
    benefits: Sequence[Vector],
    harms: Sequence[Vector],
    scores: Scores,
    rate: float | None,
    draws: int,
    seed: int,
    level: float,
) -> pd.DataFrame:
    """Benefit and harm of each policy on the same half-samples, so that their difference carries their covariance.

    Parameters
    ----------
    policies : sequence of Policy
        For the common units.
    benefits, harms : sequence of ndarray, shape (n,)
        Scores of the common units, one entry a set; benefit net of cost.
    scores : Scores
        Of the common units, for weights and clusters.
    rate : float, optional
        Units of benefit that a unit of harm outweighs; without it there is no net benefit.
    draws, seed : int
    level : float

    Returns
    -------
    DataFrame
        One row a policy and quantity (`HARMS`, and `NET` at a rate), with ``correlation`` of the errors of benefit and
        harm; benefit in units of the outcome, harm in units of the second outcome.
    """
    halves = make_halves(scores.weight, scores.cluster, draws, seed)
    names = [*HARMS, *([NET] if rate is not None else [])]
    tables = []
    for policy in policies:
        sets = []
        for benefit, harm in zip(benefits, harms, strict=True):
            good, bad = total(policy, benefit, halves), total(policy, harm, halves)
            parts = [treated_share(policy, halves), good, bad]
            sets.append(Sampled.joined([*parts, good - bad * rate] if rate is not None else parts))
        frame = policy_frame(policy, names, sets, level, scores.unit.size, policy.share)
        tables.append(frame.assign(correlation=_correlation(sets[0])))
    return pd.concat(tables, ignore_index=True)


def _correlation(sampled: Sampled) -> float:
    good, bad = sampled.draws[:, 1], sampled.draws[:, 2]
    if good.std() == 0 or bad.std() == 0:
        return float("nan")
    return float(np.corrcoef(good, bad)[0, 1])
