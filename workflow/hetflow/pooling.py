"""Rubin's rules: pooling of estimates over imputations."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, log

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]

#: Between-imputation share of the variance below which it is rounding, and no information is missing.
NOTHING_MISSING = 1e-12


#: Fewest imputations for inference.
FEWEST_IMPUTATIONS = 10
#: Coefficient of variation that a standard error may have over new draws of the imputations.
REPEATABLE = 0.05


@dataclass(frozen=True, slots=True)
class Pooled:
    """Estimates pooled over m imputations; every array has shape (k,).

    Attributes
    ----------
    estimate : ndarray
        Mean over imputations.
    within, between, total : ndarray
        Mean sampling variance U, variance between imputations B, and ``T = U + (1 + 1/m) B``.
    df : ndarray
        Degrees of freedom of the reference t distribution (Barnard and Rubin 1999); infinite for a normal
        one.
    fmi : ndarray
        Fraction of missing information; NaN for a single imputation, where it is unknown.
    monte_carlo_se : ndarray
        ``sqrt(B/m)``: how far the estimate would move if the imputations were drawn anew; NaN for a single
        one.
    imputations : int
    """

    estimate: Array
    within: Array
    between: Array
    total: Array
    df: Array
    fmi: Array
    monte_carlo_se: Array
    imputations: int


@dataclass(frozen=True, slots=True)
class Wald:
    """A joint test: statistic, degrees of freedom and p-value of F(df1, df2)."""

    statistic: float
    df1: int
    df2: float
    p: float


def pool(estimates: Array, variances: Array, df_complete: float | Array = np.inf) -> Pooled:
    """Pool estimates by Rubin's rules (Rubin 1987), degrees of freedom by Barnard and Rubin (1999).

    Parameters
    ----------
    estimates, variances : ndarray, shape (m, k)
        One row an imputation; variances are squared standard errors.
    df_complete : float or ndarray, shape (k,)
        Degrees of freedom that the analysis would have if nothing were missing; infinite for a normal
        reference.

    Returns
    -------
    Pooled
        With one imputation, or estimates that agree, the analysis passes through with `df_complete`.

    Raises
    ------
    ValueError
        If the shapes disagree or are not (m, k).
    """
    estimates, variances = np.asarray(estimates, dtype=float), np.asarray(variances, dtype=float)
    if estimates.ndim != 2 or estimates.shape != variances.shape or estimates.shape[0] < 1:
        raise ValueError(f"expected two (m, k) arrays, got {estimates.shape} and {variances.shape}")
    m, k = estimates.shape
    mean, within = estimates.mean(axis=0), variances.mean(axis=0)
    complete = np.full(k, df_complete, dtype=float)
    if m == 1:
        unknown = np.full(k, np.nan)
        return Pooled(mean, within, np.zeros(k), within, complete, unknown, unknown, 1)
    between = estimates.var(axis=0, ddof=1)
    total = within + (1 + 1 / m) * between
    share = np.divide((1 + 1 / m) * between, total, out=np.zeros(k), where=total > 0)
    df = np.array([_degrees_of_freedom(float(x), m, float(d)) for x, d in zip(share, complete, strict=True)])
    return Pooled(mean, within, between, total, df, _missing_information(share, df), np.sqrt(between / m), m)


def imputations_needed(fmi: float, imputations: int, repeatable: float = REPEATABLE) -> int:
    """How many imputations make a standard error repeatable: the two-stage quadratic rule of von Hippel (2020).

    Sociological Methods & Research 49, 699-718: ``m = 1 + (FMI / CV)^2 / 2``, where FMI is the upper end of the 95 %
    interval of the fraction of missing information that the imputations at hand give, ``logit(FMI) +- 1.96
    sqrt(2/m)``. The rule that m exceed 100 FMI (White, Royston and Wood 2011) asks for less wherever FMI is above a
    half or few imputations are at hand, and is met in any case.

    Parameters
    ----------
    fmi : float
        Estimated fraction of missing information, in [0, 1); NaN (a single imputation) counts as 0.
    imputations : int
        Number of imputations that it was estimated from.
    repeatable : float
        Coefficient of variation that the standard error may have if the imputations were drawn anew.

    Returns
    -------
    int
        At least `FEWEST_IMPUTATIONS`.
    """
    if not fmi > 0:
        return FEWEST_IMPUTATIONS
    logit = log(fmi / (1 - fmi)) + 1.96 * (2 / imputations) ** 0.5
    upper = 1 / (1 + exp(-logit))
    return max(FEWEST_IMPUTATIONS, ceil(100 * fmi), ceil(1 + 0.5 * (upper / repeatable) ** 2))


def _degrees_of_freedom(share: float, m: int, df_complete: float) -> float:
    """Barnard and Rubin's degrees of freedom, for the between-imputation share of the total variance."""
    if share < NOTHING_MISSING:
        return df_complete
    classic = (m - 1) / share**2
    if np.isinf(df_complete):
        return classic
    observed = (df_complete + 1) / (df_complete + 3) * df_complete * (1 - share)
    return classic * observed / (classic + observed)


def _missing_information(share: Array, df: Array) -> Array:
    """``(r + 2/(df + 3)) / (1 + r)`` with r the relative increase in variance (Rubin 1987); 0 when nothing
    varies.
    """
    information = share + (1 - share) * 2 / (df + 3)
    return np.where(share < NOTHING_MISSING, 0.0, information)


def pool_covariance(estimates: Array, covariances: Array) -> tuple[Array, Array]:
    """Pool a vector of estimates with its covariance.

    Parameters
    ----------
    estimates : ndarray, shape (m, k)
    covariances : ndarray, shape (m, k, k)

    Returns
    -------
    estimate : ndarray, shape (k,)
    total : ndarray, shape (k, k)
        ``U + (1 + 1/m) B``.
    """
    within, between, m = _parts(estimates, covariances)
    return np.asarray(estimates).mean(axis=0), within + (1 + 1 / m) * between


def wald_d1(
    estimates: Array, covariances: Array, null: Array | float = 0.0, df_complete: float = np.inf
) -> Wald:
    """Joint test of k estimates over imputations, statistic D1 of Li, Raghunathan and Rubin (1991).

    Parameters
    ----------
    estimates : ndarray, shape (m, k)
    covariances : ndarray, shape (m, k, k)
    null : ndarray, shape (k,), or float
        Values under the null hypothesis.
    df_complete : float
        Degrees of freedom of the covariances when nothing is missing. Where finite, the test is Hotelling's: with v of
        them the statistic is multiplied by (v - k + 1) / v and its denominator has at most v - k + 1, which matters
        where the covariance of several estimates is itself estimated from few clusters.

    Returns
    -------
    Wald

    Raises
    ------
    ValueError
        If there are more estimates than degrees of freedom.
    """
    within, between, m = _parts(estimates, covariances)
    k = within.shape[0]
    distance = np.asarray(estimates).mean(axis=0) - null
    increase = (1 + 1 / m) * float(np.trace(np.linalg.solve(within, between))) / k
    statistic = float(distance @ np.linalg.solve(within, distance)) / (k * (1 + increase))
    rest = df_complete - k + 1
    if rest < 1:
        raise ValueError(f"{k} estimates together, but {df_complete} degrees of freedom")
    if np.isfinite(rest):
        statistic *= rest / df_complete
    df = rest if increase < NOTHING_MISSING else min(rest, _denominator(k, m, increase))
    p = stats.chi2.sf(k * statistic, k) if np.isinf(df) else stats.f.sf(statistic, k, df)
    return Wald(statistic, k, float(df), float(p))


def _denominator(k: int, m: int, increase: float) -> float:
    t = k * (m - 1)
    if t > 4:
        return 4 + (t - 4) * (1 + (1 - 2 / t) / increase) ** 2
    return t * (1 + 1 / k) * (1 + 1 / increase) ** 2 / 2


def _parts(estimates: Array, covariances: Array) -> tuple[Array, Array, int]:
    estimates, covariances = np.asarray(estimates, dtype=float), np.asarray(covariances, dtype=float)
    m, k = estimates.shape
    if covariances.shape != (m, k, k):
        raise ValueError(f"expected covariances of shape {(m, k, k)}, got {covariances.shape}")
    within = covariances.mean(axis=0)
    deviation = estimates - estimates.mean(axis=0)
    return within, deviation.T @ deviation / max(m - 1, 1), m
