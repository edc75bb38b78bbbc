"""Out-of-fold scores of masks by small boosted trees, which see interactions that additive models do not."""

from __future__ import annotations

import lightgbm
import numpy as np
from numpy.typing import NDArray

from hetflow.missingness.mechanism.association import auc
from hetflow.missingness.mechanism.rows import draw_folds
from hetflow.seeds import generator, integer_seed

FloatArray = NDArray[np.float64]
MOST_ROWS = 2000
"""Rows that a model learns from; more do not change which rules it finds, and cost time for every mask."""
ROUNDS = 40
"""Trees of a model."""
LEAVES = 8
LEARNING_RATE = 0.1
SMALLEST_LEAF = 10


def boosted_scores(X: FloatArray, M: FloatArray, seed: int) -> tuple[FloatArray, FloatArray]:
    """Scores of each half of the rows by a model of the other half, and a p-value from one of the halves.

    Parameters
    ----------
    X : ndarray, shape (n, q)
        Complete numeric covariates, rows in canonical order.
    M : ndarray, shape (n, k)
        Masks.
    seed : int
        The study's seed.

    Returns
    -------
    scores : ndarray, shape (n, k)
        Log odds. Each model learns from at most 2,000 rows.
    p : ndarray, shape (k,)
        One-sided p-value of the area under the ROC curve in the second half for the model of the first, which has
        not seen it: valid whatever the model does.
    """
    scores, p = np.zeros(M.shape), np.ones(M.shape[1])
    if not X.shape[1]:
        return scores, p
    half = draw_folds(len(X), 2, seed, "halves")
    shuffled = generator(seed, "mechanism", "learnt").permutation(len(X))
    for side in (0, 1):
        inside, outside = np.sort(shuffled[half[shuffled] == side][:MOST_ROWS]), half != side
        data = _dataset(X[inside], seed)
        for k in range(M.shape[1]):
            y = M[inside, k]
            if 0 < y.sum() < len(y):
                scores[outside, k] = _train(data, y, seed).predict(X[outside], raw_score=True, num_threads=1)
    for k in range(M.shape[1]):
        p[k] = auc(scores[half == 1, k], M[half == 1, k])[1]
    return scores, p


def _dataset(X: FloatArray, seed: int) -> lightgbm.Dataset:
    """Binned covariates, made once for all masks."""
    data = lightgbm.Dataset(X, label=np.zeros(len(X)), params=_settings(seed), free_raw_data=False)
    return data.construct()


def _train(data: lightgbm.Dataset, y: FloatArray, seed: int) -> lightgbm.Booster:
    data.set_label(y)
    return lightgbm.train(_settings(seed), data, num_boost_round=ROUNDS)


def _settings(seed: int) -> dict[str, object]:
    return {
        "objective": "binary",
        "learning_rate": LEARNING_RATE,
        "num_leaves": LEAVES,
        "min_data_in_leaf": SMALLEST_LEAF,
        "feature_pre_filter": False,
        "seed": integer_seed(seed, "mechanism", "boosted"),
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
