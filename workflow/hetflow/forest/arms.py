"""Effects of several arms per unit, and their variances by the bootstrap of little bags.

With θ the d effects and the intercept, a unit's estimate solves J̄ θ = Ā, averaged over the trees of the bags that the
unit is out of (`hetflow.forest.components`). A contrast l'θ of the effects has the score c'(A - J θ) in a tree,
with c = J̄⁻¹ l: linear in the tree's leaf averages, so that its variance is a quadratic form in the sums of their
products, for the contrasts with the reference arm as for any other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hetflow.errors import refuse
from hetflow.forest.effects import SINGULAR, little_bags
from hetflow.forest.sums import Sums

Floats = NDArray[np.float64]


def arm_effects(
    sums: Sums, contrasts: ArrayLike | None = None, intervals: bool | None = None
) -> tuple[Floats, Floats]:
    """Effects of several arms per unit and their variances.

    Parameters
    ----------
    sums : Sums
        Over all bags of a forest.
    contrasts : array_like, shape (q, d), optional
        Linear contrasts of the d effects, one a row; by default each arm against the reference arm. With three arms,
        (-1, 1) is the third arm against the second.
    intervals : bool, optional
        Whether to give variances; by default where the engine's hold for the design (``sums.grid.intervals``).

    Returns
    -------
    cate : ndarray, shape (n, q)
        In the outcome's units: out of bag for units of the forest's sample, out of sample for the others. NaN where no
        bag leaves the unit out or its leaves do not tell the arms apart.
    variance : ndarray, shape (n, q)
        Of each contrast, in squared units of the outcome; NaN as `cate`, where fewer than two bags leave the unit out,
        and everywhere without `intervals`. Intervals hold for one contrast at one unit: for several at once their level
        must be shared out.

    Raises
    ------
    Refused
        If a contrast has another number of entries than there are effects.
    """
    d = sums.grid.contrasts
    wanted = np.eye(d) if contrasts is None else np.atleast_2d(np.asarray(contrasts, dtype=np.float64))
    if wanted.shape[1] != d:
        refuse(
            "contrasts",
            f"{d} numbers a contrast, one for each arm beside the reference",
            f"{wanted.shape[1]} numbers",
            "leave the reference arm out",
        )
    moments = sums.moments()
    with np.errstate(divide="ignore", invalid="ignore"):
        average = moments[0] / (sums.bags * sums.grid.bag_trees)
    theta, inverse = _solve(average, d)
    cate, variance = (np.empty((len(sums.unit), len(wanted))) for _ in range(2))
    for column, weights in enumerate(wanted):
        direction = np.append(weights, 0.0) @ inverse
        cate[:, column] = theta[:, :d] @ weights
        variance[:, column] = little_bags(sums, moments, average, _score(direction, theta))
    if not (sums.grid.intervals if intervals is None else intervals):
        variance[:] = np.nan
    exponent = sums.grid.outcome_exponent
    return np.ldexp(cate, exponent), np.ldexp(variance, 2 * exponent)


def _solve(average: Floats, d: int) -> tuple[Floats, Floats]:
    """Effects and intercept (n, d + 1), and the inverse of each unit's J̄ (n, d + 1, d + 1); NaN where it has none."""
    alpha, jacobian = average[: d + 1].T, average[d + 1 :].T
    J = np.empty((len(alpha), d + 1, d + 1))
    for column, (j, k) in enumerate(_places(d)):
        J[:, j, k] = J[:, k, j] = jacobian[:, column]
    diagonal = np.prod(np.diagonal(J, axis1=1, axis2=2), axis=1)
    with np.errstate(invalid="ignore"):
        identified = np.linalg.det(J) > SINGULAR * diagonal
    J[~identified] = np.eye(d + 1)
    inverse = np.asarray(np.linalg.inv(J), dtype=np.float64)
    inverse[~identified] = np.nan
    return np.asarray(np.einsum("njk,nk->nj", inverse, alpha), dtype=np.float64), inverse


def _places(d: int) -> list[tuple[int, int]]:
    """Row and column in J of each component after the alphas; the intercept comes last."""
    treatments = [(j, k) for j in range(d) for k in range(j, d)]
    return [*treatments, *((k, d) for k in range(d)), (d, d)]


def _score(c: Floats, theta: Floats) -> Floats:
    """What each of the leaf averages counts in c'(A - J θ), shape (components, n)."""
    d = c.shape[1] - 1
    jacobian = [
        -(c[:, j] * theta[:, k] + c[:, k] * theta[:, j]) if j != k else -c[:, j] * theta[:, j]
        for j, k in _places(d)
    ]
    return np.stack([*c.T, *jacobian])
