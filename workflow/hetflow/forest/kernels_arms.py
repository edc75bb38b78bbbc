"""Kernels over the units of one node for several contrasts: moments, pseudo-outcomes, histograms.

Treatment residuals are a row a unit, one for each of the d contrasts with the reference arm. With a = t - mean(t) and
A = Σ w a a', the effects in a node are A⁻¹ Σ w a (y - mean(y)), and the gradient of the moment equation there gives
each unit d pseudo-outcomes, A⁻¹ a (y - mean(y) - a' effects) (Athey, Tibshirani and Wager 2019, section 2.3; as grf's
`multi_arm_causal_forest`). They are multiplied by the mean of A's diagonal, which is common to the node, so that with
one contrast they are those of two arms.
"""

from __future__ import annotations

import numpy as np

from hetflow.forest.compiled import helper
from hetflow.forest.kernels_histogram import add_row
from hetflow.forest.kernels_moments import BELOW

_NONE, _ONE, _SIX, _LOW_SIX = np.uint64(0), np.uint64(1), np.uint64(6), np.uint64(63)
_SINGULAR = 1e-10
"""A pivot of A this small beside the node's weight cannot tell the arms apart."""


@helper
def arm_moments(idx, low, high, t, y, w, weighted, moments):
    """Moments of the units idx[low:high]; their weight and mean outcome.

    `moments` (float64, d x (d + 2)) receives A, then Σ w a (y - mean(y)), then mean(t).
    """
    d = t.shape[1]
    moments[:] = 0.0
    weight, mean_y = 0.0, 0.0
    for k in range(low, high):
        i = idx[k]
        share = w[i] if weighted else 1.0
        weight += share
        mean_y += share * y[i]
        for j in range(d):
            moments[j, d + 1] += share * t[i, j]
    if weight <= 0.0:
        return weight, 0.0
    mean_y /= weight
    for j in range(d):
        moments[j, d + 1] /= weight
    for k in range(low, high):
        i = idx[k]
        share = w[i] if weighted else 1.0
        for j in range(d):
            scaled = share * (t[i, j] - moments[j, d + 1])
            moments[j, d] += scaled * (y[i] - mean_y)
            for other in range(j, d):
                moments[j, other] += scaled * (t[i, other] - moments[other, d + 1])
    for j in range(d):
        for other in range(j):
            moments[j, other] = moments[other, j]
    return weight, mean_y


@helper
def invert(matrix, weight):
    """Replace the first d columns of `matrix` (d rows), symmetric, by their inverse; False if they have none.

    Gauss-Jordan without exchange of rows: A is a sum of squares, whose pivots are positive unless it is singular.
    """
    d = matrix.shape[0]
    for k in range(d):
        pivot = matrix[k, k]
        if not pivot > _SINGULAR * weight:
            return False
        matrix[k, k] = 1.0
        for j in range(d):
            matrix[k, j] /= pivot
        for i in range(d):
            if i != k:
                factor = matrix[i, k]
                matrix[i, k] = 0.0
                for j in range(d):
                    matrix[i, j] -= factor * matrix[k, j]
    return True


@helper
def arm_pseudo_outcomes(idx, low, high, t, y, w, weighted, moments, mean_y, scale, values, weights, node):
    """What histograms sum for each unit of a node, and counts of units below the mean treatment into `node`.

    `moments` holds A⁻¹ in place of A and the effects in place of products. `values` (float64, units x d x 4) receives
    for each contrast what `hetflow.forest.kernels_moments.pseudo_outcomes` gives for two arms, `node` (float64, d x 4)
    what `hetflow.forest.kernels_split` names, a row a contrast; only its second column is written here.
    """
    d = t.shape[1]
    for k in range(low, high):
        i, row = idx[k], k - low
        share = 1.0
        if weighted:
            share = w[i]
            weights[row] = share
        residual = y[i] - mean_y
        for j in range(d):
            away = t[i, j] - moments[j, d + 1]
            residual -= moments[j, d] * away
            unit = 1.0
            if away < 0.0:
                node[j, 1] += 1.0
                unit += BELOW
            values[row, j, 1] = share * away
            values[row, j, 2] = share * away * away
            values[row, j, 3] = unit
        for j in range(d):
            leaning = 0.0
            for other in range(d):
                leaning += moments[j, other] * (t[i, other] - moments[other, d + 1])
            values[row, j, 0] = share * (scale * leaning * residual)


@helper
def open_arms(idx, low, high, t, y, w, weighted, limits, moments, values, weights, node):
    """Fill `moments`, `values`, `weights` and ``node[0]`` for a node's scans; whether it may be split at all."""
    d, facts = t.shape[1], node[0]
    weight, mean_y = arm_moments(idx, low, high, t, y, w, weighted, moments)
    if weight <= 0.0:
        return False
    scale = 0.0
    for j in range(d):
        facts[j, 0], facts[j, 1], facts[j, 2], facts[j, 3] = (
            np.float64(high - low),
            0.0,
            weight,
            moments[j, j],
        )
        scale += moments[j, j] / d
    if not invert(moments, weight):
        return False
    for j in range(d):
        effect = 0.0
        for other in range(d):
            effect += moments[j, other] * moments[other, d]
        facts[j, 0] = effect
    for j in range(d):
        moments[j, d], facts[j, 0] = facts[j, 0], np.float64(high - low)
    arm_pseudo_outcomes(idx, low, high, t, y, w, weighted, moments, mean_y, scale, values, weights, facts)
    fewest = np.float64(high - low)
    for j in range(d):
        fewest = min(fewest, facts[j, 1], facts[j, 0] - facts[j, 1])
    return fewest >= 2.0 * limits[0]


@helper
def fill_arms(codes, idx, low, high, values, weights, weighted, histogram, bin_weight, occupied):
    """`hetflow.forest.kernels_histogram.fill` for several contrasts; `histogram` is float64, 256 x d x 4."""
    d = np.uint64(values.shape[1])
    occupied[0], occupied[1], occupied[2], occupied[3] = _NONE, _NONE, _NONE, _NONE
    for k in range(low, high):
        code, row = np.uint64(codes[np.uint64(idx[k])]), np.uint64(k - low)
        for j in range(d):
            add_row(histogram, code * d + np.uint64(j), values, row * d + np.uint64(j))
        occupied[code >> _SIX] |= _ONE << (code & _LOW_SIX)
    if weighted:
        for k in range(low, high):
            bin_weight[np.uint64(codes[np.uint64(idx[k])])] += weights[k - low]


@helper
def add_arms_to_leaf(sums, leaf, share, t, y, i):
    """Add a unit's moments to its leaf: w, w t y, w y, w t t' (upper triangle, row by row), w t."""
    d = t.shape[1]
    place = d + 2
    sums[leaf, 0] += share
    sums[leaf, d + 1] += share * y[i]
    for j in range(d):
        scaled = share * t[i, j]
        sums[leaf, 1 + j] += scaled * y[i]
        for other in range(j, d):
            sums[leaf, place] += scaled * t[i, other]
            place += 1
    for j in range(d):
        sums[leaf, place + j] += share * t[i, j]
