"""Effects of groups of units, and groups by effects that were predicted without the unit's own fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hetflow.effects.linear import (
    Codes,
    Matrix,
    Vector,
    cluster_codes,
    cluster_count,
    cluster_sums,
    count_factor,
    reference_df,
)
from hetflow.effects.scores import Scores, direction, require
from hetflow.effects.terms import OUTCOME, Terms
from hetflow.errors import refuse

#: Share of the total weight by which a cumulative weight may miss a quantile through rounding.
ROUNDING = 1e-12


def weighted_cuts(values: Vector, weight: Vector, groups: int) -> Vector:
    """Cut points that part units into groups of equal weight.

    Parameters
    ----------
    values, weight : ndarray, shape (n,)
    groups : int

    Returns
    -------
    ndarray, shape (at most groups - 1,)
        The k-th is the smallest value at or below which lies a share k / groups of the weight; a value
        equal to a cut belongs to the lower group. Equal cuts, and a cut that leaves nothing above, are
        dropped.
    """
    held = weight > 0
    distinct, codes = np.unique(values[held], return_inverse=True)
    cumulative = np.cumsum(np.bincount(codes, weights=weight[held]))
    wanted = np.arange(1, groups) / groups * cumulative[-1] * (1 - ROUNDING)
    cuts = np.unique(distinct[np.searchsorted(cumulative, wanted, side="left")])
    return np.asarray(cuts[cuts < distinct[-1]])


def group_shares(scores: Scores, codes: Codes, labels: Sequence[str], what: str) -> tuple[Matrix, Vector]:
    """Each unit's share of its group's weight, and what makes sums of squares over a group's clusters a variance.

    Parameters
    ----------
    scores : Scores
    codes : ndarray of int, shape (n,)
        Group of each unit, an index of `labels`.
    labels : sequence of str, length k
    what : str
        Of whom a refusal speaks.

    Returns
    -------
    share : ndarray, shape (n, k)
        Every column sums to one.
    factor : ndarray, shape (k,)
        G / (G - 1) of each group's own clusters.

    Raises
    ------
    Refused
        If a group holds fewer than two clusters of positive weight.
    """
    share = scores.weight[:, None] * (codes[:, None] == np.arange(len(labels)))
    clusters = cluster_codes(scores.cluster)
    factor = [
        count_factor(cluster_count(clusters, share[:, g]), f"{what}: group {label}")
        for g, label in enumerate(labels)
    ]
    return share / share.sum(axis=0), np.array(factor)


def group_effects(scores: Scores, codes: Codes, labels: Sequence[str], estimand: str, term: str) -> Terms:
    """Mean doubly robust score of each group (GATES by a rule; Semenova and Chernozhukov 2021).

    Parameters
    ----------
    scores : Scores
    codes : ndarray of int, shape (n,)
        Group of each unit, an index of `labels`.
    labels : sequence of str, length k

    Returns
    -------
    Terms
        Means and their covariance; groups are dependent only through clusters that reach into several. Each
        variance is that of a weighted mean over the group's own clusters.

    Raises
    ------
    Refused
        If a group holds fewer than two clusters of positive weight.
    """
    require(scores, estimand, "score")
    share, factors = group_shares(scores, codes, labels, f"{estimand} {term}")
    mean = scores.score @ share
    meat = cluster_sums(share * (scores.score[:, None] - mean), cluster_codes(scores.cluster))
    covariance = meat.T @ meat * np.sqrt(np.outer(factors, factors))
    counts = tuple(int(count) for count in np.count_nonzero(share, axis=0))
    df = reference_df(scores.cluster, scores.weight)
    return Terms(estimand, tuple(labels), (term,) * len(labels), OUTCOME, mean, covariance, counts, df)


def group_differences(groups: Terms, pairs: Sequence[tuple[int, int]], tested: bool) -> Terms:
    """Differences between groups, with the covariance that they share.

    Parameters
    ----------
    groups : Terms
        From `group_effects`.
    pairs : sequence of (int, int)
        First minus second, by position.
    tested : bool
        Whether a p-value may be printed.
    """
    contrast = np.zeros((len(pairs), len(groups.groups)))
    for row, (first, second) in enumerate(pairs):
        contrast[row, first], contrast[row, second] = 1.0, -1.0
    return Terms(
        f"{groups.estimand}_difference",
        difference_names(groups.groups, pairs),
        tuple(groups.terms[first] for first, _ in pairs),
        groups.scale,
        contrast @ groups.estimate,
        contrast @ groups.covariance @ contrast.T,
        tuple(groups.n[first] + groups.n[second] for first, second in pairs),
        df=groups.df,
        tested=tested,
    )


def difference_names(labels: Sequence[str], pairs: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """Names of differences between groups, by position."""
    return tuple(f"{labels[first]} minus {labels[second]}" for first, second in pairs)


def benefit_codes(scores: Scores, effect: Vector, groups: int, better: str, name: str) -> NDArray[np.int64]:
    """Group of each unit by its predicted benefit, cut at quantiles within its fold, shape (n,).

    Group 0 has the least predicted benefit. Folds are ranked apart because their forests differ.

    Parameters
    ----------
    scores : Scores
    effect : ndarray, shape (n,)
        Effects predicted by forests that have not seen the unit's fold.
    groups : int
    better : {"higher", "lower"}
    name : str
        Of the estimate, for refusals.

    Raises
    ------
    Refused
        If predictions of a fold are too few or too equal to make the groups.
    """
    benefit = direction(better) * effect
    codes = np.zeros(benefit.size, dtype=np.int64)
    for fold in np.unique(scores.fold[scores.weight > 0]):
        rows = scores.fold == fold
        cuts = weighted_cuts(benefit[rows], scores.weight[rows], groups)
        if cuts.size < groups - 1:
            refuse(
                f"{name}: fold {fold}",
                f"predicted effects that part the fold into {groups} groups",
                f"{cuts.size + 1} groups",
                "ask for fewer groups (estimates.groups)",
            )
        codes[rows] = np.searchsorted(cuts, benefit[rows], side="left")
    return codes


def sequential_groups(scores: Scores, groups: int, better: str) -> list[Terms]:
    """Group effects by benefit predicted from the folds before a unit's own, and the greatest minus the
    least.

    Units of the first fold have no such prediction and are left out. As every prediction is settled before
    the scores that it is evaluated on, errors are martingale differences and the intervals hold also near
    the null.
    """
    name = "sequential_groups"
    require(scores, name, "score", "cate_sequential")
    later = scores.subset(scores.fold > scores.fold[scores.weight > 0].min())
    return _by_benefit(later, later.cate_sequential, groups, better, name, interval=True)


def held_out_groups(scores: Scores, groups: int, better: str) -> list[Terms]:
    """Group effects by benefit predicted from all other folds, and the greatest minus the least, without
    intervals.

    Every unit counts, but each fold's scores have shaped the groups of the other folds: near the null the
    standard errors are too small (intervals of nominal 95 % cover about 80 to 86 %), so that no interval is
    printed.
    """
    name = "held_out_groups"
    require(scores, name, "score", "cate_held_out")
    return _by_benefit(scores, scores.cate_held_out, groups, better, name, interval=False)


def _by_benefit(
    scores: Scores, effect: Vector, groups: int, better: str, name: str, interval: bool
) -> list[Terms]:
    codes = benefit_codes(scores, effect, groups, better, name)
    labels = [str(g + 1) for g in range(groups)]
    labels[0] += " (least predicted benefit)"
    labels[-1] += " (greatest predicted benefit)"
    effects = group_effects(scores, codes, labels, name, "mean")
    difference = group_differences(effects, [(groups - 1, 0)], tested=False)
    return [replace(terms, interval=interval) for terms in (effects, difference)]
