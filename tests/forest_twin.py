"""The histogram engine once more, in plain Python and NumPy, as slowly and as plainly as it can be said.

The twin draws from the same streams (`stream`), so its trees must be the kernels' trees, node by node.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

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


def contrasts(t):
    """Treatment residuals as a matrix, one column a contrast with the reference arm."""
    return t if t.ndim == 2 else t[:, None]


def moments(t, y, w):
    """Weight, means of treatments and outcome, centred sums of squares and of products; of one contrast or several."""
    t, total = contrasts(t), w.sum()
    d = t.shape[1]
    if total <= 0:
        return total, np.zeros(d), 0.0, np.zeros((d, d)), np.zeros(d)
    a, b = (w[:, None] * t).sum(axis=0) / total, (w * y).sum() / total
    away = t - a
    return total, a, b, (away * w[:, None]).T @ away, away.T @ (w * (y - b))


def tells_arms_apart(squares, total):
    """Whether no contrast is, within the node, a linear function of those before it."""
    minors = [1.0, *(np.linalg.det(squares[:k, :k]) for k in range(1, len(squares) + 1))]
    return total > 0 and all(after > 1e-10 * total * before for before, after in pairwise(minors))


def pseudo_outcomes(t, y, w):
    """Treatments about their mean, and each unit's gradients at the node's effects; both (units, contrasts)."""
    _, a, b, squares, products = moments(t, y, w)
    away = contrasts(t) - a
    residual = y - b - away @ np.linalg.solve(squares, products)
    return away, np.trace(squares) / len(squares) * (away @ np.linalg.inv(squares)) * residual[:, None]


def gain(left, t, y, w, limits):
    """grf's gain of sending `left` to the left, and None where the split is not allowed."""
    min_leaf, alpha, penalty = limits
    squares = np.diag(moments(t, y, w)[3])
    away, rho = pseudo_outcomes(t, y, w)
    sides, counts = (left, ~left), []
    for side in sides:
        counts += [*np.sum(away[side] < 0, axis=0), *np.sum(away[side] >= 0, axis=0)]
    if min(counts) < min_leaf or min(w[side].sum() for side in sides) <= 0:
        return None
    variation = np.array([np.diag(moments(t[side], y[side], w[side])[3]) for side in sides])
    if (variation < alpha * squares).any() or (penalty > 0 and variation.min() <= 0):
        return None
    value = sum(((w[side] @ rho[side]) ** 2).sum() / w[side].sum() for side in sides)
    return value - (penalty * (1 / variation).sum(axis=0).mean() if penalty > 0 else 0.0)


def leading_direction(sums, weights):
    """Direction in which means vary most between categories, its largest entry positive."""
    spread = sum((np.outer(s, s) / v for s, v in zip(sums, weights, strict=True) if v > 0), np.zeros((1, 1)))
    direction = np.linalg.eigh(spread)[1][:, -1]
    return direction * np.sign(direction[np.argmax(np.abs(direction))])


def cuts(codes, categories, t, y, w):
    """Every way to cut one covariate in a node: (goes left, kind, cut, codes that go left)."""
    larger_left = lambda left: 2 * left.sum() >= len(left)  # noqa: E731
    present = np.unique(codes)
    if categories:
        _, rho = pseudo_outcomes(t, y, w)
        weight = [w[codes == code].sum() for code in present]
        sums = [w[codes == code] @ rho[codes == code] for code in present]
        along = np.array(sums) @ leading_direction(sums, weight)
        mean = {c: a / v if v > 0 else 0.0 for c, a, v in zip(present, along, weight, strict=True)}
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
        total, mean, _, squares, _ = moments(node_t, node_y, node_w)
        if not tells_arms_apart(squares, total):
            continue
        below = np.sum(contrasts(node_t) - mean < 0, axis=0)
        if min(below.min(), len(rows) - below.max()) < 2 * limits[0]:
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
    """The averages of a leaf: of t y, y, the upper triangle of t t', t."""
    t = contrasts(t)
    first, second = np.triu_indices(t.shape[1])
    terms = np.column_stack([t * y[:, None], y, t[:, first] * t[:, second], t])
    return w @ terms / w.sum()


def prune(nodes, here, empty):
    """Nested (node, left, right) or a leaf's number, without leaves that are empty; None if all are."""
    if nodes[here]["kind"] == 3:
        return None if here in empty else here
    left, right = (prune(nodes, nodes[here]["child"] + side, empty) for side in (0, 1))
    if left is None or right is None:
        return right if left is None else left
    return (here, left, right)


def tree_moments(codes, categories, t, y, w, rows, group, limits, depth_limit, tried, share, seed, number):
    """Leaf averages of all units in one tree of a bag, shape (n, 4), more for several contrasts."""
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
            none = np.zeros_like(averages(t, y, np.ones(len(t))))
            return averages(t[chosen], y[chosen], w[chosen]) if w[chosen].sum() > 0 else none
        where = tree
        while isinstance(where, tuple):
            here, left, right = where
            where = left if goes_left(nodes[here], row[nodes[here]["feature"]]) else right
        members = filling[leaf == where]
        return averages(t[members], y[members], w[members])

    return np.array([mean_of(row) for row in codes]), nodes
