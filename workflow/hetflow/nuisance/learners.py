"""The registry of learners: each is one declaration, for regression and for classification.

`fit_learner` is the one way in. It standardises a continuous target and brings weights to mean one, both
rounded, so that changing the outcome's units or rescaling the weights changes no split of a tree; and it
fills missing covariates for a learner that cannot take them, with medians of the training rows and
indicators.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from hetflow.errors import refuse
from hetflow.nuisance.folds import Floats, Integers, inner_folds
from hetflow.nuisance.linear import fit_linear

REGRESSION = "regression"
CLASSIFICATION = "classification"
KINDS = (REGRESSION, CLASSIFICATION)
DIGITS = 9  # decimals kept of a standardised target and of weights; rounding noise is some 1e-15

BOOSTING_ROUNDS = 300
BOOSTING_PATIENCE = 20
BOOSTING_FOLDS = 3
BOOSTING: dict[str, Any] = {
    "learning_rate": 0.05,
    "num_leaves": 8,
    "min_data_in_leaf": 10,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "feature_pre_filter": False,
    "verbosity": -1,
}
FOREST: dict[str, Any] = {"n_estimators": 200, "min_samples_leaf": 5, "max_features": 1 / 3, "n_jobs": 1}

Predictor = Callable[[Floats], Floats]
Fitter = Callable[[Floats, Floats, Floats, Integers | None, bool, int], Predictor]


@dataclass(frozen=True, slots=True)
class Learner:
    """One learner.

    Attributes
    ----------
    name : str
        As the study file names it.
    kinds : tuple of str
        What it can be asked for: ``regression``, ``classification``.
    takes_missing : bool
        Whether it takes NaN among the covariates.
    fit : callable, optional
        From (X, target, weight, group, classification, seed) to a function from rows to predictions.
    members : tuple of str
        For a stack, the learners it combines, in the order of its weights.
    """

    name: str
    kinds: tuple[str, ...] = KINDS
    takes_missing: bool = False
    fit: Fitter | None = None
    members: tuple[str, ...] = ()


def fit_mean(
    X: Floats, target: Floats, weight: Floats, group: Integers | None, classification: bool, seed: int
) -> Predictor:
    """The weighted mean of the target, the same for everybody."""
    level = float(weight @ target / weight.sum())
    return lambda rows: np.full(len(rows), level)


def fit_boosting(
    X: Floats, target: Floats, weight: Floats, group: Integers | None, classification: bool, seed: int
) -> Predictor:
    """Gradient boosting of small trees (LightGBM), the number of rounds chosen by cross-validation inside."""
    parameters = BOOSTING | {"objective": "binary" if classification else "l2", "seed": seed}
    data = lightgbm.Dataset(X, label=target, weight=weight, params=parameters, free_raw_data=False)
    fold = inner_folds(target, group, BOOSTING_FOLDS, seed, classification)
    curve = lightgbm.cv(
        parameters,
        data,
        num_boost_round=BOOSTING_ROUNDS,
        folds=[(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in np.unique(fold)],
        callbacks=[lightgbm.early_stopping(BOOSTING_PATIENCE, verbose=False)],
    )
    rounds = len(np.asarray(next(iter(curve.values()))))  # the curve ends at its best round
    model = lightgbm.train(parameters, data, num_boost_round=rounds)
    return lambda rows: np.asarray(model.predict(rows, num_threads=1), dtype=np.float64)


def fit_forest(
    X: Floats, target: Floats, weight: Floats, group: Integers | None, classification: bool, seed: int
) -> Predictor:
    """Random forest with at least five units a leaf; probabilities are averages of the leaves' shares."""
    if classification:
        classifier = RandomForestClassifier(random_state=seed, **FOREST).fit(X, target, sample_weight=weight)
        return lambda rows: np.asarray(classifier.predict_proba(rows)[:, 1])
    regressor = RandomForestRegressor(random_state=seed, **FOREST).fit(X, target, sample_weight=weight)
    return lambda rows: np.asarray(regressor.predict(rows))


LEARNERS: dict[str, Learner] = {
    learner.name: learner
    for learner in (
        Learner("mean", takes_missing=True, fit=fit_mean),
        Learner("linear", fit=fit_linear),
        Learner("boosting", takes_missing=True, fit=fit_boosting),
        Learner("forest", takes_missing=True, fit=fit_forest),
        Learner("stack", takes_missing=True, members=("mean", "linear", "boosting", "forest")),
    )
}


def find_learner(name: str, kind: str, where: str = "nuisance") -> Learner:
    """The declaration of a learner, or a refusal that names what there is."""
    known = ", ".join(sorted(LEARNERS))
    if name not in LEARNERS:
        refuse(where, f"one of the learners {known}", repr(name), "name one of them")
    learner = LEARNERS[name]
    if kind not in learner.kinds:
        refuse(where, f"a learner for {kind}", repr(name), f"choose another of {known}")
    return learner


def fit_learner(
    name: str, X: Floats, target: Floats, weight: Floats, group: Integers | None, kind: str, seed: int
) -> Predictor:
    """Fit one learner that is not a stack.

    Parameters
    ----------
    name, kind : str
        Of the registry; ``regression`` or ``classification``.
    X : ndarray, shape (n, p)
        Training rows; NaN where missing.
    target : ndarray, shape (n,)
        Continuous, or 0/1 for classification.
    weight : ndarray, shape (n,)
        Not negative; rescaling them changes nothing. Rows of weight zero are left out.
    group : ndarray of int, shape (n,), or None
        Clusters, kept whole wherever the learner tunes itself.
    seed : int
        From `hetflow.seeds.integer_seed`.

    Returns
    -------
    callable
        From rows, shape (m, p), to predictions, shape (m,): the outcome's units, or probabilities in [0, 1].
    """
    learner = find_learner(name, kind)
    if learner.fit is None:
        raise ValueError(f"{name} is fitted by hetflow.nuisance.crossfit")
    use = weight > 0
    X, target, weight = X[use], target[use], weight[use]
    group = None if group is None else group[use]
    if X.shape[1] == 0 or np.ptp(target) == 0:  # nothing to learn from, or nothing to learn
        return fit_mean(X, target, weight, group, kind == CLASSIFICATION, seed)
    fill = None if learner.takes_missing else fill_missing(X)
    rows = X if fill is None else fill(X)
    scaled = np.round(weight / weight.mean(), DIGITS)
    if kind == CLASSIFICATION:
        probability = learner.fit(rows, target, scaled, group, True, seed)
        return lambda new: np.clip(probability(new if fill is None else fill(new)), 0.0, 1.0)
    level = float(weight @ target / weight.sum())
    spread = float(np.sqrt(weight @ (target - level) ** 2 / weight.sum()))
    standard = learner.fit(rows, np.round((target - level) / spread, DIGITS), scaled, group, False, seed)
    return lambda new: level + spread * standard(new if fill is None else fill(new))


def fill_missing(X: Floats) -> Callable[[Floats], Floats] | None:
    """Medians and indicators learnt on training rows.

    Returns
    -------
    callable or None
        From rows with NaN, shape (m, p), to rows without, shape (m, p + q), q the number of columns that
        have missing values in training. A column missing throughout is filled with 0; one complete in
        training but not in new rows gets its median and no indicator.
    """
    missing = np.isnan(X)
    median = np.array(
        [
            np.median(column[~gap]) if not gap.all() else 0.0
            for column, gap in zip(X.T, missing.T, strict=True)
        ]
    )
    incomplete = np.flatnonzero(missing.any(axis=0))

    def fill(rows: Floats) -> Floats:
        gaps = np.isnan(rows)
        return np.hstack([np.where(gaps, median, rows), gaps[:, incomplete].astype(np.float64)])

    return fill
