"""Views of the cohort that several stages need: covariates as a matrix, clusters, units with an outcome."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.cohort.matrix import covariate_matrix
from hetflow.errors import refuse


def covariates(columns: Sequence[Column], frame: pd.DataFrame) -> list[Column]:
    """The covariates that a completed file holds, in the cohort's order."""
    return [column for column in columns if column.role == "covariate" and column.name in frame.columns]


def matrix(
    columns: Sequence[Column], frames: Sequence[pd.DataFrame]
) -> tuple[NDArray[np.float64], list[str]]:
    """Covariates of completed files as one numeric matrix: their mean over the files.

    Parameters
    ----------
    columns : sequence of Column
        The cohort's columns.
    frames : sequence of DataFrame
        Completed files of the same units; one, or all deployment imputations.

    Returns
    -------
    X : ndarray, shape (n, p)
        Mean over the files; observed cells are the same in all of them and stay as they are, bit for bit.
    names : list of str
    """
    chosen = covariates(columns, frames[0])
    first, names = covariate_matrix(frames[0], chosen)
    if len(frames) == 1:
        return first, names
    stack = np.stack([first, *(covariate_matrix(frame, chosen)[0] for frame in frames[1:])])
    return np.where((stack == first).all(axis=0), first, stack.mean(axis=0)), names


def clusters(cohort: pd.DataFrame) -> NDArray[np.int64] | None:
    """Cluster of each unit, or None where every unit is its own."""
    values = cohort["cluster"].to_numpy(dtype=np.int64)
    return None if len(np.unique(values)) == len(values) else values


def rows_of(unit: NDArray[np.int64], units: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions of `unit` within the sorted `units`.

    Raises
    ------
    Refused
        If one of them is not there: the files belong to different runs.
    """
    position = np.searchsorted(units, unit)
    inside = position < len(units)
    if not inside.all() or not np.array_equal(units[position[inside]], unit[inside]):
        refuse(
            "unit",
            "units of the same cohort in every file",
            "units that the cohort lacks",
            "start the run again",
        )
    return position
