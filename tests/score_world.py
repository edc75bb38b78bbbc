"""A small trial world for tests that start from scores: everything about it is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hetflow.effects.scores import Scores, make_scores
from numpy.typing import NDArray

FOLDS = 5
COVARIATES = 5


def nuisance_frame(
    treated: NDArray, outcome_residual: NDArray, propensity: NDArray | float, fold: NDArray | int = 1
) -> pd.DataFrame:
    """A table under the contract `nuisance`, outcome mean zero and weights one."""
    n = treated.size
    return pd.DataFrame(
        {
            "unit": np.arange(n),
            "fold": fold,
            "contrast": "treated minus control",
            "treated": treated,
            "treatment_residual": treated - propensity,
            "outcome_residual": outcome_residual,
            "propensity": propensity,
            "outcome_mean": 0.0,
            "weight": 1.0,
        }
    )


def linear_trial(rng: np.random.Generator, n: int, slope: float) -> tuple[Scores, NDArray, NDArray]:
    """A randomised trial with effect ``1 + slope * x1``, five normal covariates, noise of unit variance.

    Effects are predicted by least squares of transformed outcomes on the covariates: leaving the unit out (as
    out-of-bag effects do), leaving its fold out, and from the folds before its own.

    Returns
    -------
    scores : Scores
    tau : ndarray, shape (n,)
        True effects.
    X : ndarray, shape (n, 5)
    """
    X = rng.normal(size=(n, COVARIATES))
    treated = rng.integers(0, 2, n)
    tau = 1 + slope * X[:, 0]
    residual = (treated - 0.5) * tau + rng.normal(size=n)
    transformed = 4 * (treated - 0.5) * residual
    fold = rng.permutation(np.arange(n) % FOLDS) + 1
    Z = np.column_stack([np.ones(n), X])

    def fit(rows: NDArray) -> NDArray:
        return np.linalg.lstsq(Z[rows], transformed[rows], rcond=None)[0]

    hat = np.einsum("ij,jk,ik->i", Z, np.linalg.inv(Z.T @ Z), Z)
    everyone = Z @ fit(np.ones(n, dtype=bool))
    left_out = (everyone - hat * transformed) / (1 - hat)
    held_out, sequential = np.empty(n), np.full(n, np.nan)
    for k in range(1, FOLDS + 1):
        rows = fold == k
        held_out[rows] = Z[rows] @ fit(~rows)
        if k > 1:
            sequential[rows] = Z[rows] @ fit(fold < k)
    nuisance = nuisance_frame(treated, residual, np.full(n, 0.5), fold)
    scores = make_scores(nuisance, left_out, better="higher", held_out=held_out, sequential=sequential)
    return scores, tau, X
