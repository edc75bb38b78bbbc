"""Columns of a typed frame as arrays that chained equations can work on, and back, bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.missingness.transform import Scale, fit_scale

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(slots=True)
class Variable:
    """One column in the chain.

    Attributes
    ----------
    column : Column
        What is known of it.
    levels : tuple of str
        Levels of a nominal column in alphabetical order, with the constant of cells that do not apply at the
        end; empty for other kinds.
    values : ndarray, shape (n,)
        Current values (nominal: places in `levels`); NaN where missing and not yet imputed.
    given : ndarray of bool, shape (n,)
        Cells that the cohort holds, the constants of cells that do not apply among them. They never change.
    applies : ndarray, shape (n,)
        1, 0, or NaN where not yet known; 1 wherever a value was observed.
    known : ndarray of bool, shape (n,)
        Where the cohort knows whether the column applies.
    scales : tuple of Scale
        One a feature.
    """

    column: Column
    levels: tuple[str, ...]
    values: FloatArray
    given: BoolArray
    applies: FloatArray
    known: BoolArray
    scales: tuple[Scale, ...] = ()

    @property
    def constant(self) -> float:
        """What stands in cells that do not apply."""
        if self.column.kind == "nominal":
            return float(len(self.levels) - 1)
        return float(self.column.not_applicable)

    @property
    def observed(self) -> BoolArray:
        """Cells that were observed, constants of cells that do not apply not among them."""
        return self.given & (self.applies == 1)

    @property
    def missing(self) -> BoolArray:
        """Cells to impute, as far as is known."""
        return ~self.given & (self.applies == 1)


def encode(frame: pd.DataFrame, column: Column, *, may_log: bool = True) -> Variable:
    """One column of a typed frame as a `Variable`.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        Typed frame.
    column : Column
        The column to take.
    may_log : bool
        Whether a skewed column may be modelled on the log scale.
    """
    given = frame[column.name].notna().to_numpy()
    applies, known = _applicability(frame, column, given)
    if column.kind == "nominal":
        levels, values = _nominal_codes(frame[column.name], column, given)
    else:
        levels, values = (), frame[column.name].to_numpy(dtype=np.float64, copy=True)
    variable = Variable(column, levels, values, given, applies, known)
    seen = values[variable.observed]
    if column.kind == "nominal":
        count = len(levels) - (column.applicable_if is not None)
        scales = [fit_scale((seen == place).astype(np.float64), may_log=False) for place in range(count)]
    else:
        scales = [fit_scale(seen, may_log=may_log and column.kind in ("continuous", "count"))]
    variable.scales = tuple(scales)
    return variable


def encode_as(
    frame: pd.DataFrame, column: Column, levels: tuple[str, ...], scales: tuple[Scale, ...]
) -> Variable:
    """One column of a frame of new units, with the levels and scales that it has in the study.

    Raises
    ------
    KeyError
        For a level that the study does not have.
    """
    given = frame[column.name].notna().to_numpy()
    applies, known = _applicability(frame, column, given)
    if column.kind == "nominal":
        values = _codes(frame[column.name].astype(object).to_numpy(), given, levels)
    else:
        values = frame[column.name].to_numpy(dtype=np.float64, copy=True)
    return Variable(column, levels, values, given, applies, known, scales)


def _applicability(frame: pd.DataFrame, column: Column, given: BoolArray) -> tuple[FloatArray, BoolArray]:
    if column.applicable_if is None:
        return np.ones(len(frame)), np.ones(len(frame), dtype=bool)
    applies = frame[column.applies].to_numpy(dtype=np.float64, copy=True)
    applies[np.isnan(applies) & given] = 1.0
    return applies, np.isfinite(applies)


def _nominal_codes(series: pd.Series, column: Column, given: BoolArray) -> tuple[tuple[str, ...], FloatArray]:
    text = series.astype(object).to_numpy()
    special = str(column.not_applicable)
    names = set(column.levels or ()) | {str(value) for value in text[given]}
    levels = [*sorted(names - {special}), special] if column.applicable_if is not None else sorted(names)
    return tuple(levels), _codes(text, given, levels)


def _codes(text: NDArray[Any], given: BoolArray, levels: Sequence[str]) -> FloatArray:
    """Places of levels, NaN where not given."""
    place = {level: i for i, level in enumerate(levels)}
    values = np.full(len(text), np.nan)
    values[given] = [place[str(value)] for value in text[given]]
    return values


def embed(variable: Variable) -> FloatArray:
    """Current values as features of unit variance, shape (n, number of scales).

    Cells that do not apply are 0, the mean of those to whom the column applies; missing or unknown cells are
    NaN.
    """
    values, parts = variable.values, []
    for place, scale in enumerate(variable.scales):
        raw = (values == place).astype(np.float64) if variable.levels else values
        usable = (variable.applies == 1) & np.isfinite(values)
        feature = np.where(variable.applies == 0, 0.0, np.nan)
        feature[usable] = scale.apply(raw[usable])
        parts.append(feature)
    return np.column_stack(parts)


def restore(frame: pd.DataFrame, variables: Sequence[Variable]) -> pd.DataFrame:
    """A copy of a typed frame with the imputed cells written in; given cells are copied bit for bit."""
    parts: dict[str, pd.Series] = {}
    for variable in variables:
        column, name = variable.column, variable.column.name
        if column.kind == "nominal":
            parts[name] = _nominal_series(frame[name], variable)
        else:
            original = frame[name].to_numpy(dtype=np.float64)
            parts[name] = pd.Series(np.where(variable.given, original, variable.values), index=frame.index)
        if column.applicable_if is not None:
            parts[column.applies] = pd.Series(variable.applies, index=frame.index)
    return frame.assign(**parts)


def _nominal_series(original: pd.Series, variable: Variable) -> pd.Series:
    text = original.astype(object).to_numpy(copy=True)
    filled = ~variable.given & np.isfinite(variable.values)
    text[filled] = np.array(variable.levels, dtype=object)[variable.values[filled].astype(int)]
    return pd.Series(text, index=original.index, dtype=original.dtype)
