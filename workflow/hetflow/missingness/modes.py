"""The two modes of imputation.

Deployment mode reads neither arm nor outcome: it is also what a new patient gets. Inference mode runs one
chain an arm with the outcome as a predictor of every column; an outcome that is missing is imputed within the
chain and dropped afterwards. Which estimate may read which mode is a matter of validity, not of taste:
covariates completed in inference mode have seen arm and outcome and must not feed a nuisance, a forest, a
score or a rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.applicability import parents
from hetflow.cohort.columns import Column
from hetflow.errors import refuse
from hetflow.missingness.chained import OUTCOME, Chained, ChainSettings, run_chain
from hetflow.missingness.delta import with_lacks, without_lacks
from hetflow.missingness.variables import encode


def impute_deployment(
    frame: pd.DataFrame,
    columns: Sequence[Column],
    imputation: int,
    seed: int,
    settings: ChainSettings,
    *,
    keep: bool = False,
) -> Chained:
    """One completed data set that has seen neither arm nor outcome.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        Typed cohort frame; only `columns` and their ``__applies`` are read.
    columns : sequence of Column
        Covariates, and auxiliaries that may help; auxiliaries of a later visit are not read.
    imputation : int
        Number of the data set, part of the random streams' key.
    seed : int
        The study's seed.
    settings : ChainSettings
        How the chain is run.
    keep : bool
        Whether to keep what new units are completed by.

    Returns
    -------
    Chained
        The columns and their ``__applies``, complete; observed cells bit for bit.

    Raises
    ------
    Refused
        If a column has no observed value at all.
    """
    baseline = [column for column in columns if column.visit == 0]
    typed, described = with_lacks(_select(frame, baseline), baseline, settings.delta)
    chained = run_chain(typed, described, settings, seed, ("deployment", imputation), keep=keep)
    return replace(chained, frame=without_lacks(chained.frame))


def impute_inference(
    frame: pd.DataFrame,
    columns: Sequence[Column],
    arm: NDArray[np.int8],
    outcome: NDArray[np.float64],
    imputation: int,
    seed: int,
    settings: ChainSettings,
) -> tuple[pd.DataFrame, list[str]]:
    """One completed data set imputed arm by arm with the outcome as predictor.

    Parameters
    ----------
    frame, columns, imputation, seed, settings
        As for `impute_deployment`; auxiliaries of later visits are read too.
    arm : ndarray of int, shape (n,)
        Arm of each unit.
    outcome : ndarray, shape (n,)
        Outcome, NaN where missing.

    Returns
    -------
    completed : DataFrame, shape (n, ...)
        As `impute_deployment`, in the order of `frame`; the outcome is not in it.
    notices : list of str
        Columns too rarely observed in an arm, which were completed without arm and outcome instead.
    """
    typed, described = with_lacks(_select(frame, columns), columns, settings.delta)
    typed = typed.assign(**{OUTCOME: np.asarray(outcome, dtype=np.float64)})
    described = [*described, Column(OUTCOME, "continuous")]
    scarce = _scarce(typed, columns, arm, settings)
    notices: list[str] = []
    if scarce:
        typed = _borrow(typed, columns, scarce, imputation, seed, settings)
        notices.append(
            f"{', '.join(scarce)}: fewer than {settings.donors} observed values in an arm; their missing "
            "values were imputed over all arms and without the outcome"
        )
    parts = [
        run_chain(
            typed.loc[arm == value], described, settings, seed, ("inference", imputation, int(value))
        ).frame
        for value in np.unique(arm)
    ]
    return without_lacks(pd.concat(parts).loc[frame.index].drop(columns=OUTCOME)), notices


def _select(frame: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    names = [column.name for column in columns]
    return frame[names + [column.applies for column in columns if column.applicable_if is not None]]


def _scarce(
    typed: pd.DataFrame, columns: Sequence[Column], arm: NDArray[np.int8], settings: ChainSettings
) -> list[str]:
    """Covariates with too few donors in an arm where they have gaps."""
    found = []
    for column in columns:
        variable = encode(typed, column)
        for value in np.unique(arm):
            inside = arm == value
            gaps = (~variable.given & inside).any()
            if gaps and int((variable.observed & inside).sum()) < settings.donors:
                found.append(column.name)
                break
    return found


def _borrow(
    typed: pd.DataFrame,
    columns: Sequence[Column],
    scarce: Sequence[str],
    imputation: int,
    seed: int,
    settings: ChainSettings,
) -> pd.DataFrame:
    """Fill scarce columns, and the parents of their conditions, from the deployment chain."""
    by_name = {column.name: column for column in columns}
    wanted = list(scarce)
    for name in wanted:
        wanted += sorted(parent for parent in parents(by_name[name]) & by_name.keys() if parent not in wanted)
    late = [name for name in wanted if by_name[name].visit > 0]
    for name in late:
        refuse(
            f"dictionary.{name}",
            f"at least {settings.donors} observed values in each arm",
            "fewer, in a column measured after treatment, which cannot be imputed without the arm",
            "give the column the role ignore",
        )
    donor = impute_deployment(typed, columns, imputation, seed, settings).frame
    conditional = [by_name[name] for name in wanted if by_name[name].applicable_if is not None]
    filled = [*wanted, *(column.applies for column in conditional)]
    return typed.assign(**{name: donor[name] for name in filled})
