"""Kernels that grow one honest tree: splits from one half of its units, leaf averages from the other."""

from __future__ import annotations

import numpy as np

from hetflow.forest.compiled import helper
from hetflow.forest.kernels_node import copy_unit, scratch
from hetflow.forest.kernels_random import below, poisson
from hetflow.forest.kernels_split import CATEGORIES, LEAF, goes_left

FEATURE, KIND, CUT, CHILD = 0, 1, 2, 3
"""Columns of a node while its tree grows: covariate, kind, cut, index of the left child (the right one follows)."""


@helper
def grow_splits(
    codes,
    t,
    y,
    w,
    weighted,
    categories,
    limits,
    depth_limit,
    tried,
    near,
    state,
    nodes,
    masks,
    open_node,
    fill,
    scan_numbers,
    scan_categories,
):
    """Grow a tree's splits; the number of nodes.

    A tree is grown depth first. Once a node holds no more than `near` units, what is known of them is copied side by
    side and its whole subtree reads the copy: deep in the tree of a large study each unit would otherwise cost a cache
    line a covariate. The tree is the same, bit for bit, whatever `near`.

    Parameters
    ----------
    codes : uint8, shape (p, m)
        Bins of the units that choose splits.
    t, y, w : float64, shape (m,)
        Residuals and weights of these units, `t` of shape (m, d) for several arms; `w` is read if `weighted`.
    categories : int64, shape (p,)
        Categories of nominal covariates, 0 for the others.
    limits : float64, shape (3,)
        min_leaf, alpha, imbalance_penalty.
    depth_limit : int
        Greatest depth.
    tried : float
        Mean number of covariates tried at a node, a Poisson number; all of them if it is p.
    near : int
        Units of a node from which on its subtree reads a copy.
    state : uint64, shape (1,)
        The tree's random stream.
    nodes : int64, shape (most nodes, 4); masks : uint64, shape (most nodes or 1, 4)
        Receive the nodes, parents before children; masks of categorical ones.
    open_node, fill, scan_numbers, scan_categories
        The kernels of two arms (`hetflow.forest.kernels_moments`, `kernels_histogram`, `kernels_split`) or of several
        (`kernels_arms`, `kernels_split_arms`); the compiler knows them.
    """
    p, m = codes.shape
    idx, spare = np.arange(m).astype(np.uint32), np.empty(m, np.uint32)
    moments, node, values, histogram = scratch(t, m)
    weights, bin_weight = np.empty(m if weighted else 1), np.zeros(256)
    order, mean, occupied = np.empty(256, np.int64), np.empty(256), np.empty(4, np.uint64)
    features = np.arange(p)
    best, choice, mask = np.zeros(1), np.zeros(3, np.int64), np.zeros(4, np.uint64)
    stack = np.empty((nodes.shape[0], 4), np.int64)
    stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3] = 0, 0, m, 0
    waiting, count = 1, 1
    # A tree that is small as a whole needs no copy.
    room, copied = (near, 0) if m > near else (0, m)
    near_codes, near_t, near_y = np.empty((p, room), np.uint8), np.empty_like(t[:room]), np.empty(room)
    near_w = np.empty(room if weighted else 0)
    all_codes, all_t, all_y, all_w = codes, t, y, w
    while waiting > 0:
        waiting -= 1
        here, low, high, depth = stack[waiting, 0], stack[waiting, 1], stack[waiting, 2], stack[waiting, 3]
        nodes[here, KIND] = LEAF
        if depth >= depth_limit or high - low < 4.0 * limits[0]:
            continue
        if low >= copied:
            codes, t, y, w = all_codes, all_t, all_y, all_w
            if high - low <= near:
                copy_near(codes, t, y, w, weighted, idx, low, high, near_codes, near_t, near_y, near_w)
                codes, t, y, w = near_codes, near_t, near_y, near_w
                copied = high
        if not open_node(idx, low, high, t, y, w, weighted, limits, moments, values, weights, node):
            continue
        best[0], choice[0] = 0.0, -1
        number = p if tried >= p else min(max(poisson(state, tried), 1), p)
        for k in range(number):
            other = k + below(state, p - k)
            features[k], features[other] = features[other], features[k]
            j = features[k]
            fill(codes[j], idx, low, high, values, weights, weighted, histogram, bin_weight, occupied)
            if categories[j] > 0:
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
        if choice[0] < 0:
            continue
        if choice[1] == CATEGORIES:
            masks[here] = mask
        middle = partition(codes[choice[0]], idx, spare, low, high, choice[1], choice[2], mask)
        nodes[here, FEATURE], nodes[here, KIND], nodes[here, CUT] = choice[0], choice[1], choice[2]
        nodes[here, CHILD] = count
        stack[waiting, 0], stack[waiting, 1] = count + 1, middle
        stack[waiting, 2], stack[waiting, 3] = high, depth + 1
        stack[waiting + 1, 0], stack[waiting + 1, 1] = count, low
        stack[waiting + 1, 2], stack[waiting + 1, 3] = middle, depth + 1
        waiting += 2
        count += 2
    return count


@helper
def copy_near(codes, t, y, w, weighted, idx, low, high, near_codes, near_t, near_y, near_w):
    """Copy the units idx[low:high] side by side, and number them in `idx` by their places in the copy."""
    for j in range(codes.shape[0]):
        for k in range(low, high):
            near_codes[j, k - low] = codes[j, idx[k]]
    for k in range(low, high):
        i = idx[k]
        copy_unit(t, i, near_t, k - low)
        near_y[k - low] = y[i]
        if weighted:
            near_w[k - low] = w[i]
        idx[k] = k - low


@helper
def partition(codes, idx, spare, low, high, kind, cut, mask):
    """Move the units of a node that go left before the others, each side in its order; where the right begins."""
    left, right = low, 0
    for k in range(low, high):
        unit = idx[k]
        goes = goes_left(codes[unit], kind, cut, mask)
        idx[left] = unit
        spare[right] = unit
        if goes:
            left += 1
        else:
            right += 1
    for k in range(right):
        idx[left + k] = spare[k]
    return left


@helper
def pruned(nodes, count, sums, forward):
    """Where each node leads once leaves without weight are cut off, their siblings taking the parents' places."""
    for here in range(count - 1, -1, -1):
        forward[here] = here
        if nodes[here, KIND] == LEAF:
            continue
        left, right = forward[nodes[here, CHILD]], forward[nodes[here, CHILD] + 1]
        if nodes[left, KIND] == LEAF and sums[left, 0] <= 0.0:
            forward[here] = right
        elif nodes[right, KIND] == LEAF and sums[right, 0] <= 0.0:
            forward[here] = left
