"""A stacked effect: the convex combination of learners that fits the outcome best, by the R-loss of other units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hetflow.effects.linear import Vector
from hetflow.effects.scores import Scores
from hetflow.nuisance.stacking import convex_weights


@dataclass(frozen=True, slots=True)
class Candidate:
    """A learner's effects, treated minus control, outcome units; arrays of shape (n,) in the order of the scores.

    Attributes
    ----------
    held_out : ndarray
        By a model that left the unit's fold out.
    sequential : ndarray
        By a model of the folds before the unit's own; NaN in the first.
    """

    held_out: Vector
    sequential: Vector


def constant_effect(scores: Scores) -> Candidate:
    """The effect that does not vary: the residual slope of the other folds, and of the folds before."""
    held_out, sequential = np.full(scores.unit.size, np.nan), np.full(scores.unit.size, np.nan)
    for fold in np.unique(scores.fold):
        own = scores.fold == fold
        held_out[own] = _slope(scores, ~own)
        before = scores.fold < fold
        if before.any():
            sequential[own] = _slope(scores, before)
    return Candidate(held_out, sequential)


def stack(scores: Scores, candidates: Mapping[str, Candidate]) -> tuple[Candidate, pd.DataFrame]:
    """Combine candidates by weights that are not negative and add up to one.

    A fold's weights minimise the R-loss, mean of ``(Y - m - (W - e) tau)^2``, over the other folds' held-out effects:
    the R-stacking of Nie and Wager (2021, section 4), convex as in the causal stacking of Han and Wu (2022). Of the
    sequential effects a fold's weights are found on the folds before it; in the second fold, before which no effect
    was predicted, candidates count the same.

    Parameters
    ----------
    scores : Scores
        Of one set.
    candidates : mapping of str to Candidate
        The constant effect should be among them, so that a stack can choose it.

    Returns
    -------
    stacked : Candidate
    weights : DataFrame
        ``fold, learner, weight``: those of the held-out effects.

    Notes
    -----
    The held-out effects of other folds were learnt with this fold among the training units, so that a few numbers, the
    weights, have seen it indirectly; the sequential stack has not.
    """
    names = list(candidates)
    held_out = np.column_stack([candidates[name].held_out for name in names])
    sequential = np.column_stack([candidates[name].sequential for name in names])
    stacked = Candidate(np.full(scores.unit.size, np.nan), np.full(scores.unit.size, np.nan))
    rows = []
    first = int(scores.fold.min())
    for fold in np.unique(scores.fold):
        own = scores.fold == fold
        weight = _weights(scores, held_out, ~own)
        stacked.held_out[own] = held_out[own] @ weight
        rows += [
            {"fold": int(fold), "learner": n, "weight": float(w)} for n, w in zip(names, weight, strict=True)
        ]
        before = (scores.fold < fold) & (scores.fold > first)
        if fold > first:
            past = (
                _weights(scores, sequential, before) if before.any() else np.full(len(names), 1 / len(names))
            )
            stacked.sequential[own] = sequential[own] @ past
    return stacked, pd.DataFrame(rows, columns=["fold", "learner", "weight"])


def _weights(scores: Scores, effects: np.ndarray, rows: np.ndarray) -> Vector:
    """Convex weights by the R-loss of some units."""
    treatment = scores.treatment_residual[rows]
    return convex_weights(
        treatment[:, None] * effects[rows], scores.outcome_residual[rows], scores.weight[rows]
    )


def _slope(scores: Scores, rows: np.ndarray) -> float:
    """The constant effect of least R-loss among some units."""
    moment = scores.weight[rows] * scores.treatment_residual[rows]
    return float((moment @ scores.outcome_residual[rows]) / (moment @ scores.treatment_residual[rows]))
