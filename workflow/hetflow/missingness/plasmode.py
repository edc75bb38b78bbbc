"""Real masks on data whose truth is known.

A plasmode keeps what no generator invents: the joint law of covariates and gaps of a real file. Covariates and
masks are taken from the file row by row; arm and outcome are simulated with a known effect.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from hetflow.cohort.columns import Column
from hetflow.errors import refuse
from hetflow.missingness.mask_scores import BoolArray, FloatArray
from hetflow.missingness.strategies import complete
from hetflow.missingness.task import DEPLOYMENT
from hetflow.seeds import generator

TIE_BREAK = 1e-7
"""Standard deviations by which rows are shaken, so that equal ones are donors at random."""


@dataclass(frozen=True, slots=True)
class PlasmodeTrial:
    """A trial with real covariates and gaps and a known effect.

    Attributes
    ----------
    frame : DataFrame, n rows
        ``unit``, the covariates with their gaps, and their ``__applies``.
    complete : DataFrame, n rows
        The same without gaps.
    arm : ndarray of int, shape (n,)
        1 treated, 0 control.
    outcome : ndarray, shape (n,)
        NaN where the source's outcome was missing, if that was given.
    effect : ndarray, shape (n,)
        True effect of each unit, treated minus control, outcome units.
    row : ndarray of int, shape (n,)
        Row of the source from which covariates and gaps come.
    """

    frame: pd.DataFrame
    complete: pd.DataFrame
    arm: NDArray[np.int8]
    outcome: FloatArray
    effect: FloatArray
    row: NDArray[np.int64]


def plasmode_trial(
    source: pd.DataFrame,
    columns: Sequence[Column],
    *,
    baseline: Callable[[pd.DataFrame], FloatArray],
    effect: Callable[[pd.DataFrame], FloatArray],
    units: int,
    seed: int,
    noise: float = 1.0,
    arm: NDArray[np.int8] | None = None,
    outcome_missing: BoolArray | None = None,
) -> PlasmodeTrial:
    """Draw a trial from a real file.

    The source's gaps are filled once, without arm and outcome; rows are then drawn together with their own
    masks. Cells that were missing thus have known values, and missingness depends on observed covariates as it
    does in the source. Whether it also depended on the values it hid cannot be known and is not imitated.

    Parameters
    ----------
    source : DataFrame, s rows
        Typed cohort frame with ``unit``, `columns` and their ``__applies``.
    columns : sequence of Column
        Covariates.
    baseline, effect : callable
        Completed covariates (a frame of `units` rows) to the outcome's mean between the arms, and to the true
        effect, each of shape (units,) and in outcome units.
    units : int
        Rows to draw: without replacement as long as the source has enough, with replacement otherwise.
    seed : int
    noise : float
        Standard deviation of the normal error of the outcome.
    arm : ndarray of int, shape (s,), optional
        Arms of the source, kept with their rows so that gaps depend on the arm as they do there; by default
        each unit is treated with probability 1/2.
    outcome_missing : ndarray of bool, shape (s,), optional
        Where the source's outcome is missing; these outcomes are hidden.

    Returns
    -------
    PlasmodeTrial
        ``outcome = baseline + effect (arm - 1/2) + noise``.

    Raises
    ------
    Refused
        By the imputation, for data that it cannot complete.
    """
    whole = complete(source, columns, "multiple_imputation", DEPLOYMENT, 0, seed).frame
    rng = generator(seed, "plasmode", "rows")
    row = rng.choice(len(source), size=units, replace=units > len(source))
    unit = np.arange(units, dtype=np.int64)
    completed = whole.iloc[row].reset_index(drop=True).assign(unit=unit)
    gaps = source[whole.columns].iloc[row].reset_index(drop=True).assign(unit=unit)
    tossed = generator(seed, "plasmode", "arm").integers(0, 2, units)
    treated = np.asarray(tossed if arm is None else np.asarray(arm)[row], dtype=np.int8)
    truth = np.asarray(effect(completed), dtype=np.float64)
    error = noise * generator(seed, "plasmode", "noise").standard_normal(units)
    outcome = np.asarray(baseline(completed), dtype=np.float64) + truth * (treated - 0.5) + error
    if outcome_missing is not None:
        outcome = np.where(np.asarray(outcome_missing)[row], np.nan, outcome)
    return PlasmodeTrial(gaps, completed, treated, outcome, truth, row.astype(np.int64))


def resample_masks(
    source: pd.DataFrame,
    columns: Sequence[str],
    units: int,
    seed: int,
    *,
    like: tuple[pd.DataFrame, pd.DataFrame] | None = None,
    donors: int = 5,
) -> pd.DataFrame:
    """Masks of a real file for other data: whole rows of masks, so that their structure survives.

    Parameters
    ----------
    source : DataFrame, s rows
        File with gaps.
    columns : sequence of str
        Columns whose masks are wanted.
    units : int
        Rows of the data that are to be made incomplete.
    seed : int
    like : pair of DataFrame, optional
        Numeric columns of the same names, complete: of the source (s rows) and of the target (`units` rows).
        A unit then takes the masks of one of its nearest source rows, and gaps depend on these columns as they
        do in the source; without it rows are drawn at random.
    donors : int
        Among how many nearest rows to draw.

    Returns
    -------
    DataFrame of bool, shape (units, len(columns))
        True where a cell is to be hidden.

    Raises
    ------
    Refused
        If the columns to match on have gaps, or differ.
    """
    rng = generator(seed, "plasmode", "masks")
    row = _nearest_rows(*like, units, donors, rng) if like else rng.integers(len(source), size=units)
    return source[list(columns)].isna().iloc[row].reset_index(drop=True)


def _nearest_rows(
    mine: pd.DataFrame, theirs: pd.DataFrame, units: int, donors: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    if (
        list(mine.columns) != list(theirs.columns)
        or mine.isna().any(axis=None)
        or theirs.isna().any(axis=None)
    ):
        refuse(
            "like",
            "the same complete columns in both files",
            f"{list(mine.columns)} and {list(theirs.columns)}",
            "match on columns that both files observe in full",
        )
    a, b = mine.to_numpy(dtype=np.float64), theirs.to_numpy(dtype=np.float64)
    if len(b) != units:
        raise ValueError(f"{units} units, but {len(b)} rows to match")
    spread = np.where(a.std(axis=0) > 0, a.std(axis=0), 1.0)
    points, wanted = (x / spread + TIE_BREAK * rng.standard_normal(x.shape) for x in (a, b))
    pool = min(donors, len(a))
    _, near = cKDTree(points).query(wanted, k=np.arange(1, pool + 1))
    return np.asarray(near[np.arange(units), rng.integers(pool, size=units)], dtype=np.int64)
