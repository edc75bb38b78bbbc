"""Best linear projection of the effect on covariates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hetflow.cohort.columns import Column
from hetflow.cohort.matrix import covariate_matrix
from hetflow.effects.linear import (
    Matrix,
    cluster_codes,
    hc3_covariance,
    independent_columns,
    least_squares,
    reference_df,
)
from hetflow.effects.scores import Scores, require
from hetflow.effects.terms import OUTCOME, Terms
from hetflow.errors import refuse

#: Below this e (1 - e) a unit has no overlap and is left out of the overlap target.
NO_OVERLAP = np.finfo(np.float64).eps


def projection_design(frame: pd.DataFrame, columns: Sequence[Column]) -> tuple[Matrix, tuple[str, ...]]:
    """The covariates of a projection as numbers, without intercept.

    A nominal column gives one 0/1 column for every level but its first; a column that does not apply to all
    brings its ``__applies`` column; columns that mark missing values are left out.

    Raises
    ------
    Refused
        If a value is missing: a projection needs completed covariates.
    """
    X, names = covariate_matrix(frame, columns)
    reference = {
        f"{column.name}={column.levels[0]}"
        for column in columns
        if column.kind == "nominal" and column.levels
    }
    indicators = {column.indicator for column in columns}
    kept = [j for j, name in enumerate(names) if name not in reference | indicators]
    missing = [names[j] for j in kept if np.isnan(X[:, j]).any()]
    if missing:
        refuse(
            "estimates.projection",
            "completed covariates",
            f"missing values in {', '.join(missing)}",
            "use a strategy that imputes, or leave these covariates out of the projection",
        )
    return X[:, kept], tuple(names[j] for j in kept)


def common_terms(
    frames: Sequence[pd.DataFrame], columns: Sequence[Column], scores: Scores
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Names of a projection's terms, and which of them neither the intercept nor earlier terms determine in any frame.

    One design is held at a time.
    """
    names: tuple[str, ...] = ()
    kept: set[int] | None = None
    for frame in frames:
        X, names = projection_design(frame, columns)
        with_intercept = np.column_stack([np.ones(X.shape[0]), X])
        own = {j - 1 for j in independent_columns(with_intercept, scores.weight) if j > 0}
        kept = own if kept is None else kept & own
    return names, tuple(sorted(kept or ()))


def best_linear_projection(scores: Scores, X: Matrix, names: Sequence[str], overlap: bool = False) -> Terms:
    """Weighted least squares of the doubly robust score on covariates, with an intercept.

    Semenova and Chernozhukov (2021); as R grf's ``best_linear_projection``: HC3, clustered where there are
    clusters.

    Parameters
    ----------
    scores : Scores
    X : ndarray, shape (n, k)
        Covariates of the same units in the same order, without intercept.
    names : sequence of str, length k
    overlap : bool
        Weight by e (1 - e): the projection in the overlap population.

    Returns
    -------
    Terms
        ``intercept`` and one coefficient a covariate: change of the effect (outcome units) for a unit's
        change of the covariate. Two-sided t tests with n - k - 1 degrees of freedom, under clusters with their number
        less one (grf keeps n - k - 1 there).
    """
    name = "projection_overlap" if overlap else "projection"
    require(scores, name, "score", *(("propensity",) if overlap else ()))
    weight = scores.weight
    if overlap:
        variance = scores.propensity * (1 - scores.propensity)
        weight = weight * np.where(variance < NO_OVERLAP, 0.0, variance)
    design = np.column_stack([np.ones(X.shape[0]), X])
    fit = least_squares(design, scores.score, weight, name)
    covariance = hc3_covariance(design, fit, weight, cluster_codes(scores.cluster), name)
    k = design.shape[1]
    return Terms(
        name,
        ("overlap" if overlap else "all",) * k,
        ("intercept", *names),
        OUTCOME,
        fit.coefficients,
        covariance,
        (int(np.count_nonzero(weight)),) * k,
        df=reference_df(scores.cluster, weight, fit.df),
        tested=True,
    )
