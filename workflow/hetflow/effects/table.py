"""Terms pooled over imputations and laid out under the contract `estimates`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from hetflow.contracts import CONTRACTS
from hetflow.effects.linear import Matrix, Vector
from hetflow.effects.terms import GREATER, Terms
from hetflow.pooling import Pooled, pool, pool_covariance

COLUMNS = list(CONTRACTS["estimates"].columns)


@dataclass(frozen=True, slots=True)
class Frame:
    """What all rows of an analysis have in common.

    Attributes
    ----------
    analysis, outcome, contrast : str
    confidence : float
        Level of the intervals.
    randomised : bool
        Tests of heterogeneity are printed in randomised designs only: elsewhere their size is not known.
    """

    analysis: str
    outcome: str
    contrast: str
    confidence: float
    randomised: bool


def pool_terms(sets: Sequence[Terms]) -> tuple[Pooled, Matrix]:
    """Pool the same terms of several imputations.

    Returns
    -------
    pooled : Pooled
    covariance : ndarray, shape (k, k)

    Raises
    ------
    ValueError
        If the imputations do not hold the same terms.
    """
    first = sets[0]
    names = {(one.estimand, one.groups, one.terms) for one in sets}
    if len(names) != 1:
        raise ValueError(f"{first.estimand}: terms differ between imputations")
    estimates = np.stack([one.estimate for one in sets])
    covariances = np.stack([one.covariance for one in sets])
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    pooled = pool(estimates, variances, min(one.df for one in sets))
    return pooled, pool_covariance(estimates, covariances)[1]


def rows(sets: Sequence[Terms], frame: Frame, target: str, imputations: int) -> tuple[pd.DataFrame, Matrix]:
    """Rows of the estimates table for the same terms of several imputations.

    Parameters
    ----------
    sets : sequence of Terms
        One an imputation, or a single one that averaged over `imputations` before it was evaluated; its
        fraction of missing information and Monte Carlo error are then null.
    frame : Frame
    target : str
        To which covariates the estimate refers.
    imputations : int
        Number of imputations behind the estimate.

    Returns
    -------
    rows : DataFrame, k rows
        Columns of the contract `estimates`. A one-sided estimate has a lower bound at the level
        `confidence` and no upper one; n is the mean over imputations, rounded; df is null for a normal
        reference distribution.
    covariance : ndarray, shape (k, k)
    """
    first = sets[0]
    pooled, covariance = pool_terms(sets)
    se = np.sqrt(pooled.total)
    lower, upper = interval(pooled.estimate, se, pooled.df, frame.confidence, first.alternative)
    if not first.interval:
        lower, upper = np.full_like(lower, np.nan), np.full_like(upper, np.nan)
    printed = first.tested and (frame.randomised or not first.heterogeneity)
    nothing = np.full(se.size, np.nan)
    table = pd.DataFrame(
        {
            "analysis": frame.analysis,
            "outcome": frame.outcome,
            "contrast": frame.contrast,
            "estimand": first.estimand,
            "target": target,
            "group": list(first.groups),
            "term": list(first.terms),
            "scale": first.scale,
            "estimate": pooled.estimate,
            "se": se,
            "df": np.where(np.isinf(pooled.df), np.nan, pooled.df),
            "lower": lower,
            "upper": upper,
            "p": p_values(pooled.estimate, se, pooled.df, first.alternative) if printed else nothing,
            "alternative": first.alternative,
            "n": np.rint(np.mean([one.n for one in sets], axis=0)).astype(np.int64),
            "imputations": np.int64(imputations),
            "fmi": pooled.fmi,
            "monte_carlo_se": pooled.monte_carlo_se,
        }
    )
    return table[COLUMNS], covariance


def p_values(estimate: Vector, se: Vector, df: Vector, alternative: str) -> Vector:
    """p-values of t tests (normal where df is infinite); 1 where estimate and standard error are both 0."""
    empty = (se == 0) & (estimate == 0)
    t = np.divide(estimate, se, out=np.zeros_like(estimate), where=~empty)
    p = stats.t.sf(t, df) if alternative == GREATER else 2 * stats.t.sf(np.abs(t), df)
    return np.where(empty, 1.0, p)


def interval(
    estimate: Vector, se: Vector, df: Vector, confidence: float, alternative: str
) -> tuple[Vector, Vector]:
    """Lower and upper bounds of t intervals (normal where df is infinite); one-sided ones have no upper bound."""
    if alternative == GREATER:
        return estimate - stats.t.ppf(confidence, df) * se, np.full(se.size, np.nan)
    reach = stats.t.ppf(0.5 + confidence / 2, df) * se
    return estimate - reach, estimate + reach
