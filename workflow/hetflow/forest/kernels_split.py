"""Kernels that walk a covariate's histogram and keep the best split.

The gain of a split is grf's, the sum over both children of (weighted sum of pseudo-outcomes)² / weight. As pseudo-outcomes sum to zero in a node this is S² W / (L R) with S the left sum and W, L, R the weights of node and
children. Each child must hold `min_leaf` units below the node's mean treatment and as many above, and a share `alpha` of
the node's variation of treatment; grf calls such splits stabilised.
"""

from __future__ import annotations

import numpy as np

from hetflow.forest.compiled import helper
from hetflow.forest.kernels_histogram import lowest_bit
from hetflow.forest.kernels_moments import BELOW

MISSING_LEFT, MISSING_RIGHT, CATEGORIES, LEAF = 0, 1, 2, 3
"""How a node sends units: by a cut, missing values to the left or to the right; by a mask of codes; not at all."""

GAIN = 0
FEATURE, KIND, CUT = 0, 1, 2
_NONE, _ONE, _SIX, _LOW_SIX = np.uint64(0), np.uint64(1), np.uint64(6), np.uint64(63)
_PER_BELOW = 1.0 / BELOW


@helper
def gain_of(total, away, square, count, weight, node, limits, least):
    """Gain of a split by the sums of its left child, or -1 if it is not allowed or does not exceed `least`.

    `node` is (units, units below the mean treatment, weight, variation of treatment), `limits` is (min_leaf, alpha,
    imbalance_penalty).
    """
    below = np.floor(count * _PER_BELOW)
    above = count - below * BELOW - below
    rest_below = node[1] - below
    rest_above = node[0] - node[1] - above
    if min(min(below, above), min(rest_below, rest_above)) < limits[0]:
        return -1.0
    rest = node[2] - weight
    if weight <= 0.0 or rest <= 0.0:
        return -1.0
    gain = total * total * node[2] / (weight * rest)
    if gain <= least:
        return -1.0
    left, right = square - away * away / weight, node[3] - square - away * away / rest
    if min(left, right) < limits[1] * node[3]:
        return -1.0
    if limits[2] > 0.0:
        if min(left, right) <= 0.0:
            return -1.0
        gain -= limits[2] * (1.0 / left + 1.0 / right)
        if gain <= least:
            return -1.0
    return gain


@helper
def scan_numbers(feature, histogram, bin_weight, occupied, weighted, node, limits, best, choice):
    """Try every cut of an ordered covariate, with missing values left, right or alone; clears the histogram.

    `best` (float64, 1) and `choice` (int64, 3) hold the best split so far and receive a better one. Where the node
    lacks missing values, those of other units will follow the larger child.
    """
    none_t, none_a, none_s, none_c, none_w = 0.0, 0.0, 0.0, 0.0, 0.0
    missing = (occupied[0] & _ONE) != _NONE
    if missing:
        none_t, none_a, none_s, none_c = histogram[0, 0], histogram[0, 1], histogram[0, 2], histogram[0, 3]
        none_w = bin_weight[0]
        clear(histogram, bin_weight, weighted, _NONE)
        occupied[0] &= ~_ONE
        weight = none_w if weighted else units_in(none_c)
        gain = gain_of(none_t, none_a, none_s, none_c, weight, node, limits, best[0])
        if gain > best[0]:
            best[0], choice[0], choice[1], choice[2] = gain, feature, MISSING_LEFT, 0
    total, away, square, count, weight = 0.0, 0.0, 0.0, 0.0, 0.0
    for part in range(4):
        word = occupied[part]
        while word != _NONE:
            code = lowest_bit(word) + np.uint64(64 * part)
            word &= word - _ONE
            total += histogram[code, 0]
            away += histogram[code, 1]
            square += histogram[code, 2]
            count += histogram[code, 3]
            weight = weight + bin_weight[code] if weighted else units_in(count)
            clear(histogram, bin_weight, weighted, code)
            gain = gain_of(total, away, square, count, weight, node, limits, best[0])
            if gain > best[0]:
                to_left = (not missing) and 2.0 * units_in(count) >= node[0]
                best[0], choice[0] = gain, feature
                choice[1] = MISSING_LEFT if to_left else MISSING_RIGHT
                choice[2] = np.int64(code) if to_left else np.int64(code) - 1
            if missing:
                with_them = weight + none_w if weighted else units_in(count + none_c)
                gain = gain_of(
                    total + none_t,
                    away + none_a,
                    square + none_s,
                    count + none_c,
                    with_them,
                    node,
                    limits,
                    best[0],
                )
                if gain > best[0]:
                    best[0], choice[0], choice[1], choice[2] = gain, feature, MISSING_LEFT, np.int64(code)


@helper
def scan_categories(
    feature, histogram, bin_weight, occupied, weighted, node, limits, order, mean, best, choice, mask
):
    """Try every cut of the categories sorted by their mean pseudo-outcome; clears the histogram.

    Missing is a category like any other. `mask` (uint64, 4) receives the codes that go left; codes that the node
    lacks go with the larger child.
    """
    size = sorted_categories(histogram, bin_weight, occupied, weighted, order, mean)
    total, away, square, count, weight = 0.0, 0.0, 0.0, 0.0, 0.0
    last, last_count = -1, 0.0
    for rank in range(size):
        code = order[rank]
        total += histogram[code, 0]
        away += histogram[code, 1]
        square += histogram[code, 2]
        count += histogram[code, 3]
        weight = weight + bin_weight[code] if weighted else units_in(count)
        gain = gain_of(total, away, square, count, weight, node, limits, best[0])
        if gain > best[0]:
            best[0], choice[0], choice[1], choice[2] = gain, feature, CATEGORIES, 0
            last, last_count = rank, units_in(count)
    if last >= 0:
        left = 2.0 * last_count >= node[0]
        for part in range(4):
            mask[part] = ~occupied[part] if left else _NONE
        for rank in range(last + 1):
            code = np.uint64(order[rank])
            mask[code >> _SIX] |= _ONE << (code & _LOW_SIX)
    for rank in range(size):
        clear(histogram, bin_weight, weighted, np.uint64(order[rank]))


@helper
def sorted_categories(histogram, bin_weight, occupied, weighted, order, mean):
    """Occupied codes by their mean pseudo-outcome, ties by code, into `order`; their number."""
    size = 0
    for part in range(4):
        word = occupied[part]
        while word != _NONE:
            code = np.int64(lowest_bit(word)) + 64 * part
            word &= word - _ONE
            weight = bin_weight[code] if weighted else units_in(histogram[code, 3])
            value = histogram[code, 0] / weight if weight > 0.0 else 0.0
            place = size
            while place > 0 and mean[place - 1] > value:
                mean[place], order[place] = mean[place - 1], order[place - 1]
                place -= 1
            mean[place], order[place] = value, code
            size += 1
    return size


@helper
def units_in(count):
    """Units of a sum that counts those below the mean treatment in its high digits."""
    return count - np.floor(count * _PER_BELOW) * BELOW


@helper
def clear(histogram, bin_weight, weighted, code):
    """Set a bin to zero."""
    histogram[code, 0], histogram[code, 1], histogram[code, 2], histogram[code, 3] = 0.0, 0.0, 0.0, 0.0
    if weighted:
        bin_weight[code] = 0.0


@helper
def goes_left(code, kind, cut, mask):
    """Whether a code goes left at a node of this kind."""
    if kind == CATEGORIES:
        wide = np.uint64(code)
        return (mask[wide >> _SIX] >> (wide & _LOW_SIX)) & _ONE != _NONE
    return ((np.int64(code) - kind) & 255) <= cut
