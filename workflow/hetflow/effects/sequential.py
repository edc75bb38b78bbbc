"""The sequential rank-weighted average treatment effect: a two-sided test of heterogeneity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from hetflow.effects.linear import Vector
from hetflow.effects.ranking import evaluate_ranking
from hetflow.effects.scores import Scores, direction, require
from hetflow.effects.terms import BENEFIT, Terms, single
from hetflow.errors import refuse
from hetflow.seeds import generator

_TAIL = 0.975


@dataclass(frozen=True, slots=True)
class Sequential:
    """AUTOC of the folds after the first, each ranked by a forest of the folds before it.

    Attributes
    ----------
    estimate, se : float
        Mean of the folds' AUTOC weighted by the inverse of their standard errors; `estimate / se` is the
        test's z.
    autoc, autoc_se : ndarray, shape (folds - 1,)
        Standard errors are those of half-samples, widened by `widening`.
    n : int
        Units of positive weight in these folds.
    """

    estimate: float
    se: float
    autoc: Vector
    autoc_se: Vector
    n: int


def sequential_autoc(scores: Scores, better: str, draws: int, seed: int) -> Sequential:
    """AUTOC fold by fold and its combination.

    With ``t_k = AUTOC_k / SE_k`` for folds k = 2..K, ``z = sum t_k / sqrt(K - 1)`` is standard normal under
    the null of no heterogeneity, as the t_k are martingale differences (Wager 2024). A fold holds few independent
    units, of which AUTOC leans on the first in rank, so that its standard error is itself uncertain: it is widened
    (`widening`). A fold whose predictions are all equal says nothing and has t_k = 0.

    Raises
    ------
    Refused
        If no sequential predictions are given, or there are fewer than two folds.
    """
    require(scores, "sequential_AUTOC", "score", "cate_sequential")
    folds = np.unique(scores.fold[scores.weight > 0])
    if folds.size < 2:
        refuse("sequential_AUTOC", "at least two folds", str(folds.size), "leave the sequential test out")
    sign = direction(better)
    areas: list[tuple[float, float]] = []
    for fold in folds[1:]:
        part = scores.subset(scores.fold == fold)
        rng = generator(seed, "sequential", "half-samples", int(fold))
        result = evaluate_ranking(
            sign * part.score, sign * part.cate_sequential, part.weight, part.cluster, draws, rng, np.ones(1)
        )
        areas.append((result.autoc, result.autoc_se * widening(result.autoc_parts)))
    autoc, se = np.array(areas).T
    estimate, combined = combine_folds(autoc, se)
    later = (scores.fold > folds[0]) & (scores.weight > 0)
    return Sequential(estimate, combined, autoc, se, int(later.sum()))


def widening(parts: Vector) -> float:
    """By how much a fold's standard error is widened for being estimated from few clusters.

    A variance that is a sum of squares of independent normal parts has some ``3 (sum parts^2)^2 / sum parts^4 - 1``
    degrees of freedom (Satterthwaite 1946, fourth moments estimated); the standard error is multiplied by the ratio of
    the 97.5 % quantiles of Student's t with so many and of the normal distribution.

    Parameters
    ----------
    parts : ndarray, shape (clusters,)
        What each cluster adds to AUTOC, or to the difference of two.

    Returns
    -------
    float
        At least 1; 1 where no part differs from the others.
    """
    squares = (parts - parts.mean()) ** 2
    if not squares.any():
        return 1.0
    squares = squares / squares.max()
    df = max(3 * squares.sum() ** 2 / (squares @ squares) - 1, 1.0)
    return float(stats.t.ppf(_TAIL, df) / stats.norm.ppf(_TAIL))


def combine_folds(autoc: Vector, se: Vector) -> tuple[float, float]:
    varied = se > 0
    if not varied.any():
        return 0.0, 0.0
    precision = float((1 / se[varied]).sum())
    return float((autoc[varied] / se[varied]).sum() / precision), float(np.sqrt(se.size) / precision)


def sequential_effects(scores: Scores, better: str, draws: int, seed: int) -> list[Terms]:
    """The sequential AUTOC as an estimate with a two-sided test, in benefit units."""
    result = sequential_autoc(scores, better, draws, seed)
    return [
        single(
            "sequential_AUTOC",
            "all",
            "sequential",
            BENEFIT,
            result.estimate,
            result.se,
            result.n,
            tested=True,
        )
    ]
