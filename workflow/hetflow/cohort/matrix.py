"""The numeric matrix that learners and forests read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column


def covariate_matrix(frame: pd.DataFrame, columns: Sequence[Column]) -> tuple[NDArray[np.float64], list[str]]:
    """Covariates of a completed frame as numbers.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        A completed file's covariates.
    columns : sequence of Column
        The columns to take, in this order.

    Returns
    -------
    X : ndarray, shape (n, p)
        Nominal columns become one 0/1 column a level; the others stand as they are; ``__applies`` and ``__missing``
        columns that the frame holds follow the column that they belong to. Missing values stay NaN.
    names : list of str, length p
        ``Clinic=NY`` for the level NY of Clinic.
    """
    parts: list[NDArray[np.float64]] = []
    names: list[str] = []
    for column in columns:
        for name, values in _encode(frame, column):
            names.append(name)
            parts.append(values)
    matrix = np.column_stack(parts) if parts else np.empty((len(frame), 0))
    return np.ascontiguousarray(matrix, dtype=np.float64), names


def _encode(frame: pd.DataFrame, column: Column) -> list[tuple[str, NDArray[np.float64]]]:
    """The numeric columns that one column of the cohort becomes."""
    encoded: list[tuple[str, NDArray[np.float64]]] = []
    if column.kind == "nominal":
        text = frame[column.name].astype(object)
        missing = text.isna().to_numpy()
        levels = list(column.levels or ())
        if column.applicable_if is not None and str(column.not_applicable) not in levels:
            levels.append(str(column.not_applicable))
        for level in levels:
            values = (text == level).to_numpy(dtype=np.float64)
            encoded.append((f"{column.name}={level}", np.where(missing, np.nan, values)))
    else:
        encoded.append((column.name, frame[column.name].to_numpy(dtype=np.float64)))
    for extra in (column.applies, column.indicator):
        if extra in frame.columns:
            encoded.append((extra, frame[extra].to_numpy(dtype=np.float64)))
    return encoded
