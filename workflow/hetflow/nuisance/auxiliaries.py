"""Auxiliaries of missing outcomes as numbers and as levels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.cohort.matrix import covariate_matrix
from hetflow.errors import refuse
from hetflow.nuisance.observed_shares import levels_of

STRATUM = "stratum"


def auxiliary_columns(columns: Sequence[Column], names: Sequence[str]) -> list[Column]:
    """The cohort's columns of ``missing_outcome.auxiliary``, in the cohort's order.

    Raises
    ------
    Refused
        If the cohort lacks one of them.
    """
    known = {column.name: column for column in columns if column.role == "auxiliary"}
    absent = [name for name in names if name not in known]
    if absent:
        refuse(
            "missing_outcome.auxiliary",
            "auxiliary columns that vary in the cohort",
            f"{', '.join(absent)}, which was left out: the same value in every unit where it is known",
            "remove it",
        )
    return [column for column in columns if column.name in set(names)]


def auxiliary_matrix(
    cohort: pd.DataFrame, columns: Sequence[Column]
) -> tuple[NDArray[np.float64], list[str]]:
    """Auxiliaries as numbers, gaps left open.

    Learners take a gap as a value of its own (trees route it, the others get an indicator), so that the assumption is
    one given what was recorded and what was not.
    """
    return covariate_matrix(cohort, columns)


def observation_groups(cohort: pd.DataFrame, columns: Sequence[Column]) -> dict[str, list[str]]:
    """Levels by which the share of observed outcomes is told: strata of the design, then the auxiliaries."""
    groups: dict[str, list[str]] = {}
    if cohort["stratum"].nunique(dropna=False) > 1:
        groups[STRATUM] = levels_of(cohort["stratum"], numeric=False)
    for column in columns:
        numeric = column.kind in ("continuous", "count")
        groups[column.name] = levels_of(cohort[column.name], numeric, column.levels)
    return groups
