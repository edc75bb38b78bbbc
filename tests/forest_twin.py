"""The histogram engine once more, in plain Python and NumPy, as slowly and as plainly as it can be said.

The twin draws from the same streams (`stream`), so its trees must be the kernels' trees, node by node.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

MASK = 2**64 - 1
MORE = 1 + 1e-9


def stream(seed: int, number: int) -> Iterator[float]:
    """SplitMix64 as uniform numbers on [0, 1)."""

    def mixed(word: int) -> int:
        word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & MASK
        return word ^ (word >> 31)

    weyl = 0x9E3779B97F4A7C15
    state = mixed((seed + weyl * (number + 1)) & MASK)
    while True:
        state = (state + weyl) & MASK
        yield (mixed(state) >> 11) * 2.0**-53


def halves(draws: Iterator[float], size: int, drawn: int) -> np.ndarray:
    """1 for items that choose splits, 2 for items that fill leaves, 0 for the others."""
    wanted = {1: drawn // 2, 2: drawn - drawn // 2}
    role = np.zeros(size, int)
    for i in range(size):
        place = next(draws) * (size - i)
        role[i] = 1 if place < wanted[1] else 2 if place < wanted[1] + wanted[2] else 0
        if role[i]:
            wanted[role[i]] -= 1
    return role


def poisson(draws: Iterator[float], mean: float) -> int:
    count = 0
    while mean > 0:
        part = min(mean, 500.0)
        product = next(draws)
        while product > math.exp(-part):
            count += 1
            product *= next(draws)
        mean -= part
    return count


def moments(t, y, w):
    """Weight, means of treatment and outcome, centred sum of squares and of products."""
    total = w.sum()
    if total <= 0:
        return total, 0.0, 0.0, 0.0, 0.0
    a, b = (w * t).sum() / total, (w * y).sum() / total
    return total, a, b, (w * (t - a) ** 2).sum(), (w * (t - a) * (y - b)).sum()


def gain(left, t, y, w, limits):
    """grf's gain of sending `left` to the left, and None where the split is not allowed."""
    min_leaf, alpha, penalty = limits
    _, a, b, square, product = moments(t, y, w)
    away = t - a
    rho = away * (y - b - product / square * away)
    sides, counts = (left, ~left), []
    for side in sides:
        counts += [np.sum(away[side] < 0), np.sum(away[side] >= 0)]
    if min(counts) < min_leaf or min(w[side].sum() for side in sides) <= 0:
        return None
    variation = [moments(t[side], y[side], w[side])[3] for side in sides]
    if min(variation) < alpha * square or (penalty > 0 and min(variation) <= 0):
        return None
    value = sum((w * rho)[side].sum() ** 2 / w[side].sum() for side in sides)
    return value - (penalty * sum(1 / v for v in variation) if penalty > 0 else 0.0)


def cuts(codes, categories, t, y, w):
    """Every way to cut one covariate in a node: (goes left, kind, cut, codes that go left)."""
    _, a, b, square, product = moments(t, y, w)
    larger_left = lambda left: 2 * left.sum() >= len(left)  # noqa: E731
    present = np.unique(codes)
    if categories:
        rho = (t - a) * (y - b - product / square * (t - a))
        mean = {}
        for code in present:
            weight = w[codes == code].sum()
            mean[code] = (w * rho)[codes == code].sum() / weight if weight > 0 else 0.0
        order = sorted(present, key=lambda code: (mean[code], code))
        for rank in range(1, len(order)):
            left = np.isin(codes, order[:rank])
            absent = np.setdiff1d(np.arange(256), present) if larger_left(left) else np.empty(0, int)
            yield left, 2, 0, frozenset(map(int, [*order[:rank], *absent]))
        return
    missing = (codes == 0).any()
    for code in present[present > 0]:
        right = (codes > 0) & (codes <= code)
        if missing:
            yield right, 1, int(code) - 1, None
            yield codes <= code, 0, int(code), None
        elif larger_left(right):
            yield right, 0, int(code), None
        else:
            yield right, 1, int(code) - 1, None


def grow(codes, categories, t, y, w, limits, depth_limit, tried, draws):
    """Nodes as dicts, parents before children, in the order in which the kernel numbers them."""
    nodes: list[dict] = [{}]
    stack = [(0, np.arange(len(t)), 0)]
    features = list(range(codes.shape[1]))
    while stack:
        here, rows, depth = stack.pop()
        nodes[here] = {"kind": 3}
        if depth >= depth_limit or len(rows) < 4 * limits[0]:
            continue
        node_t, node_y, node_w = t[rows], y[rows], w[rows]
        total, mean, _, square, _ = moments(node_t, node_y, node_w)
        if total <= 0 or square <= 1e-10 * total:
            continue
        below = int(np.sum(node_t - mean < 0))
        if min(below, len(rows) - below) < 2 * limits[0]:
            continue
        best, choice = 0.0, None
        whole = len(features)
        for k in range(whole if tried >= whole else min(max(poisson(draws, tried), 1), whole)):
            other = k + int(next(draws) * (len(features) - k))
            features[k], features[other] = features[other], features[k]
            j = features[k]
            for left, kind, cut, mask in cuts(codes[rows, j], categories[j], node_t, node_y, node_w):
                value = gain(left, node_t, node_y, node_w, limits)
                if value is not None and value > best * MORE:
                    best, choice = value, (left, j, kind, cut, mask)
        if choice is None:
            continue
        left, j, kind, cut, mask = choice
        child = len(nodes)
        nodes[here] = {"kind": kind, "feature": j, "cut": cut, "mask": mask, "child": child}
        nodes += [{}, {}]
        stack += [(child + 1, rows[~left], depth + 1), (child, rows[left], depth + 1)]
    return nodes


def goes_left(node, code):
    if node["kind"] == 2:
        return int(code) in node["mask"]
    return code <= node["cut"] if node["kind"] == 0 else 0 < code <= node["cut"] + 1


def leaf_of(nodes, row, here=0):
    while nodes[here]["kind"] != 3:
        left = goes_left(nodes[here], row[nodes[here]["feature"]])
        here = nodes[here]["child"] + (0 if left else 1)
    return here


def averages(t, y, w):
    """The four averages of a leaf."""
    terms = np.stack([t * y, y, t * t, t])
    return (terms * w).sum(axis=1) / w.sum()


def prune(nodes, here, empty):
    """Nested (node, left, right) or a leaf's number, without leaves that are empty; None if all are."""
    if nodes[here]["kind"] == 3:
        return None if here in empty else here
    left, right = (prune(nodes, nodes[here]["child"] + side, empty) for side in (0, 1))
    if left is None or right is None:
        return right if left is None else left
    return (here, left, right)


def tree_moments(codes, categories, t, y, w, rows, group, limits, depth_limit, tried, share, seed, number):
    """Leaf averages of all units in one tree of a bag, shape (n, 4)."""
    draws = stream(seed, number)
    if group is None:
        role = halves(draws, len(rows), int(share * len(rows)))
    else:
        size = int(group.max()) + 1
        role = halves(draws, size, int(share * size))[group]
    chosen, filling = rows[role == 1], rows[role == 2]
    nodes = grow(
        codes[chosen], categories, t[chosen], y[chosen], w[chosen], limits, depth_limit, tried, draws
    )
    leaf = np.array([leaf_of(nodes, codes[i]) for i in filling], dtype=int)
    leaves = [here for here, node in enumerate(nodes) if node["kind"] == 3]
    empty = {here for here in leaves if w[filling[leaf == here]].sum() <= 0}
    tree = prune(nodes, 0, empty)

    def mean_of(row):
        if tree is None:
            return averages(t[chosen], y[chosen], w[chosen]) if w[chosen].sum() > 0 else np.zeros(4)
        where = tree
        while isinstance(where, tuple):
            here, left, right = where
            where = left if goes_left(nodes[here], row[nodes[here]["feature"]]) else right
        members = filling[leaf == where]
        return averages(t[members], y[members], w[members])

    return np.array([mean_of(row) for row in codes]), nodes
