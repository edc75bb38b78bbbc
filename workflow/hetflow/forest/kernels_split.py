"""Kernels that walk a covariate's histogram and keep the best split.

The gain of a split is grf's, the sum over both children of (weighted sum of pseudo-outcomes)² / weight. As
pseudo-outcomes sum to zero in a node this is S² W / (L R) with S the left sum and W, L, R the weights of node and
children. Each child must hold `min_leaf` units below the node's mean treatment and as many above, and a share
`alpha` of the node's variation of treatment; grf calls such splits stabilised.
"""

from __future__ import annotations

import numpy as np

from hetflow.forest.compiled import helper
from hetflow.forest.kernels_histogram import bits_of, bits_set, lowest_bit

MISSING_LEFT, MISSING_RIGHT, CATEGORIES, LEAF = 0, 1, 2, 3
"""How a node sends units: by a cut, missing values to the left or to the right; by a mask of codes; not at all."""

ANCHOR = 2.0**52
"""Where counts start, so that the lowest bits of their float64 are the count itself."""

UNITS, BELOW_MEAN, NODE_WEIGHT, VARIATION = 0, 1, 2, 3
"""What the array `node` holds: units, those below the mean treatment, weight, variation of treatment."""

MIN_LEAF, ALPHA, PENALTY = 0, 1, 2
"""What the array `limits` holds."""

_NONE, _ONE, _SIX, _LOW_SIX = np.uint64(0), np.uint64(1), np.uint64(6), np.uint64(63)
_LOW = 2**26 - 1
_MORE = 1.0 + 1e-9
"""How much more a split must gain to take another's place: splits that part the same units tie whatever the rounding,
and the one tried first stays.
"""


@helper
def units_in(count):
    """Units of a sum that starts at `ANCHOR` and counts those below the mean treatment in its high digits."""
    return np.float64(bits_of(count) & _LOW)


@helper
def promising(total, count, weight, node, limits, least):
    """Whether a left child leaves enough units on both sides of the mean treatment and gains more than `least`."""
    bits = bits_of(count)
    below = np.float64((bits >> 26) & _LOW)
    above = np.float64(bits & _LOW) - below
    fewest = limits[0]
    most_below, most_above = node[1] - fewest, node[0] - node[1] - fewest
    enough = (below >= fewest) & (below <= most_below) & (above >= fewest) & (above <= most_above)
    return enough & (total * total * node[2] > least * _MORE * weight * (node[2] - weight))


@helper
def gain_of(total, away, square, weight, node, limits, least):
    """Gain of a promising split, or -1 if its sides vary too little in treatment or a penalty leaves less."""
    rest = node[2] - weight
    if weight <= 0.0 or rest <= 0.0:
        return -1.0
    left, right = square - away * away / weight, node[3] - square - away * away / rest
    if min(left, right) < limits[1] * node[3]:
        return -1.0
    gain = total * total * node[2] / (weight * rest)
    if limits[2] > 0.0:
        if min(left, right) <= 0.0:
            return -1.0
        gain -= limits[2] * (1.0 / left + 1.0 / right)
    return gain if gain > least * _MORE else -1.0


@helper
def scan_numbers(feature, histogram, bin_weight, occupied, weighted, node, limits, best, choice):
    """Try every cut of an ordered covariate, with missing values left, right or alone; clears the histogram.

    `best` (float64, 1) and `choice` (int64, 3) hold the best split so far and receive a better one. Where the node
    lacks missing values, those of other units will follow the larger child.
    """
    if (occupied[0] & _ONE) != _NONE:
        scan_with_missing(feature, histogram, bin_weight, occupied, weighted, node, limits, best, choice)
        return
    total, away, square, count, weight = 0.0, 0.0, 0.0, ANCHOR, 0.0
    least = best[0]
    a, b, c, d = occupied[0], occupied[1], occupied[2], occupied[3]
    size = bits_set(a) + bits_set(b) + bits_set(c) + bits_set(d)
    base = np.uint64(0)
    for _ in range(size):
        while a == _NONE:
            a, b, c, d = b, c, d, _NONE
            base += np.uint64(64)
        code = lowest_bit(a) + base
        a &= a - _ONE
        total += histogram[code, 0]
        away += histogram[code, 1]
        square += histogram[code, 2]
        count += histogram[code, 3]
        weight = weight + bin_weight[code] if weighted else units_in(count)
        clear(histogram, bin_weight, weighted, code)
        if promising(total, count, weight, node, limits, least):
            gain = gain_of(total, away, square, weight, node, limits, least)
            if gain > least:
                to_left = 2.0 * units_in(count) >= node[0]
                least, choice[0] = gain, feature
                choice[1] = MISSING_LEFT if to_left else MISSING_RIGHT
                choice[2] = np.int64(code) if to_left else np.int64(code) - 1
    best[0] = least


@helper
def scan_with_missing(feature, histogram, bin_weight, occupied, weighted, node, limits, best, choice):
    """`scan_numbers` in a node with missing values: each cut twice, and missing values against all others."""
    none_t, none_a, none_s, none_c = histogram[0, 0], histogram[0, 1], histogram[0, 2], histogram[0, 3]
    none_w = bin_weight[0]
    clear(histogram, bin_weight, weighted, _NONE)
    total, away, square, count, weight = 0.0, 0.0, 0.0, ANCHOR, 0.0
    for part in range(4):
        word = occupied[part] & ~_ONE if part == 0 else occupied[part]
        while word != _NONE:
            code = lowest_bit(word) + np.uint64(64 * part)
            word &= word - _ONE
            total += histogram[code, 0]
            away += histogram[code, 1]
            square += histogram[code, 2]
            count += histogram[code, 3]
            weight = weight + bin_weight[code] if weighted else units_in(count)
            clear(histogram, bin_weight, weighted, code)
            if promising(total, count, weight, node, limits, best[0]):
                gain = gain_of(total, away, square, weight, node, limits, best[0])
                if gain > best[0]:
                    best[0], choice[0], choice[1], choice[2] = (
                        gain,
                        feature,
                        MISSING_RIGHT,
                        np.int64(code) - 1,
                    )
            whole, all_of = total + none_t, count + none_c
            heavy = weight + none_w if weighted else units_in(all_of)
            if promising(whole, all_of, heavy, node, limits, best[0]):
                gain = gain_of(whole, away + none_a, square + none_s, heavy, node, limits, best[0])
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
    total, away, square, count, weight = 0.0, 0.0, 0.0, ANCHOR, 0.0
    last, last_count = -1, 0.0
    for rank in range(size):
        code = order[rank]
        total += histogram[code, 0]
        away += histogram[code, 1]
        square += histogram[code, 2]
        count += histogram[code, 3]
        weight = weight + bin_weight[code] if weighted else units_in(count)
        if promising(total, count, weight, node, limits, best[0]):
            gain = gain_of(total, away, square, weight, node, limits, best[0])
            if gain > best[0]:
                best[0], choice[0], choice[1], choice[2] = gain, feature, CATEGORIES, 0
                last, last_count = rank, units_in(count)
    if last >= 0:
        mask_of(order, last, 2.0 * last_count >= node[0], occupied, mask)
    for rank in range(size):
        clear(histogram, bin_weight, weighted, np.uint64(order[rank]))


@helper
def mask_of(order, last, absent, occupied, mask):
    """The codes order[:last + 1] as bits of `mask`, and the codes that the node lacks if these are `absent`."""
    for part in range(4):
        mask[part] = ~occupied[part] if absent else _NONE
    for rank in range(last + 1):
        code = np.uint64(order[rank])
        mask[code >> _SIX] |= _ONE << (code & _LOW_SIX)


@helper
def sorted_categories(histogram, bin_weight, occupied, weighted, order, mean):
    """Occupied codes by their mean pseudo-outcome, ties by code, into `order`; their number."""
    size = 0
    for part in range(4):
        word = occupied[part]
        while word != _NONE:
            code = np.int64(lowest_bit(word)) + 64 * part
            word &= word - _ONE
            weight = bin_weight[code] if weighted else units_in(ANCHOR + histogram[code, 3])
            value = histogram[code, 0] / weight if weight > 0.0 else 0.0
            place = size
            while place > 0 and mean[place - 1] > value:
                mean[place], order[place] = mean[place - 1], order[place - 1]
                place -= 1
            mean[place], order[place] = value, code
            size += 1
    return size


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
