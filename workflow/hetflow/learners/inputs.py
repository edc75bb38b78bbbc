"""What the learners read, lined up from the stages' tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hetflow.cohort.columns import Column
from hetflow.cohort.views import clusters, matrix, rows_of
from hetflow.errors import refuse
from hetflow.learners.rows import Units
from hetflow.nuisance.folds import Integers


def learner_inputs(
    columns: Sequence[Column],
    completed: Sequence[pd.DataFrame],
    nuisances: Sequence[pd.DataFrame],
    cohort: pd.DataFrame,
) -> tuple[Integers, Units]:
    """Units with nuisances, their covariates and residuals.

    Parameters
    ----------
    columns : sequence of Column
        The cohort's columns.
    completed : sequence of DataFrame
        All completed files of deployment mode. The learners read their mean, as the outcome mean of a trial does: one
        fit in place of one an imputation, and a mean of draws stands for the expected value of a missing covariate,
        with which the slope of a linear effect keeps its size, where single draws would shrink it.
    nuisances : sequence of DataFrame
        The shared set of a trial, or one set an imputation, which are averaged.
    cohort : DataFrame
        For weights and clusters.

    Returns
    -------
    unit : ndarray of int64, shape (n,)
        Sorted.
    units : Units

    Raises
    ------
    Refused
        If the sets of nuisances do not hold the same units.
    """
    unit = nuisances[0]["unit"].to_numpy()
    if any(not np.array_equal(unit, other["unit"].to_numpy()) for other in nuisances[1:]):
        refuse(
            "learners: nuisances",
            "the same units in every imputation",
            "others, since trimming left out other units in each",
            "remove nuisance.trim, or take the analysis out of learners.analyses",
        )

    def mean(name: str) -> np.ndarray:
        return np.asarray(np.mean([one[name].to_numpy(dtype=np.float64) for one in nuisances], axis=0))

    X, _ = matrix(columns, completed)
    own = cohort.iloc[rows_of(unit, cohort["unit"].to_numpy())]
    outcome_mean = mean("outcome_mean")
    units = Units(
        X=X[rows_of(unit, completed[0]["unit"].to_numpy())],
        treated=nuisances[0]["treated"].to_numpy(dtype=np.float64),
        outcome=mean("outcome_residual") + outcome_mean,
        outcome_mean=outcome_mean,
        propensity=mean("propensity"),
        weight=nuisances[0]["weight"].to_numpy(dtype=np.float64),
        cluster=clusters(own),
        fold=nuisances[0]["fold"].to_numpy(dtype=np.int64),
    )
    return unit, units
