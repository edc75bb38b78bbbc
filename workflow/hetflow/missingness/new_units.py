"""Covariates of new units completed as the study completed its own in deployment mode, as far as that is stored."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from hetflow.cohort.columns import Column
from hetflow.errors import refuse
from hetflow.missingness.kept import mark_new_units

_MOST_NAMED = 5


def complete_new_units(
    new: pd.DataFrame,
    studied: pd.DataFrame,
    completed: pd.DataFrame,
    columns: Sequence[Column],
    strategy: str,
    where: str,
    *,
    keep_mask: Collection[str] = (),
) -> pd.DataFrame:
    """New units with the columns of the study's completed file.

    Parameters
    ----------
    new : DataFrame, shape (m, ...)
        From `hetflow.cohort.new_units.type_new_units`.
    studied : DataFrame, shape (n, ...)
        The study's cohort, whose medians and most frequent values stand in gaps that are kept.
    completed : DataFrame, shape (n, ...)
        The study's completed file in deployment mode.
    columns : sequence of Column
        The cohort's columns.
    strategy : str
        Of the study.
    where : str
        The file, for messages.
    keep_mask : collection of str
        Of the strategy ``selective``: covariates whose gaps are kept.

    Raises
    ------
    Refused
        If values are missing and the strategy's way to complete them is not stored with the study.
    """
    covariates = [column for column in columns if column.role == "covariate"]
    frame = new
    if strategy == "indicator":
        keep_mask = [column.name for column in covariates if column.mask_fixed_before_randomisation]
    if strategy in ("indicator", "selective"):
        frame = mark_new_units(new, studied, covariates, keep_mask, completed.columns)
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
