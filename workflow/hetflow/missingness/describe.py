"""Description of what is missing: by variable, by distinct mask, by pattern, and in all.

A cell is missing when it applies, or may apply, and was not observed. A cell that does not apply is not
missing; it is counted apart. Where it is unknown whether a cell applies, the unknown parent is to blame, and
the cell is counted as missing and as ``unknown_applicability``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.missingness.masks import cells, compress

BoolArray = NDArray[np.bool_]


def missing_matrix(frame: pd.DataFrame, columns: Sequence[Column]) -> BoolArray:
    """True where a cell is missing, shape (n, p); cells that do not apply are not."""
    return frame[[column.name for column in columns]].isna().to_numpy()


def applicability(frame: pd.DataFrame, column: Column) -> NDArray[np.float64]:
    """1 applies, 0 does not, NaN unknown."""
    if column.applicable_if is None:
        return np.ones(len(frame))
    return frame[column.applies].to_numpy(dtype=np.float64)


def by_variable(frame: pd.DataFrame, columns: Sequence[Column], arm: NDArray[np.int8]) -> pd.DataFrame:
    """Missing and not applicable cells by column and arm.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        Typed cohort frame.
    columns : sequence of Column
        Columns to describe.
    arm : ndarray of int, shape (n,)
        1 treated, 0 control.

    Returns
    -------
    DataFrame
        One row a column and group (``all``, ``control``, ``treated``): column, group, units, applicable,
        missing, share (missing over applicable; NaN when nobody is), not_applicable, unknown_applicability.
        Units whose applicability is unknown count as applicable.
    """
    groups = {"all": np.ones(len(frame), dtype=bool), "control": arm == 0, "treated": arm == 1}
    rows = []
    for column in columns:
        missing, applies = frame[column.name].isna().to_numpy(), applicability(frame, column)
        for label, inside in groups.items():
            away = int((inside & (applies == 0)).sum())
            gaps, units = int((inside & missing).sum()), int(inside.sum())
            rows.append(
                {
                    "column": column.name,
                    "group": label,
                    "units": units,
                    "applicable": units - away,
                    "missing": gaps,
                    "share": gaps / (units - away) if units > away else np.nan,
                    "not_applicable": away,
                    "unknown_applicability": int((inside & np.isnan(applies)).sum()),
                }
            )
    return pd.DataFrame(rows)


def distinct_masks(frame: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """Unique columns of the missingness matrix.

    Returns
    -------
    DataFrame
        mask (1, 2, ...), rows (units missing under it), width (columns that share it), columns (their names,
        joined by ", ", in alphabetical order); by falling width, then rows, then first column. Columns without a
        gap are left out.
    """
    masks = compress(cells(frame, columns))
    return pd.DataFrame(
        {
            "mask": np.arange(1, len(masks) + 1),
            "rows": masks.rows,
            "width": masks.widths,
            "columns": [", ".join(members) for members in masks.members],
        }
    )


def patterns(frame: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """Unique rows of the missingness matrix.

    Returns
    -------
    DataFrame
        pattern (1, 2, ...), units, missing (number of columns), columns (names, joined by ", "; empty when
        nothing is missing); by falling number of units, then by number of missing columns, then by name.
    """
    matrix = missing_matrix(frame, columns)
    unique, counts = np.unique(matrix, axis=0, return_counts=True)
    names = np.array([column.name for column in columns], dtype=object)
    rows = [
        (int(count), int(row.sum()), ", ".join(names[row])) for row, count in zip(unique, counts, strict=True)
    ]
    rows.sort(key=lambda row: (-row[0], row[1], row[2]))
    return pd.DataFrame(
        {
            "pattern": np.arange(1, len(rows) + 1),
            "units": [row[0] for row in rows],
            "missing": [row[1] for row in rows],
            "columns": [row[2] for row in rows],
        }
    )


def summary(frame: pd.DataFrame, columns: Sequence[Column]) -> dict[str, Any]:
    """Facts in all: units, columns, cells, those that do not apply or are missing, and structures."""
    matrix = missing_matrix(frame, columns)
    away = sum(int((applicability(frame, column) == 0).sum()) for column in columns)
    missing, cells = int(matrix.sum()), matrix.size
    return {
        "units": len(frame),
        "columns": len(columns),
        "cells": cells,
        "not_applicable_cells": away,
        "missing_cells": missing,
        "missing_share": missing / (cells - away) if cells > away else 0.0,
        "incomplete_columns": int(matrix.any(axis=0).sum()),
        "complete_cases": int((~matrix.any(axis=1)).sum()),
        "distinct_masks": len(distinct_masks(frame, columns)),
        "patterns": len(np.unique(matrix, axis=0)) if len(frame) else 0,
    }
