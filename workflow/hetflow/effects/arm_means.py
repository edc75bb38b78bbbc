"""Doubly robust means of each arm, and what they say relatively: ratios of means, odds ratios."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hetflow.effects.groups import group_shares
from hetflow.effects.linear import Codes, Matrix, cluster_codes, cluster_sums, reference_df
from hetflow.effects.scores import Scores, require
from hetflow.effects.terms import OUTCOME, Terms
from hetflow.errors import refuse

#: Scale of logarithms of ratios.
LOG_RATIO, LOG_ODDS_RATIO = "log ratio", "log odds ratio"
CONTROL, TREATED = 0, 1
ARM_NAMES = ("control", "treated")
#: Columns of the scores that the arms' means read.
NEEDS = ("cate", "propensity", "outcome_mean", "outcome_residual", "treatment_residual")


def arm_outcomes(scores: Scores) -> Matrix:
    """Doubly robust outcome of each unit under each arm.

    With m the outcome's mean, e the propensity and tau the effect, the arms' means are ``mu_0 = m - e tau`` and
    ``mu_1 = m + (1 - e) tau``, and ``phi_a = mu_a + 1{W = a} / P(W = a | X) (Y - mu_a)`` has the mean of the outcome
    had everybody been in arm a (Robins, Rotnitzky and Zhao 1994). The two differ by the doubly robust score.

    Parameters
    ----------
    scores : Scores
        Where missing outcomes are weighted for, Y is the completed outcome, in which phi is linear.

    Returns
    -------
    ndarray, shape (n, 2)
        Control, then treated; outcome units.
    """
    require(scores, "means of the arms", *NEEDS)
    e, tau, treated = scores.propensity, scores.cate, scores.treated == 1
    residual = scores.outcome_residual - scores.treatment_residual * tau
    control = scores.outcome_mean - e * tau + np.where(treated, 0.0, residual / (1 - e))
    active = scores.outcome_mean + (1 - e) * tau + np.where(treated, residual / e, 0.0)
    return np.column_stack([control, active])


def arm_means(scores: Scores, codes: Codes, labels: Sequence[str], estimand: str = "arm_means") -> Terms:
    """Mean of the doubly robust outcomes of both arms in each group.

    Parameters
    ----------
    scores : Scores
    codes : ndarray of int, shape (n,)
        Group of each unit, an index of `labels`.
    labels : sequence of str, length k

    Returns
    -------
    Terms
        2 k estimates: the controls' mean of every group, then the treated's, with their joint covariance
        (clustered). Variances are those of weighted means over the group's own clusters.

    Raises
    ------
    Refused
        If a group holds fewer than two clusters of positive weight.
    """
    values = arm_outcomes(scores)
    share, factor = group_shares(scores, codes, labels, estimand)
    mean = values.T @ share
    influence = np.hstack([share * (values[:, [a]] - mean[a]) for a in (CONTROL, TREATED)])
    sums = cluster_sums(influence, cluster_codes(scores.cluster)) * np.sqrt(np.tile(factor, 2))
    counts = np.count_nonzero(share, axis=0)
    return Terms(
        estimand,
        tuple(labels) * 2,
        tuple(name for name in ARM_NAMES for _ in labels),
        OUTCOME,
        mean.ravel(),
        sums.T @ sums,
        tuple(int(n) for n in counts) * 2,
        df=reference_df(scores.cluster, scores.weight),
        heterogeneity=False,
    )


def log_ratios(means: Terms, odds: bool = False) -> Terms:
    """Logarithm of treated over control in each group: of the means, or of their odds; by the delta method.

    Parameters
    ----------
    means : Terms
        From `arm_means`.
    odds : bool
        Odds ``mu / (1 - mu)`` of a binary outcome.

    Raises
    ------
    Refused
        If a mean is not positive, or, for odds, not below 1: doubly robust means of few units may not be.
    """
    name = "odds_ratio" if odds else "ratio"
    mu, k = means.estimate, len(means.groups) // 2
    outside = (mu <= 0) | (odds & (mu >= 1))
    if outside.any():
        found = ", ".join(f"{means.groups[i]} {means.terms[i]}: {mu[i]:.3g}" for i in np.flatnonzero(outside))
        refuse(
            f"risk: {name}",
            f"means of both arms above 0{' and below 1' if odds else ''}",
            found,
            "ask for fewer groups (risk.groups), or read the absolute effects",
        )
    value = np.log(mu / (1 - mu)) if odds else np.log(mu)
    slope = 1 / (mu * (1 - mu)) if odds else 1 / mu
    contrast = np.hstack([-np.eye(k), np.eye(k)])
    jacobian = contrast * slope
    return Terms(
        name,
        means.groups[:k],
        ("treated over control",) * k,
        LOG_ODDS_RATIO if odds else LOG_RATIO,
        contrast @ value,
        jacobian @ means.covariance @ jacobian.T,
        means.n[:k],
        df=means.df,
    )
