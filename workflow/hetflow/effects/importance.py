"""Which covariates the effect varies with: importance by permutation and by Shapley values, and how firm a rank is.

Exploratory. In every draw units are parted anew into folds (whole clusters), a forest of the scores is grown without
each fold and asked about that fold's units: no unit is judged by a forest that has seen it. The same is done with the
rows of all covariates shuffled together, so that nothing can be found: what importance looks like then is the
reference (`null`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.effects.linear import Codes, Matrix, Vector
from hetflow.effects.score_forest import (
    ScoreForest,
    grow_score_forest,
    predicted,
    predicted_change,
    shapley_values,
    single_precision,
)
from hetflow.seeds import generator, integer_seed

PERMUTATION, SHAPLEY, SPLITS = "permutation", "shapley", "splits"
COVARIATE, BLOCK = "covariate", "block"
#: Ends of the interval of ranks and of importances over replicates: eight in ten lie within.
INNER = (0.1, 0.9)
NULL_QUANTILE = 0.95
#: Replicates of a draw: units (clusters) weighted anew.
REPLICATES = 20
#: Shapley values may miss the prediction by rounding alone, relative to the spread of the scores.
ADDITIVE = 1e-9

COLUMNS = [
    "measure",
    "kind",
    "name",
    "label",
    "estimate",
    "lower",
    "upper",
    "rank",
    "rank_lower",
    "rank_upper",
]
COLUMNS += ["top", "null", "null_upper", "above_null", "members"]


@dataclass(frozen=True, slots=True)
class Group:
    """Columns of the covariate matrix that are permuted together.

    Attributes
    ----------
    kind : str
        `COVARIATE` (with its levels and indicators) or `BLOCK` (covariates measured together).
    name, label : str
    columns : ndarray of bool, shape (p,)
    members : int
        Number of covariates.
    """

    kind: str
    name: str
    label: str
    columns: NDArray[np.bool_]
    members: int = 1


@dataclass(frozen=True, slots=True)
class Sample:
    """What one draw reads.

    Attributes
    ----------
    X : ndarray, shape (n, p)
        Deployment-mode covariates of one imputation.
    score, weight : ndarray, shape (n,)
    cluster : ndarray of int64, shape (n,)
        Numbered from 0.
    """

    X: Matrix
    score: Vector
    weight: Vector
    cluster: Codes


@dataclass(frozen=True, slots=True)
class Draw:
    """What one draw found.

    Attributes
    ----------
    replicates : dict of str to ndarray, shape (R, groups)
        Importance under new weights of the units, by measure; the first row has the units' own weights.
    predicted : ndarray, shape (n,)
        Effects predicted without the unit.
    gap : float
        Largest distance between a prediction and what its Shapley values add up to.
    """

    replicates: dict[str, Matrix]
    predicted: Vector
    gap: float


def draw_importance(
    sample: Sample, groups: Sequence[Group], folds: int, trees: int, seed: int, key: tuple[str | int, ...]
) -> Draw:
    """Importance of all groups in one draw.

    Permutation importance is the rise of the mean squared distance between score and predicted effect (DR loss, outcome
    units squared) when the group's columns are permuted among the units of the fold; for an effect that adds up over
    groups it is twice the variance of the group's part. Shapley importance is the mean absolute sum of the Shapley
    values of the group's columns (outcome units).

    Parameters
    ----------
    sample : Sample
    groups : sequence of Group
    folds, trees : int
    seed : int
        The study's.
    key : tuple
        What the draw is for.
    """
    X = single_precision(sample.X)
    rises, parts = np.zeros((len(X), len(groups))), np.zeros((len(X), len(groups)))
    guess, gap = np.zeros(len(X)), 0.0
    for fold, inside in enumerate(_folds(sample.cluster, folds, seed, key)):
        forest_seed = integer_seed(seed, *key, "forest", fold)
        out = ~inside
        forest = grow_score_forest(X[out], sample.score[out], sample.weight[out], trees, forest_seed)
        own = np.ascontiguousarray(X[inside])
        guess[inside] = predicted(forest, own)
        random = generator(seed, *key, "permuted", fold)
        rises[inside] = _rises(forest, own, sample.score[inside], guess[inside], groups, random)
        phi = shapley_values(forest, own)
        gap = max(gap, float(np.abs(phi.sum(axis=1) + forest.base - guess[inside]).max()))
        parts[inside] = np.abs(phi @ _membership(groups))
    if gap > ADDITIVE * max(float(np.ptp(sample.score)), 1e-300):
        raise ValueError(f"Shapley values miss the prediction by {gap}")
    weights = _replicate_weights(sample, generator(seed, *key, "weights"))
    return Draw({PERMUTATION: weights @ rises, SHAPLEY: weights @ parts}, guess, gap)


def without_effect(sample: Sample, seed: int, key: tuple[str | int, ...]) -> Sample:
    """The same with the rows of all covariates shuffled together: how they hang together stays, the effect goes."""
    order = generator(seed, *key, "shuffled").permutation(len(sample.X))
    return Sample(sample.X[order], sample.score, sample.weight, sample.cluster)


def importance_table(
    measure: str, found: Matrix, null: Matrix, groups: Sequence[Group], top: int, estimate: Vector
) -> pd.DataFrame:
    """Importance, rank and reference of each group, `COLUMNS`.

    Parameters
    ----------
    measure : str
    found, null : ndarray, shape (R, groups)
        Importance in each replicate, and with shuffled covariates.
    groups : sequence of Group
    top : int
        A covariate is among the first when its rank is at most this.
    estimate : ndarray, shape (groups,)
        Mean over draws.
    """
    kinds = np.array([group.kind for group in groups])
    ranks = np.zeros(found.shape)
    own = np.zeros(len(groups))
    for kind in dict.fromkeys(kinds.tolist()):
        members = kinds == kind
        ranks[:, members] = _ranks(found[:, members])
        own[members] = _ranks(estimate[None, members])[0]
    limits = np.quantile(null, NULL_QUANTILE, axis=0)
    table = pd.DataFrame(
        {
            "measure": measure,
            "kind": kinds,
            "name": [group.name for group in groups],
            "label": [group.label for group in groups],
            "estimate": estimate,
            "lower": np.quantile(found, INNER[0], axis=0),
            "upper": np.quantile(found, INNER[1], axis=0),
            "rank": own,
            "rank_lower": np.quantile(ranks, INNER[0], axis=0),
            "rank_upper": np.quantile(ranks, INNER[1], axis=0),
            "top": (ranks <= top).mean(axis=0),
            "null": null.mean(axis=0),
            "null_upper": limits,
            "above_null": (found > limits).mean(axis=0),
            "members": [group.members for group in groups],
        }
    )
    return table[COLUMNS]


def thinned(cluster: Codes, most: int, seed: int) -> NDArray[np.int64]:
    """Rows of whole clusters drawn at random, as many as fit into `most` units; all rows where they fit."""
    if len(cluster) <= most:
        return np.arange(len(cluster))
    order = generator(seed, "modifiers", "units").permutation(int(cluster.max()) + 1)
    sizes = np.bincount(cluster)[order]
    chosen = order[: max(1, int(np.searchsorted(np.cumsum(sizes), most, side="right")))]
    return np.flatnonzero(np.isin(cluster, chosen))


def _ranks(values: Matrix) -> Matrix:
    """1 for the largest of each row; ties share the mean of their ranks."""
    return pd.DataFrame(-values).rank(axis=1).to_numpy()


def _membership(groups: Sequence[Group]) -> Matrix:
    return np.column_stack([group.columns for group in groups]).astype(np.float64)


def _rises(
    forest: ScoreForest,
    X: Matrix,
    score: Vector,
    guess: Vector,
    groups: Sequence[Group],
    random: np.random.Generator,
) -> Matrix:
    """By how much each unit's squared distance rises when a group is permuted, shape (n, groups)."""
    donor = random.permutation(len(X)).astype(np.int64)
    rises = np.empty((len(X), len(groups)))
    for g, group in enumerate(groups):
        change = predicted_change(forest, X, donor, group.columns)
        rises[:, g] = (score - guess - change) ** 2 - (score - guess) ** 2
    return rises


def _folds(cluster: Codes, folds: int, seed: int, key: tuple[str | int, ...]) -> Iterator[NDArray[np.bool_]]:
    """Which units are in each fold; clusters stay whole."""
    clusters = int(cluster.max()) + 1
    place = np.arange(clusters) % folds
    place = generator(seed, *key, "folds").permutation(place)
    for fold in range(folds):
        yield place[cluster] == fold


def _replicate_weights(sample: Sample, random: np.random.Generator) -> Matrix:
    """Weights that sum to 1, shape (1 + REPLICATES, n): the units' own, then each cluster's times an exponential draw.

    The Bayesian bootstrap (Rubin 1981) of clusters.
    """
    drawn = random.exponential(size=(REPLICATES, int(sample.cluster.max()) + 1))
    weights = np.vstack([np.ones((1, drawn.shape[1])), drawn])[:, sample.cluster] * sample.weight
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
