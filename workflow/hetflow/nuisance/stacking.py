"""Weights of a stack: the convex combination of its members that predicts best out of fold."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from hetflow.nuisance.folds import Floats

IMPROVEMENT = 1e-10  # relative gain below which a larger set of members counts as rounding


def convex_weights(prediction: Floats, target: Floats, weight: Floats) -> Floats:
    """Non-negative weights of sum one that minimise the weighted squared error.

    Every set of members is tried: on a set the minimum under the sum alone is linear least squares, and the
    best of the sets whose solution is not negative is the exact solution of the constrained problem. A sum
    of one keeps probabilities within [0, 1], and keeps the combination equivariant to the outcome's origin
    and units.

    Parameters
    ----------
    prediction : ndarray, shape (n, members)
        Out-of-fold predictions.
    target, weight : ndarray, shape (n,)

    Returns
    -------
    ndarray, shape (members,)

    Notes
    -----
    Stacking by non-negative least squares: Breiman, Machine Learning 24 (1996) 49-64; van der Laan, Polley
    and Hubbard, Statistical Applications in Genetics and Molecular Biology 6 (2007) 25.
    """
    members = prediction.shape[1]
    best, least = np.zeros(members), np.inf
    for size in range(1, members + 1):
        for chosen in combinations(range(members), size):
            trial = _on_set(prediction, target, weight, chosen)
            if trial.min() < 0:
                continue
            loss = float(weight @ (target - prediction @ trial) ** 2)
            if loss < least * (1 - IMPROVEMENT):
                best, least = trial, loss
    return best


def _on_set(prediction: Floats, target: Floats, weight: Floats, chosen: tuple[int, ...]) -> Floats:
    """Least squares under sum one with the chosen members alone."""
    first, rest = chosen[0], list(chosen[1:])
    result = np.zeros(prediction.shape[1])
    result[first] = 1.0
    if rest:
        root = np.sqrt(weight)
        difference = (prediction[:, rest] - prediction[:, [first]]) * root[:, None]
        slopes = np.linalg.lstsq(difference, (target - prediction[:, first]) * root, rcond=None)[0]
        result[rest] = slopes
        result[first] -= slopes.sum()
    return result
