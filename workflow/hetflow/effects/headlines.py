"""The numbers that a study leads with, without their standard errors: cheap enough to be had again and again.

An estimate is named by its estimand, group and term, as in the table of estimates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from hetflow.effects import average, calibration, groups, projection, ranking, sequential
from hetflow.effects.groups import difference_names
from hetflow.effects.linear import Matrix, Vector
from hetflow.effects.registry import Plan
from hetflow.effects.rules import difference_pairs, membership
from hetflow.effects.scores import Scores, direction, doubly_robust_score
from hetflow.effects.terms import Terms
from hetflow.errors import Refused

Key = tuple[str, str, str]

AUTOC, SEQUENTIAL, PROJECTION, RULES = "AUTOC", "sequential_AUTOC", "projection", "rule_groups_difference"
GAP, CALIBRATION = "sequential_groups_difference", "calibration"
#: Estimands among the headline numbers; of a calibration the differential term, of a projection its slopes.
HEADLINES = ("ATE", AUTOC, SEQUENTIAL, GAP, CALIBRATION, RULES, PROJECTION)
#: Those that rank units by effects predicted from the folds before their own.
FROM_SEQUENTIAL = (SEQUENTIAL, GAP)
_LEFT_OUT = {CALIBRATION: "mean", PROJECTION: "intercept"}


def is_headline(estimand: str, term: str) -> bool:
    """Whether a row of the table of estimates is a headline number."""
    return estimand in HEADLINES and term != _LEFT_OUT.get(estimand)


def with_effects(scores: Scores, cate: Vector, sequential_effects: Vector, better: str) -> Scores:
    """The same units and nuisances with other predicted effects, and the scores that follow from them."""
    score = doubly_robust_score(cate, scores.treatment_residual, scores.outcome_residual, scores.propensity)
    priority = direction(better) * cate
    return replace(scores, cate=cate, cate_sequential=sequential_effects, score=score, priority=priority)


def scores_side(scores: Scores, plan: Plan) -> dict[Key, float]:
    """Headline numbers that read scores alone; what the scores do not allow is left out.

    Where outcomes are imputed nothing that ranks units is evaluated, as in `hetflow.effects.estimates`.
    """
    found: dict[Key, float] = {}
    for terms in _families(scores, plan):
        for name, term, value in zip(terms.groups, terms.terms, terms.estimate, strict=True):
            if is_headline(terms.estimand, term):
                found[terms.estimand, name, term] = float(value)
    return found


def _families(scores: Scores, plan: Plan) -> Iterator[Terms]:
    settings = plan.settings
    yield average.average_effect(scores, "ATE")
    if settings.get("imputed"):
        return
    makers = (
        lambda: [calibration.calibration(scores)],
        lambda: [ranking.point_autoc(scores, plan.better)],
        lambda: sequential.sequential_effects(scores, plan.better, settings["ranking_draws"], plan.seed),
        lambda: groups.sequential_groups(scores, settings["groups"], plan.better),
    )
    for make in makers:
        try:
            made = make()
        except Refused:  # the table of estimates says why
            continue
        yield from made


def covariates_side(
    scores: Scores, variants: Matrix, frames: Sequence[pd.DataFrame], plan: Plan
) -> dict[Key, Matrix]:
    """Headline numbers that regress scores on completed covariates, for several scores of the same units at once.

    Parameters
    ----------
    scores : Scores
        Whose weights count.
    variants : ndarray, shape (n, r)
        Doubly robust scores.
    frames : sequence of DataFrame
        Completed covariates in the order of the scores.
    plan : Plan

    Returns
    -------
    dict of key to ndarray, shape (frames, r)
    """
    found: dict[Key, list[Vector]] = {}
    for frame in frames:
        for key, values in _of_frame(scores, variants, frame, plan):
            found.setdefault(key, []).append(values)
    return {key: np.stack(rows) for key, rows in found.items()}


def _of_frame(
    scores: Scores, variants: Matrix, frame: pd.DataFrame, plan: Plan
) -> Iterator[tuple[Key, Vector]]:
    weight = scores.weight
    if plan.projected:
        X, names = projection.projection_design(frame, plan.projected)
        kept = list(plan.kept)
        root = np.sqrt(weight)[:, None]
        Q, R = np.linalg.qr(root * np.column_stack([np.ones(len(X)), X[:, kept]]))
        slopes = np.linalg.solve(R, Q.T @ (root * variants))[1:]
        for j, row in zip(kept, slopes, strict=True):
            yield (PROJECTION, "all", names[j]), row
    for name, rule in plan.rules.items():
        pairs = difference_pairs(rule)
        if not pairs:
            continue
        member = membership(rule, frame)[:, None] == np.arange(len(rule.labels))
        share = weight[:, None] * member
        means = (share.T @ variants) / share.sum(axis=0)[:, None]
        for label, (first, second) in zip(difference_names(rule.labels, pairs), pairs, strict=True):
            yield (RULES, label, name), means[first] - means[second]


def averaged(values: Sequence[Mapping[Key, float]]) -> dict[Key, float]:
    """Means over several sets of scores of what all of them have."""
    shared = [key for key in values[0] if all(key in one for one in values)]
    return {key: float(np.mean([one[key] for one in values])) for key in shared}
