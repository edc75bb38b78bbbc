"""Kernels over the units of one node: their moments, and what the node's histograms are to sum."""

from __future__ import annotations

import numpy as np

from hetflow.forest.compiled import helper

BELOW = 2.0**26
"""What a unit below the mean treatment adds to a count of units, so that one sum holds both counts."""

WEIGHT, MEAN_T, MEAN_Y, SQUARE, PRODUCT = 0, 1, 2, 3, 4
"""Places of a node's moments: weight, mean treatment, mean outcome, centred sum of squares and of products."""


@helper
def node_moments(idx, low, high, t, y, w, weighted, moments):
    """Moments of the units idx[low:high], in the order of `WEIGHT` to `PRODUCT`; `w` is read if `weighted`."""
    weight, sum_t, sum_y = 0.0, 0.0, 0.0
    for k in range(low, high):
        i = idx[k]
        share = w[i] if weighted else 1.0
        weight += share
        sum_t += share * t[i]
        sum_y += share * y[i]
    square, product = 0.0, 0.0
    mean_t, mean_y = 0.0, 0.0
    if weight > 0.0:
        mean_t, mean_y = sum_t / weight, sum_y / weight
        for k in range(low, high):
            i = idx[k]
            away = t[i] - mean_t
            scaled = w[i] * away if weighted else away
            square += scaled * away
            product += scaled * (y[i] - mean_y)
    moments[0], moments[1], moments[2], moments[3], moments[4] = weight, mean_t, mean_y, square, product


@helper
def pseudo_outcomes(idx, low, high, t, y, w, weighted, moments, values, weights):
    """What histograms sum for each unit of a node; the number of units below the mean treatment.

    `values` receives, a row a unit: weight times pseudo-outcome, weight times t - mean, weight times its square,
    and 1, plus `BELOW` for units below the mean treatment. The pseudo-outcome (t - mean) (y - mean - effect (t -
    mean)) is the gradient of the moment equation at the node's effect, up to a factor that all units of the node
    share (Athey, Tibshirani and Wager 2019, section 2.3), which leaves the order of splits as it is.
    """
    mean_t, mean_y, effect = moments[1], moments[2], moments[4] / moments[3]
    below = 0
    for k in range(low, high):
        i, row = idx[k], k - low
        away = t[i] - mean_t
        share = 1.0
        if weighted:
            share = w[i]
            weights[row] = share
        unit = 1.0
        if away < 0.0:
            below += 1
            unit += BELOW
        values[row, 0] = share * (away * (y[i] - mean_y - effect * away))
        values[row, 1] = share * away
        values[row, 2] = share * away * away
        values[row, 3] = unit
    return below


@helper
def open_node(idx, low, high, t, y, w, weighted, limits, moments, values, weights, node):
    """Fill in what the scans of a node's covariates read; whether it may be split at all."""
    node_moments(idx, low, high, t, y, w, weighted, moments)
    if moments[0] <= 0.0 or moments[3] <= 1e-10 * moments[0]:
        return False
    under = pseudo_outcomes(idx, low, high, t, y, w, weighted, moments, values, weights)
    node[0], node[1], node[2], node[3] = np.float64(high - low), np.float64(under), moments[0], moments[3]
    return min(under, high - low - under) >= 2.0 * limits[0]


@helper
def add_to_leaf(sums, leaf, share, t, y, i):
    """Add a unit's moments to its leaf: w, w t y, w y, w t², w t."""
    sums[leaf, 0] += share
    sums[leaf, 1] += share * t[i] * y[i]
    sums[leaf, 2] += share * y[i]
    sums[leaf, 3] += share * t[i] * t[i]
    sums[leaf, 4] += share * t[i]
