"""Single fill by median or most frequent level, for gaps that an indicator marks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hetflow.cohort.applicability import applies_to, depths
from hetflow.cohort.columns import Column
from hetflow.errors import refuse
from hetflow.missingness.variables import Variable, encode, restore


def filltypical_value(
    frame: pd.DataFrame, columns: Sequence[Column], studied: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Fill gaps by the median (continuous, count, ordinal) or the most frequent value (binary, nominal).

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        Typed frame.
    columns : sequence of Column
        Columns to complete; parents are filled before their children, and a cell that then does not apply
        gets its constant.
    studied : DataFrame, optional
        Units whose medians and most frequent values are taken; by default `frame` itself.

    Returns
    -------
    DataFrame, shape (n, ...)
        `frame` with the columns and their ``__applies`` complete. The median of an ordinal column is an
        observed code (the lower of two).

    Raises
    ------
    Refused
        If a column with gaps has no observed value.
    """
    depth = depths(columns)
    by_name = {column.name: column for column in columns}
    completed = frame
    for column in sorted(columns, key=lambda c: (depth[c.name], c.name)):
        variable = encode(completed, column)
        if variable.given.all() and variable.known.all():
            continue
        unknown = np.flatnonzero(~variable.known)
        if len(unknown):
            variable.applies[unknown] = applies_to(completed.iloc[unknown], column, by_name)
            variable.values[unknown[variable.applies[unknown] == 0]] = variable.constant
        if variable.missing.any():
            variable.values[variable.missing] = typical_value(
                variable if studied is None else encode(studied, column)
            )
        completed = restore(completed, [variable])
    return completed


def typical_value(variable: Variable) -> float:
    """Median of the observed values (of an ordinal column the lower of two), or the most frequent one.

    Raises
    ------
    Refused
        If nothing was observed.
    """
    seen = variable.values[variable.observed]
    column = variable.column
    if not len(seen):
        refuse(
            f"dictionary.{column.name}",
            "at least one observed value among the units to whom the column applies",
            f"none, and {int(variable.missing.sum())} missing",
            "give the column the role ignore",
        )
    if column.kind in ("binary", "nominal"):
        values, counts = np.unique(seen, return_counts=True)
        return float(values[counts.argmax()])
    return float(np.quantile(seen, 0.5, method="lower" if column.kind == "ordinal" else "linear"))
