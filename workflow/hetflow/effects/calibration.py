"""Calibration of the predicted effects: a description, not a test."""

from __future__ import annotations

import numpy as np

from hetflow.effects.linear import Vector, cluster_codes, hc3_covariance, least_squares, reference_df
from hetflow.effects.scores import Scores, require
from hetflow.effects.terms import DESCRIPTIVE, Terms

NEEDS = ("cate", "treatment_residual", "outcome_residual")


def calibration(scores: Scores) -> Terms:
    """How the mean and the spread of the predicted effects compare with the data.

    Outcome residuals are regressed, without intercept, on ``mean(cate) (W - e)`` and ``(cate - mean(cate))
    (W - e)`` (Chernozhukov et al. 2018; R grf's ``test_calibration``). A mean coefficient of 1 says that
    the average prediction is right; a differential one of 1 that predicted differences are neither too
    small (above 1) nor too large.

    Returns
    -------
    Terms
        Terms ``mean`` and ``differential``, HC3 covariance (clustered and weighted), n - 2 degrees of freedom, under
        clusters their number less one. No p-value: on out-of-bag effects a two-sided test rejects several times too
        often under the null.

    Raises
    ------
    Refused
        If the scores lack the residuals, or all predicted effects are equal.
    """
    require(scores, "calibration", *NEEDS)
    mean = float(scores.weight @ scores.cate / scores.weight.sum())
    X = np.column_stack([np.full_like(scores.cate, mean), scores.cate - mean])
    X *= scores.treatment_residual[:, None]
    fit = least_squares(X, scores.outcome_residual, scores.weight, "calibration")
    covariance = hc3_covariance(X, fit, scores.weight, cluster_codes(scores.cluster), "calibration")
    return Terms(
        "calibration",
        ("all", "all"),
        ("mean", "differential"),
        DESCRIPTIVE,
        fit.coefficients,
        covariance,
        (scores.n, scores.n),
        df=reference_df(scores.cluster, scores.weight, fit.df),
    )


def t_values(terms: Terms) -> Vector:
    """Estimates over their standard errors, shape (k,)."""
    return np.asarray(terms.estimate / np.sqrt(np.diag(terms.covariance)))
