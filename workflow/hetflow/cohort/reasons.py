"""Reasons for which values are missing: one row a cell that a declared code marked as missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.source import Source

Places = Mapping[str, Mapping[str, NDArray[np.intp]]]


def outcome_reasons(
    source: Source, outcomes: Mapping[str, Mapping[str, Any]], rows: NDArray[np.intp]
) -> dict[str, dict[str, NDArray[np.intp]]]:
    """Outcome to reason to places in `rows`, for outcomes that are a column whose entry declares codes."""
    named = {name: outcome["column"] for name, outcome in outcomes.items() if outcome.get("column")}
    found = {name: source.clean(str(column), rows).reasons for name, column in sorted(named.items())}
    return {name: reasons for name, reasons in found.items() if reasons}


def reasons_table(places: Places, units: NDArray[np.int64]) -> pd.DataFrame:
    """Contract ``reasons``: unit, column, reason; by column, then reason, then unit.

    Parameters
    ----------
    places : mapping
        Column to reason to places among the cohort's units.
    units : ndarray of int64, shape (n,)
        The cohort's units.

    Returns
    -------
    DataFrame
        A missing cell that no code explains has no row.
    """
    parts = [
        pd.DataFrame({"unit": units[cells], "column": column, "reason": reason})
        for column, reasons in sorted(places.items())
        for reason, cells in sorted(reasons.items())
        if len(cells)
    ]
    empty = pd.DataFrame({"unit": np.empty(0, dtype=np.int64), "column": "", "reason": ""})
    table = pd.concat([empty, *parts], ignore_index=True)
    return table.astype({"unit": np.int64, "column": object, "reason": object})


def counted(places: Places) -> dict[str, dict[str, int]]:
    """Column to reason to number of cells, for ``cohort.json``."""
    return {
        column: {reason: len(cells) for reason, cells in reasons.items()}
        for column, reasons in places.items()
    }
