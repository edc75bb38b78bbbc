"""The numeric matrix that learners and forests read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.errors import refuse

MOST_LEVELS = 255
"""Levels of a nominal covariate that fit into one byte beside a code for missing values."""


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


def covariate_codes(
    frame: pd.DataFrame, columns: Sequence[Column]
) -> tuple[NDArray[np.float64], list[str], NDArray[np.bool_]]:
    """Covariates as numbers, nominal ones as one column of codes.

    Parameters
    ----------
    frame, columns
        See `covariate_matrix`.

    Returns
    -------
    X : ndarray, shape (n, p)
        Nominal columns hold the position of the level among the column's levels; NaN where missing.
    names : list of str, length p
    nominal : ndarray of bool, shape (p,)
    """
    parts: list[NDArray[np.float64]] = []
    names: list[str] = []
    nominal: list[bool] = []
    for column in columns:
        encoded = [(column.name, _codes(frame, column))] if column.kind == "nominal" else []
        for name, values in [*encoded, *_numbers(frame, column)]:
            names.append(name)
            parts.append(values)
            nominal.append(column.kind == "nominal" and name == column.name)
    matrix = np.column_stack(parts) if parts else np.empty((len(frame), 0))
    return np.ascontiguousarray(matrix, dtype=np.float64), names, np.array(nominal, dtype=bool)


def _codes(frame: pd.DataFrame, column: Column) -> NDArray[np.float64]:
    """Position of each unit's level, NaN where missing."""
    levels = _levels(column)
    if len(levels) > MOST_LEVELS:
        refuse(
            f"covariate {column.name}",
            f"at most {MOST_LEVELS} levels with forest.engine histogram",
            str(len(levels)),
            "merge rare levels in a derived column, or choose forest.engine econml",
        )
    place = {level: float(number) for number, level in enumerate(levels)}
    return np.array([place.get(value, np.nan) for value in frame[column.name]], dtype=np.float64)


def _levels(column: Column) -> list[str]:
    """Levels of a nominal column, that of units to whom it does not apply last."""
    levels = list(column.levels or ())
    if column.applicable_if is not None and str(column.not_applicable) not in levels:
        levels.append(str(column.not_applicable))
    return levels


def _numbers(frame: pd.DataFrame, column: Column) -> list[tuple[str, NDArray[np.float64]]]:
    """The column itself unless it is nominal, its ``__applies`` and its ``__missing``, where the frame holds them."""
    names = [] if column.kind == "nominal" else [column.name]
    names += [extra for extra in (column.applies, column.indicator) if extra in frame.columns]
    return [(name, frame[name].to_numpy(dtype=np.float64)) for name in names]


def _encode(frame: pd.DataFrame, column: Column) -> list[tuple[str, NDArray[np.float64]]]:
    """The numeric columns that one column of the cohort becomes."""
    encoded: list[tuple[str, NDArray[np.float64]]] = []
    if column.kind == "nominal":
        text = frame[column.name].astype(object)
        missing = text.isna().to_numpy()
        for level in _levels(column):
            values = (text == level).to_numpy(dtype=np.float64)
            encoded.append((f"{column.name}={level}", np.where(missing, np.nan, values)))
    return [*encoded, *_numbers(frame, column)]
