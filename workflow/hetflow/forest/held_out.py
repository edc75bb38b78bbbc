"""Effects per unit, each from the forest that may speak about the unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.errors import refuse
from hetflow.forest.samples import held_out_sample, sequential_sample

ALL = "all"
Effects = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class EffectsBySample:
    """Effects of n units in m imputations.

    Attributes
    ----------
    cate, variance : ndarray, shape (n, m)
        Out of bag, from the forest of all units; outcome units, treated minus control.
    held_out : ndarray, shape (n, m), or None
        From the forest that left the unit's fold out; None where none was grown.
    sequential : ndarray, shape (n, m), or None
        From the forest of the folds before the unit's; NaN in the first fold.
    """

    cate: Effects
    variance: Effects
    held_out: Effects | None
    sequential: Effects | None


def effects_by_sample(
    tables: Sequence[pd.DataFrame], unit: NDArray[np.int64], fold: NDArray[np.int64], folds: int
) -> EffectsBySample:
    """Line up the effects of all imputations and pick each unit's forest.

    Parameters
    ----------
    tables : sequence of DataFrame
        Under the contract `cate`, one an imputation.
    unit, fold : ndarray, shape (n,)
        Units wanted, and their folds.
    folds : int
        Number of folds.
    """
    by_sample = [_by_sample(table, unit) for table in tables]
    cate = np.column_stack([samples[ALL]["cate"].to_numpy() for samples in by_sample])
    variance = np.column_stack([samples[ALL]["variance"].to_numpy() for samples in by_sample])
    if all(len(samples) == 1 for samples in by_sample):
        return EffectsBySample(cate, variance, None, None)
    return EffectsBySample(cate, variance, *(_pick(by_sample, fold, folds, rule) for rule in (0, 1)))


def _pick(
    by_sample: Sequence[dict[str, pd.DataFrame]], fold: NDArray[np.int64], folds: int, sequential: int
) -> Effects:
    """Effects from the forest that left the fold out (0) or that saw only the folds before it (1)."""
    chosen = np.full((len(fold), len(by_sample)), np.nan)
    for number in range(1, folds + 1):
        sample = sequential_sample(number, folds) if sequential else held_out_sample(number)
        if sample is None:
            continue
        rows = fold == number
        for j, samples in enumerate(by_sample):
            chosen[rows, j] = samples[sample]["cate"].to_numpy()[rows]
    return chosen


def _by_sample(table: pd.DataFrame, unit: NDArray[np.int64]) -> dict[str, pd.DataFrame]:
    """Each sample's effects, in the order of `unit`."""
    found = {}
    for sample, rows in table.groupby("sample", sort=True):
        indexed = rows.set_index("unit")
        if not np.isin(unit, indexed.index).all():
            refuse("effects", "an effect for every scored unit", "units without one", "start the run again")
        found[str(sample)] = indexed.loc[unit]
    return found
