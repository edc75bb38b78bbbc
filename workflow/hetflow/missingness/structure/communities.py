"""Communities of a weighted network by the Louvain method, without random order."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

_GAIN = 1e-12
"""Smaller gains of modularity are round-off."""


def adjacency(network: pd.DataFrame, size: int) -> Floats:
    """Weights of the edges that go missing together, shape (k, k): their normalised mutual information."""
    weights = np.zeros((size, size))
    edges = network[network["edge"] == "together"]
    first, second = edges["first"].to_numpy(dtype=np.int64) - 1, edges["second"].to_numpy(dtype=np.int64) - 1
    weights[first, second] = weights[second, first] = edges["nmi"].to_numpy(dtype=np.float64)
    return weights


def louvain(weights: Floats) -> Labels:
    """Communities that local moves and aggregation find.

    Blondel VD, Guillaume JL, Lambiotte R, Lefebvre E. Fast unfolding of communities in large networks. J Stat
    Mech 2008;P10008. Nodes are visited in the given order, and a tie goes to the community of the earliest node, so
    that the same network gives the same communities.

    Parameters
    ----------
    weights : ndarray, shape (k, k)
        Symmetric, not negative.

    Returns
    -------
    ndarray of int64, shape (k,)
        0, 1, ... in the order of each community's first node; a node without edges is alone.
    """
    labels = np.arange(len(weights), dtype=np.int64)
    level = weights.astype(np.float64, copy=True)
    while True:
        moved = _local_moves(level)
        if len(np.unique(moved)) == len(level):
            return _renumbered(labels)
        moved = _renumbered(moved)
        labels = moved[labels]
        member = np.zeros((len(level), int(moved.max()) + 1))
        member[np.arange(len(level)), moved] = 1.0
        level = member.T @ level @ member


def _local_moves(weights: Floats) -> Labels:
    """Move nodes one at a time to the neighbouring community of greatest gain until none gains."""
    size, total = len(weights), float(weights.sum())
    labels = np.arange(size, dtype=np.int64)
    if total <= 0:
        return labels
    degree = weights.sum(axis=1)
    inside = degree.copy()  # total degree of each community
    moved = True
    while moved:
        moved = False
        for node in range(size):
            own = labels[node]
            inside[own] -= degree[node]
            links = np.bincount(labels, weights=weights[node], minlength=size)
            links[own] -= weights[node, node]
            gain = links - inside * degree[node] / total
            near = np.unique(np.append(labels[weights[node] > 0], own))
            best = int(near[np.argmax(gain[near])])
            if gain[best] <= gain[own] + _GAIN:
                best = int(own)
            inside[best] += degree[node]
            if best != own:
                labels[node] = best
                moved = True
    return labels


def modularity(weights: Floats, labels: Labels) -> float:
    """Newman's modularity of a partition; 0 for a network without edges."""
    total = float(weights.sum())
    if total <= 0:
        return 0.0
    same = labels[:, None] == labels[None, :]
    degree = weights.sum(axis=1)
    return float(((weights - np.outer(degree, degree) / total) * same).sum() / total)


def _renumbered(labels: Labels) -> Labels:
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.int64)
