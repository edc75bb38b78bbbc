"""How the outcome's mean under each arm goes with a risk: a marginal structural model from doubly robust outcomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from hetflow.effects.linear import Codes, Matrix, Vector, cluster_count, cluster_sums, count_factor
from hetflow.errors import refuse

_STEPS = 50
_CONVERGED = 1e-10
_NEAR = 1e-4  # a step so short is taken whole: what it gains is lost in the rounding of the loss
_HALVINGS = 30
_LARGEST_LINEAR = 30.0  # beyond it exp() and expit() are as good as their limits


@dataclass(frozen=True, slots=True)
class Link:
    """Inverse link, its derivative and its integral (the loss is ``b(eta) - phi eta``)."""

    mean: Callable[[Vector], Vector]
    slope: Callable[[Vector], Vector]
    integral: Callable[[Vector], Vector]


LINKS: dict[str, Link] = {
    "logit": Link(expit, lambda x: expit(x) * expit(-x), lambda x: np.logaddexp(0.0, x)),
    "log": Link(np.exp, np.exp, np.exp),
}


def interaction(
    outcomes: Matrix, index: Vector, weight: Vector, codes: Codes, link: str
) -> tuple[Vector, Matrix]:
    """Fit ``h(E[Y(a) | r]) = b0 + b1 a + b2 r + b3 a r`` to the doubly robust outcomes of both arms.

    The estimating equation ``sum_i w_i sum_a x_ia (phi_ia - h^-1(x_ia' b)) = 0`` has the model's root because phi_ia
    has the conditional mean of Y(a): a marginal structural model (Robins, Hernan and Brumback 2000) with the doubly
    robust outcome in place of an inverse-probability-weighted one. It reads weights, clusters, missing outcomes that
    are weighted for, and estimated propensities as the scores do. b3 is the interaction of risk and treatment on the
    scale of the link: 0 where the odds ratio (logit) or the ratio of means (log) is the same at every risk.

    Parameters
    ----------
    outcomes : ndarray, shape (n, 2)
        From `hetflow.effects.arm_means.arm_outcomes`: control, treated.
    index : ndarray, shape (n,)
        The risk on the scale of the link; taken as given.
    weight : ndarray, shape (n,)
    codes : ndarray of int, shape (n,)
        Clusters, from `cluster_codes`.
    link : {"logit", "log"}

    Returns
    -------
    coefficients : ndarray, shape (4,)
        Intercept, treatment, risk, interaction; at the weighted mean of `index`.
    covariance : ndarray, shape (4, 4)
        Sandwich by clusters with the factor G / (G - 1).

    Raises
    ------
    Refused
        If the equation has no finite root, as where an arm has no events at some risks.
    """
    functions = LINKS[link]
    centred = index - weight @ index / weight.sum()
    ones = np.ones_like(centred)
    designs = [np.column_stack([ones, a * ones, centred, a * centred]) for a in (0.0, 1.0)]
    share = weight / weight.sum()
    start = np.zeros(4)
    level = float(np.clip(share @ outcomes[:, 0], 1e-3, 1 - 1e-3 if link == "logit" else np.inf))
    start[0] = np.log(level / (1 - level)) if link == "logit" else np.log(level)
    beta = _root(designs, outcomes, share, functions, start)
    hessian = _hessian(designs, share, functions, beta)
    sums = cluster_sums(_equation(designs, outcomes, share, functions, beta), codes)
    factor = count_factor(cluster_count(codes, weight), "risk: interaction")
    bread = np.linalg.inv(hessian)
    return beta, factor * bread @ (sums.T @ sums) @ bread


def _linear(X: Matrix, beta: Vector) -> Vector:
    return np.asarray(np.clip(X @ beta, -_LARGEST_LINEAR, _LARGEST_LINEAR))


def _hessian(designs: list[Matrix], share: Vector, link: Link, beta: Vector) -> Matrix:
    total = np.zeros((4, 4))
    for X in designs:
        total += (X * (share * link.slope(_linear(X, beta)))[:, None]).T @ X
    return total


def _loss(designs: list[Matrix], outcomes: Matrix, share: Vector, link: Link, beta: Vector) -> float:
    parts = (
        share @ (link.integral(_linear(X, beta)) - outcomes[:, a] * _linear(X, beta))
        for a, X in enumerate(designs)
    )
    return float(sum(parts))


def _root(designs: list[Matrix], outcomes: Matrix, share: Vector, link: Link, beta: Vector) -> Vector:
    """Newton's method with step halving on the convex loss whose gradient is the estimating equation."""
    for _ in range(_STEPS):
        hessian = _hessian(designs, share, link, beta)
        if np.linalg.cond(hessian) > 1 / np.finfo(float).eps:
            break
        step = np.linalg.solve(hessian, -_equation(designs, outcomes, share, link, beta).sum(axis=0))
        if float(np.abs(step).max()) < _CONVERGED:
            return np.asarray(beta - step)
        near = float(np.abs(step).max()) < _NEAR
        beta = beta - (1.0 if near else _damping(designs, outcomes, share, link, beta, step)) * step
    return refuse(
        "risk: interaction",
        "outcomes in both arms along the whole range of risk",
        "a relative effect that the data leave without bound at some risks",
        "read the absolute effects by group of risk",
    )


def _equation(designs: list[Matrix], outcomes: Matrix, share: Vector, link: Link, beta: Vector) -> Matrix:
    """Each unit's part of the estimating equation, shape (n, 4)."""
    parts = [
        (share * (outcomes[:, a] - link.mean(_linear(X, beta))))[:, None] * X for a, X in enumerate(designs)
    ]
    return np.asarray(parts[0] + parts[1])


def _damping(
    designs: list[Matrix], outcomes: Matrix, share: Vector, link: Link, beta: Vector, step: Vector
) -> float:
    """The first of 1, 1/2, 1/4, ... that lowers the loss."""
    value, size = _loss(designs, outcomes, share, link, beta), 1.0
    for _ in range(_HALVINGS):
        if _loss(designs, outcomes, share, link, beta - size * step) <= value:
            break
        size /= 2
    return size
