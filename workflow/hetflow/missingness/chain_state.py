"""The state of a chain of imputation steps: current values of all columns, and their features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.applicability import applies_to, parents
from hetflow.cohort.columns import Column
from hetflow.errors import refuse
from hetflow.missingness.variables import Variable, embed, restore

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(slots=True)
class State:
    """Current values.

    Attributes
    ----------
    variables : dict of str to Variable
        By name, sorted.
    places : dict of str to ndarray of int
        Columns of `features` that hold each variable's features.
    features : ndarray, shape (n, q)
        See `hetflow.missingness.variables.embed`.
    typed : DataFrame, shape (n, ...)
        The frame that the variables were taken from.
    """

    variables: dict[str, Variable]
    places: dict[str, IntArray]
    features: FloatArray
    typed: pd.DataFrame

    def refresh(self, names: Sequence[str]) -> None:
        """Bring the features of some variables up to date."""
        for name in names:
            self.features[:, self.places[name]] = embed(self.variables[name])

    def write(self, names: Sequence[str], rows: IntArray, vectors: FloatArray) -> None:
        """Put values, shape (len(rows), len(names)), into cells."""
        for place, name in enumerate(names):
            self.variables[name].values[rows] = vectors[:, place]

    def settle(self, names: Sequence[str], wanted: NDArray[np.bool_]) -> IntArray:
        """Decide to whom conditional columns apply where that was unknown; return those of `wanted` to impute."""
        wanted = wanted.copy()
        for name in names:
            variable = self.variables[name]
            unknown = np.flatnonzero(~variable.known)
            if len(unknown):
                variable.applies[unknown] = _evaluate(self, variable.column, unknown)
                variable.values[unknown[variable.applies[unknown] == 0]] = variable.constant
            wanted &= variable.applies == 1
        return np.flatnonzero(wanted)


def open_state(typed: pd.DataFrame, variables: Mapping[str, Variable]) -> State:
    """A state with up-to-date features; `variables` in the order of their names."""
    places, start = {}, 0
    for name, variable in variables.items():
        places[name] = np.arange(start, start + len(variable.scales))
        start += len(variable.scales)
    state = State(dict(variables), places, np.empty((len(typed), start)), typed)
    state.refresh(list(variables))
    return state


def _evaluate(state: State, column: Column, rows: IntArray) -> FloatArray:
    """The condition of `column` on the current values of its parents."""
    described = {name: variable.column for name, variable in state.variables.items()}
    current = state.typed.iloc[rows]
    read = [_rows(state.variables[name], rows) for name in sorted(parents(column)) if name in described]
    applies = applies_to(restore(current, read), column, described)
    if np.isnan(applies).any():
        refuse(
            f"dictionary.{column.name}.applicable_if",
            "a condition that is known once its parents are",
            f"{column.applicable_if!r} still unknown in {int(np.isnan(applies).sum())} units",
            "write the condition so that it is true or false for every value of its parents",
        )
    return applies


def _rows(variable: Variable, rows: IntArray) -> Variable:
    return replace(
        variable,
        values=variable.values[rows],
        given=variable.given[rows],
        applies=variable.applies[rows],
        known=variable.known[rows],
    )
