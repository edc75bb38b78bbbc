"""Covariates of new units completed as the study completed its own in deployment mode, as far as that is stored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hetflow.cohort.columns import Column
from hetflow.errors import refuse
from hetflow.missingness.fill import fill_typical

_MOST_NAMED = 5


def complete_new_units(
    new: pd.DataFrame,
    studied: pd.DataFrame,
    completed: pd.DataFrame,
    columns: Sequence[Column],
    strategy: str,
    where: str,
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

    Raises
    ------
    Refused
        If values are missing and the strategy's way to complete them is not stored with the study.
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
        f"a value of every covariate in every row: the imputations of missingness.strategy {strategy} are not stored",
        f"missing values (rows) in {shown}{more}",
        "complete the rows, leave them out, or let an analysis with strategy native or indicator make the predictions",
    )
