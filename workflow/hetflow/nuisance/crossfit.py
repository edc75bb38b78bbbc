"""Cross-fitting: every unit is predicted by a model that has not seen its fold."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from hetflow.errors import refuse
from hetflow.nuisance.folds import Floats, Integers
from hetflow.nuisance.learners import CLASSIFICATION, Learner, find_learner, fit_learner
from hetflow.nuisance.performance import performance
from hetflow.nuisance.stacking import convex_weights
from hetflow.seeds import integer_seed


@dataclass(frozen=True, slots=True)
class CrossFit:
    """Out-of-fold predictions and how good they are.

    Attributes
    ----------
    prediction : ndarray, shape (n,)
        In the target's units, or probabilities.
    performance : dict
        Ready for JSON: ``learner``, ``kind``, ``overall`` and ``folds`` (see
        `hetflow.nuisance.performance`); for a stack also ``members`` (the same for each) and
        ``stack_weights`` (one row a fold).
    """

    prediction: Floats
    performance: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Data:
    """What every fit of one cross-fitting reads."""

    X: Floats
    target: Floats
    weight: Floats
    fold: Integers
    cluster: Integers | None
    kind: str
    seed: int
    key: tuple[str | int, ...]


def cross_fit(
    X: Floats,
    target: Floats,
    fold: Integers,
    learner: str,
    weight: Floats | None,
    seed: int,
    key: tuple[str | int, ...],
    kind: str,
    cluster: Integers | None = None,
) -> CrossFit:
    """Predict each fold by a learner fitted on the other folds.

    A stack's weights for fold k are found on the other folds: fold j of them is predicted by members fitted
    without folds j and k. A fit without {j, k} serves both k (predicting j) and j (predicting k), so K
    folds take K(K - 1)/2 + K fits of each member. The inner folds are the study's own: clusters stay whole.

    Parameters
    ----------
    X : ndarray, shape (n, p)
        Covariates; NaN where missing (strategy ``native``).
    target : ndarray, shape (n,)
        Outcome, or arm; 0/1 for classification.
    fold : ndarray of int, shape (n,)
        Fold of each unit.
    learner : str
        Name in the registry.
    weight : ndarray, shape (n,), or None
        Sample weights; None is one each. A unit of weight zero is predicted but never learnt from.
    seed : int
        The study's seed.
    key : tuple
        What is predicted, for instance ``("outcome", "shared")``: it keys the random streams.
    kind : str
        ``regression`` or ``classification``.
    cluster : ndarray of int, shape (n,), or None
        Kept whole where a learner tunes itself.

    Returns
    -------
    CrossFit

    Raises
    ------
    Refused
        For an unknown learner, targets or covariates that are not finite, a target other than 0/1 in
        classification, or too few folds.

    Notes
    -----
    Rows are used in the order given: pass them sorted by unit. BLAS and OpenMP run in one thread.
    """
    declared = find_learner(learner, kind, "/".join(str(part) for part in key))
    weight = np.ones(len(target)) if weight is None else np.asarray(weight, dtype=np.float64)
    data = _Data(
        np.ascontiguousarray(X, dtype=np.float64),
        np.asarray(target, dtype=np.float64),
        weight,
        np.asarray(fold, dtype=np.int64),
        cluster,
        kind,
        seed,
        tuple(key),
    )
    _check(data, declared)
    with threadpool_limits(limits=1):
        return _stack(data, declared) if declared.members else _single(data, declared)


def _single(data: _Data, learner: Learner) -> CrossFit:
    prediction = np.empty(len(data.target))
    for k in np.unique(data.fold):
        out = data.fold == k
        prediction[out] = _predict(data, learner.name, (int(k),), out)
    return CrossFit(prediction, {"learner": learner.name, "kind": data.kind} | _measure(data, prediction))


def _stack(data: _Data, learner: Learner) -> CrossFit:
    folds = [int(k) for k in np.unique(data.fold)]
    inner = _inner_predictions(data, learner.members, folds)
    members = np.empty((len(data.target), len(learner.members)))
    prediction = np.empty(len(data.target))
    weights = []
    for k in folds:
        out = data.fold == k
        for column, name in enumerate(learner.members):
            members[out, column] = _predict(data, name, (k,), out)
        combination = convex_weights(inner[k][~out], data.target[~out], data.weight[~out])
        prediction[out] = np.clip(
            members[out] @ combination, members[out].min(axis=1), members[out].max(axis=1)
        )
        weights.append({"fold": k} | dict(zip(learner.members, combination.tolist(), strict=True)))
    report = {"learner": learner.name, "kind": data.kind} | _measure(data, prediction)
    report["members"] = {name: _measure(data, members[:, c]) for c, name in enumerate(learner.members)}
    report["stack_weights"] = weights
    return CrossFit(prediction, report)


def _inner_predictions(data: _Data, members: tuple[str, ...], folds: list[int]) -> dict[int, Floats]:
    """For each fold k, the members' predictions of every other fold by fits that saw neither it nor k."""
    inner = {k: np.full((len(data.target), len(members)), np.nan) for k in folds}
    for j, k in combinations(folds, 2):
        pair = (data.fold == j) | (data.fold == k)
        for column, name in enumerate(members):
            values = np.full(len(data.target), np.nan)
            values[pair] = _predict(data, name, (j, k), pair)
            inner[k][data.fold == j, column] = values[data.fold == j]
            inner[j][data.fold == k, column] = values[data.fold == k]
    return inner


def _predict(data: _Data, name: str, left_out: tuple[int, ...], rows: np.ndarray) -> Floats:
    """Predictions of `rows` by one learner fitted without the folds `left_out`."""
    train = ~np.isin(data.fold, left_out)
    seed = integer_seed(data.seed, "nuisance", *data.key, name, *left_out)
    group = None if data.cluster is None else data.cluster[train]
    fitted = fit_learner(name, data.X[train], data.target[train], data.weight[train], group, data.kind, seed)
    return fitted(data.X[rows])


def _measure(data: _Data, prediction: Floats) -> dict[str, Any]:
    return performance(prediction, data.target, data.weight, data.fold, data.kind)


def _check(data: _Data, learner: Learner) -> None:
    """Refuse what no learner could make sense of."""
    where = "/".join(str(part) for part in data.key)
    folds = np.unique(data.fold)
    need = 3 if learner.members else 2
    if len(folds) < need:
        refuse(
            where, f"at least {need} folds for the learner {learner.name}", str(len(folds)), "draw more folds"
        )
    if not np.isfinite(data.target).all():
        refuse(
            where,
            "a finite target for every unit",
            "missing or infinite values",
            "leave those units out first",
        )
    if np.isinf(data.X).any():
        refuse(where, "finite covariates", "infinite values", "recode them as missing, or drop the column")
    if data.kind == CLASSIFICATION and not np.isin(data.target, (0.0, 1.0)).all():
        refuse(where, "a target of 0 and 1", "other values", "declare the outcome continuous, or code it 0/1")
    if not np.isfinite(data.weight).all() or data.weight.min() < 0:
        refuse(where, "weights that are finite and not negative", "others", "mend the weight column")
    for k in folds:
        if not data.weight[data.fold != k].sum() > 0:
            refuse(where, "weight outside every fold", f"none outside fold {k}", "draw other folds")
