"""What a half of a trial predicts for the other: the outcome without treatment, B(Z), and the effect, S(Z)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hetflow.errors import refuse
from hetflow.forest.effects import effects
from hetflow.forest.grow import grow_shard
from hetflow.forest.settings import ForestSettings, smallest_sample
from hetflow.nuisance.crossfit import cross_fit
from hetflow.nuisance.folds import Floats, Integers, inner_folds
from hetflow.nuisance.learners import CLASSIFICATION, LEARNERS, REGRESSION, fit_learner
from hetflow.seeds import integer_seed

CAUSAL_FOREST = "causal_forest"
BY_ARM = tuple(name for name, learner in LEARNERS.items() if learner.fit is not None and name != "mean")
#: A half-sample's forest is small: 25 bags of 4 trees steady the ranking of a few hundred units, and take a tenth of a
#: second.
BAGS = 25
FOREST = ForestSettings(engine="histogram")
#: The learner of the outcome's mean that the forest's residuals are made of, and the folds within the half.
MEAN_LEARNER, MEAN_FOLDS = "linear", 3


@dataclass(frozen=True, slots=True)
class Half:
    """Everything about the units that a proxy may read: rows sorted by unit, all of them with an outcome.

    Attributes
    ----------
    unit : ndarray of int, shape (n,)
    X : ndarray, shape (n, p)
        Covariates as patients are seen: mean over the deployment imputations; NaN where missing.
    treated, outcome, propensity, weight : ndarray, shape (n,)
        Arm, outcome in its own units (0/1 if `binary`), probability of treatment by design, weights not negative.
    cluster : ndarray of int, shape (n,), or None
    binary : bool
    learns : ndarray of bool, shape (n,)
        The half that proxies are learnt from; they are predicted for the other.
    """

    unit: Integers
    X: Floats
    treated: Integers
    outcome: Floats
    propensity: Floats
    weight: Floats
    cluster: Integers | None
    binary: bool
    learns: NDArray[np.bool_]

    @property
    def kind(self) -> str:
        """What a learner of the outcome is asked for."""
        return CLASSIFICATION if self.binary else REGRESSION

    def groups(self, rows: NDArray[np.bool_]) -> Integers | None:
        """Clusters of some rows."""
        return None if self.cluster is None else self.cluster[rows]


@dataclass(frozen=True, slots=True)
class Proxies:
    """Predictions for the half that was not learnt from.

    Attributes
    ----------
    baseline : ndarray, shape (m,)
        B(Z): expected outcome without treatment, outcome units.
    effect : ndarray, shape (m,)
        S(Z): expected effect, treated minus control, outcome units.
    """

    baseline: Floats
    effect: Floats


Proxy = Callable[[Half, int, tuple[str | int, ...]], Proxies]


def proxies(learner: str, half: Half, seed: int, key: tuple[str | int, ...]) -> Proxies:
    """Learn B(Z) and S(Z) on one half and predict the other.

    Parameters
    ----------
    learner : str
        ``linear``, ``boosting``, ``forest``: one fit in each arm (T-learner); ``causal_forest``: hetflow's histogram
        forest on residuals of a cross-fitted mean, and ``B = m - p S``.
    half : Half
    seed : int
        The study's seed.
    key : tuple
        Of the random streams; names the split.

    Raises
    ------
    Refused
        For an unknown learner, or a half without units of each arm.
    """
    if learner not in PROXIES:
        refuse("splits.learners", f"one of {', '.join(PROXIES)}", repr(learner), "name one of them")
    return PROXIES[learner](half, seed, (*key, learner))


def _by_arm(learner: str) -> Proxy:
    def fit(half: Half, seed: int, key: tuple[str | int, ...]) -> Proxies:
        """One fit in each arm; the effect is the difference of the two."""
        predicted = []
        for arm in (0, 1):
            rows = half.learns & (half.treated == arm)
            if not (half.weight[rows] > 0).any():
                refuse(
                    "splits", "units of both arms in every half", f"none of arm {arm}", "leave `splits` out"
                )
            fitted = fit_learner(
                learner,
                half.X[rows],
                half.outcome[rows],
                half.weight[rows],
                half.groups(rows),
                half.kind,
                integer_seed(seed, *key, arm),
            )
            predicted.append(fitted(half.X[~half.learns]))
        return Proxies(predicted[0], predicted[1] - predicted[0])

    return fit


def _causal_forest(half: Half, seed: int, key: tuple[str | int, ...]) -> Proxies:
    """A causal forest on residuals of a mean predicted out of fold; the other half's mean is by all of the first."""
    rows = half.learns
    _check_size(int(rows.sum()))
    X, outcome, weight, groups = half.X[rows], half.outcome[rows], half.weight[rows], half.groups(rows)
    folds = inner_folds(half.treated[rows].astype(float), groups, MEAN_FOLDS, integer_seed(seed, *key), True)
    inside = cross_fit(X, outcome, folds, MEAN_LEARNER, weight, seed, (*key, "mean"), half.kind, groups)
    residual = np.full(len(half.unit), np.nan)
    residual[rows] = outcome - inside.prediction
    if not np.ptp(residual[rows]) > 0:
        return Proxies(np.full(int((~rows).sum()), outcome[0]), np.zeros(int((~rows).sum())))
    sums = grow_shard(
        half.X,
        np.where(rows, half.treated - half.propensity, np.nan),
        residual,
        half.weight,
        half.cluster,
        rows,
        integer_seed(seed, *key, "trees"),
        ("splits", "half", "all"),
        0,
        BAGS - 1,
        FOREST,
        unit=half.unit,
    )
    effect = effects(sums, intervals=False)[0][~rows]
    effect = np.where(np.isfinite(effect), effect, np.nanmean(effect))
    mean = fit_learner(
        MEAN_LEARNER, X, outcome, weight, groups, half.kind, integer_seed(seed, *key, "mean of all")
    )(half.X[~rows])
    return Proxies(mean - half.propensity[~rows] * effect, effect)


def _check_size(units: int) -> None:
    """Refuse a half in which no tree could split."""
    needed = smallest_sample(FOREST.min_leaf)
    if units < needed:
        refuse(
            "splits.learners: causal_forest",
            f"at least {2 * needed} units with an outcome, so that trees can split in either half",
            f"{units} units in a half",
            "take it out of `splits.learners`, or write `splits: {analyses: []}`",
        )


#: How each learner makes the proxies.
PROXIES: dict[str, Proxy] = {name: _by_arm(name) for name in BY_ARM} | {CAUSAL_FOREST: _causal_forest}
