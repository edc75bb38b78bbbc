"""New units completed by the stored steps of a deployment chain.

Each goes through the steps of the chain's last round, with their parameters fixed, as often as the chain had rounds,
starting from values of donors drawn at random: a Gibbs sampler that has been fitted beforehand. The random numbers of
a unit are keyed by the study's seed, the imputation and the unit's own values, so that its completion depends neither
on the other rows of the file nor on their order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.missingness.blocks import COMPONENTS
from hetflow.missingness.chain_state import State, open_state
from hetflow.missingness.chance import RowChance
from hetflow.missingness.delta import LACKS, moved, tilts
from hetflow.missingness.imputer import Imputer, Step
from hetflow.missingness.variables import Variable, encode_as, restore
from hetflow.seeds import generator

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
ROWS_AT_ONCE = 2_000
"""Rows whose random numbers are held at one time."""


def impute_new(
    frame: pd.DataFrame, columns: Mapping[str, Column], imputer: Imputer, seed: int, imputation: int
) -> pd.DataFrame:
    """Typed new units with their gaps filled.

    Parameters
    ----------
    frame : DataFrame, shape (m, ...)
        Typed new units. Columns of the imputer that it lacks count as missing in all rows.
    columns : mapping of str to Column
        The study's columns, those of the imputer among them.
    imputer : Imputer
        Of one imputation.
    seed : int
        The study's seed.
    imputation : int
        Its number.

    Returns
    -------
    DataFrame, shape (m, ...)
        Observed cells bit for bit; missing cells only where no unit of the study had an observed value to give.
    """
    lacks = {name: name.removesuffix(LACKS) for name in imputer.names if name.endswith(LACKS)}
    columns = {**columns, **{name: Column(name, "binary", role="auxiliary") for name in lacks}}
    whole = _with_all(frame, columns, imputer)
    whole = whole.assign(**{name: whole[of].isna().astype(np.float64) for name, of in lacks.items()})
    parts = [
        _impute(whole.iloc[start : start + ROWS_AT_ONCE], columns, imputer, seed, imputation)
        for start in range(0, len(whole), ROWS_AT_ONCE)
    ]
    return pd.concat(parts) if parts else whole


def _with_all(frame: pd.DataFrame, columns: Mapping[str, Column], imputer: Imputer) -> pd.DataFrame:
    absent: dict[str, pd.Series] = {}
    for name in imputer.names:
        column = columns[name]
        if name not in frame.columns:
            kind = "str" if column.kind == "nominal" else np.float64
            absent[name] = pd.Series(np.nan, index=frame.index, dtype=kind)
        if column.applicable_if is not None and column.applies not in frame.columns:
            absent[column.applies] = pd.Series(np.nan, index=frame.index)
    return frame.assign(**absent)


def _impute(
    typed: pd.DataFrame, columns: Mapping[str, Column], imputer: Imputer, seed: int, imputation: int
) -> pd.DataFrame:
    read = zip(imputer.names, imputer.levels, imputer.scales, strict=True)
    variables = {name: encode_as(typed, columns[name], levels, scales) for name, levels, scales in read}
    numbers = _draw(variables, imputer, seed, imputation)
    state = open_state(typed, variables)
    wanted = _wanted(variables, imputer.steps)
    for place, step in enumerate(imputer.steps):
        rows = state.settle(step.names, wanted[place])
        donors = numbers.at(0, place).of(rows).below(len(step.vectors), len(rows))
        state.write(step.names, rows, step.vectors[donors])
        state.refresh(step.names)
    for turn in range(1, imputer.rounds + 1):
        for place, step in enumerate(imputer.steps):
            _take(state, step, wanted[place], numbers.at(turn, place), imputer.delta)
    return restore(typed, list(variables.values()))


def _take(state: State, step: Step, wanted: BoolArray, chance: RowChance, delta: Mapping[str, float]) -> None:
    rows = state.settle(step.names, wanted)
    if len(rows):
        predictors = state.features[rows][:, step.predictors]
        columns = [state.variables[name].column for name in step.names]
        tilt = tilts(step.vectors, columns, delta)
        drawn = step.fitted.impute(predictors, step.vectors, chance.of(rows), tilt)
        state.write(step.names, rows, moved(drawn, columns, delta))
        state.refresh(step.names)


def _wanted(variables: Mapping[str, Variable], steps: Sequence[Step]) -> list[BoolArray]:
    """The rows of each step: blocks that are missing whole, then the columns that are missing otherwise."""
    missing = {name: ~variable.given for name, variable in variables.items()}
    together = {name: np.zeros_like(mask) for name, mask in missing.items()}
    for step in steps:
        if len(step.names) > 1:
            gaps = np.column_stack([missing[name] for name in step.names])
            together |= dict.fromkeys(step.names, np.asarray(gaps.all(axis=1), dtype=bool))
    return [
        together[step.names[0]] if len(step.names) > 1 else missing[step.names[0]] & ~together[step.names[0]]
        for step in steps
    ]


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Random numbers of some rows: normals (m, rounds, steps, width), uniforms (m, 1 + rounds, steps)."""

    normals: FloatArray
    uniforms: FloatArray

    def at(self, turn: int, step: int) -> RowChance:
        """Those of a step in a round; round 0 is the start, which draws donors alone."""
        return RowChance(self.normals[:, max(turn - 1, 0), step], self.uniforms[:, turn, step])


def _draw(variables: Mapping[str, Variable], imputer: Imputer, seed: int, imputation: int) -> _Numbers:
    """Numbers keyed by the rows' own values."""
    cells = np.column_stack([variable.values for variable in variables.values()])
    cells = np.where(np.isnan(cells), np.nan, cells) + 0.0
    gaps = np.logical_or.reduce([~variable.given for variable in variables.values()])
    rounds, steps = imputer.rounds, len(imputer.steps)
    normals = np.zeros((len(cells), rounds, steps, COMPONENTS))
    uniforms = np.zeros((len(cells), 1 + rounds, steps))
    for row in np.flatnonzero(gaps):
        content = hashlib.sha256(cells[row].astype("<f8").tobytes()).hexdigest()
        rng = generator(seed, "impute", "new unit", imputation, content)
        uniforms[row] = rng.random(uniforms.shape[1:])
        normals[row] = rng.standard_normal(normals.shape[1:])
    return _Numbers(normals, uniforms)
