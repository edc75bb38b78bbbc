"""Cross-fitting where blocks of covariates are missing: one model for each pattern of blocks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hetflow.missingness.blockwise import Submodel
from hetflow.nuisance.crossfit import CrossFit, cross_fit
from hetflow.nuisance.folds import Floats, Integers
from hetflow.nuisance.performance import performance


def cross_fit_submodels(
    models: Sequence[Submodel],
    X: Floats,
    target: Floats,
    fold: Integers,
    learner: str,
    weight: Floats,
    seed: int,
    key: tuple[str | int, ...],
    kind: str,
    cluster: Integers | None = None,
) -> CrossFit:
    """Predict every unit by the model of its pattern, fitted on the other folds of all units that have its covariates.

    Parameters
    ----------
    models : sequence of Submodel
        Every unit is judged by exactly one of them.
    X, target, fold, learner, weight, seed, key, kind, cluster
        As for `hetflow.nuisance.crossfit.cross_fit`.

    Returns
    -------
    CrossFit
        Its performance also has ``patterns``: for each model the covariate columns it reads, the units it learns from
        and judges, and its own performance.
    """
    prediction = np.full(len(target), np.nan)
    patterns = []
    for model in models:
        if not model.judges.any():
            continue
        rows = np.flatnonzero(model.learns)
        own = cross_fit(
            X[rows][:, model.columns],
            target[rows],
            fold[rows],
            learner,
            weight[rows],
            seed,
            key,
            kind,
            None if cluster is None else cluster[rows],
        )
        judged = model.judges[rows]
        prediction[rows[judged]] = own.prediction[judged]
        size = {"columns": int(model.columns.sum()), "learns": len(rows), "judges": int(judged.sum())}
        patterns.append(size | {"overall": own.performance["overall"]})
    found = performance(prediction, target, weight, fold, kind)
    return CrossFit(prediction, {"learner": learner, "kind": kind} | found | {"patterns": patterns})
