"""Kernels that exist once for two arms and once for several, chosen when they are compiled.

Treatment residuals of two arms are one number a unit, those of several a row of numbers, one for each contrast with the
reference arm. The number of dimensions is known to the compiler, which drops the branch that does not apply.
"""

from __future__ import annotations

import numpy as np

from hetflow.forest.compiled import helper
from hetflow.forest.kernels_arms import add_arms_to_leaf
from hetflow.forest.kernels_moments import add_to_leaf


@helper
def scratch(t, m):
    """Arrays for the nodes of a tree of m units: moments, node, values, histogram."""
    if t.ndim == 1:
        return np.empty(5), np.empty(4), np.empty((m, 4)), np.zeros((256, 4))
    else:  # noqa: RET505 (numba drops the branch that does not apply)
        d = t.shape[1]
        return np.empty((d, d + 2)), np.empty((3, d, 4)), np.empty((m, d, 4)), np.zeros((256, d, 4))


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
def add_unit(sums, leaf, share, t, y, i):
    """Add a unit's weighted moments to its leaf, weight first."""
    if t.ndim == 1:
        add_to_leaf(sums, leaf, share, t, y, i)
    else:
        add_arms_to_leaf(sums, leaf, share, t, y, i)
