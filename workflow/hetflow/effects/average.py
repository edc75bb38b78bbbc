"""Average treatment effects: of all, of the treated, of the controls, and in the overlap population."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hetflow.effects.linear import (
    Vector,
    cluster_codes,
    cluster_count,
    cluster_sums,
    count_factor,
    hc1_covariance,
    hc3_covariance,
    is_clustered,
    least_squares,
    reference_df,
    weighted_mean,
)
from hetflow.effects.scores import Scores, require
from hetflow.effects.terms import OUTCOME, Terms, single
from hetflow.errors import refuse

#: Columns of the scores that each effect reads.
NEEDS = {
    "ATE": ("score",),
    "ATT": ("cate", "propensity", "outcome_residual", "treatment_residual"),
    "ATC": ("cate", "propensity", "outcome_residual", "treatment_residual"),
    "ATO": ("treatment_residual", "outcome_residual"),
}
_GROUPS = {"ATE": "all", "ATT": "treated", "ATC": "controls", "ATO": "overlap"}


def average_effect(scores: Scores, target: str) -> Terms:
    """An average treatment effect with its standard error, as in R grf's ``average_treatment_effect``.

    Parameters
    ----------
    scores : Scores
    target : {"ATE", "ATT", "ATC", "ATO"}
        Of all; of the treated; of the controls; weighted by e (1 - e), which stays estimable without
        division by the propensity.

    Returns
    -------
    Terms
        One estimate, treated minus control, in outcome units. Weights and clusters enter estimate and
        standard error.

    Raises
    ------
    Refused
        If the scores lack what the effect reads, or hold fewer than two clusters or a single arm.
    """
    if target not in NEEDS:
        refuse("estimates.average", f"one of {', '.join(NEEDS)}", repr(target), "correct the name")
    require(scores, target, *NEEDS[target])
    estimate, se = _ESTIMATORS[target](scores)
    return single(
        target,
        _GROUPS[target],
        "effect",
        OUTCOME,
        estimate,
        se,
        scores.n,
        df=reference_df(scores.cluster, scores.weight),
        tested=True,
        heterogeneity=False,
    )


def _ate(scores: Scores) -> tuple[float, float]:
    return weighted_mean(scores.score, scores.weight, cluster_codes(scores.cluster), "ATE")


def _att(scores: Scores) -> tuple[float, float]:
    return _one_arm(scores, 1, "ATT")


def _atc(scores: Scores) -> tuple[float, float]:
    return _one_arm(scores, 0, "ATC")


def _one_arm(scores: Scores, arm: int, name: str) -> tuple[float, float]:
    """Plug-in mean of the arm's effects plus a correction by weighted residuals of both arms (grf's form).

    Without clusters the variance is grf's: that of the plug-in mean plus that of the correction. With clusters what a
    unit adds to either is summed within its cluster first: effects that vary between clusters make the plug-in mean as
    uncertain as the clusters are few. grf 2.6.1 takes its units as independent there, and its intervals are then too
    narrow.
    """
    estimate, plug_in, correction = arm_parts(scores, arm, name)
    codes = cluster_codes(scores.cluster)
    factor = count_factor(cluster_count(codes, scores.weight), name)
    if is_clustered(scores.cluster, scores.weight):
        sums = cluster_sums(plug_in + correction, codes)
        return estimate, float(np.sqrt(factor * (sums @ sums)))
    return estimate, float(np.sqrt(plug_in @ plug_in + factor * (correction @ correction)))


def arm_parts(scores: Scores, arm: int, name: str) -> tuple[float, Vector, Vector]:
    """The average effect in one arm, and what each unit adds to the error of its two parts.

    Returns
    -------
    estimate : float
    plug_in : ndarray, shape (n,)
        Of the mean predicted effect of the arm; sums to 0.
    correction : ndarray, shape (n,)
        Of the mean residual that corrects it; its sum is the correction.

    Raises
    ------
    Refused
        If one of the arms holds no unit of positive weight.
    """
    weight, tau = scores.weight, scores.cate
    held = (scores.treated == arm) & (weight > 0)
    if not held.any() or not ((scores.treated != arm) & (weight > 0)).any():
        refuse(name, "units in both arms", "one arm only", "leave this effect out")
    share = weight * held / (weight @ held)
    mean = float(share @ tau)
    residual = scores.outcome_residual - scores.treatment_residual * tau
    correction = weight * _balancing(scores, arm) * residual / weight.sum()
    return mean + float(correction.sum()), share * (tau - mean), correction


def _balancing(scores: Scores, arm: int) -> Vector:
    """Signed weights that make both arms look like one of them, each arm summing to the total weight.

    The residual that they multiply is the outcome minus the predicted mean of the unit's own arm:
    ``Y - m - (W - e) tau``.
    """
    e = scores.propensity
    treated = scores.treated == 1
    odds = e / (1 - e)
    gamma = np.where(treated, 1.0, odds) if arm == 1 else np.where(treated, 1 / odds, 1.0)
    signed = np.zeros_like(gamma)
    for side, sign in ((treated, 1.0), (~treated, -1.0)):
        signed[side] = sign * gamma[side] * scores.weight.sum() / (scores.weight[side] @ gamma[side])
    return signed


def _ato(scores: Scores) -> tuple[float, float]:
    """Slope of the outcome residual on the treatment residual (Crump et al. 2009; Li, Morgan and Zaslavsky
    2018).

    HC3 without clusters, the cluster sandwich with its small-sample factor with them, as in grf.
    """
    X = np.column_stack([np.ones_like(scores.treatment_residual), scores.treatment_residual])
    fit = least_squares(X, scores.outcome_residual, scores.weight, "ATO")
    codes = cluster_codes(scores.cluster)
    if is_clustered(scores.cluster, scores.weight):
        covariance = hc1_covariance(X, fit, scores.weight, codes)
    else:
        covariance = hc3_covariance(X, fit, scores.weight, codes, "ATO")
    return float(fit.coefficients[1]), float(np.sqrt(covariance[1, 1]))


_ESTIMATORS: dict[str, Callable[[Scores], tuple[float, float]]] = {
    "ATE": _ate,
    "ATT": _att,
    "ATC": _atc,
    "ATO": _ato,
}
