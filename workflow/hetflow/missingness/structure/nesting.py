"""Nesting: whoever misses one mask misses another too; the smallest graph that says so, and its chains."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.missingness.masks import Masks
from hetflow.missingness.structure.association import PairCounts, pair_counts

BoolArray = NDArray[np.bool_]
Floats = NDArray[np.float64]

NESTED = 0.98
"""Mask j is nested in mask k when more than this share of those missing j, to whom k applies, miss k."""
FALSE_ALARM = 0.01
"""Chance, for all pairs together, that masks that are independent are called nested (Chernoff bound)."""
SHORTEST_SEQUENCE = 3
_EDGES = ("inner", "outer", "rows", "share")
_SEQUENCES = ("sequence", "masks", "columns", "rows", "visits", "order")


def nested(masks: Masks) -> BoolArray:
    """``[j, k]``: mask j lies within mask k, one way; shape (k, k).

    Of the units missing under j to whom k applies, more than 98 % miss k; not so the other way round; and k has
    more rows. A share that large must not be what k's own rate would give: with m units missing under j and rate r of
    k, exp(-m KL(share, r)), the Chernoff bound of a binomial tail, must stay below 0.01 over the number of pairs.
    """
    counts = pair_counts(masks)
    share = _share(counts)
    rows = masks.rows
    level = np.log(max(len(masks) * (len(masks) - 1), 1) / FALSE_ALARM)
    beyond = counts.own * _divergence(share, _rate(counts)) > level
    return (share > NESTED) & ~(share.T > NESTED) & (rows[:, None] < rows[None, :]) & beyond


def _share(counts: PairCounts) -> Floats:
    """P(k missing | j missing, k applies), shape (k, k)."""
    return np.divide(counts.both, counts.own, out=np.zeros(counts.both.shape), where=counts.own > 0)


def _rate(counts: PairCounts) -> Floats:
    """``[j, k]``: share missing under k among the units to whom both apply."""
    return np.divide(counts.own.T, counts.units, out=np.ones(counts.both.shape), where=counts.units > 0)


def _divergence(share: Floats, rate: Floats) -> Floats:
    """Kullback-Leibler divergence of two Bernoulli laws, in nats; 0 where the share is not above the rate."""
    a, b = np.clip(share, 1e-12, 1 - 1e-12), np.clip(rate, 1e-12, 1 - 1e-12)
    value = a * np.log(a / b) + (1 - a) * np.log((1 - a) / (1 - b))
    return np.where(share > rate, value, 0.0)


def reduced(relation: BoolArray) -> BoolArray:
    """Transitive reduction of an acyclic relation: edges that no longer path implies.

    Aho AV, Garey MR, Ullman JD. The transitive reduction of a directed graph. SIAM J Comput 1972;1:131-7.
    """
    reach = closure(relation)
    longer = (reach.astype(np.float32) @ reach.astype(np.float32)) > 0
    return relation & ~longer


def closure(relation: BoolArray) -> BoolArray:
    """Transitive closure, by squaring."""
    reach = relation.copy()
    while True:
        further = reach | ((reach.astype(np.float32) @ reach.astype(np.float32)) > 0)
        if (further == reach).all():
            return reach
        reach = further


def nesting(masks: Masks, relation: BoolArray) -> pd.DataFrame:
    """The reduced graph as a table.

    Returns
    -------
    DataFrame
        inner, outer (numbers of the masks: who misses inner misses outer), rows (missing under inner, to whom
        outer applies), share (of these, missing under outer).
    """
    counts = pair_counts(masks)
    share = _share(counts)
    edges = reduced(relation)
    rows = [
        (int(j) + 1, int(k) + 1, int(counts.own[j, k]), float(share[j, k]))
        for j, k in zip(*np.nonzero(edges), strict=True)
    ]
    return pd.DataFrame(rows, columns=list(_EDGES)).astype(
        {"inner": np.int64, "outer": np.int64, "rows": np.int64}
    )


def sequences(masks: Masks, relation: BoolArray, visits: Mapping[str, int]) -> pd.DataFrame:
    """Chains of at least three masks, each within the next, as drop-out makes them.

    Longest first; a mask is in one chain at most. Ties go to the chain with more rows, then to the first mask.

    Parameters
    ----------
    visits : mapping of str to int
        Visit of each column, where the dictionary gives one.

    Returns
    -------
    DataFrame
        sequence, masks (numbers, from most rows to fewest), columns (first of each mask), rows, visits (of each mask;
        ``?`` where its columns differ or none is given), order: ``as visited`` where visits never rise from a mask of
        more rows to one of fewer and at least two differ, ``against visits`` where they do, ``unknown`` else.
    """
    left = np.ones(len(masks), dtype=bool)
    rows: list[tuple[object, ...]] = []
    while True:
        chain = _longest(relation & left[:, None] & left[None, :], masks.rows)
        if len(chain) < SHORTEST_SEQUENCE:
            return pd.DataFrame(rows, columns=list(_SEQUENCES))
        left[chain] = False
        chain = chain[::-1]
        at = [_visit(masks.members[place], visits) for place in chain]
        rows.append(
            (
                len(rows) + 1,
                ", ".join(str(place + 1) for place in chain),
                ", ".join(masks.names[place] for place in chain),
                ", ".join(str(int(masks.rows[place])) for place in chain),
                ", ".join("?" if visit is None else str(visit) for visit in at),
                _order(at),
            )
        )


def _longest(relation: BoolArray, rows: NDArray[np.int64]) -> list[int]:
    """The longest chain, from the fewest rows to the most; its order is that of rising rows, which nesting implies."""
    order = sorted(range(len(relation)), key=lambda place: (int(rows[place]), place))
    length = np.ones(len(relation), dtype=np.int64)
    before = np.full(len(relation), -1, dtype=np.int64)
    for place in order:
        inner = np.flatnonzero(relation[:, place])
        if len(inner):
            best = int(inner[np.lexsort((inner, -rows[inner], -length[inner]))[0]])
            length[place], before[place] = length[best] + 1, best
    if not len(relation):
        return []
    at = int(np.lexsort((np.arange(len(relation)), -rows, -length))[0])
    chain = []
    while at >= 0:
        chain.append(at)
        at = int(before[at])
    return chain[::-1]


def _visit(members: tuple[str, ...], visits: Mapping[str, int]) -> int | None:
    found = {visits.get(name) for name in members}
    return next(iter(found)) if len(found) == 1 else None


def _order(visits: list[int | None]) -> str:
    """Whether the visits of a chain, from the most rows to the fewest, fall as in drop-out: later visits miss more."""
    known = [visit for visit in visits if visit is not None]
    if len(known) < len(visits) or len(set(known)) < 2:
        return "unknown"
    return "as visited" if all(a >= b for a, b in pairwise(known)) else "against visits"
