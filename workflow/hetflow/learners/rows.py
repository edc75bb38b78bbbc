"""Models that econml's learners call, and the table of units that these models read.

econml is handed the number of each unit in the table in place of its covariates. Its models look the unit up: so they
get the study's weights and clusters, missing values, and nuisances that were cross-fitted before, none of which every
one of econml's learners can be handed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from hetflow.nuisance.folds import Floats, Integers
from hetflow.nuisance.learners import REGRESSION, fit_learner


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """What models know of the units; every array has n rows.

    Attributes
    ----------
    X : ndarray, shape (n, p)
        Covariates; NaN where missing.
    treated : ndarray, shape (n,)
        1 treated, 0 control.
    outcome, outcome_mean : ndarray, shape (n,)
        The outcome, and its cross-fitted mean given covariates, arms mixed; outcome units.
    propensity : ndarray, shape (n,)
        Strictly between 0 and 1.
    weight : ndarray, shape (n,)
    cluster : ndarray of int, shape (n,), or None
    fold : ndarray of int, shape (n,)
    """

    X: Floats
    treated: Floats
    outcome: Floats
    outcome_mean: Floats
    propensity: Floats
    weight: Floats
    cluster: Integers | None
    fold: Integers

    def __deepcopy__(self, memo: dict[int, Any]) -> Units:
        """Itself: scikit-learn copies what a model is made with, and the table must not be copied for each model."""
        return self

    def take(self, rows: np.ndarray, columns: np.ndarray) -> Units:
        """Some of the units with some of the covariates."""
        own = {
            name: getattr(self, name)[rows]
            for name in ("treated", "outcome", "outcome_mean", "propensity", "weight", "fold")
        }
        cluster = None if self.cluster is None else self.cluster[rows]
        return Units(X=self.X[rows][:, columns], cluster=cluster, **own)


def numbers(rows: Integers) -> Floats:
    """The matrix that econml is given, shape (n, 1): numbers of units."""
    return np.asarray(rows, dtype=np.float64)[:, None]


class BaseModel(RegressorMixin, BaseEstimator):
    """A learner of `hetflow.nuisance.learners` on the covariates of numbered units.

    Columns beside the first (the arm, which econml appends for some models) count as further covariates.
    """

    def __init__(self, units: Units, base: str, seed: int) -> None:
        self.units = units
        self.base = base
        self.seed = seed

    def fit(self, X: Floats, y: Floats, sample_weight: Floats | None = None) -> BaseModel:
        """Learn from numbered units; `sample_weight` multiplies their own weights."""
        rows = X[:, 0].astype(np.int64)
        units = self.units
        weight = units.weight[rows] if sample_weight is None else units.weight[rows] * np.ravel(sample_weight)
        group = None if units.cluster is None else units.cluster[rows]
        target = np.asarray(y, dtype=np.float64).ravel()
        self.model_ = fit_learner(
            self.base, self._covariates(X), target, weight, group, REGRESSION, self.seed
        )
        return self

    def predict(self, X: Floats) -> Floats:
        """Predict numbered units, shape (n,)."""
        return self.model_(self._covariates(X))

    def _covariates(self, X: Floats) -> Floats:
        return np.hstack([self.units.X[X[:, 0].astype(np.int64)], X[:, 1:]])


class ArmModel(BaseModel):
    """The same with the arm, and its products with every covariate, among the covariates.

    The last column of what econml hands over is 1 for the treated. Centred products let an effect vary with a covariate
    without a split on the arm first (or, in a linear model, at all), as in the experiments of Nie and Wager (2021).
    """

    def _covariates(self, X: Floats) -> Floats:
        own = self.units.X[X[:, 0].astype(np.int64)]
        arm = X[:, [-1]] - 0.5
        return np.hstack([own, arm * own, arm])


class GivenMean(RegressorMixin, BaseEstimator):
    """The outcome mean that was cross-fitted before: nothing is learnt."""

    def __init__(self, units: Units) -> None:
        self.units = units

    def fit(self, X: Floats, y: Floats, sample_weight: Floats | None = None) -> GivenMean:
        """Do nothing."""
        return self

    def predict(self, X: Floats) -> Floats:
        """Outcome means of numbered units, shape (n,)."""
        return self.units.outcome_mean[X[:, 0].astype(np.int64)]


class GivenPropensity(ClassifierMixin, BaseEstimator):
    """The propensity by design, or as it was cross-fitted before: nothing is learnt."""

    def __init__(self, units: Units) -> None:
        self.units = units

    def fit(self, X: Floats, y: Floats, sample_weight: Floats | None = None) -> GivenPropensity:
        """Do nothing but name the classes."""
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, X: Floats) -> Floats:
        """Probabilities of control and treatment of numbered units, shape (n, 2)."""
        treated = self.units.propensity[X[:, 0].astype(np.int64)]
        return np.column_stack([1 - treated, treated])

    def predict(self, X: Floats) -> Floats:
        """The likelier arm of numbered units."""
        return (self.predict_proba(X)[:, 1] > 0.5).astype(np.int64)
