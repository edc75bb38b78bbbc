"""Covariates that nobody misses."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from hetflow.cohort.columns import Column

#: The choice of `nuisance.covariates` that leaves out the others.
WITHOUT_GAPS = "without_gaps"


def gapless(cohort: pd.DataFrame, columns: Sequence[Column]) -> list[Column]:
    """Covariates of the cohort that nobody misses."""
    return without_gaps(cohort, [column for column in columns if column.role == "covariate"])


def without_gaps(frame: pd.DataFrame, covariates: Sequence[Column]) -> list[Column]:
    """Covariates with a value in every unit to whom they apply, and of which it is known to whom they do.

    Parameters
    ----------
    frame : DataFrame, n rows
        Cells that do not apply hold their constant, and ``<name>__applies`` says so.
    covariates : sequence of Column

    Returns
    -------
    list of Column
        In the order given.
    """
    kept = [column for column in covariates if frame[column.name].notna().all()]
    return [one for one in kept if one.applicable_if is None or frame[one.applies].notna().all()]
