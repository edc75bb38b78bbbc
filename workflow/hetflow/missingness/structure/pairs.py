"""File matching: pairs of columns that are never, or hardly ever, observed in the same unit.

The association of such a pair is not identified by the data; an imputation takes it from its model.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from hetflow.missingness.masks import Cells, compress, intersections

FEWEST_TOGETHER = 30
"""Pairs observed together in fewer units are reported."""
SELDOM_ITSELF = "seldom observed itself"
_COLUMNS = ("first", "second", "pairs", "together", "applicable_together", "why")


def file_matching(table: Cells, fewest: int = FEWEST_TOGETHER) -> pd.DataFrame:
    """Pairs of columns observed together in fewer units than `fewest`.

    Parameters
    ----------
    table : Cells
        State of the cells, shape (n, p).
    fewest : int

    Returns
    -------
    DataFrame
        One row for two sets of columns whose cells are observed in the same units (or for one such set, all of
        whose pairs are concerned): first, second (names joined by ", "), pairs (of columns), together (units in
        which both are observed), applicable_together (units in which both exist or may), why (``never
        observed together``, ``seldom observed together``, ``never exist together``: the last is no gap in the
        data, for there is nothing to know). A set of columns observed in fewer units itself has one row, without a
        second and with `SELDOM_ITSELF`, in place of its pairs. Fewest together first.
    """
    absent = compress(Cells(table.names, ~table.observed, np.ones_like(table.applies)))
    groups = [*absent.members]
    complete = tuple(sorted(set(table.names) - {name for group in groups for name in group}))
    if complete:
        groups.append(complete)
    number = {name: place for place, name in enumerate(table.names)}
    first_of = [number[group[0]] for group in groups]
    together = intersections(table.observed[:, first_of])
    few = [place for place in range(len(groups)) if together[place, place] < fewest]
    rows: list[tuple[object, ...]] = [
        (
            ", ".join(groups[i]),
            "",
            len(groups[i]) * (len(table.names) - 1),
            int(together[i, i]),
            0,
            SELDOM_ITSELF,
        )
        for i in few
    ]
    for i, j in zip(*np.triu_indices(len(groups)), strict=True):
        if i in few or j in few:
            continue
        pairs = len(groups[i]) * (len(groups[i]) - 1) // 2 if i == j else len(groups[i]) * len(groups[j])
        if pairs and together[i, j] < fewest:
            rows += _split(table, number, groups[i], groups[j], int(together[i, j]), i == j)
    frame = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(
        {"pairs": np.int64, "together": np.int64, "applicable_together": np.int64}
    )
    return frame.sort_values(["together", "first", "second"], kind="stable", ignore_index=True)


def _split(
    table: Cells,
    number: dict[str, int],
    first: tuple[str, ...],
    second: tuple[str, ...],
    together: int,
    same: bool,
) -> list[tuple[object, ...]]:
    """Rows of one pair of sets, apart by the number of units in which both columns exist."""
    applies = intersections(
        table.applies[:, [number[name] for name in first]],
        table.applies[:, [number[name] for name in second]],
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for a, b in np.ndindex(applies.shape):
        if not same or a < b:
            found.setdefault(int(applies[a, b]), []).append((first[a], second[b]))
    rows: list[tuple[object, ...]] = []
    for exist, pairs in sorted(found.items()):
        left = sorted({pair[0] for pair in pairs})
        right = left if same else sorted({pair[1] for pair in pairs})
        why = (
            "never exist together"
            if exist == 0
            else "seldom observed together"
            if together
            else "never observed together"
        )
        sides = sorted([", ".join(left), ", ".join(right)])
        rows.append((*sides, len(pairs), together, exist, why))
    return rows
