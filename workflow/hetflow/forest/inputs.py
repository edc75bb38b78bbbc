"""What a forest reads, lined up from the stages' tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.cohort.matrix import covariate_codes
from hetflow.cohort.views import clusters, covariates, matrix, rows_of
from hetflow.forest.engines import engine_facts
from hetflow.forest.samples import units_of


def forest_inputs(
    columns: Sequence[Column],
    completed: pd.DataFrame,
    nuisance: pd.DataFrame,
    cohort: pd.DataFrame,
    folds: pd.DataFrame,
    engine: str,
    training: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Arguments of `hetflow.forest.grow.open_forest` that all samples share, and the folds.

    Parameters
    ----------
    columns : sequence of Column
        The cohort's columns.
    completed, nuisance, cohort, folds : DataFrame
        Under their contracts; units without residuals are only predicted.
    engine : str
        Which implementation will read them.
    training : DataFrame, optional
        Completed covariates that trees learn from, where they are others than those they judge.

    Returns
    -------
    dict
        X, nominal, evaluated, treatment_residual, outcome_residual, weight, cluster; unit, fold, scored (which units
        have residuals). `evaluated` is None where trees judge the covariates that they learn from.
    """
    unit = completed["unit"].to_numpy()
    rows = rows_of(nuisance["unit"].to_numpy(), unit)
    place = rows_of(unit, cohort["unit"].to_numpy())
    own = cohort.iloc[place]
    X, nominal = forest_matrix(columns, completed, engine)
    scored = np.zeros(len(unit), dtype=bool)
    scored[rows] = True
    evaluated = None
    if training is not None:
        evaluated, X = X, _in_order(forest_matrix(columns, training, engine)[0], training, unit)
    return {
        "X": X,
        "evaluated": evaluated,
        "nominal": nominal,
        "treatment_residual": _spread(nuisance["treatment_residual"], rows, len(unit)),
        "outcome_residual": _spread(nuisance["outcome_residual"], rows, len(unit)),
        "weight": own["weight"].to_numpy(),
        "cluster": clusters(own),
        "unit": unit,
        "fold": folds["fold"].to_numpy()[place],
        "scored": scored,
    }


def sample_inputs(inputs: dict[str, Any], sample: str) -> dict[str, Any]:
    """Arguments of `hetflow.forest.grow.open_forest` for one sample."""
    common = {key: value for key, value in inputs.items() if key not in ("unit", "fold", "scored")}
    return common | {"in_sample": inputs["scored"] & units_of(sample, inputs["fold"])}


def forest_matrix(
    columns: Sequence[Column], completed: pd.DataFrame, engine: str
) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
    """The matrix that an engine reads: nominal covariates as codes, and which these are, if it splits by category."""
    if engine_facts(engine).handles_nominal:
        X, _, nominal = covariate_codes(completed, covariates(columns, completed))
        return X, nominal
    return matrix(columns, [completed])[0], None


def _in_order(X: NDArray[np.float64], frame: pd.DataFrame, unit: NDArray[np.int64]) -> NDArray[np.float64]:
    return X[rows_of(unit, frame["unit"].to_numpy())]


def _spread(values: pd.Series, rows: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """Residuals of the units that have them, zero for the others, which are only predicted."""
    whole = np.zeros(n)
    whole[rows] = values.to_numpy()
    return whole
