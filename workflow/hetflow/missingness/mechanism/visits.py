"""Visits of a cohort in the order of time, as far as its columns tell: baseline, later visits, the outcome."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.missingness.mechanism.dropout import dropout_curves, dropout_hazard, leading_component

FloatArray = NDArray[np.float64]
OUTCOME = "outcome"


def dropout_tables(
    cohort: pd.DataFrame, outcome: FloatArray, columns: Sequence[Column]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Drop-out model and curves over the later visits and the outcome.

    Parameters
    ----------
    cohort : DataFrame, shape (n, ...)
        Typed cohort.
    outcome : ndarray, shape (n,)
        The primary outcome, NaN where missing: the last visit.
    columns : sequence of Column
        The cohort's columns with their visits. A unit is seen at a visit when any of its columns was observed.

    Returns
    -------
    hazard, curves : DataFrame
        See `hetflow.missingness.mechanism.dropout`.
    """
    later = sorted({column.visit for column in columns if column.visit > 0})
    seen = [_seen(cohort, columns, visit) for visit in later] + [np.isfinite(outcome)]
    last = [_last(cohort, columns, visit) for visit in [0, *later]]
    names = [f"visit {visit}" for visit in later] + [OUTCOME]
    arm = cohort["treated"].to_numpy(dtype=np.int8)
    together = np.column_stack(seen)
    return dropout_hazard(together, np.column_stack(last), arm, names), dropout_curves(together, arm, names)


def _seen(cohort: pd.DataFrame, columns: Sequence[Column], visit: int) -> NDArray[np.bool_]:
    names = [column.name for column in columns if column.visit == visit]
    return np.asarray(cohort[names].notna().any(axis=1).to_numpy(), dtype=bool)


def _last(cohort: pd.DataFrame, columns: Sequence[Column], visit: int) -> FloatArray:
    """The visit's numeric columns that apply to everybody, as one number a unit."""
    names = sorted(
        column.name
        for column in columns
        if column.visit == visit and column.kind != "nominal" and column.applicable_if is None
    )
    return leading_component(cohort[names].to_numpy(dtype=np.float64)) if names else np.zeros(len(cohort))
