"""Rankings compared in pairs: TOC, AUTOC and QINI of each rule on the same half-samples, and their differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from hetflow.effects.linear import Vector
from hetflow.effects.policy.priorities import FIXED, OUT_OF_BAG, SEQUENTIAL, Priority
from hetflow.effects.policy.sampled import Halves, Sampled
from hetflow.effects.ranking import Ranking, evaluate_ranking
from hetflow.effects.scores import Scores, direction
from hetflow.effects.sequential import combine_folds, widening
from hetflow.effects.terms import GREATER, TWO_SIDED
from hetflow.seeds import generator


@dataclass(frozen=True, slots=True)
class Area:
    """One area, or the difference of two.

    Attributes
    ----------
    rule, against : str
        Names of the rules; `against` is empty where a rule is compared with a random order.
    measure : str
        ``AUTOC`` or ``QINI``.
    basis : str
        `OUT_OF_BAG` where out-of-bag effects take part, ``sequential``, or `FIXED`.
    estimate, variance : float
        Benefit units.
    alternative : str
        ``greater`` where out-of-bag effects rank: their bias is towards zero and below.
    tested : bool
        Whether the size of its test has been simulated.
    n : int
    """

    rule: str
    against: str
    measure: str
    basis: str
    estimate: float
    variance: float
    alternative: str
    tested: bool
    n: int


def areas(benefit: Vector, priorities: Sequence[Priority], halves: Halves) -> list[Area]:
    """AUTOC and QINI of every rule and the differences of every two, on the same half-samples.

    Swapping two rules turns the sign of their difference. Out-of-bag effects anti-correlate with a unit's own noise:
    what they take part in has a one-sided lower bound, and a test only for AUTOC itself.

    Parameters
    ----------
    benefit : ndarray, shape (n,)
        Doubly robust scores in benefit units.
    priorities : sequence of Priority
    halves : Halves
    """
    grid = np.ones(1)
    ranked = [
        evaluate_ranking(benefit, one.values, halves.weight, halves.cluster, halves.half, grid=grid)
        for one in priorities
    ]
    found = [
        _area(one.name, "", measure, one.basis, _sampled(own, measure), benefit.size)
        for one, own in zip(priorities, ranked, strict=True)
        for measure in ("AUTOC", "QINI")
    ]
    for (one, own), (other, theirs) in combinations(zip(priorities, ranked, strict=True), 2):
        basis = one.basis if other.basis == FIXED else other.basis
        for measure in ("AUTOC", "QINI"):
            gap = _sampled(own, measure) - _sampled(theirs, measure)
            found.append(_area(one.name, other.name, measure, basis, gap, benefit.size))
    return found


def _sampled(ranking: Ranking, measure: str) -> Sampled:
    estimate, draws = getattr(ranking, measure.lower()), getattr(ranking, f"{measure.lower()}_draws")
    return Sampled(np.array([estimate]), draws[:, None])


def _area(rule: str, against: str, measure: str, basis: str, value: Sampled, n: int) -> Area:
    one_sided = basis == OUT_OF_BAG
    tested = measure == "AUTOC" and not (one_sided and against)
    alternative = GREATER if one_sided else TWO_SIDED
    estimate, variance = float(value.estimate[0]), float(value.variance[0])
    return Area(rule, against, measure, basis, estimate, variance, alternative, tested, n)


def sequential_differences(
    scores: Scores, fixed: Sequence[Priority], better: str, draws: int, seed: int
) -> list[Area]:
    """AUTOC of the predicted effect minus that of each fixed rule, fold by fold, each fold ranked by earlier ones.

    In fold k the effect comes from a forest of folds 1..k-1. The differences over their standard errors are martingale
    differences when neither rule ranks better, so that their sum over ``sqrt(K - 1)`` is standard normal (Wager 2024),
    which out-of-bag effects do not offer.

    Returns
    -------
    list of Area
        Empty where no sequential predictions were made.
    """
    folds = np.unique(scores.fold)
    if scores.lacks("cate_sequential") or folds.size < 2:
        return []
    sign, grid = direction(better), np.ones(1)
    gaps: list[list[tuple[float, float]]] = [[] for _ in fixed]
    for fold in folds[1:]:
        inside = scores.fold == fold
        part = scores.subset(inside)
        key = (seed, "sequential", "half-samples", int(fold))
        ranked = [
            evaluate_ranking(
                sign * part.score, values, part.weight, part.cluster, draws, generator(*key), grid
            )
            for values in (sign * part.cate_sequential, *(one.values[inside] for one in fixed))
        ]
        for place, other in enumerate(ranked[1:]):
            gap = _sampled(ranked[0], "AUTOC") - _sampled(other, "AUTOC")
            wider = widening(ranked[0].autoc_parts - other.autoc_parts)
            gaps[place].append((float(gap.estimate[0]), wider * float(np.sqrt(gap.variance[0]))))
    n = int((scores.fold > folds[0]).sum())
    found = []
    for one, values in zip(fixed, gaps, strict=True):
        estimate, se = combine_folds(*np.array(values).T)
        found.append(Area("effect", one.name, "AUTOC", SEQUENTIAL, estimate, se**2, TWO_SIDED, True, n))
    return found
