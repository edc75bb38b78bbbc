"""Regression trees as plain arrays: predictions with some covariates exchanged, and exact Shapley values.

A node is a row of `nodes`: covariate (-1 in a leaf), left and right child and whether missing values go left, all
counted from the first node of all trees; and of `numbers`: threshold, value and cover (the weight of the units
that the tree was grown on).
"""

from __future__ import annotations

import numpy as np

from hetflow.forest.compiled import helper, kernel

LEAF = -1
#: More distinct covariates on a path than a tree of at most this depth can have.
DEEPEST = 32


@helper
def _goes_left(value, threshold, missing_left):  # type: ignore[no-untyped-def]
    if np.isnan(value):
        return missing_left == 1
    return value <= threshold


@kernel("void(int64[::1], int64[:,::1], float64[:,::1], float64[:,::1], float64[::1])")
def predict(start, nodes, numbers, X, total):  # type: ignore[no-untyped-def]
    """Add each tree's prediction for each row of X to `total`."""
    for tree in range(start.size - 1):
        for i in range(X.shape[0]):
            node = start[tree]
            while nodes[node, 0] != LEAF:
                left = _goes_left(X[i, nodes[node, 0]], numbers[node, 0], nodes[node, 3])
                node = nodes[node, 1] if left else nodes[node, 2]
            total[i] += numbers[node, 1]


@kernel(
    "void(int64[::1], int64[:,::1], float64[:,::1], float64[:,::1], int64[::1], boolean[::1], float64[::1])"
)
def predict_change(start, nodes, numbers, X, donor, replaced, total):  # type: ignore[no-untyped-def]
    """Add to `total` by how much predictions change when row i has the replaced covariates of row donor[i]."""
    for tree in range(start.size - 1):
        used = False
        for node in range(start[tree], start[tree + 1]):
            if nodes[node, 0] != LEAF and replaced[nodes[node, 0]]:
                used = True
        if not used:
            continue
        for i in range(X.shape[0]):
            node, other = start[tree], start[tree]
            while nodes[node, 0] != LEAF:
                left = _goes_left(X[i, nodes[node, 0]], numbers[node, 0], nodes[node, 3])
                node = nodes[node, 1] if left else nodes[node, 2]
            while nodes[other, 0] != LEAF:
                column = nodes[other, 0]
                value = X[donor[i], column] if replaced[column] else X[i, column]
                left = _goes_left(value, numbers[other, 0], nodes[other, 3])
                other = nodes[other, 1] if left else nodes[other, 2]
            total[i] += numbers[other, 1] - numbers[node, 1]


@kernel("void(int64[::1], int64[:,::1], float64[:,::1], int64[::1], float64[:,::1], float64[:,::1])")
def shapley(start, nodes, numbers, parent, X, phi):  # type: ignore[no-untyped-def]
    """Add the Shapley values of each row of X to `phi`, leaf by leaf.

    The game of a leaf is its value times, for each covariate on its path, whether the row passes (if the covariate
    is known) or the share of the cover that passes (if not); see `hetflow.effects.score_forest.shapley_values`.
    """
    feature = np.empty(DEEPEST, np.int64)
    share = np.empty(DEEPEST)
    passes = np.empty(DEEPEST)
    whole = np.empty(DEEPEST + 1)
    rest = np.empty(DEEPEST + 1)
    for tree in range(start.size - 1):
        for leaf in range(start[tree], start[tree + 1]):
            if nodes[leaf, 0] != LEAF or leaf == start[tree]:
                continue
            depth = 0
            node = leaf
            while node != start[tree]:
                above = parent[node]
                place = 0
                while place < depth and feature[place] != nodes[above, 0]:
                    place += 1
                if place == depth:
                    feature[place], share[place] = nodes[above, 0], 1.0
                    depth += 1
                share[place] *= numbers[node, 2] / numbers[above, 2]
                node = above
            for i in range(X.shape[0]):
                for j in range(depth):
                    passes[j] = 1.0
                node = leaf
                while node != start[tree]:
                    above = parent[node]
                    left = _goes_left(X[i, nodes[above, 0]], numbers[above, 0], nodes[above, 3])
                    if left != (nodes[above, 1] == node):
                        for j in range(depth):
                            if feature[j] == nodes[above, 0]:
                                passes[j] = 0.0
                    node = above
                whole[0] = 1.0
                for j in range(depth):  # the product of (share + passes t), by powers of t
                    whole[j + 1] = whole[j] * passes[j]
                    for power in range(j, 0, -1):
                        whole[power] = whole[power] * share[j] + whole[power - 1] * passes[j]
                    whole[0] *= share[j]
                for j in range(depth):
                    if passes[j] == 1.0:
                        rest[depth - 1] = whole[depth]
                        for power in range(depth - 1, 0, -1):
                            rest[power - 1] = whole[power] - share[j] * rest[power]
                    else:
                        for power in range(depth):
                            rest[power] = whole[power] / share[j]
                    weight = 1.0 / depth  # s! (d - 1 - s)! / d! for s = 0
                    total = 0.0
                    for power in range(depth):
                        total += weight * rest[power]
                        weight *= (power + 1.0) / max(depth - 1.0 - power, 1.0)
                    phi[i, feature[j]] += numbers[leaf, 1] * (passes[j] - share[j]) * total
