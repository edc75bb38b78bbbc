"""Covariates of new units completed as the study completed its own in deployment mode, as far as it can."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hetflow.cohort.columns import Column
from hetflow.errors import refuse
from hetflow.missingness.fill import fill_typical
from hetflow.missingness.impute_new import impute_new
from hetflow.missingness.imputer import Imputer

_MOST_NAMED = 5


def complete_new_units(
    new: pd.DataFrame,
    studied: pd.DataFrame,
    completed: pd.DataFrame,
    columns: Sequence[Column],
    strategy: str,
    where: str,
    *,
    imputer: Imputer | None = None,
    seed: int = 0,
    imputation: int = 0,
) -> pd.DataFrame:
    """New units with the columns of the study's completed file.

    Parameters
    ----------
    new : DataFrame, shape (m, ...)
        From `hetflow.cohort.new_units.type_new_units`.
    studied : DataFrame, shape (n, ...)
        The study's cohort, whose medians and most frequent values the strategy ``indicator`` fills in.
    completed : DataFrame, shape (n, ...)
        The study's completed file in deployment mode.
    columns : sequence of Column
        The cohort's columns.
    strategy : str
        Of the study.
    where : str
        The file, for messages.
    imputer : Imputer, optional
        Of the strategy ``multiple_imputation``: what the study stored of this imputation.
    seed, imputation : int
        The study's seed and the imputation's number, for the same.

    Raises
    ------
    Refused
        If values are missing that the strategy cannot complete.
    """
    covariates = [column for column in columns if column.role == "covariate"]
    frame = new
    if strategy == "indicator":
        baseline = [column for column in columns if column.visit == 0 and column.name in new.columns]
        frame = fill_typical(new, baseline, studied)
        masks = {
            column.indicator: new[column.name].isna().to_numpy(dtype=np.float64)
            for column in covariates
            if column.indicator in completed.columns
        }
        frame = frame.assign(**masks)
    if strategy == "multiple_imputation" and imputer is not None and imputer.steps:
        gaps = new[list(completed.columns)].isna().any(axis=1).to_numpy()
        described = {column.name: column for column in columns}
        filled = impute_new(new[gaps], described, imputer, seed, imputation)
        frame = pd.concat([new[~gaps], filled[list(new.columns)]]).loc[new.index]
    frame = frame[list(completed.columns)]
    if strategy != "native":
        _refuse_gaps(frame, strategy, where)
    return frame


def _refuse_gaps(frame: pd.DataFrame, strategy: str, where: str) -> None:
    gaps = frame.isna().sum()
    gaps = gaps[gaps > 0]
    if gaps.empty:
        return
    shown = ", ".join(f"{name} ({count})" for name, count in gaps.head(_MOST_NAMED).items())
    more = f" and {len(gaps) - _MOST_NAMED} more" if len(gaps) > _MOST_NAMED else ""
    refuse(
        where,
        f"a value of every covariate in every row, as far as missingness.strategy {strategy} cannot give it",
        f"missing values (rows) in {shown}{more}",
        "complete the rows, leave them out, or let the primary analysis take multiple_imputation, native or indicator",
    )
