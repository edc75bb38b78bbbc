"""Heterogeneity in a linear working model: do the residual scores of the treatment's coefficient go along with
covariates?

No forest and no learner is read: whoever has a regression can repeat it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hetflow.effects.independence import EMPTY, Quadratic, directions, quadratic, studentised_sum
from hetflow.effects.linear import Codes, Matrix, Vector, cluster_sums
from hetflow.errors import refuse


def score_residual(
    X: Matrix,
    outcome: Vector,
    arms: NDArray[np.int8],
    propensity: Vector,
    weight: Vector,
    codes: Codes | None = None,
) -> Quadratic:
    """Score test of all interactions of treatment and covariates in a linear working model.

    The model ``Y = a + X b + tau W`` is fitted by (weighted) least squares. A unit's score of tau is ``u = (W - e)
    r``, r its residual and e its known probability of treatment; were the effect ``tau + x'g`` with g other than 0, u
    would go along with x. The statistic is ``U' V^+ U`` with ``U = sum w (x - x0) u``, ``V = sum w^2 u^2 (x - x0)(x -
    x0)'`` and x0 the mean of x weighted by ``w e (1 - e)``, which takes the estimation of tau into account. (Residual
    scores: Chen, Sun, Sechidis et al. 2025, arXiv 2503.22548; the robust covariance: White 1980, Wooldridge 1991.)
    The model need not hold: randomisation alone makes the scores unrelated to covariates where the effect is constant.

    The reference distribution is that of arms drawn anew as the design drew them, with the effect held at the estimated
    tau (Ding, Feller and Miratrix 2016 for the studentised randomisation test of a constant effect): noise may then
    differ with covariates.

    Parameters
    ----------
    X : ndarray, shape (n, k)
        From `hetflow.effects.independence.coded`.
    outcome : ndarray, shape (n,)
    arms : ndarray of int, shape (1 + draws, n)
        The arms as they are, then as drawn anew; one row alone asks for chi-square.
    propensity, weight : ndarray, shape (n,)
        Known probability of treatment; weights, positive.
    codes : ndarray of int, shape (n,), optional
        Clusters, where arms were assigned to whole clusters: scores are then summed within them.

    Returns
    -------
    Quadratic

    Raises
    ------
    Refused
        If the covariates determine the arms.
    """
    root = np.sqrt(weight)
    basis = directions(X)  # spans what X spans, with no redundant column
    design = np.column_stack([np.ones(len(outcome)), basis])
    Q = np.linalg.qr(root[:, None] * design)[0]
    free = _residual(Q, root * outcome)
    effect = _slope(_residual(Q, root * arms[0].astype(np.float64)), free)
    constant = _residual(Q, root * (outcome - effect * arms[0]))
    middle = weight * propensity * (1 - propensity)
    centred = basis - middle @ basis / middle.sum()
    found = [
        _statistic(centred, Q, root, constant, row.astype(np.float64), propensity, codes) for row in arms
    ]
    return quadratic(np.array([value for value, _ in found]), found[0][1])


def _residual(Q: Matrix, values: Vector) -> Vector:
    return np.asarray(values - Q @ (Q.T @ values))


def _slope(treatment: Vector, outcome: Vector) -> float:
    length = float(treatment @ treatment)
    if length <= EMPTY * treatment.size:
        refuse(
            "score_residual",
            "arms that covariates do not determine",
            "a linear combination of covariates that equals the arm",
            "take the covariate out that tells the arm",
        )
    return float(treatment @ outcome / length)


def _statistic(
    X: Matrix, Q: Matrix, root: Vector, constant: Vector, arm: Vector, propensity: Vector, codes: Codes | None
) -> tuple[float, int]:
    """Statistic and rank under one assignment of arms; `constant` is what the outcome keeps of a constant effect."""
    treatment = _residual(Q, root * arm)
    residual = constant - _slope(treatment, constant) * treatment
    score = X * (root * (arm - propensity) * residual)[:, None]
    if codes is not None:
        score = cluster_sums(score, codes)
    return studentised_sum(score)
