"""Kernels that walk a covariate's histogram for several contrasts; see `hetflow.forest.kernels_split` for two arms.

The gain of a split sums over contrasts, and each contrast must satisfy what a split of two arms must: enough units
below and above its mean treatment, enough of its variation on both sides (grf's stabilised splits). The penalty for
uneven variation is averaged over contrasts, so that with one it is that of two arms.
"""

from __future__ import annotations

import numpy as np

from hetflow.forest.compiled import helper
from hetflow.forest.kernels_histogram import add_row, bits_of, lowest_bit
from hetflow.forest.kernels_split import (
    ANCHOR,
    CATEGORIES,
    MISSING_LEFT,
    MISSING_RIGHT,
    mask_of,
    units_in,
)

_NONE, _ONE = np.uint64(0), np.uint64(1)
_LOW = 2**26 - 1
_MORE = 1.0 + 1e-9
_SQUARINGS = 20
"""The leading direction of a matrix is read from its power 2**20."""


@helper
def gain_of_arms(left, weight, node, limits, least):
    """Gain of a split whose left child has the sums `left` (d x 4), or -1 if it is not allowed or not above `least`."""
    rest = node[0, 2] - weight
    if weight <= 0.0 or rest <= 0.0:
        return -1.0
    total = 0.0
    for j in range(node.shape[0]):
        bits = bits_of(left[j, 3])
        below = np.float64((bits >> 26) & _LOW)
        above = np.float64(bits & _LOW) - below
        most_below, most_above = node[j, 1] - limits[0], node[j, 0] - node[j, 1] - limits[0]
        if below < limits[0] or below > most_below or above < limits[0] or above > most_above:
            return -1.0
        total += left[j, 0] * left[j, 0]
    gain = total * node[0, 2] / (weight * rest)
    if gain <= least * _MORE:
        return -1.0
    for j in range(node.shape[0]):
        away = left[j, 1]
        inside, outside = left[j, 2] - away * away / weight, node[j, 3] - left[j, 2] - away * away / rest
        if min(inside, outside) < limits[1] * node[j, 3]:
            return -1.0
        if limits[2] > 0.0:
            if min(inside, outside) <= 0.0:
                return -1.0
            gain -= limits[2] * (1.0 / inside + 1.0 / outside) / node.shape[0]
    return gain if gain > least * _MORE else -1.0


@helper
def start_side(side):
    """Sums of no unit."""
    for j in range(side.shape[0]):
        side[j, 0], side[j, 1], side[j, 2], side[j, 3] = 0.0, 0.0, 0.0, ANCHOR


@helper
def add_bin(side, histogram, code):
    """Add a bin to the sums of a side."""
    d = np.uint64(side.shape[0])
    for j in range(d):
        add_row(side, np.uint64(j), histogram, np.uint64(code) * d + np.uint64(j))


@helper
def clear_arms(histogram, bin_weight, weighted, code):
    """Set a bin to zero."""
    for j in range(histogram.shape[1]):
        for k in range(4):
            histogram[code, j, k] = 0.0
    if weighted:
        bin_weight[code] = 0.0


@helper
def scan_numbers_arms(feature, histogram, bin_weight, occupied, weighted, node, limits, best, choice):
    """Try every cut of an ordered covariate, with missing values left, right or alone; clears the histogram.

    See `hetflow.forest.kernels_split.scan_numbers`. `node` (float64, 3 x d x 4) holds what that module names, a row a
    contrast, and then room for the sums of two sides.
    """
    facts, left, whole = node[0], node[1], node[2]
    start_side(left)
    start_side(whole)
    missing = (occupied[0] & _ONE) != _NONE
    weight, heavy = 0.0, 0.0
    if missing:
        add_bin(whole, histogram, _NONE)
        heavy = bin_weight[0] if weighted else units_in(whole[0, 3])
        clear_arms(histogram, bin_weight, weighted, _NONE)
    for part in range(4):
        word = occupied[part] & ~_ONE if part == 0 else occupied[part]
        while word != _NONE:
            code = lowest_bit(word) + np.uint64(64 * part)
            word &= word - _ONE
            add_bin(left, histogram, code)
            weight = weight + bin_weight[code] if weighted else units_in(left[0, 3])
            if missing:
                add_bin(whole, histogram, code)
                heavy = heavy + bin_weight[code] if weighted else units_in(whole[0, 3])
            clear_arms(histogram, bin_weight, weighted, code)
            gain = gain_of_arms(left, weight, facts, limits, best[0])
            if gain > best[0]:
                right = missing or 2.0 * units_in(left[0, 3]) < facts[0, 0]
                best[0], choice[0] = gain, feature
                choice[1] = MISSING_RIGHT if right else MISSING_LEFT
                choice[2] = np.int64(code) - 1 if right else np.int64(code)
            if missing:
                gain = gain_of_arms(whole, heavy, facts, limits, best[0])
                if gain > best[0]:
                    best[0], choice[0], choice[1], choice[2] = gain, feature, MISSING_LEFT, np.int64(code)


@helper
def scan_categories_arms(
    feature, histogram, bin_weight, occupied, weighted, node, limits, order, mean, best, choice, mask
):
    """Try every cut of the categories sorted along the leading direction; clears the histogram."""
    size = sorted_along(histogram, bin_weight, occupied, weighted, order, mean)
    facts, left, weight = node[0], node[1], 0.0
    start_side(left)
    last, last_count = -1, 0.0
    for rank in range(size):
        code = order[rank]
        add_bin(left, histogram, code)
        weight = weight + bin_weight[code] if weighted else units_in(left[0, 3])
        gain = gain_of_arms(left, weight, facts, limits, best[0])
        if gain > best[0]:
            best[0], choice[0], choice[1], choice[2] = gain, feature, CATEGORIES, 0
            last, last_count = rank, units_in(left[0, 3])
    if last >= 0:
        mask_of(order, last, 2.0 * last_count >= facts[0, 0], occupied, mask)
    for rank in range(size):
        clear_arms(histogram, bin_weight, weighted, order[rank])


@helper
def sorted_along(histogram, bin_weight, occupied, weighted, order, mean):
    """Occupied codes sorted by their mean pseudo-outcomes' leading direction, ties by code; their number.

    The direction in which the categories' mean pseudo-outcomes vary most, as Coppersmith, Hong and Hosking (1999, Data
    Mining and Knowledge Discovery 3, 197-217) order categories for a response of several dimensions; with one contrast
    it is the order of the means, which holds the best cut.
    """
    size = 0
    for part in range(4):
        word = occupied[part]
        while word != _NONE:
            order[size] = np.int64(lowest_bit(word)) + 64 * part
            word &= word - _ONE
            size += 1
    direction = leading_direction(histogram, bin_weight, weighted, order, size)
    for rank in range(size):
        code = order[rank]
        weight = bin_weight[code] if weighted else units_in(ANCHOR + histogram[code, 0, 3])
        value = 0.0
        for j in range(histogram.shape[1]):
            value += direction[j] * histogram[code, j, 0]
        value = value / weight if weight > 0.0 else 0.0
        place = rank
        while place > 0 and mean[place - 1] > value:
            mean[place], order[place] = mean[place - 1], order[place - 1]
            place -= 1
        mean[place], order[place] = value, code
    return size


@helper
def leading_direction(histogram, bin_weight, weighted, order, size):
    """Leading eigenvector of Σ S S' / weight over the bins in `order`, its largest entry positive."""
    d = histogram.shape[1]
    spread, other = np.zeros((d, d)), np.empty((d, d))
    for rank in range(size):
        code = order[rank]
        weight = bin_weight[code] if weighted else units_in(ANCHOR + histogram[code, 0, 3])
        if weight > 0.0:
            for j in range(d):
                for k in range(d):
                    spread[j, k] += histogram[code, j, 0] * histogram[code, k, 0] / weight
    for _ in range(_SQUARINGS):
        square_scaled(spread, other)
    column = 0
    for j in range(1, d):
        if spread[j, j] > spread[column, column]:
            column = j
    direction = np.empty(d)
    for j in range(d):
        direction[j] = spread[j, column]
    return direction


@helper
def square_scaled(matrix, scratch):
    """Replace a positive matrix by the square of itself, its largest diagonal entry being 1 before; not a zero one."""
    d = matrix.shape[0]
    largest = 0.0
    for j in range(d):
        largest = max(largest, matrix[j, j])
    if largest <= 0.0:
        return
    for j in range(d):
        for k in range(d):
            scratch[j, k] = 0.0
            for i in range(d):
                scratch[j, k] += (matrix[j, i] / largest) * (matrix[i, k] / largest)
    for j in range(d):
        for k in range(d):
            matrix[j, k] = scratch[j, k]
