"""Who the most and the least affected are: means of covariates by group, and their difference (CLAN)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.effects.linear import Codes, Vector, cluster_codes, cluster_sums, is_clustered


@dataclass(frozen=True, slots=True)
class Means:
    """Means of q covariates in two groups and their difference.

    Attributes
    ----------
    mean, se : ndarray, shape (3, q)
        Of the first group, of the second, and of the second minus the first; NaN where a group has fewer than two
        units (or clusters) with a value.
    df : ndarray, shape (3, q)
        Of a t reference: Welch's for the difference; under clusters their number less one.
    n : ndarray of int, shape (3, q)
        Units with a value.
    """

    mean: Vector
    se: Vector
    df: Vector
    n: NDArray[np.int64]


def applicable(X: Vector, names: Sequence[str], columns: Sequence[Column]) -> Vector:
    """Covariates with NaN where they do not apply: their constant stands for no measurement.

    Parameters
    ----------
    X : ndarray, shape (n, p)
        From `hetflow.cohort.views.matrix`; of mean over imputations, a unit counts as one to which a covariate applies
        when it does in more than half of them.
    names : sequence of str, length p
    columns : sequence of Column
    """
    place = {name: j for j, name in enumerate(names)}
    values = X.copy()
    for column in columns:
        if column.name in place and column.applies in place:
            values[~(X[:, place[column.applies]] > 0.5), place[column.name]] = np.nan
    return values


def compare(
    values: Vector, weight: Vector, cluster: NDArray[np.int64], group: Codes, pair: tuple[int, int]
) -> Means:
    """Means of covariates in two groups, and the difference of the second and the first.

    Without clusters and weights the standard error of the difference is Welch's (Biometrika 34 (1947) 28-35).

    Parameters
    ----------
    values : ndarray, shape (n, q)
        NaN where a unit has no value.
    weight, cluster, group : ndarray, shape (n,)
    pair : (int, int)
        Codes of the two groups.
    """
    codes = cluster_codes(cluster)
    clustered = is_clustered(cluster, weight)
    known = np.isfinite(values)
    sides = [_side(values, known, weight, codes, group == which) for which in pair]
    difference = sides[1].influence - sides[0].influence
    se = np.sqrt([*(side.variance for side in sides), (difference**2).sum(axis=0)])
    clusters = _clusters(known & (weight > 0)[:, None] & np.isin(group, pair)[:, None], codes)
    mean = np.array([sides[0].mean, sides[1].mean, sides[1].mean - sides[0].mean])
    n = np.array([sides[0].n, sides[1].n, sides[0].n + sides[1].n])
    count = [side.count for side in sides]
    with np.errstate(divide="ignore", invalid="ignore"):
        welch = (se[2] ** 2) ** 2 / sum(side.variance**2 / (side.count - 1) for side in sides)
    last = clusters - 1.0 if clustered else np.where(np.isfinite(welch), welch, n[2] - 2.0)
    df = np.array([count[0] - 1.0, count[1] - 1.0, last])
    enough = np.array([count[0] > 1, count[1] > 1, (count[0] > 1) & (count[1] > 1)])
    return Means(mean, np.where(enough, se, np.nan), np.where(enough, df, np.nan), n)


def clan_frame(means: Means, names: Sequence[str], groups: Sequence[str]) -> pd.DataFrame:
    """A row for each covariate and group: ``term, group, estimate, se, df, n``."""
    q = len(names)
    return pd.DataFrame(
        {
            "term": np.tile(np.asarray(names, dtype=object), len(groups)),
            "group": np.repeat(np.asarray(groups, dtype=object), q),
            "estimate": means.mean.ravel(),
            "se": means.se.ravel(),
            "df": means.df.ravel(),
            "n": means.n.ravel(),
        }
    )


@dataclass(frozen=True, slots=True)
class _Side:
    mean: Vector
    influence: Vector
    variance: Vector
    n: NDArray[np.int64]
    count: NDArray[np.int64]


def _side(
    values: Vector, known: NDArray[np.bool_], weight: Vector, codes: Codes, member: NDArray[np.bool_]
) -> _Side:
    """Mean of one group, what each cluster adds to its error, shape (G, q), and how many there are."""
    share = np.where(known & member[:, None], weight[:, None], 0.0)
    filled = np.where(known, values, 0.0)
    total = share.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (share * filled).sum(axis=0) / total
        first = share * (filled - mean) / total
        count = _clusters(share > 0, codes)
        influence = cluster_sums(np.nan_to_num(first), codes) * np.sqrt(count / (count - 1.0))
    influence = np.where(np.isfinite(influence), influence, 0.0)
    n = np.count_nonzero(share, axis=0).astype(np.int64)
    return _Side(mean, influence, (influence**2).sum(axis=0), n, count)


def _clusters(held: NDArray[np.bool_], codes: Codes) -> NDArray[np.int64]:
    """Clusters with a unit that is held, for each column."""
    return np.asarray((cluster_sums(held.astype(np.int64), codes) > 0).sum(axis=0), dtype=np.int64)
