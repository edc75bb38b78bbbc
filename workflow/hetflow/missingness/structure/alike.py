"""Blocks: columns missing in exactly the same units, and masks that nearly are one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from hetflow.missingness.masks import Masks, intersections

NEAR = 0.98
"""Masks with a larger Jaccard index, |both| / |either|, are nearly one."""
_COLUMNS = (
    "block",
    "kind",
    "masks",
    "columns",
    "width",
    "all_missing",
    "any_missing",
    "least_jaccard",
    "declared",
)


def jaccard(masks: Masks) -> NDArray[np.float64]:
    """Units missing under both over units missing under either, shape (k, k)."""
    both = intersections(masks.missing)
    rows = np.diag(both)
    return both / np.maximum(rows[:, None] + rows[None, :] - both, 1)


def near(masks: Masks) -> NDArray[np.int64]:
    """The near block of each mask, shape (k,): masks linked by a Jaccard index above 0.98 share a number.

    Numbers follow the first mask of each block, so they do not depend on the order of rows or columns.
    """
    if not len(masks):
        return np.zeros(0, dtype=np.int64)
    _, labels = connected_components(csr_array(jaccard(masks) > NEAR), directed=False)
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    return rank[inverse].astype(np.int64)


def blocks(masks: Masks, declared: Mapping[str, str | None]) -> pd.DataFrame:
    """Exact and near blocks of two columns or more.

    Parameters
    ----------
    masks : Masks
    declared : mapping of str to str or None
        The dictionary's block of each column.

    Returns
    -------
    DataFrame
        block (1, 2, ...), kind (``exact``: one mask; ``near``: several, linked by a Jaccard index above 0.98),
        masks (their numbers, joined by ", "), columns, width, all_missing and any_missing (units missing in all
        of the block's columns, and in any), least_jaccard (of its pairs of masks; 1 in an exact block), declared
        (what the dictionary says: ``as declared``, ``part of <block>``, ``more than <block>``, ``undeclared``). Exact
        before near ones.
    """
    alike = jaccard(masks)
    labels = near(masks)
    exact = [[place] for place in range(len(masks)) if len(masks.members[place]) > 1]
    several = [np.flatnonzero(labels == label).tolist() for label in np.unique(labels)]
    rows: list[tuple[object, ...]] = []
    for kind, sets in (("exact", exact), ("near", [places for places in several if len(places) > 1])):
        for places in sets:
            names = sorted(name for place in places for name in masks.members[place])
            gone = masks.missing[:, places]
            rows.append(
                (
                    len(rows) + 1,
                    kind,
                    ", ".join(str(place + 1) for place in places),
                    ", ".join(names),
                    len(names),
                    int(gone.all(axis=1).sum()),
                    int(gone.any(axis=1).sum()),
                    float(alike[np.ix_(places, places)].min()),
                    _declared(set(names), declared),
                )
            )
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _declared(names: set[str], declared: Mapping[str, str | None]) -> str:
    said = sorted({str(declared[name]) for name in names if declared.get(name)})
    if not said:
        return "undeclared"
    members = {name for name, block in declared.items() if block in said}
    joined = " and ".join(said)
    if members == names:
        return "as declared"
    return (
        f"part of {joined}"
        if names < members
        else f"more than {joined}"
        if names > members
        else f"across {joined}"
    )
