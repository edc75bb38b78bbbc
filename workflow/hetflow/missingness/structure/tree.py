"""A small tree that says where a mask is absent: at most three conditions deep, on observed columns.

A unit whose column is unknown goes down neither side, as a condition of the dictionary is unknown for it. A split is
the one of greatest information gain among the units that have the column. Bins of all columns are counted at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hetflow.missingness.structure.conditions import Literal
from hetflow.missingness.structure.predictors import Predictor

BoolArray = NDArray[np.bool_]
Floats = NDArray[np.float64]

DEPTH = 3
PURITY = 0.99
"""A leaf with at least this share absent is a rule; one with at most 1 minus it is not split further."""
SMALLEST = 10
"""Fewest units of a side."""
Path = tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Binned:
    """Predictors laid side by side for counting.

    Attributes
    ----------
    predictors : sequence of Predictor
    flat : ndarray of int64, shape (n, P)
        Bin of each unit among all bins; the last bin takes what is unknown.
    starts : ndarray of int64, shape (P + 1,)
        First bin of each predictor.
    """

    predictors: Sequence[Predictor]
    flat: NDArray[np.int64]
    starts: NDArray[np.int64]


def lay_out(predictors: Sequence[Predictor], rows: NDArray[np.intp] | None = None) -> Binned:
    """Predictors for counting, of all units or of some rows."""
    sizes = [predictor.bins for predictor in predictors]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    codes = [predictor.codes if rows is None else predictor.codes[rows] for predictor in predictors]
    columns = [
        np.where(code >= 0, code + start, starts[-1]) for code, start in zip(codes, starts[:-1], strict=True)
    ]
    return Binned(predictors, np.column_stack(columns).astype(np.int64), starts)


def pure_leaves(binned: Binned, absent: BoolArray, rows: NDArray[np.intp]) -> list[Path]:
    """Paths to the leaves in which at least 99 % are absent.

    Parameters
    ----------
    binned : Binned
        Laid out for the m units of the search.
    absent : ndarray of bool, shape (m,)
    rows : ndarray of int, shape (m,)
        Rows of these units among all, to look up exact values.

    Returns
    -------
    list of tuple of Literal
    """
    found: list[Path] = []

    def grow(inside: NDArray[np.intp], path: Path) -> None:
        share = absent[inside].mean() if len(inside) else 0.0
        if path and share >= PURITY:
            found.append(path)
        if len(path) == DEPTH or len(inside) < 2 * SMALLEST or not 1 - PURITY < share < PURITY:
            return
        literal = best_split(binned, absent, inside, rows)
        if literal is not None:
            for side in (literal, literal.opposite()):
                grow(inside[side.holds()[rows[inside]]], (*path, side))

    grow(np.arange(len(absent)), ())
    return found


def best_split(
    binned: Binned, absent: BoolArray, inside: NDArray[np.intp], rows: NDArray[np.intp]
) -> Literal | None:
    """The split of greatest gain, None where none gains; ties go to the first column, then to the first cut."""
    total = int(binned.starts[-1])
    here = binned.flat[inside]
    whole = np.bincount(here.ravel(), minlength=total + 1)[:total].astype(np.float64)
    gone = np.bincount(here[absent[inside]].ravel(), minlength=total + 1)[:total].astype(np.float64)
    best, chosen = 1e-9 * len(inside), None
    for place, predictor in enumerate(binned.predictors):
        part = slice(binned.starts[place], binned.starts[place + 1])
        order, gains = _gains(whole[part], gone[part], predictor.ordered)
        cut = int(np.argmax(gains)) if len(gains) else 0
        if len(gains) and gains[cut] > best * (1 + 1e-9):
            best, chosen = float(gains[cut]), (predictor, order, cut)
    if chosen is None:
        return None
    predictor, order, cut = chosen
    if predictor.values is not None:
        at = _sharpened(predictor, absent[inside], rows[inside], cut)
        return Literal(predictor, cut=at, choices=float(np.log(len(inside))))
    levels = frozenset(int(code) for code in order[: cut + 1])
    several = len(order) if predictor.ordered else 2.0 ** min(len(order) - 1, 1000)
    return Literal(predictor, levels, choices=float(np.log(several)))


def _gains(whole: Floats, gone: Floats, ordered: bool) -> tuple[NDArray[np.intp], Floats]:
    """Information gained, in nats times units, by each cut of the bins in order; for levels in the order of their
    rate, among which the best set of levels is found (Breiman et al. 1984, theorem 4.5)."""
    rate = np.divide(gone, whole, out=np.full(len(whole), -1.0), where=whole > 0)
    order = np.arange(len(whole)) if ordered else np.lexsort((np.arange(len(whole)), -rate))
    left, left_gone = np.cumsum(whole[order])[:-1], np.cumsum(gone[order])[:-1]
    n, y = whole.sum(), gone.sum()
    gain = _impurity(n, y) - _impurity(left, left_gone) - _impurity(n - left, y - left_gone)
    enough = (left >= SMALLEST) & (n - left >= SMALLEST)
    return order, np.where(enough, gain, -np.inf)


def _impurity(n: Floats, y: Floats) -> Floats:
    """n times the entropy of a share y / n, in nats."""
    n, y = np.asarray(n, dtype=np.float64), np.asarray(y, dtype=np.float64)
    return _xlogx(n) - _xlogx(y) - _xlogx(n - y)


def _xlogx(x: Floats) -> Floats:
    return x * np.log(x, out=np.zeros_like(x), where=x > 0)


def _sharpened(predictor: Predictor, absent: BoolArray, rows: NDArray[np.intp], cut: int) -> float:
    """The exact cut near the upper end of bin `cut`: halfway between the two values that part best."""
    values, codes = np.asarray(predictor.values)[rows], predictor.codes[rows]
    near = (codes == cut) | (codes == cut + 1)
    if not (codes[near] == cut + 1).any():
        near |= codes == codes[codes > cut].min()
    below = (codes >= 0) & ~near & (codes <= cut)
    distinct, inverse = np.unique(values[near], return_inverse=True)
    n = np.cumsum(np.bincount(inverse))[:-1] + below.sum()
    y = np.cumsum(np.bincount(inverse, weights=absent[near]))[:-1] + absent[below].sum()
    known = codes >= 0
    total, gone = float(known.sum()), float(absent[known].sum())
    loss = _impurity(n, y) + _impurity(total - n, gone - y)
    at = int(np.argmin(loss))
    low, high = float(distinct[at]), float(distinct[at + 1])
    if predictor.whole:
        return float(np.floor((low + high) / 2))
    for digits in range(1, 18):  # the shortest number between the two
        short = float(f"{(low + high) / 2:.{digits}g}")
        if low <= short < high:
            return short
    return low
