"""From values to masks: standardised scores, noise with a given structure, and thresholds that meet a rate."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit, ndtr

from hetflow.errors import refuse

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

RATE_TOLERANCE = 0.01
"""How far ties may move a rate from its target; without ties it is met to half a cell."""
SHAPES = ("linear", "tails", "step")
STEP_QUANTILE = 0.6


def standardise(values: FloatArray) -> FloatArray:
    """Mean 0 and variance 1, column by column; a constant becomes 0."""
    centred = values - values.mean(axis=0)
    spread = centred.std(axis=0)
    return centred / np.where(spread > 0, spread, 1.0)


def numeric(series: pd.Series, rng: np.random.Generator) -> FloatArray:
    """Standardised values, shape (n,); text levels get a standard normal number each.

    Parameters
    ----------
    series : Series, n values, complete
    rng : Generator
        Of the levels' numbers, which are drawn in alphabetical order of the levels.
    """
    if pd.api.types.is_numeric_dtype(series) or pd.api.types.is_bool_dtype(series):
        return standardise(series.to_numpy(dtype=np.float64))
    levels = sorted(series.astype(str).unique())
    place = dict(zip(levels, rng.standard_normal(len(levels)), strict=True))
    return standardise(series.astype(str).map(place).to_numpy(dtype=np.float64))


def shaped(score: FloatArray, shape: str) -> FloatArray:
    """A standardised function of a standardised score.

    ``linear`` is the score itself, ``tails`` its square (both extremes go missing), ``step`` whether it
    exceeds its 0.6 quantile.
    """
    if shape not in SHAPES:
        refuse("shape", f"one of {', '.join(SHAPES)}", repr(shape), "choose one of them")
    if shape == "tails":
        return standardise(score**2)
    if shape == "step":
        return standardise((score > np.quantile(score, STEP_QUANTILE)).astype(np.float64))
    return score


def logistic_noise(normal: FloatArray) -> FloatArray:
    """Standard normal draws as standard logistic ones, so that a threshold makes a logistic model."""
    return np.asarray(logit(np.clip(ndtr(normal), 1e-15, 1 - 1e-15)))


def correlated_noise(shared: FloatArray, own: FloatArray, correlation: float) -> FloatArray:
    """Logistic noise whose normal ranks correlate across columns: a Gaussian copula with unchanged margins.

    Parameters
    ----------
    shared : ndarray, shape (n,)
        Standard normal, one draw a unit, the same for all columns.
    own : ndarray, shape (n,)
        Standard normal, a column's own.
    correlation : float
        Between the latent normals of two columns, in [0, 1).
    """
    return logistic_noise(np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own)


def highest(score: FloatArray, eligible: BoolArray, count: int, where: str) -> BoolArray:
    """The `count` eligible units with the highest score.

    Parameters
    ----------
    score : ndarray, shape (n,)
    eligible : ndarray of bool, shape (n,)
    count : int
    where : str
        Column, for the refusal.

    Returns
    -------
    ndarray of bool, shape (n,)
        Units of equal score are taken all or none, whichever is nearer to `count`.

    Raises
    ------
    Refused
        If `count` cannot be reached: ties miss it by more than `RATE_TOLERANCE` of the eligible units, or
        there are not so many units.
    """
    chosen = np.zeros(len(score), dtype=bool)
    available = int(eligible.sum())
    if not 0 <= count <= available:
        _refuse_count(where, count, available)
    if count == 0:
        return chosen
    cut = np.partition(score[eligible], available - count)[available - count]
    above, at_least = eligible & (score > cut), eligible & (score >= cut)
    chosen = at_least if at_least.sum() - count <= count - above.sum() else above
    if abs(int(chosen.sum()) - count) > max(1.0, RATE_TOLERANCE * available):
        refuse(
            where,
            f"a rate that {count} of {available} units meet",
            f"ties: {int(above.sum())} or {int(at_least.sum())} units",
            "choose a rate that the values can give, or a probabilistic mechanism",
        )
    return chosen


def _refuse_count(where: str, count: int, available: int) -> None:
    refuse(
        where,
        "a target rate that is not below that of the columns before it in a strong sequence",
        f"{count} more units wanted among {available} that are still under observation",
        "let rates rise along the order of the columns",
    )
