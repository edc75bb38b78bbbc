"""What a strategy for missing covariates is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.missingness.chained import ChainSettings
from hetflow.missingness.imputer import Imputer

DEPLOYMENT, INFERENCE = "deployment", "inference"
MODES = (DEPLOYMENT, INFERENCE)


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings that a strategy may read.

    Attributes
    ----------
    chain : ChainSettings
        Of `multiple_imputation`.
    minimum_arm : int
        Fewest complete units in an arm for `complete_case`.
    keep_mask : tuple of str
        Covariates whose gaps `selective` keeps.
    """

    chain: ChainSettings = field(default_factory=ChainSettings)
    minimum_arm: int = 30
    keep_mask: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Completed:
    """A completed file.

    Attributes
    ----------
    frame : DataFrame
        ``unit``, the covariates kept, their ``__applies`` and, for `indicator` and `selective`,
        ``<name>__missing``; without missing values, except under `native`, and in whole blocks under `blockwise`.
        Auxiliary columns have done their work and are not in it.
    columns_kept : tuple of str
        Covariates in the frame, in the order in which they were given.
    notices : tuple of str
        What the report must say.
    imputer : Imputer or None
        What new units are completed by, where the strategy has such a thing (deployment mode).
    """

    frame: pd.DataFrame
    columns_kept: tuple[str, ...]
    notices: tuple[str, ...] = ()
    imputer: Imputer | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """What one call of a strategy is given: see `hetflow.missingness.strategies.complete`."""

    frame: pd.DataFrame
    columns: tuple[Column, ...]
    mode: str
    imputation: int
    seed: int
    arm: NDArray[np.int8] | None
    outcome: NDArray[np.float64] | None
    settings: Settings

    @property
    def covariates(self) -> list[Column]:
        """Columns that estimators read."""
        return [column for column in self.columns if column.role == "covariate"]


def with_applies(frame: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """``unit``, the columns and their ``__applies``."""
    names = ["unit"]
    for column in columns:
        names.append(column.name)
        if column.applicable_if is not None:
            names.append(column.applies)
    return frame[names].reset_index(drop=True)


def names_of(columns: Sequence[Column]) -> tuple[str, ...]:
    """Their names."""
    return tuple(column.name for column in columns)
