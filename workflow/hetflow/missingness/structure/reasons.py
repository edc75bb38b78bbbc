"""Missing by reason: declared codes counted by column, arm and group; what no code explains is `not stated`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.missingness.masks import Cells

NOT_STATED = "not stated"
ALL = "all"


def by_reason(
    table: Cells, units: NDArray[np.int64], reasons: pd.DataFrame, groups: Mapping[str, NDArray[np.object_]]
) -> pd.DataFrame:
    """Missing cells by column, reason and group.

    Parameters
    ----------
    table : Cells
        State of the cells, shape (n, p).
    units : ndarray of int64, shape (n,)
        Units of the rows.
    reasons : DataFrame
        Contract ``reasons``; a cell that is not missing (the column does not apply) is passed over.
    groups : mapping of str to ndarray of str, shape (n,)
        Levels of the units by grouping.

    Returns
    -------
    DataFrame
        column, reason, by, level, missing (cells, at least 1), share (of the column's missing cells at that
        level); by column, then reason, then grouping, ``all`` first. ``not stated`` is what no declared code
        explains; columns no code of which was used have that alone, and for ``all`` only.
    """
    place = pd.Series(np.arange(len(units)), index=units)
    asked = {str(column): rows for column, rows in reasons.groupby("column", sort=False)}
    everywhere = {ALL: np.full(len(units), ALL, dtype=object)}
    parts = []
    for number in sorted(np.flatnonzero(table.missing.any(axis=0)), key=lambda one: table.names[one]):
        name, gone = table.names[number], table.missing[:, number]
        said = np.full(len(units), NOT_STATED, dtype=object)
        if name in asked:
            said[place.loc[asked[name]["unit"]].to_numpy()] = asked[name]["reason"].to_numpy(dtype=object)
        by = everywhere | (dict(groups) if name in asked else {})
        parts.append(_counted(name, said[gone], {key: levels[gone] for key, levels in by.items()}))
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(_TYPES))
    return frame.astype(_TYPES)


_TYPES = {
    "column": object,
    "reason": object,
    "by": object,
    "level": object,
    "missing": np.int64,
    "share": float,
}


def _counted(name: str, said: NDArray[np.object_], by: Mapping[str, NDArray[np.object_]]) -> pd.DataFrame:
    """Cells of one column by reason, in the order of the reasons' names."""
    rows = []
    for reason in sorted(set(said)):
        for key, levels in by.items():
            for level in sorted(set(levels)):
                here = levels == level
                count = int((here & (said == reason)).sum())
                if count:
                    rows.append((name, reason, key, level, count, count / int(here.sum())))
    return pd.DataFrame(rows, columns=list(_TYPES))
