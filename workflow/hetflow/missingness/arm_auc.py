"""Can the arm be told from the completed covariates? Out-of-sample AUC of a small boosted model.

Chunks of units are predicted by a model of the chunks before them only. Given those, the arms of a new chunk
are exchangeable under the null hypothesis, so that its AUC has the mean 1/2 and the variance of Mann and
Whitney, and the chunks' AUCs are uncorrelated. Ordinary cross-validation lacks this: its folds share training
units, and its AUC scattered 1.33 times as much as that formula says (500 permutations of the OPT trial).
"""

from __future__ import annotations

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from hetflow.errors import refuse
from hetflow.seeds import generator, integer_seed

FloatArray = NDArray[np.float64]
CHUNKS = 5
"""Chunks of equal size."""
TRAINING_CHUNKS = 2
"""The first chunks, which are only learnt from."""
ROUNDS = 60
"""Trees of the boosted model."""
MINIMUM = 20
"""Fewest units (clusters) in an arm."""


def arm_auc(
    X: FloatArray,
    treated: NDArray[np.int8],
    seed: int,
    *,
    propensity: FloatArray | None = None,
    cluster: NDArray[np.int64] | None = None,
) -> tuple[float, float]:
    """Out-of-sample AUC of the arm, and its standard error when the covariates say nothing about it.

    Parameters
    ----------
    X : ndarray, shape (n, p)
        Numeric covariates of a completed file.
    treated : ndarray of int, shape (n,)
        Arm 0/1.
    seed : int
        The study's seed; chunks and learner do not depend on the imputation.
    propensity : ndarray, shape (n,), optional
        Known probability of treatment. Where it varies, covariates may tell the arm through it, so that only
        units with the same probability are compared.
    cluster : ndarray, shape (n,), optional
        Clusters randomised as a whole: predictions are averaged over a cluster, and clusters are compared. A
        cluster with units of both arms is cut into its two parts.

    Returns
    -------
    auc : float
        Within chunk (and probability) the share of pairs of a treated and a control unit that the prediction
        orders rightly, weighted by n1 n0 / (n + 1) (van Elteren), which is the same as inverse variance.
    se : float
        Its standard deviation under the null hypothesis: the variance of a Mann-Whitney AUC is
        (n1 + n0 + 1) / (12 n1 n0).

    Raises
    ------
    Refused
        If an arm has fewer than 20 units (clusters).
    """
    unit, first = _randomised_units(treated, cluster)
    arm = np.asarray(treated)[first]
    if min(int((arm == value).sum()) for value in (0, 1)) < MINIMUM:
        refuse(
            "design.minimum_arm",
            f"at least {MINIMUM} units (clusters, when they are randomised) in each arm, to check that "
            "completed covariates do not tell the arm",
            f"{int((arm == 1).sum())} treated and {int((arm == 0).sum())} control",
            "study more units",
        )
    level = np.zeros(len(arm)) if propensity is None else np.round(np.asarray(propensity)[first], 12)
    chunk = _chunks(arm, level, seed)
    prediction = np.zeros(len(treated))
    for k in range(TRAINING_CHUNKS, CHUNKS):
        before, inside = chunk[unit] < k, chunk[unit] == k
        prediction[inside] = _predict(X[before], treated[before], X[inside], seed)
    mean = np.bincount(unit, weights=prediction) / np.bincount(unit)
    new = chunk >= TRAINING_CHUNKS
    strata = np.column_stack([chunk, np.unique(level, return_inverse=True)[1]])
    return _stratified_auc(mean[new], arm[new], strata[new])


def _randomised_units(
    treated: NDArray[np.int8], cluster: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What was randomised: for every row its number, and for every number its first row."""
    if cluster is None:
        rows = np.arange(len(treated))
        return rows, rows
    label = np.unique(cluster, return_inverse=True)[1] * 2 + np.asarray(treated, dtype=np.int64)
    _, first, unit = np.unique(label, return_index=True, return_inverse=True)
    return unit, first


def _chunks(arm: NDArray[np.int8], level: FloatArray, seed: int) -> NDArray[np.int64]:
    """Chunks of equal size within arm and level of the probability."""
    order = generator(seed, "arm_auc", "chunks").permutation(len(arm))
    order = order[np.lexsort((arm[order], level[order]))]
    chunk = np.empty(len(arm), dtype=np.int64)
    chunk[order] = np.arange(len(arm)) % CHUNKS
    return chunk


def _predict(X: FloatArray, treated: NDArray[np.int8], new: FloatArray, seed: int) -> FloatArray:
    model = lightgbm.train(
        {
            "objective": "binary",
            "learning_rate": 0.1,
            "num_leaves": 8,
            "min_data_in_leaf": 10,
            "feature_fraction": 0.5,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "seed": integer_seed(seed, "arm_auc", "learner"),
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbosity": -1,
        },
        lightgbm.Dataset(X, label=treated),
        num_boost_round=ROUNDS,
    )
    return np.asarray(model.predict(new, raw_score=True, num_threads=1), dtype=np.float64)


def _stratified_auc(
    prediction: FloatArray, arm: NDArray[np.int8], strata: NDArray[np.int64]
) -> tuple[float, float]:
    """AUC over pairs of one stratum, and its standard deviation under the null hypothesis."""
    _, stratum = np.unique(strata, axis=0, return_inverse=True)
    total, weights, variance = 0.0, 0.0, 0.0
    for value in range(int(stratum.max()) + 1):
        inside = stratum == value
        n1, n0 = int((arm[inside] == 1).sum()), int((arm[inside] == 0).sum())
        if n1 == 0 or n0 == 0:
            continue
        ranks = rankdata(prediction[inside])
        auc = (ranks[arm[inside] == 1].sum() - n1 * (n1 + 1) / 2) / (n1 * n0)
        weight = n1 * n0 / (n1 + n0 + 1)
        total += weight * auc
        weights += weight
        variance += weight**2 * (n1 + n0 + 1) / (12 * n1 * n0)
    return total / weights, float(np.sqrt(variance)) / weights
