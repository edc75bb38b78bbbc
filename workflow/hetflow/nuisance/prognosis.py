"""A prognosis blind to treatment: the outcome's mean given covariates, fitted on both arms without the arm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hetflow.nuisance.crossfit import cross_fit
from hetflow.nuisance.folds import Floats, Integers
from hetflow.nuisance.learners import CLASSIFICATION, REGRESSION


def prognosis(
    X: Floats,
    outcome: Floats,
    observed: NDArray[np.bool_],
    probability: Floats | None,
    fold: Integers,
    weight: Floats,
    cluster: Integers | None,
    learner: str,
    binary: bool,
    seed: int,
) -> Floats:
    """Expected outcome of each unit, predicted without its own fold.

    Parameters
    ----------
    X : ndarray, shape (n, p)
        Covariates completed without arm and outcome (deployment mode), the mean over imputations.
    outcome : ndarray, shape (n,)
        NaN where missing.
    observed : ndarray of bool, shape (n,)
    probability : ndarray, shape (n,), or None
        Of an observed outcome, where missing ones are weighted for.
    fold, weight, cluster, learner, seed
        As for `hetflow.nuisance.crossfit.cross_fit`.
    binary : bool
        Whether the outcome is 0/1.

    Returns
    -------
    ndarray, shape (n,)
        Outcome units, or probabilities.
    """
    seen = observed.astype(np.float64) / (1.0 if probability is None else probability)
    target = np.where(observed, outcome, 0.0)
    kind = CLASSIFICATION if binary else REGRESSION
    return cross_fit(X, target, fold, learner, weight * seen, seed, ("prognosis",), kind, cluster).prediction
