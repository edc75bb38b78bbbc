"""A test of MCAR by classification in random projections of the columns.

The idea is that of Spohn, Naef, Michel and Meinshausen (arXiv 2109.10150): in the rows where a random set of columns
is observed, who misses another column should not be predictable from them. Classifiers here are averages over random
partitions that do not look at the labels, so that all permutations are classified at once. Labels are permuted among
units with the same pattern in the other columns, which is exact for every mask, however masks depend on one another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.stats import cauchy, norm

from hetflow.seeds import generator

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
PERMUTATIONS = 199
FEWEST_PROJECTIONS, MOST_PROJECTIONS = 80, 200
A_MASK = 16
"""Projections a mask, within these bounds."""
MOST_COLUMNS = 4
"""Columns of a projection at most."""
MOST_ROWS = 1000
"""Rows that are drawn from a longer table."""
FEWEST = 10
"""Rows of either class at least."""
OTHERS = 3
"""Incomplete masks beside its own that a mask's projections may use; 8 patterns at most."""
PARTITIONS = 50
DEPTH = 4
"""Cuts of a partition, which make up to 16 cells."""


@dataclass(frozen=True, slots=True)
class ProjectionTest:
    """Result of the test.

    Attributes
    ----------
    statistic : float
        Mean over projections of the standardised log-odds contrast; about 0 under MCAR, positive against it.
    p : float
        In all, from the masks' p-values; NaN when no projection could be made. Their normal scores are added up, which
        sees a little in many masks, with the variance k + sum of rho_ij^2 over pairs, for statistics that are quadratic
        in masks of correlation rho_ij; Cauchy's combination (Liu and Xie, J. Am. Stat. Assoc. 115:393, 2020) sees much
        in one; and the two are put together by the latter, which holds under dependence.
    partial : ndarray, shape (k,)
        P-value of each mask, from the projections in which it is the label; NaN where there were none. Not adjusted.
    projections, rows : int
        Projections made, rows used.
    reason : str
        Why the test could not be made; empty when it was.
    """

    statistic: float
    p: float
    partial: FloatArray
    projections: int
    rows: int
    reason: str = ""


def projection_test(
    X: FloatArray, mask_of: IntArray, nominal: BoolArray, seed: int, permutations: int = PERMUTATIONS
) -> ProjectionTest:
    """Test that values are missing completely at random, by classification.

    Parameters
    ----------
    X : ndarray, shape (n, p)
        Columns as numbers, NaN where missing, rows in canonical order.
    mask_of : ndarray of int, shape (p,)
        Number of each column's distinct mask, from 0; -1 for complete columns.
    nominal : ndarray of bool, shape (p,)
        Columns whose numbers are codes without an order.
    seed : int
        The study's seed.
    permutations : int
        Permutations, at least 19.

    Returns
    -------
    ProjectionTest
        Of more than 1,000 rows, 1,000 are drawn. A projection is one mask as the label and 1 to 4 columns that do not
        share it; its rows are those that observe these columns. The statistic is the mean log odds of those who miss
        the value less that of the others, out of sample. All projections of a mask use complete columns and those of at
        most three other masks, within whose patterns its labels are permuted.
    """
    rows = np.sort(generator(seed, "mechanism", "projection", "rows").permutation(len(X))[:MOST_ROWS])
    data, masks = X[rows], int(mask_of.max(initial=-1)) + 1
    each = int(np.clip(A_MASK * masks, FEWEST_PROJECTIONS, MOST_PROJECTIONS)) // max(masks, 1)
    partial, z, made = np.full(masks, np.nan), [0.0], 0
    for k in range(masks):
        draw = generator(seed, "mechanism", "projection", k)
        statistics = _one_mask(data, mask_of, nominal, k, max(each, 1), permutations, draw)
        if len(statistics):
            spread = statistics.std(axis=1, keepdims=True)
            scaled = (statistics - statistics.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
            mean = scaled.mean(axis=0)
            partial[k] = float((mean >= mean[0] - 1e-12).mean())
            z += list(scaled[:, 0])
            made += len(scaled)
    if not made:
        reason = f"no mask has {FEWEST} units with and without among units whose other columns are observed"
        return ProjectionTest(np.nan, np.nan, partial, 0, len(data), reason)
    gone = np.column_stack([np.isnan(data[:, mask_of == k][:, 0]) for k in range(masks)])
    total = _combined(partial, gone.astype(np.float64), permutations)
    return ProjectionTest(float(np.mean(z[1:])), total, partial, made, len(data))


def _combined(p: FloatArray, labels: FloatArray, permutations: int) -> float:
    """The masks' p-values put together; one of 1 counts as half a permutation below it.

    Parameters
    ----------
    p : ndarray, shape (k,)
        NaN where a mask could not be tested.
    labels : ndarray, shape (n, k)
        The masks, for their correlations.
    permutations : int
    """
    known = np.isfinite(p)
    own = np.minimum(p[known], 1 - 0.5 / (permutations + 1))
    correlation = np.atleast_2d(np.corrcoef(labels[:, known].T))
    added = norm.isf(own).sum() / np.sqrt((correlation**2).sum())
    return _cauchy(np.array([float(norm.sf(added)), _cauchy(own)]))


def _cauchy(p: FloatArray) -> float:
    return float(cauchy.sf(np.mean(cauchy.isf(p))))


def _one_mask(
    data: FloatArray,
    mask_of: IntArray,
    nominal: BoolArray,
    response: int,
    count: int,
    permutations: int,
    draw: np.random.Generator,
) -> FloatArray:
    """Statistics of a mask's projections, observed and permuted, shape (projections made, 1 + permutations)."""
    label = np.isnan(data[:, mask_of == response][:, 0])
    rest = np.setdiff1d(mask_of[mask_of >= 0], [response])
    used = draw.permutation(rest)[:OTHERS]
    columns = np.flatnonzero((mask_of < 0) | np.isin(mask_of, used))
    if not len(columns):
        return np.empty((0, 1 + permutations))
    gaps = np.column_stack([np.zeros(len(data), dtype=bool), np.isnan(data[:, columns])])
    pattern = np.unique(gaps, axis=0, return_inverse=True)[1]
    labels = _permuted(label, pattern, permutations, draw)
    statistics = []
    for _ in range(count):
        found = _draw(data, label, columns, draw)
        if found is not None:
            chosen, inside = found
            Z = _cells(data[np.ix_(inside, chosen)], nominal[chosen], draw)
            statistics.append(_contrast(Z, labels[inside]))
    return np.array(statistics).reshape(-1, 1 + permutations)


def _permuted(label: BoolArray, pattern: IntArray, count: int, draw: np.random.Generator) -> FloatArray:
    """Labels as observed, then permuted within patterns, shape (n, 1 + count)."""
    places = np.argsort(pattern, kind="stable")
    out = np.empty((len(label), 1 + count))
    out[:, 0] = label
    for b in range(count):
        out[places, b + 1] = label[np.lexsort((draw.random(len(label)), pattern))]
    return out


def _draw(
    data: FloatArray, label: BoolArray, columns: IntArray, draw: np.random.Generator
) -> tuple[IntArray, BoolArray] | None:
    """Columns of a projection and its rows; columns are given up until both classes have enough rows."""
    size = int(draw.integers(1, min(MOST_COLUMNS, len(columns)) + 1))
    chosen = draw.permutation(columns)[:size]
    while len(chosen):
        inside = np.asarray(np.isfinite(data[:, chosen]).all(axis=1), dtype=bool)
        missing = int(label[inside].sum())
        if FEWEST <= missing <= int(inside.sum()) - FEWEST:
            return np.sort(chosen), inside
        chosen = chosen[:-1]
    return None


def _cells(data: FloatArray, nominal: BoolArray, draw: np.random.Generator) -> sparse.csr_array:
    """Cells of random partitions as 0/1 columns, shape (rows, 16 x 50).

    Every partition cuts 4 times, each time the whole table, at a random observed value of a random column (nominal:
    one level against the others).
    """
    m = len(data)
    columns = draw.integers(0, data.shape[1], size=(PARTITIONS, DEPTH))
    values = data[draw.integers(0, m, size=(PARTITIONS, DEPTH)), columns]
    cells = np.zeros((m, PARTITIONS), dtype=np.int64)
    for level in range(DEPTH):
        own = data[:, columns[:, level]]
        above = np.where(nominal[columns[:, level]], own == values[:, level], own > values[:, level])
        cells = 2 * cells + above
    places = cells + np.arange(PARTITIONS) * 2**DEPTH
    start = np.arange(0, m * PARTITIONS + 1, PARTITIONS)
    return sparse.csr_array((np.ones(m * PARTITIONS), places.ravel(), start), (m, PARTITIONS * 2**DEPTH))


def _contrast(Z: sparse.csr_array, labels: FloatArray) -> FloatArray:
    """Mean log odds of label 1 among those who bear it, less that of the others, for every column of labels.

    The share of label 1 among the other rows of a row's cells, over all partitions, with one more row at the mean.
    """
    mean = labels.mean(axis=0)
    sums = Z @ (Z.T @ labels) - PARTITIONS * labels
    weight = Z @ np.asarray(Z.sum(axis=0)) - PARTITIONS
    share = (sums + PARTITIONS * mean) / (weight + PARTITIONS)[:, None]
    odds = np.log(np.clip(share, 1e-6, 1 - 1e-6) / np.clip(1 - share, 1e-6, 1))
    missing = labels.sum(axis=0)
    return np.asarray(
        (odds * labels).sum(axis=0) / missing - (odds * (1 - labels)).sum(axis=0) / (len(labels) - missing)
    )
