"""A test of MCAR by classification in random projections of the columns.

The idea is that of Spohn, Naef, Michel and Meinshausen (arXiv 2109.10150): in the rows where a random set of columns
is observed, who misses another column should not be predictable from them. Classifiers here are averages over random
partitions that do not look at the labels, so that all permutations are classified at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hetflow.seeds import generator

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
PERMUTATIONS = 199
FEWEST_PROJECTIONS, MOST_PROJECTIONS = 40, 100
A_MASK = 8
"""Projections a mask, within these bounds."""
MOST_COLUMNS = 4
"""Columns of a projection at most."""
MOST_ROWS = 1000
"""Rows that are drawn from a longer table."""
FEWEST = 10
"""Rows of either class at least."""
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
        Permutation p-value in all; NaN when no projection could be made.
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
        Of more than 1,000 rows, 1,000 are drawn. A projection is one mask as the label and 1 to 4 columns that do
        not share it; its rows are those that observe these columns. The statistic is the mean log odds of those who
        miss the value less that of the others, out of sample. Labels are permuted within a projection's rows, for
        all projections along the same random circle of units, so that their joint distribution is kept.
    """
    rows = np.sort(generator(seed, "mechanism", "projection", "rows").permutation(len(X))[:MOST_ROWS])
    data, masks = X[rows], int(mask_of.max(initial=-1)) + 1
    labels = np.column_stack([np.isnan(data[:, mask_of == k][:, 0]) for k in range(masks)] or [rows < 0])
    wanted = int(np.clip(A_MASK * masks, FEWEST_PROJECTIONS, MOST_PROJECTIONS))
    circles = _circles(len(data), permutations, seed)
    statistics, responses = [], []
    for number in range(wanted if masks else 0):
        draw = generator(seed, "mechanism", "projection", number)
        found = _draw(data, labels, mask_of, number % masks, draw)
        if found is None:
            continue
        columns, inside = found
        Z = _cells(data[np.ix_(inside, columns)], nominal[columns], draw)
        statistics.append(_contrast(Z, _permuted(labels[:, number % masks], inside, circles)))
        responses.append(number % masks)
    return _judge(np.array(statistics), np.array(responses, dtype=np.int64), masks, len(data))


def _judge(statistics: FloatArray, responses: IntArray, masks: int, rows: int) -> ProjectionTest:
    """P-values of the mean over projections, each standardised over all permutations and the observed labels."""
    if not len(statistics):
        reason = f"no mask has {FEWEST} units with and without among units whose other columns are observed"
        return ProjectionTest(np.nan, np.nan, np.full(masks, np.nan), 0, rows, reason)
    spread = statistics.std(axis=1, keepdims=True)
    z = (statistics - statistics.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
    partial = np.full(masks, np.nan)
    for k in np.unique(responses):
        partial[k] = _tail(z[responses == k].mean(axis=0))
    return ProjectionTest(float(z[:, 0].mean()), _tail(z.mean(axis=0)), partial, len(z), rows)


def _tail(values: FloatArray) -> float:
    """Share of values that are at least the first one, itself among them."""
    return float((values >= values[0] - 1e-12).mean())


def _circles(n: int, count: int, seed: int) -> IntArray:
    """Random orders of the units, shape (n, count): along each, a unit gets the label of the next."""
    draw = generator(seed, "mechanism", "projection", "circles")
    return np.column_stack([draw.permutation(n) for _ in range(count)])


def _permuted(label: BoolArray, inside: BoolArray, circles: IntArray) -> FloatArray:
    """The projection's labels as observed, then as permuted, shape (rows, 1 + permutations).

    A circle of all units, restricted to some, is a uniformly drawn circle of these; sets of rows that differ little
    are permuted nearly alike.
    """
    place = np.cumsum(inside) - 1
    out = np.empty((int(inside.sum()), 1 + circles.shape[1]))
    out[:, 0] = label[inside]
    for b in range(circles.shape[1]):
        order = circles[inside[circles[:, b]], b]
        out[place[order], b + 1] = label[np.roll(order, -1)]
    return out


def _draw(
    data: FloatArray, labels: BoolArray, mask_of: IntArray, response: int, draw: np.random.Generator
) -> tuple[IntArray, BoolArray] | None:
    """Columns of a projection and its rows; columns are given up until both classes have enough rows."""
    others = np.flatnonzero(mask_of != response)
    if not len(others):
        return None
    size = int(draw.integers(1, min(MOST_COLUMNS, len(others)) + 1))
    columns = draw.permutation(others)[:size]
    while len(columns):
        inside = np.asarray(np.isfinite(data[:, columns]).all(axis=1), dtype=bool)
        missing = int(labels[inside, response].sum())
        if FEWEST <= missing <= int(inside.sum()) - FEWEST:
            return np.sort(columns), inside
        columns = columns[:-1]
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
