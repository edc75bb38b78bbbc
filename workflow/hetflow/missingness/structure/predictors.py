"""What rules of absence may speak of: baseline columns, and the arm, stratum and cluster, cut into bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.applicability import decode
from hetflow.cohort.columns import Column
from hetflow.cohort.levels import observed_levels

Codes = NDArray[np.int32]
Floats = NDArray[np.float64]

BINS = 64
"""Most bins of a continuous column or count; a cut is sharpened to the exact value afterwards."""
MOST_LEVELS = 50
"""Nominal columns with more levels make no conditions."""


@dataclass(frozen=True, slots=True)
class Predictor:
    """A column as conditions see it.

    Attributes
    ----------
    name : str
    ordered : bool
        Whether a condition is a cut; else it is a set of levels.
    codes : ndarray of int32, shape (n,)
        Bin or level, -1 where the value is not known or does not exist.
    labels : tuple of str, optional
        Levels; None for numbers.
    values : ndarray of float64, shape (n,), optional
        The numbers themselves, NaN where unknown; None for levels.
    whole : bool
        Whether the numbers are counts.
    covariate : bool
        Whether ``applicable_if`` may name it.
    """

    name: str
    ordered: bool
    codes: Codes
    labels: tuple[str, ...] | None = None
    values: Floats | None = None
    whole: bool = False
    covariate: bool = True

    @property
    def bins(self) -> int:
        """Number of bins or levels."""
        return int(self.codes.max(initial=-1)) + 1


def predictors(
    frame: pd.DataFrame, columns: Sequence[Column], strata: bool = False, clusters: bool = False
) -> list[Predictor]:
    """Columns of visit 0 by name, then arm, stratum and cluster.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        Cohort.
    columns : sequence of Column
    strata, clusters : bool
        Whether the design has strata and clusters.

    Returns
    -------
    list of Predictor
        Without columns of one value, nominal ones of more than 50 levels, and clusters if there are more than 50.
    """
    found = []
    for column in sorted(columns, key=lambda column: column.name):
        if column.visit > 0:
            continue
        exists = np.ones(len(frame), dtype=bool)
        if column.applies in frame:
            exists = frame[column.applies].to_numpy(dtype=np.float64) == 1
        found.append(_of_column(frame, column, exists))
    taken = {one.name for one in found}
    design: dict[str, Any] = {"arm": np.where(frame["treated"] == 1, "treated", "control")}
    design |= {"stratum": frame["stratum"]} if strata else {}
    design |= {"cluster": frame["cluster"].astype(str)} if clusters else {}
    for name, values in design.items():
        if name not in taken:
            found.append(_levels(name, pd.Series(np.asarray(values, dtype=object)), covariate=False))
    return [one for one in found if one.bins > 1 and (one.ordered or one.bins <= MOST_LEVELS)]


def _of_column(frame: pd.DataFrame, column: Column, exists: NDArray[np.bool_]) -> Predictor:
    series = frame[column.name]
    if column.kind == "nominal" or column.levels is not None:
        texts = decode(frame, [column])[column.name].where(exists, None)
        return _levels(column.name, texts, column.levels, column.kind != "nominal")
    values = np.where(exists, series.to_numpy(dtype=np.float64), np.nan)
    return Predictor(column.name, True, binned(values), None, values, column.kind == "count")


def _levels(
    name: str,
    texts: pd.Series,
    levels: tuple[str, ...] | None = None,
    ordered: bool = False,
    covariate: bool = True,
) -> Predictor:
    labels = tuple(levels if levels is not None else observed_levels(texts))
    place = {label: code for code, label in enumerate(labels)}
    codes = np.array([place.get(text, -1) for text in texts], dtype=np.int32)
    return Predictor(name, ordered, codes, labels, covariate=covariate)


def binned(values: Floats) -> Codes:
    """Bins of numbers, in order: one a value where there are at most 64, else about equally full ones; -1 for NaN."""
    known = np.isfinite(values)
    distinct = np.unique(values[known])
    if len(distinct) > BINS:
        shares = np.arange(1, BINS) / BINS
        cuts = np.unique(np.quantile(values[known], shares, method="lower"))
        bins = np.searchsorted(cuts, values, side="left")
    else:
        bins = np.searchsorted(distinct, values)
    return np.where(known, bins, -1).astype(np.int32)
