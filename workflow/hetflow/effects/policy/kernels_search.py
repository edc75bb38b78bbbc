"""Exact search for the policy tree of largest reward, over binned covariates.

The reward of a tree is the sum, over its leaves, of the leaf's reward if that is positive (treat) and zero otherwise
(do not treat). With bins, the rewards of all units on either side of two cuts in two covariates are sums over a table
of bins by bins: a root's cut is moved by one row of the table, and the children's best cuts are read off its running
sums. For p covariates of B bins and n units depth 1 takes ``O(p (n + B))`` and depth 2 ``O(p^2 (n + B^2))`` steps,
whatever the bins; with a bin for each distinct value the search is that of Zhou, Athey and Wager (2023), section 5.
"""

from __future__ import annotations

import numpy as np

from hetflow.forest.compiled import helper, kernel


@helper
def _gain(total):
    """Reward of a leaf."""
    return total if total > 0.0 else 0.0


@kernel("float64(int32[:,::1], int32[::1], float64[::1], int64, float64, int64[::1])")
def search_one(codes, sizes, reward, minimum, tolerance, found):
    """The best tree of depth 1; `found` takes covariate and cut (the last bin of the left), or -1 for a leaf."""
    p, n = codes.shape
    total = 0.0
    for i in range(n):
        total += reward[i]
    best = _gain(total)
    found[:] = -1
    for j in range(p):
        sums, counts = np.zeros(sizes[j]), np.zeros(sizes[j], np.int64)
        for i in range(n):
            sums[codes[j, i]] += reward[i]
            counts[codes[j, i]] += 1
        left, number = 0.0, 0
        for b in range(sizes[j] - 1):
            left += sums[b]
            number += counts[b]
            if number < minimum or n - number < minimum:
                continue
            value = _gain(left) + _gain(total - left)
            if value > best + tolerance:
                best = value
                found[0], found[1] = j, b
    return best


@helper
def _table(first, second, reward, sums, counts):
    """Rewards and units by bin of two covariates, added up over the first one's bins."""
    for i in range(reward.size):
        sums[first[i], second[i]] += reward[i]
        counts[first[i], second[i]] += 1
    for b in range(1, sums.shape[0]):
        for c in range(sums.shape[1]):
            sums[b, c] += sums[b - 1, c]
            counts[b, c] += counts[b - 1, c]


@helper
def _children(k, sums, counts, minimum, tolerance, value, cut):
    """Improve the best children on both sides of every cut of the root by cuts of covariate k."""
    last = sums.shape[0] - 1
    for b in range(last):
        whole_left, whole_right, units_left, units_right = 0.0, 0.0, 0, 0
        for c in range(sums.shape[1]):
            whole_left += sums[b, c]
            whole_right += sums[last, c] - sums[b, c]
            units_left += counts[b, c]
            units_right += counts[last, c] - counts[b, c]
        left, right, near, far = 0.0, 0.0, 0, 0
        for c in range(sums.shape[1] - 1):
            left += sums[b, c]
            right += sums[last, c] - sums[b, c]
            near += counts[b, c]
            far += counts[last, c] - counts[b, c]
            if near >= minimum and units_left - near >= minimum:
                gain = _gain(left) + _gain(whole_left - left)
                if gain > value[0, b] + tolerance:
                    value[0, b] = gain
                    cut[0, b, 0], cut[0, b, 1] = k, c
            if far >= minimum and units_right - far >= minimum:
                gain = _gain(right) + _gain(whole_right - right)
                if gain > value[1, b] + tolerance:
                    value[1, b] = gain
                    cut[1, b, 0], cut[1, b, 1] = k, c


@kernel("float64(int32[:,::1], int32[::1], float64[::1], int64, float64, int64[::1])")
def search_two(codes, sizes, reward, minimum, tolerance, found):
    """The best tree of depth at most 2; `found` takes covariate and cut of the root, of its left and its right child.

    -1 stands for a leaf. A smaller tree is kept unless a larger one gains more than `tolerance`; among equals the
    first covariate and the lowest cut stay.
    """
    p, n = codes.shape
    total = 0.0
    for i in range(n):
        total += reward[i]
    best = _gain(total)
    found[:] = -1
    for j in range(p):
        bins = sizes[j]
        margin, units = np.zeros(bins), np.zeros(bins, np.int64)
        for i in range(n):
            margin[codes[j, i]] += reward[i]
            units[codes[j, i]] += 1
        value, cut = np.zeros((2, bins)), np.full((2, bins, 2), -1)
        left = 0.0
        for b in range(bins):
            left += margin[b]
            value[0, b], value[1, b] = _gain(left), _gain(total - left)
        for k in range(p):
            sums, counts = np.zeros((bins, sizes[k])), np.zeros((bins, sizes[k]), np.int64)
            _table(codes[j], codes[k], reward, sums, counts)
            _children(k, sums, counts, minimum, tolerance, value, cut)
        number = 0
        for b in range(bins - 1):
            number += units[b]
            if number < minimum or n - number < minimum:
                continue
            if value[0, b] + value[1, b] > best + tolerance:
                best = value[0, b] + value[1, b]
                found[0], found[1] = j, b
                found[2], found[3] = cut[0, b, 0], cut[0, b, 1]
                found[4], found[5] = cut[1, b, 0], cut[1, b, 1]
    return best
