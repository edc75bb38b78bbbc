"""Covariates of new units completed as the study completed its own in deployment mode, as far as it can."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from hetflow.cohort.columns import Column
from hetflow.errors import refuse
from hetflow.missingness.impute_new import impute_new
from hetflow.missingness.imputer import Imputer
from hetflow.missingness.kept import mark_new_units, settle_new_units

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
    imputer : Imputer, optional
        What the study stored of this imputation, where its strategy imputes.
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
        keep_mask = [column.name for column in covariates if column.mask_fixed_before_randomisation]
    kept = strategy in ("indicator", "selective")
    if kept:
        frame = mark_new_units(new, studied, covariates, keep_mask, completed.columns)
    if imputer is not None and imputer.steps:
        gaps = frame[list(completed.columns)].isna().any(axis=1).to_numpy()
        described = {column.name: column for column in columns}
        described |= {c.indicator: Column(c.indicator, "binary", "auxiliary") for c in covariates}
        filled = impute_new(frame[gaps], described, imputer, seed, imputation)
        frame = pd.concat([frame[~gaps], filled[list(frame.columns)]]).loc[frame.index]
    if kept:
        frame = settle_new_units(frame, new, studied, covariates, keep_mask)
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
