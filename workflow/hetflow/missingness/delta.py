"""Covariates that are missing for reasons of their own: imputed values moved by a fixed amount, or tilted.

A not-at-random fully conditional specification (NARFCS; Tompsett, Leacy, Moreno-Betancur, Heron and White 2018):
whenever a column's missing values are drawn, ``delta`` is added to them, and the columns imputed after it see the
moved values. Of each moved column, who lacks it is offered as a predictor to the models of all others, as NARFCS has
it by default; it is taken where it correlates as other predictors must. A column's own model does not read it.

To a binary or a count column nothing can be added. There ``delta`` tilts the draw: a value y is drawn with a
probability multiplied by exp(delta y), which adds delta to the log odds of a binary column and multiplies the rate of
a Poisson one by exp(delta). Values come from donors, and so it is
among a recipient's donors that the tilt is made; they are more than usual (`TILTED_DONORS`), since among few the tilt
has nothing to choose from. Where one donor hands on a whole block, it is tilted by all moved columns of it together.

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
#: Kinds whose drawn values are moved, and kinds whose draw is tilted.
ADDED, TILTED = ("continuous",), ("binary", "count")
#: Donors of a tilted column at the least.
TILTED_DONORS = 20


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
        elif column.kind not in ADDED + TILTED:
            problems.append(
                Problem(
                    f"missingness.delta.{name}",
                    "a continuous column, to whose imputed values an amount can be added, or a binary or count one",
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


def moved(values: FloatArray, columns: Sequence[Column], delta: Mapping[str, float]) -> FloatArray:
    """Drawn values, shape (rows, len(columns)), with each continuous column's amount added."""
    amounts = _amounts(columns, delta, ADDED)
    return values + amounts if amounts.any() else values


def tilts(vectors: FloatArray, columns: Sequence[Column], delta: Mapping[str, float]) -> FloatArray | None:
    """Log weights of donors.

    Parameters
    ----------
    vectors : ndarray, shape (donors, len(columns))
        Their values.
    columns : sequence of Column
    delta : mapping of str to float

    Returns
    -------
    ndarray, shape (donors,), or None
        None where no column is tilted, and donors are drawn with equal probabilities.
    """
    amounts = _amounts(columns, delta, TILTED)
    return vectors @ amounts if amounts.any() else None


def _amounts(columns: Sequence[Column], delta: Mapping[str, float], kinds: Sequence[str]) -> FloatArray:
    return np.array([delta.get(one.name, 0.0) if one.kind in kinds else 0.0 for one in columns])
