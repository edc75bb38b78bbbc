"""Kernels that exist once for two arms and once for several, chosen when they are compiled.

Treatment residuals of two arms are one number a unit, those of several a row of numbers, one for each contrast with the
reference arm. The number of dimensions is known to the compiler, which drops the branch that does not apply.
"""

from __future__ import annotations

import numpy as np

from hetflow.forest.compiled import helper
from hetflow.forest.kernels_arms import add_arms_to_leaf, fill_arms, open_arms
from hetflow.forest.kernels_histogram import fill
from hetflow.forest.kernels_moments import add_to_leaf, node_moments, pseudo_outcomes
from hetflow.forest.kernels_split import scan_categories, scan_numbers
from hetflow.forest.kernels_split_arms import scan_categories_arms, scan_numbers_arms


@helper
def scratch(t, m):
    """Arrays for the nodes of a tree of m units: moments, node, values, histogram, sides."""
    if t.ndim == 1:
        return np.empty(5), np.empty(4), np.empty((m, 4)), np.zeros((256, 4)), np.empty((1, 4))
    else:  # noqa: RET505 (numba drops the branch that does not apply)
        d = t.shape[1]
        return (
            np.empty((d, d + 2)),
            np.empty((d, 4)),
            np.empty((m, d, 4)),
            np.zeros((256, d, 4)),
            np.empty((2, d, 4)),
        )


@helper
def sums_of_leaf(t):
    """How many sums a leaf keeps: its weight, and one for each of its averages."""
    if t.ndim == 1:
        return 5
    else:  # noqa: RET505
        d = t.shape[1]
        return 2 + 2 * d + d * (d + 1) // 2


@helper
def copy_unit(t, i, own_t, place):
    """Copy the treatment residuals of unit i."""
    if t.ndim == 1:
        own_t[place] = t[i]
    else:
        for j in range(t.shape[1]):
            own_t[place, j] = t[i, j]


@helper
def open_node(idx, low, high, t, y, w, weighted, limits, moments, values, weights, node):
    """Fill in what the scans of a node's covariates read; whether it may be split at all."""
    if t.ndim == 1:
        node_moments(idx, low, high, t, y, w, weighted, moments)
        if moments[0] <= 0.0 or moments[3] <= 1e-10 * moments[0]:
            return False
        under = pseudo_outcomes(idx, low, high, t, y, w, weighted, moments, values, weights)
        if min(under, high - low - under) < 2.0 * limits[0]:
            return False
        node[0], node[1], node[2], node[3] = np.float64(high - low), np.float64(under), moments[0], moments[3]
        return True
    else:  # noqa: RET505
        return open_arms(idx, low, high, t, y, w, weighted, limits, moments, values, weights, node)


@helper
def scan(
    j,
    codes,
    idx,
    low,
    high,
    values,
    weights,
    weighted,
    nominal,
    node,
    limits,
    histogram,
    bin_weight,
    occupied,
    order,
    mean,
    sides,
    best,
    choice,
    mask,
):
    """Try every cut of covariate j, whose bins are `codes`; `best`, `choice` and `mask` receive a better one."""
    if node.ndim == 1:
        fill(codes, idx, low, high, values, weights, weighted, histogram, bin_weight, occupied)
        if nominal:
            scan_categories(
                j,
                histogram,
                bin_weight,
                occupied,
                weighted,
                node,
                limits,
                order,
                mean,
                best,
                choice,
                mask,
            )
        else:
            scan_numbers(j, histogram, bin_weight, occupied, weighted, node, limits, best, choice)
    else:
        fill_arms(codes, idx, low, high, values, weights, weighted, histogram, bin_weight, occupied)
        if nominal:
            scan_categories_arms(
                j,
                histogram,
                bin_weight,
                occupied,
                weighted,
                node,
                limits,
                order,
                mean,
                sides,
                best,
                choice,
                mask,
            )
        else:
            scan_numbers_arms(
                j, histogram, bin_weight, occupied, weighted, node, limits, sides, best, choice
            )


@helper
def add_unit(sums, leaf, share, t, y, i):
    """Add a unit's weighted moments to its leaf, weight first."""
    if t.ndim == 1:
        add_to_leaf(sums, leaf, share, t, y, i)
    else:
        add_arms_to_leaf(sums, leaf, share, t, y, i)
