"""Covariates that models of a mask may read: complete, numeric, and silent about who misses what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.cohort.matrix import covariate_matrix
from hetflow.missingness.mechanism.rows import canonical_order
from hetflow.seeds import generator

FloatArray = NDArray[np.float64]
MOST_MISSING = 0.05
"""A column with a larger share of missing values is not read."""


@dataclass(frozen=True, slots=True)
class Covariates:
    """Baseline columns as numbers, rows in the frame's order.

    Attributes
    ----------
    raw : ndarray, shape (n, w)
        NaN where missing.
    raw_names : tuple of str
        ``Clinic=NY`` for the level NY of Clinic.
    X : ndarray, shape (n, q)
        The complete ones, and those with at most 5 % missing, filled.
    filled, left_out : tuple of str
        Columns that were filled; columns with more missing values, which are not in `X`.
    """

    raw: FloatArray
    raw_names: tuple[str, ...]
    X: FloatArray
    filled: tuple[str, ...]
    left_out: tuple[str, ...]


def observed_covariates(frame: pd.DataFrame, columns: Sequence[Column], seed: int) -> Covariates:
    """Baseline covariates and auxiliaries for models of masks; neither arm nor outcome is read.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        Typed cohort frame.
    columns : sequence of Column
        The cohort's columns; those of later visits are passed over.
    seed : int
        The study's seed.

    Notes
    -----
    A missing value is filled with an observed one of the column, drawn at random. Such a value says nothing about who
    was missing; a mean would, as trees can find it, and a mask would then pass for a value.
    """
    baseline = sorted((column for column in columns if column.visit == 0), key=lambda column: column.name)
    raw, names = covariate_matrix(frame, baseline)
    missing = np.isnan(raw).mean(axis=0) if len(raw) else np.zeros(len(names))
    kept = np.flatnonzero(missing <= MOST_MISSING)
    order = canonical_order(raw) if len(names) else np.arange(len(frame))
    X = raw[:, kept].copy()
    for place, column in enumerate(kept):
        if missing[column] > 0:
            X[order, place] = _filled(raw[order, column], seed, names[column])
    filled = tuple(names[column] for column in kept if missing[column] > 0)
    out = tuple(names[column] for column in np.flatnonzero(missing > MOST_MISSING))
    return Covariates(raw, tuple(names), X, filled, out)


def _filled(x: FloatArray, seed: int, name: str) -> FloatArray:
    """Missing values replaced by observed ones at random; `x` in canonical order."""
    gaps = np.isnan(x)
    draw = generator(seed, "mechanism", "fill", name)
    return np.where(gaps, draw.choice(x[~gaps], size=len(x)), x)
