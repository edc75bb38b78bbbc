"""Doubly robust scores of several arms, each contrast with the reference arm using what is known of all arms."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hetflow.errors import refuse

Matrix = NDArray[np.float64]

_SUM = 1e-6
"""How far the arms' probabilities of a unit may be from 1 in sum."""


def arm_scores(
    cate: ArrayLike, arm: ArrayLike, outcome: ArrayLike, outcome_mean: ArrayLike, probability: ArrayLike
) -> Matrix:
    """Doubly robust scores of each arm against the reference arm.

    With e_k the probabilities of the arms, τ_k the effects and m the mean of the outcome given covariates, the arms'
    means are μ_0 = m - Σ e_k τ_k and μ_k = μ_0 + τ_k, and the score of contrast k is
    ``μ_k - μ_0 + 1{W=k} (Y - μ_k) / e_k - 1{W=0} (Y - μ_0) / e_0`` (Robins, Rotnitzky and Zhao 1994; in this form grf's
    `multi_arm_causal_forest`). A column's mean is the average effect of its arm; the difference of two columns is the
    score of the contrast between their arms.

    Parameters
    ----------
    cate : array_like, shape (n, d)
        Predicted effects of the arms beside the reference, for instance of `hetflow.forest.arms.arm_effects`.
    arm : array_like of int, shape (n,)
        Arm of each unit: 0 for the reference, 1 to d for the others.
    outcome, outcome_mean : array_like, shape (n,)
        Outcome, and its mean given covariates over all arms, estimated without the unit.
    probability : array_like, shape (n, d + 1)
        Probabilities of the arms, the reference first.

    Returns
    -------
    ndarray, shape (n, d)
        In outcome units, the arm minus the reference.

    Raises
    ------
    Refused
        If a probability is not strictly between 0 and 1, a unit's do not sum to 1, or an arm has no column.
    """
    tau, e = np.asarray(cate, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    group, y, m = np.asarray(arm), np.asarray(outcome, dtype=float), np.asarray(outcome_mean, dtype=float)
    _check(tau, group, e)
    reference = m - np.sum(e[:, 1:] * tau, axis=1)
    means = np.column_stack([reference, reference[:, None] + tau])
    inside = group[:, None] == np.arange(e.shape[1])
    augmented = means + np.where(inside, (y[:, None] - means) / e, 0.0)
    return np.asarray(augmented[:, 1:] - augmented[:, :1])


def _check(cate: Matrix, arm: NDArray[np.int64], probability: Matrix) -> None:
    outside = int((~((probability > 0) & (probability < 1))).any(axis=1).sum())
    if outside:
        refuse(
            "probability of the arms",
            "probabilities strictly between 0 and 1",
            f"{outside} units with others",
            "leave units out for whom an arm was certain or impossible",
        )
    uneven = int((np.abs(probability.sum(axis=1) - 1) > _SUM).sum())
    if uneven:
        refuse(
            "probability of the arms",
            "a sum of 1 for each unit",
            f"{uneven} others",
            "give all arms' columns",
        )
    arms = probability.shape[1]
    if cate.shape[1] != arms - 1 or not np.isin(arm, np.arange(arms)).all():
        found = f"{cate.shape[1]} effects, {arms} probabilities, arms {sorted(set(arm.tolist()))[:9]}"
        refuse(
            "arms", "numbers from 0 to d, d effects and d + 1 probabilities", found, "number the arms from 0"
        )
