"""Targeting operator characteristic (TOC) and the rank-weighted average treatment effects AUTOC and QINI.

Yadlowsky, Fleming, Shah, Brunskill and Wager (2025). All values are in benefit units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hetflow.effects.linear import Codes, Vector, cluster_codes, reference_df
from hetflow.effects.scores import Scores, direction, require
from hetflow.effects.terms import BENEFIT, GREATER, Terms, single
from hetflow.errors import refuse
from hetflow.seeds import generator

#: Shares of units at which the curve is drawn.
GRID = np.round(np.arange(0.05, 1.0001, 0.01), 2)
#: Fewest clusters whose halves still vary.
_FEWEST_CLUSTERS = 4


@dataclass(frozen=True, slots=True)
class Ranking:
    """Curve and areas of one priority, with bootstrap replicates of each.

    Attributes
    ----------
    autoc, qini : float
    toc : ndarray, shape (q,)
    autoc_draws, qini_draws : ndarray, shape (draws,)
    toc_draws : ndarray, shape (draws, q)
        On half-samples. Two priorities evaluated with the same draws have comparable replicates.
    autoc_parts : ndarray, shape (clusters,)
        What each cluster adds to AUTOC, in the order of the clusters' labels; the sum is AUTOC.
    """

    autoc: float
    qini: float
    toc: Vector
    autoc_draws: Vector
    qini_draws: Vector
    toc_draws: NDArray[np.float64]
    autoc_parts: Vector

    @property
    def autoc_se(self) -> float:
        """Bootstrap standard error of AUTOC."""
        return float(self.autoc_draws.std(ddof=1))

    @property
    def qini_se(self) -> float:
        """Bootstrap standard error of QINI."""
        return float(self.qini_draws.std(ddof=1))


def half_samples(clusters: int, draws: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Random halves of the clusters, without replacement, shape (draws, clusters).

    Raising `draws` adds halves and changes none.
    """
    half = np.zeros((draws, clusters), dtype=bool)
    for row in half:
        row[rng.permutation(clusters)[: clusters // 2]] = True
    return half


def evaluate_ranking(
    benefit: Vector,
    priority: Vector,
    weight: Vector,
    cluster: NDArray[np.int64],
    draws: NDArray[np.bool_] | int,
    rng: np.random.Generator | None = None,
    grid: Vector = GRID,
) -> Ranking:
    """TOC, AUTOC and QINI of a priority.

    Units are taken in descending order of priority; ties share their mean benefit. With cumulative weights,
    ``TOC(q)`` is the mean benefit of the first share q minus that of all; ``AUTOC = sum_i w_i TOC_i / sum
    w`` and ``QINI = sum_i (cum w_i / sum w) w_i TOC_i / sum w``. Standard errors are standard deviations
    over half-samples of clusters, which need no rescaling.

    Parameters
    ----------
    benefit : ndarray, shape (n,)
        Doubly robust scores, with the sign turned where lower outcomes are better.
    priority, weight : ndarray, shape (n,)
    cluster : ndarray of int, shape (n,)
    draws : int or ndarray of bool, shape (draws, clusters of positive weight)
        Number of half-samples, drawn from `rng`, or the half-samples themselves.
    grid : ndarray, shape (q,)
        Shares in (0, 1], for the curve. The unit on the boundary counts by its fraction.

    Raises
    ------
    Refused
        If there are fewer than four clusters.
    """
    held = weight > 0
    codes = cluster_codes(cluster[held])
    clusters = int(codes.max()) + 1
    if clusters < _FEWEST_CLUSTERS:
        refuse("ranking", f"at least {_FEWEST_CLUSTERS} clusters", str(clusters), "leave the ranking out")
    if isinstance(draws, int):
        if rng is None:
            raise ValueError("a number of draws needs a generator")
        draws = half_samples(clusters, draws, rng)
    # Ties are ordered by weight, so that the order of the rows does not matter.
    order = np.lexsort((-weight[held], -priority[held]))
    ties = tie_groups(priority[held][order])
    value, share = benefit[held][order], weight[held][order]
    value = value - share @ value / share.sum()
    autoc, qini, toc = _areas(value, share, ties, grid)
    autocs, qinis = np.empty(draws.shape[0]), np.empty(draws.shape[0])
    tocs, cluster_of = np.empty((draws.shape[0], grid.size)), codes[order]
    for r, half in enumerate(draws):
        taken = np.flatnonzero(half[cluster_of])
        own = None if ties is None else ties[taken]
        autocs[r], qinis[r], tocs[r] = _areas(value[taken], share[taken], own, grid)
    return Ranking(autoc, qini, toc, autocs, qinis, tocs, _parts(value, share, ties, cluster_of, clusters))


def tie_groups(ranked: Vector) -> Codes | None:
    """Number of the tie group of each unit in ranked order, shape (n,); None where no two units are tied."""
    steps = np.diff(ranked) != 0
    return None if steps.all() else np.r_[0, np.cumsum(steps)]


def _areas(value: Vector, weight: Vector, ties: Codes | None, grid: Vector) -> tuple[float, float, Vector]:
    """AUTOC, QINI and TOC (q,) of units in ranked order, all of positive weight; values centred at their mean."""
    if value.size == 0 or (ties is not None and ties[0] == ties[-1]):
        return 0.0, 0.0, np.zeros(grid.size)
    moment = weight * value
    if ties is not None:
        moment = weight * _tie_means(moment, weight, ties)
    mass, sums = np.cumsum(weight), np.cumsum(moment)
    total, mean = mass[-1], sums[-1] / mass[-1]
    toc = sums / mass - mean
    share = weight * toc
    wanted = grid * total
    reached = np.interp(wanted, np.r_[0.0, mass], np.r_[0.0, sums])
    curve = np.where(grid == 1, 0.0, reached / wanted - mean)
    return float(share.sum() / total), float((mass * share).sum() / total**2), curve


def _parts(value: Vector, weight: Vector, ties: Codes | None, cluster_of: Codes, clusters: int) -> Vector:
    """What each cluster adds to AUTOC: an L-statistic of its units' centred values, in ranked order."""
    later = np.cumsum((weight / np.cumsum(weight))[::-1])[::-1] - 1
    if ties is not None:
        later = _tie_means(weight * later, weight, ties)
    share = weight * later * value / weight.sum()
    return np.asarray(np.bincount(cluster_of, weights=share, minlength=clusters), dtype=np.float64)


def _tie_means(moment: Vector, weight: Vector, ties: Codes) -> Vector:
    """Weighted mean value of each unit's tie group, shape (n,)."""
    starts = np.flatnonzero(np.r_[True, np.diff(ties) != 0])
    means = np.add.reduceat(moment, starts) / np.add.reduceat(weight, starts)
    return np.repeat(means, np.diff(np.r_[starts, ties.size]))


def ranking_effects(scores: Scores, better: str, draws: int, seed: int) -> list[Terms]:
    """AUTOC, QINI and the TOC curve of the out-of-bag `priority`.

    The test is one-sided: out-of-bag effects anti-correlate with a unit's own noise, so that under the null
    AUTOC is below zero and a two-sided test rejects far too often. Only AUTOC has a p-value; intervals are
    lower bounds.

    Returns
    -------
    list of Terms
        Estimands ``AUTOC``, ``QINI`` (scale ``benefit``, alternative ``greater``) and ``TOC``, whose groups
        are the shares of units.
    """
    require(scores, "AUTOC", "score", "priority")
    rng = generator(seed, "ranking", "half-samples")
    result = evaluate_ranking(
        direction(better) * scores.score, scores.priority, scores.weight, scores.cluster, draws, rng
    )
    term, df = "out of bag", reference_df(scores.cluster, scores.weight)
    areas = [
        single(
            "AUTOC",
            "all",
            term,
            BENEFIT,
            result.autoc,
            result.autoc_se,
            scores.n,
            df=df,
            alternative=GREATER,
            tested=True,
        ),
        single(
            "QINI", "all", term, BENEFIT, result.qini, result.qini_se, scores.n, df=df, alternative=GREATER
        ),
    ]
    curve = Terms(
        "TOC",
        tuple(f"{q:g}" for q in GRID),
        (term,) * GRID.size,
        BENEFIT,
        result.toc,
        np.cov(result.toc_draws, rowvar=False),
        tuple(int(np.ceil(q * scores.n - 1e-9)) for q in GRID),
        df=df,
        alternative=GREATER,
    )
    return [*areas, curve]


def point_autoc(scores: Scores, better: str) -> Terms:
    """AUTOC of the out-of-bag `priority` as `ranking_effects` gives it, without a bootstrap: its variance is NaN."""
    require(scores, "AUTOC", "score", "priority")
    clusters = np.unique(scores.cluster[scores.weight > 0]).size
    none = np.zeros((0, clusters), dtype=bool)
    benefit = direction(better) * scores.score
    found = evaluate_ranking(benefit, scores.priority, scores.weight, scores.cluster, none, grid=np.ones(1))
    return single("AUTOC", "all", "out of bag", BENEFIT, found.autoc, np.nan, scores.n, alternative=GREATER)
