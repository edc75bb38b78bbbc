"""Covariates that are missing for reasons of their own: imputed values moved by a fixed amount.

A not-at-random fully conditional specification (NARFCS; Tompsett, Leacy, Moreno-Betancur, Heron and White 2018):
whenever a column's missing values are drawn, ``delta`` is added to them, and the columns imputed after it see the
moved values. Of each moved column, who lacks it is offered as a predictor to the models of all others, as NARFCS has
it by default; it is taken where it correlates as other predictors must. A column's own model does not read it.

A delta is conditional: it moves the drawn value given all predictors, among them columns that are imputed from the
moved one, so that the mean of the imputed values moves by another amount; compare the completed files. Where the
effect of treatment varies with the moved covariate, imputing by arm carries the interaction, but the conditional shift
then stands for different departures in the two arms, and estimates of the interaction are known to be biased
(arXiv:2411.13829): read them as a direction, not as a size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.errors import Problem

FloatArray = NDArray[np.float64]
#: Ends the name of the 0/1 column that says who lacks a moved column; the cohort's names cannot end so.
LACKS = "__lacks"
KINDS = ("continuous",)


def delta_problems(columns: Sequence[Column], delta: Mapping[str, float]) -> list[Problem]:
    """Columns that cannot be moved: unknown ones, and kinds for which adding an amount means nothing."""
    known = {column.name: column for column in columns}
    problems = []
    for name in sorted(delta):
        column = known.get(name)
        if column is None:
            problems.append(
                Problem(
                    f"missingness.delta.{name}",
                    "a covariate or auxiliary of the study",
                    "no such column",
                    "correct the name",
                )
            )
        elif column.kind not in KINDS:
            problems.append(
                Problem(
                    f"missingness.delta.{name}",
                    "a continuous column, to whose imputed values an amount can be added",
                    column.kind,
                    "leave it out; the indicator strategy asks less of how such a column is missing",
                )
            )
    return problems


def with_lacks(
    typed: pd.DataFrame, columns: Sequence[Column], delta: Mapping[str, float]
) -> tuple[pd.DataFrame, list[Column]]:
    """Add, for each moved column with gaps, who lacks it.

    Parameters
    ----------
    typed : DataFrame, shape (n, ...)
    columns : sequence of Column
    delta : mapping of str to float

    Returns
    -------
    typed : DataFrame
    columns : list of Column
        With the columns added, which are complete.
    """
    moved = [column for column in columns if delta.get(column.name) and typed[column.name].isna().any()]
    masks = {column.name + LACKS: typed[column.name].isna().to_numpy(dtype=np.float64) for column in moved}
    added = [Column(name, "binary", role="auxiliary") for name in masks]
    return typed.assign(**masks), [*columns, *added]


def without_lacks(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame without the columns that `with_lacks` added."""
    return frame.drop(columns=[name for name in frame.columns if str(name).endswith(LACKS)])


def moved(values: FloatArray, names: Sequence[str], delta: Mapping[str, float]) -> FloatArray:
    """Drawn values, shape (rows, len(names)), with each column's amount added."""
    if not any(delta.get(name) for name in names):
        return values
    return values + np.array([delta.get(name, 0.0) for name in names])
