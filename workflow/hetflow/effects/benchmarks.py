"""How strong observed covariates are as confounders: each is left out, and what is lost is measured.

Nuisances are refitted with and without the covariates by the linear learner, in each arm apart and across the study's
folds, so that the two differ in nothing else. The gains are those of Chernozhukov, Cinelli, Newey, Sharma and Syrgkanis
(2022, section 5): a confounder that adds as much beside all covariates as these add beside the others has c_y = G_Y and
c_t = G_D.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hetflow.effects.linear import Codes, Matrix, Vector
from hetflow.nuisance.crossfit import cross_fit
from hetflow.nuisance.learners import CLASSIFICATION, REGRESSION

#: Learner of the refits: cheap, and the same with and without the covariates.
LEARNER = "linear"
#: Refitted propensities are kept so far from 0 and 1.
EDGE = 0.01


@dataclass(frozen=True, slots=True)
class Units:
    """What the refits read; arrays of shape (n,), X of shape (n, p).

    Attributes
    ----------
    X : ndarray
        Covariates of one completed data set.
    columns : tuple of str, length p
        The covariate that each column of X comes from.
    treated, outcome, weight : ndarray
        Outcomes that are missing hold any number.
    seen : ndarray
        Inverse of the probability that the outcome is observed, 0 where it is not.
    fold : ndarray of int
    cluster : ndarray of int or None
    binary : bool
    """

    X: Matrix
    columns: tuple[str, ...]
    treated: NDArray[np.int8]
    outcome: Vector
    weight: Vector
    seen: Vector
    fold: Codes
    cluster: Codes | None
    binary: bool


@dataclass(frozen=True, slots=True)
class Fitted:
    """Effect, sigma2 and nu2 of refitted nuisances."""

    effect: float
    sigma2: float
    nu2: float


@dataclass(frozen=True, slots=True)
class Gain:
    """What a group of covariates adds beside the others.

    Attributes
    ----------
    c_y, c_t : float
        Strength of a confounder that adds as much; 0 where leaving them out loses nothing.
    rho : float
        Correlation of what they add to outcome and alpha, in [-1, 1]; 0 where they add nothing.
    change : float
        Effect without them minus effect with them, outcome units.
    """

    c_y: float
    c_t: float
    rho: float
    change: float


def fit_without(units: Units, left_out: Sequence[str], seed: int, key: str) -> Fitted:
    """Effect, sigma2 and nu2 without some covariates.

    Parameters
    ----------
    units : Units
    left_out : sequence of str
        Names of covariates; none for all.
    seed : int
    key : str
        Of the completed data set, for the tuning folds.
    """
    kept = np.array([name not in set(left_out) for name in units.columns], dtype=bool)
    X, treated = units.X[:, kept], units.treated == 1
    w = units.weight
    names = ("confounding", key)

    def fitted(target: Vector, weight: Vector, kind: str, what: str) -> Vector:
        found = cross_fit(X, target, units.fold, LEARNER, weight, seed, (*names, what), kind, units.cluster)
        return found.prediction

    outcome = np.where(units.seen > 0, units.outcome, 0.0)
    kind = CLASSIFICATION if units.binary else REGRESSION
    e = np.clip(fitted(treated.astype(float), w, CLASSIFICATION, "propensity"), EDGE, 1 - EDGE)
    g1 = fitted(outcome, w * units.seen * treated, kind, "treated")
    g0 = fitted(outcome, w * units.seen * ~treated, kind, "control")
    alpha = (treated - e) / (e * (1 - e))
    error = outcome - np.where(treated, g1, g0)
    share = w / w.sum()
    effect = float(share @ (g1 - g0 + alpha * units.seen * error))
    return Fitted(
        effect, float(share @ (units.seen * error**2)), float(share @ (2 / (e * (1 - e)) - alpha**2))
    )


def gain(full: Fitted, short: Fitted) -> Gain:
    """What the covariates add that `short` was fitted without."""
    outcome, riesz = short.sigma2 - full.sigma2, full.nu2 - short.nu2
    change = short.effect - full.effect
    both = outcome > 0 and riesz > 0
    rho = float(np.clip(change / np.sqrt(outcome * riesz), -1.0, 1.0)) if both else 0.0
    return Gain(max(outcome, 0.0) / full.sigma2, max(riesz, 0.0) / short.nu2, rho, change)


def benchmark(units: Units, groups: Mapping[str, Sequence[str]], seed: int, key: str) -> dict[str, Gain]:
    """Gains of groups of covariates in one completed data set, by name."""
    full = fit_without(units, (), seed, key)
    return {name: gain(full, fit_without(units, members, seed, key)) for name, members in groups.items()}
