"""Learners of the effect compared: losses, calibration, ranking and groups, each out of fold.

A loss difference is evaluated by units that the compared effects have not seen. Its expectation, given the effects, is
a difference of mean squared errors: of ``(score - tau)^2`` (DR loss) over all units, of ``(Y - m - (W - e) tau)^2``
(R loss) weighted by ``e (1 - e)`` (Nie and Wager 2021; Saito and Yasui 2020), if the propensity is right. The noise
that both losses share cancels. Nothing here has a p-value: several learners are looked at, and none of these measures
is a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from hetflow.effects.calibration import calibration
from hetflow.effects.groups import sequential_groups
from hetflow.effects.linear import Vector, cluster_codes, reference_df, weighted_mean
from hetflow.effects.scores import Scores
from hetflow.effects.sequential import sequential_autoc
from hetflow.effects.stacked import Candidate
from hetflow.effects.terms import BENEFIT, DESCRIPTIVE, OUTCOME, Terms, single
from hetflow.errors import Refused

CONSTANT, FOREST, STACK = "constant", "forest", "stack"
REFERENCES = (CONSTANT, FOREST)
LOSSES = ("DR_loss", "R_loss")


def loss(scores: Scores, effect: Vector, name: str) -> Vector:
    """Loss of each unit under ``DR_loss`` or ``R_loss``, shape (n,), squared outcome units."""
    if name == "DR_loss":
        return np.asarray((scores.score - effect) ** 2)
    return np.asarray((scores.outcome_residual - scores.treatment_residual * effect) ** 2)


def loss_terms(scores: Scores, name: str, candidates: Mapping[str, Candidate]) -> list[Terms]:
    """A learner's losses, and by how much they are smaller than those of the constant effect and of the forest.

    Parameters
    ----------
    scores : Scores
        Of one set.
    name : str
        The learner, a key of `candidates`.
    candidates : mapping of str to Candidate

    Returns
    -------
    list of Terms
        ``DR_loss`` and ``R_loss`` (without interval), and ``<loss>_gain`` with the reference as group: positive where
        the learner has the smaller loss; paired, with the standard error of a weighted mean, clustered. Given the
        learners as they were fitted.
    """
    codes = cluster_codes(scores.cluster)
    effect = candidates[name].held_out
    found = []
    for kind in LOSSES:
        own = loss(scores, effect, kind)
        level, se = weighted_mean(own, scores.weight, codes, kind)
        found.append(single(kind, "all", name, DESCRIPTIVE, level, se, scores.n, interval=False))
        for reference in REFERENCES:
            if reference == name or reference not in candidates:
                continue
            gain = loss(scores, candidates[reference].held_out, kind) - own
            value, se = weighted_mean(gain, scores.weight, codes, kind)
            df = reference_df(scores.cluster, scores.weight)
            found.append(single(f"{kind}_gain", reference, name, DESCRIPTIVE, value, se, scores.n, df=df))
    return found


def evaluation_terms(
    scores: Scores, name: str, candidate: Candidate, better: str, groups: int, draws: int, seed: int
) -> tuple[list[Terms], list[str]]:
    """Calibration slope of the held-out effects, and AUTOC and groups of the sequential ones.

    A ranking that was cross-fitted over all folds is not evaluated: its folds' errors are correlated, and naive
    intervals of AUTOC and groups are too short near the null (Wager 2024). Sequential effects were settled before
    the scores that they are evaluated on.

    Returns
    -------
    terms : list of Terms
        ``calibration_slope``, ``sequential_AUTOC`` (benefit units), ``group_difference`` (greatest minus least
        predicted benefit, outcome units).
    notices : list of str
        What could not be had, and why.
    """
    own = replace(
        scores,
        cate=candidate.held_out,
        priority=np.full(scores.unit.size, np.nan),
        cate_held_out=candidate.held_out,
        cate_sequential=candidate.sequential,
    )
    parts: dict[str, Callable[[], Terms]] = {
        "calibration_slope": lambda: _slope(own, name),
        "sequential_AUTOC": lambda: _autoc(own, name, better, draws, seed),
        "group_difference": lambda: _difference(own, name, better, groups),
    }
    terms, notices = [], []
    for measure, make in parts.items():
        try:
            terms.append(make())
        except Refused as refused:
            found = "; ".join(problem.found for problem in refused.problems)
            notices.append(f"{measure} of {name} is left out: {found}")
    return terms, notices


def agreement(scores: Scores, candidates: Mapping[str, Candidate]) -> pd.DataFrame:
    """Correlations of the held-out effects of every pair of learners.

    Returns
    -------
    DataFrame
        ``first, second, correlation, rank_correlation, n``; weighted; NaN where a learner's effects are all equal.
    """
    weight = scores.weight
    held = weight > 0
    rows = []
    names = [name for name in candidates if name != CONSTANT]
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            pair = candidates[first].held_out, candidates[second].held_out
            ranks = [stats.rankdata(values[held]) for values in pair]
            rows.append(
                {
                    "first": first,
                    "second": second,
                    "correlation": weighted_correlation(*pair, weight),
                    "rank_correlation": weighted_correlation(ranks[0], ranks[1], weight[held]),
                    "n": scores.n,
                }
            )
    return pd.DataFrame(rows, columns=["first", "second", "correlation", "rank_correlation", "n"])


def spread(effect: Vector, weight: Vector) -> float:
    """Weighted standard deviation of effects."""
    mean = weight @ effect / weight.sum()
    return float(np.sqrt(weight @ (effect - mean) ** 2 / weight.sum()))


def weighted_correlation(x: Vector, y: Vector, weight: Vector) -> float:
    """Pearson's correlation under weights; NaN where one of them does not vary."""
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    x, y = (values - weight @ values / weight.sum() for values in (x, y))
    return float(weight @ (x * y) / np.sqrt((weight @ x**2) * (weight @ y**2)))


def _slope(scores: Scores, name: str) -> Terms:
    terms = calibration(scores)
    se = float(np.sqrt(terms.covariance[1, 1]))
    return single(
        "calibration_slope", "all", name, DESCRIPTIVE, float(terms.estimate[1]), se, scores.n, df=terms.df
    )


def _autoc(scores: Scores, name: str, better: str, draws: int, seed: int) -> Terms:
    found = sequential_autoc(scores, better, draws, seed)
    return single("sequential_AUTOC", "all", name, BENEFIT, found.estimate, found.se, found.n)


def _difference(scores: Scores, name: str, better: str, groups: int) -> Terms:
    difference = sequential_groups(scores, groups, better)[1]
    value, variance = float(difference.estimate[0]), float(difference.covariance[0, 0])
    return single(
        "group_difference",
        "greatest minus least predicted benefit",
        name,
        OUTCOME,
        value,
        np.sqrt(variance),
        difference.n[0],
        df=difference.df,
    )
