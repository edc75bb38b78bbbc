"""The typical value of a column: what stands in gaps that an indicator marks."""

from __future__ import annotations

import numpy as np

from hetflow.errors import refuse
from hetflow.missingness.variables import Variable


def typical_value(variable: Variable) -> float:
    """Median of the observed values (of an ordinal column the lower of two), or the most frequent one.

    Parameters
    ----------
    variable : Variable
        Binary and nominal columns have a most frequent value, the others a median.

    Returns
    -------
    float
        An observed code for binary, nominal and ordinal columns.

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
