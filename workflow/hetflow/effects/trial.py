"""A trial as sample splits read it, from the files of an analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.cohort.views import clusters, matrix, rows_of
from hetflow.effects.clan import applicable
from hetflow.effects.one_split import Trial
from hetflow.effects.scores import Scores, direction
from hetflow.missingness.gapless import WITHOUT_GAPS, gapless


def make_trial(
    scores: Scores,
    outcome: NDArray[np.float64],
    cohort: pd.DataFrame,
    completed: Sequence[pd.DataFrame],
    columns: Sequence[Column],
    settings: Mapping[str, Any],
) -> Trial:
    """Join what belongs to the units whose outcome was observed.

    Where missing outcomes are weighted for, these units stand for all: their weights are divided by the probability
    that the outcome is observed. (The completed outcome of the scores will not do: its models have seen both halves.)
    Proxies read the covariates that the outcome mean reads (`nuisance.covariates`); groups are described by all.

    Parameters
    ----------
    scores : Scores
    outcome : ndarray, rows as in `cohort`
    cohort : DataFrame
    completed : sequence of DataFrame
        Deployment-mode files.
    columns : sequence of Column
    settings : mapping
        The stage's.
    """
    seen = scores.observed == 1
    unit = scores.unit[seen]
    rows = rows_of(unit, cohort["unit"].to_numpy())
    X, names = covariates_of(completed, columns, unit)
    learnt = np.ones(len(names), dtype=bool)
    if settings["covariates"] == WITHOUT_GAPS:
        learnt = np.isin(names, matrix(gapless(cohort, columns), completed[:1])[1])
    weight = scores.weight[seen]
    if not scores.lacks("observation_probability"):
        weight = weight / scores.observation_probability[seen]
    people = cohort.iloc[rows]
    return Trial(
        unit=unit,
        X=np.ascontiguousarray(X[:, learnt]),
        treated=scores.treated[seen].astype(np.int64),
        outcome=outcome[rows],
        propensity=scores.propensity[seen],
        weight=weight,
        cluster=None if clusters(cohort) is None else people["cluster"].to_numpy(dtype=np.int64),
        stratum=people["stratum"].astype(str).to_numpy() if settings["strata"] else None,
        binary=settings["outcome_kind"] == "binary",
        values=applicable(X, names, columns),
        names=names,
        sign=direction(settings["better"]),
    )


def covariates_of(
    completed: Sequence[pd.DataFrame], columns: Sequence[Column], unit: NDArray[np.int64]
) -> tuple[NDArray[np.float64], list[str]]:
    """Covariates as patients are seen (mean over completed files) of some units, and their names."""
    X, names = matrix(columns, completed)
    return X[rows_of(unit, completed[0]["unit"].to_numpy())], names
