"""Best linear predictor and sorted group effects of one split, by regression or by Horvitz-Thompson transformation.

Chernozhukov, Demirer, Duflo and Fernandez-Val, "Fisher-Schultz Lecture: Generic machine learning inference on
heterogeneous treatment effects in randomized experiments" (arXiv:1712.04802), sections 3 and 4. Both strategies are
weighted least squares of the same unknowns:

- ``regression`` (their A): ``Y`` on controls and ``(D - p) V`` with weights ``w / (p (1 - p))``;
- ``horvitz_thompson`` (their B): ``Y H`` on controls times ``H`` and ``V`` with weights ``w``, where
  ``H = (D - p) / (p (1 - p))``;

with ``V = (1, S - mean S)`` for the best linear predictor and ``V = (1{G_1}, ..., 1{G_K})`` for the groups.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hetflow.effects.linear import (
    Codes,
    Matrix,
    Vector,
    cluster_codes,
    cluster_count,
    hc3_covariance,
    independent_columns,
    is_clustered,
    least_squares,
)
from hetflow.effects.proxies import Proxies
from hetflow.errors import refuse

REGRESSION, HORVITZ_THOMPSON = "regression", "horvitz_thompson"
STRATEGIES = (REGRESSION, HORVITZ_THOMPSON)
ADJUSTED = ("baseline", "effect")
#: Units (or clusters) of either arm that a group needs for its effect.
FEWEST = 2
#: Effects whose standard deviation is below this share of the outcome's do not vary: rounding noise.
CONSTANT = 1e-9


@dataclass(frozen=True, slots=True)
class Main:
    """The half that is evaluated; every array has shape (m,).

    Attributes
    ----------
    treated, outcome, propensity, weight : ndarray
        Arm, outcome, probability of treatment by design, weight.
    cluster : ndarray of int
    proxies : Proxies
    """

    treated: NDArray[np.int64]
    outcome: Vector
    propensity: Vector
    weight: Vector
    cluster: NDArray[np.int64]
    proxies: Proxies

    @property
    def varies(self) -> bool:
        """Whether predicted effects differ at all."""
        spread = float(np.sqrt(_variance(self.proxies.effect, self.weight)))
        return spread > CONSTANT * float(np.sqrt(_variance(self.outcome, self.weight)))


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Estimates of one regression, in outcome units but for the slope.

    Attributes
    ----------
    estimate : ndarray, shape (k,)
    covariance : ndarray, shape (k, k)
    df : float
        Units minus terms; with clusters their number less one, if that is smaller.
    """

    estimate: Vector
    covariance: Matrix
    df: float


def controls(main: Main, strategy: str, adjust: tuple[str, ...] = ADJUSTED) -> Matrix:
    """Functions of the covariates that the regression adjusts for, shape (m, c), the constant first.

    Any choice gives the same estimand. ``B + p S`` is the mean of the outcome, and ``B + (1 - p) S`` that of the
    transformed outcome's part in H, if the proxies are right: with them no noise is left that covariates explain.
    Columns that others determine are dropped.
    """
    p, columns = main.propensity, [np.ones_like(main.propensity)]
    if np.ptp(p) > 0:
        columns.append(p)
    if "baseline" in adjust:
        columns.append(main.proxies.baseline)
    if "effect" in adjust:
        columns.append((p if strategy == REGRESSION else 1 - p) * main.proxies.effect)
    whole = np.column_stack(columns)
    return whole[:, independent_columns(whole, main.weight)]


def best_linear_predictor(main: Main, strategy: str, adjust: tuple[str, ...] = ADJUSTED) -> Coefficients:
    """Average effect and the slope of the effect on its prediction.

    Returns
    -------
    Coefficients
        beta1, the average effect; beta2, Cov(effect, S) / Var(S): 1 when predictions are calibrated, 0 when they say
        nothing of the effect.

    Raises
    ------
    Refused
        If the predicted effect does not vary.
    """
    effect = main.proxies.effect
    centred = effect - main.weight @ effect / main.weight.sum()
    return _fit(main, np.column_stack([np.ones_like(centred), centred]), strategy, adjust)


def group_average_effects(
    main: Main, group: Codes, groups: int, strategy: str, adjust: tuple[str, ...] = ADJUSTED
) -> Coefficients:
    """Average effect of each group (GATES), shape (groups,).

    Raises
    ------
    Refused
        If a group holds fewer than two units (or clusters) of an arm.
    """
    codes = cluster_codes(main.cluster)
    for k in range(groups):
        for arm in (0, 1):
            held = cluster_count(codes, main.weight * ((group == k) & (main.treated == arm)))
            if held < FEWEST:
                refuse(
                    f"splits: group {k + 1}",
                    f"{FEWEST} units or clusters of each arm",
                    str(held),
                    "ask for fewer",
                )
    members = (group[:, None] == np.arange(groups)).astype(np.float64)
    return _fit(main, members, strategy, adjust)


def groups_by_benefit(benefit: Vector, weight: Vector, groups: int, random: Vector) -> Codes:
    """Groups of equal weight by predicted benefit, 0 the least, shape (m,).

    Parameters
    ----------
    benefit, weight : ndarray, shape (m,)
    groups : int
    random : ndarray, shape (m,)
        Breaks ties, so that predictions that are all the same make random groups.
    """
    order = np.lexsort((random, benefit))
    before = np.cumsum(weight[order]) - weight[order] / 2
    codes = np.empty(len(benefit), dtype=np.int64)
    codes[order] = np.minimum((before / weight.sum() * groups).astype(np.int64), groups - 1)
    return codes


def spread_found(slope: float, effect: Vector, weight: Vector) -> float:
    """Lambda: the variance of the effect that its prediction tells, ``beta2^2 Var(S)``."""
    return slope**2 * _variance(effect, weight)


def spread_between(effects: Vector, group: Codes, weight: Vector) -> float:
    """Lambda-bar: ``sum_k P(G_k) gamma_k^2``."""
    share = np.bincount(group, weights=weight, minlength=len(effects)) / weight.sum()
    return float(share @ effects**2)


def _fit(main: Main, V: Matrix, strategy: str, adjust: tuple[str, ...]) -> Coefficients:
    p, D = main.propensity, main.treated
    C = controls(main, strategy, adjust)
    if strategy == HORVITZ_THOMPSON:
        H = (D - p) / (p * (1 - p))
        whole, y, weight = np.column_stack([C * H[:, None], V]), main.outcome * H, main.weight
    else:
        whole, y, weight = (
            np.column_stack([C, V * (D - p)[:, None]]),
            main.outcome,
            main.weight / (p * (1 - p)),
        )
    fit = least_squares(whole, y, weight, "splits")
    codes = cluster_codes(main.cluster)
    last = slice(C.shape[1], None)
    covariance = hc3_covariance(whole, fit, weight, codes, "splits")[last, last]
    clustered = is_clustered(main.cluster, weight)
    df = min(fit.df, cluster_count(codes, weight) - 1) if clustered else fit.df
    return Coefficients(fit.coefficients[last], covariance, float(df))


def _variance(values: Vector, weight: Vector) -> float:
    mean = weight @ values / weight.sum()
    return float(weight @ (values - mean) ** 2 / weight.sum())
