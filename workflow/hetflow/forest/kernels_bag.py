"""Kernels that Python calls: grow a bag, find the leaf averages of units, add them to the sums."""

from __future__ import annotations

import numpy as np

from hetflow.forest.compiled import helper, kernel
from hetflow.forest.kernels_random import choose_halves, seed_stream
from hetflow.forest.kernels_route import fill_leaves, masks_in_order, pack, route
from hetflow.forest.kernels_split import CATEGORIES, LEAF
from hetflow.forest.kernels_tree import CHILD, CUT, FEATURE, KIND, grow_splits, pruned

SPLITTING, FILLING = 1, 2


@helper
def draw_roles(state, group, groups, share, role, group_role):
    """What each unit of a half-sample does in a tree: choose splits (1), fill leaves (2), nothing (0).

    Whole clusters share a role if `group` numbers them; `groups` is their number, 0 without clusters.
    """
    size = groups if groups > 0 else role.shape[0]
    drawn = np.int64(share * size)
    if groups == 0:
        choose_halves(state, role, size, drawn)
        return
    choose_halves(state, group_role, size, drawn)
    for k in range(role.shape[0]):
        role[k] = group_role[group[k]]


@helper
def gather(codes, rows, role, t, y, w, weighted, count, own_codes, own_t, own_y, own_w):
    """Copy the units that choose splits, covariate by covariate."""
    place = 0
    for k in range(rows.shape[0]):
        if role[k] == SPLITTING:
            i = rows[k]
            for j in range(own_codes.shape[0]):
                own_codes[j, place] = codes[i, j]
            own_t[place], own_y[place] = t[i], y[i]
            if weighted:
                own_w[place] = w[i]
            place += 1


@helper
def emit(nodes, masks, sums, forward, begin, leaves, category_nodes, out, out_masks, averages, queue):
    """Write a tree without its cut-off nodes, breadth first, children side by side; nodes and leaves written."""
    queue[0] = forward[0]
    written, done = 1, 0
    while done < written:
        here = queue[done]
        row = begin + done
        kind = nodes[here, KIND]
        out[row, KIND] = kind
        if kind == LEAF:
            out[row, FEATURE], out[row, CUT], out[row, CHILD] = 0, 0, leaves
            weight = sums[here, 0]
            for k in range(4):
                averages[leaves, k] = sums[here, k + 1] / weight if weight > 0.0 else 0.0
            leaves += 1
        else:
            out[row, FEATURE], out[row, CUT], out[row, CHILD] = (
                nodes[here, FEATURE],
                nodes[here, CUT],
                written,
            )
            if kind == CATEGORIES:
                out_masks[category_nodes] = masks[here]
                category_nodes += 1
            queue[written] = forward[nodes[here, CHILD]]
            queue[written + 1] = forward[nodes[here, CHILD] + 1]
            written += 2
        done += 1
    return written, leaves, category_nodes


@kernel(
    "Tuple((i8[::1], i8[:,::1], u8[:,::1], f8[:,::1]))"
    "(u1[:,::1], f8[::1], f8[::1], f8[::1], i8[::1], i8[::1], i8, i8[::1], f8[::1], i8, f8, i8, f8, i8, u8)"
)
def grow_bag(
    codes, t, y, w, rows, group, groups, categories, limits, depth_limit, tried, near, share, trees, seed
):
    """Grow the trees of a bag.

    Parameters
    ----------
    codes : uint8, shape (n, p)
        Bins of all units (`hetflow.forest.binning`).
    t, y, w : float64, shape (n,)
        Residuals and weights; an empty `w` means that all weigh alike.
    rows : int64, shape (m,)
        The half-sample.
    group, groups : int64, shape (m,); int
        Cluster of each of its units, numbered from 0, and their number; 0 without clusters.
    categories, limits, depth_limit, tried, near
        See `hetflow.forest.kernels_tree.grow_splits`.
    share : float
        Share of the half-sample that a tree reads.
    trees : int
        Trees of the bag.
    seed : uint64
        Of the bag; tree k reads stream k.

    Returns
    -------
    start : int64, shape (trees + 1,)
        First node of each tree.
    nodes : int64, shape (nodes, 4)
        Covariate, kind, cut, child: the left child counted from the tree's first node; in leaves, the row of averages.
    masks : uint64, shape (categorical nodes, 4)
        Codes that go left, node after node.
    averages : float64, shape (leaves, 4)
        Weighted averages of t y, y, t², t over the units that fill the leaf.
    """
    m, p = rows.shape[0], codes.shape[1]
    weighted, nominal = w.shape[0] > 0, categories.max() > 0 if p > 0 else False
    # A split leaves 2 min_leaf units on each side.
    bound = 2 * np.int64(m / (2.0 * limits[0])) + 3
    nodes, forward = np.zeros((bound, 4), np.int64), np.empty(bound, np.int64)
    masks = np.zeros((bound if nominal else 1, 4), np.uint64)
    out, out_masks = (
        np.empty((bound * trees, 4), np.int64),
        np.empty((bound * trees if nominal else 0, 4), np.uint64),
    )
    averages, queue = np.empty((bound * trees, 4)), np.empty(bound, np.int64)
    packed, mask_row = np.empty(bound, np.uint64), np.empty(bound, np.int64)
    packed_masks = np.zeros((bound if nominal else 0, 4), np.uint64)
    start, state = np.zeros(trees + 1, np.int64), np.zeros(1, np.uint64)
    role, group_role = np.empty(m, np.uint8), np.empty(max(groups, 1), np.uint8)
    leaves, category_nodes = 0, 0
    for tree in range(trees):
        seed_stream(state, seed, tree)
        draw_roles(state, group, groups, share, role, group_role)
        chosen = 0
        for k in range(m):
            chosen += role[k] == SPLITTING
        own_codes, own_t, own_y = np.empty((p, chosen), np.uint8), np.empty(chosen), np.empty(chosen)
        own_w = np.empty(chosen if weighted else 0)
        gather(codes, rows, role, t, y, w, weighted, chosen, own_codes, own_t, own_y, own_w)
        count = grow_splits(
            own_codes,
            own_t,
            own_y,
            own_w,
            weighted,
            categories,
            limits,
            depth_limit,
            tried,
            near,
            state,
            nodes,
            masks,
        )
        sums = np.zeros((count, 5))
        pack(nodes[:count], 0, 0, packed, mask_row)
        if nominal:
            masks_in_order(nodes, count, masks, packed_masks)
        fill_leaves(packed, mask_row, packed_masks, codes, rows, role, FILLING, t, y, w, weighted, sums)
        pruned(nodes, count, sums, forward)
        root = forward[0]
        if nodes[root, KIND] == LEAF and sums[root, 0] <= 0.0:
            # None that fills leaves has weight. A tree of one leaf chose nothing, so the others may fill it.
            nodes[0, KIND], forward[0] = LEAF, 0
            packed[0] = np.uint64(LEAF) << np.uint64(16) | np.uint64(255) << np.uint64(24)
            fill_leaves(packed, mask_row, packed_masks, codes, rows, role, SPLITTING, t, y, w, weighted, sums)
        written, leaves, category_nodes = emit(
            nodes, masks, sums, forward, start[tree], leaves, category_nodes, out, out_masks, averages, queue
        )
        start[tree + 1] = start[tree] + written
    return start, out[: start[trees]].copy(), out_masks[:category_nodes].copy(), averages[:leaves].copy()


@helper
def pack_bag(start, nodes, packed, mask_row):
    """`pack` for the trees of a bag."""
    seen = 0
    for tree in range(start.shape[0] - 1):
        begin, end = start[tree], start[tree + 1]
        seen = pack(nodes[begin:end], begin, seen, packed[begin:end], mask_row[begin:end])


@kernel("void(i8[::1], i8[:,::1], u8[:,::1], f8[:,::1], u1[:,::1], i8[::1], f8[:,:,::1])")
def leaf_averages(start, nodes, masks, averages, codes, rows, out):
    """Leaf averages of units, into `out` (float64, 5 x trees x units); see `grow_bag` for the arguments."""
    size, trees = rows.shape[0], start.shape[0] - 1
    packed, mask_row = np.empty(nodes.shape[0], np.uint64), np.empty(nodes.shape[0], np.int64)
    pack_bag(start, nodes, packed, mask_row)
    leaf = np.empty(size, np.int64)
    for tree in range(trees):
        route(packed, mask_row, masks, start[tree], codes, rows, leaf)
        for k in range(size):
            row = nodes[leaf[k], CHILD]
            for j in range(4):
                out[j, tree, k] = averages[row, j]
            out[4, tree, k] = 1.0


_BLOCK = 128


@helper
def add_block(
    averages,
    leaf,
    rows,
    first,
    size,
    scale,
    product_scale,
    work,
    total,
    bags,
    sums,
    tree_products,
    bag_products,
):
    """Add the leaf averages of at most `_BLOCK` units to the sums; how many values lay outside their bound."""
    trees = leaf.shape[0]
    share, most, wrong = 1.0 / trees, 2.0**42, 0
    for tree in range(trees):
        for k in range(size):
            row = leaf[tree, first + k]
            work[tree, 0, k], work[tree, 1, k] = averages[row, 0], averages[row, 1]
            work[tree, 2, k], work[tree, 3, k] = averages[row, 2], averages[row, 3]
            work[tree, 4, k] = 1.0
    for j in range(5):
        for k in range(size):
            value = work[0, j, k]
            for tree in range(1, trees):
                value += work[tree, j, k]
            total[j, k] = value / trees
        for k in range(size):
            value = np.rint(total[j, k] * scale[j])
            wrong += not abs(value) <= most
            sums[j, rows[first + k]] += trees * np.int64(value)
    pair = 0
    for j in range(5):
        for i in range(j, 5):
            for k in range(size):
                value = work[0, j, k] * work[0, i, k]
                for tree in range(1, trees):
                    value += work[tree, j, k] * work[tree, i, k]
                value = np.rint(value * share * product_scale[pair])
                mean = np.rint(total[j, k] * total[i, k] * product_scale[pair])
                wrong += not (abs(value) <= most and abs(mean) <= most)
                tree_products[pair, rows[first + k]] += trees * np.int64(value)
                bag_products[pair, rows[first + k]] += np.int64(mean)
            pair += 1
    for k in range(size):
        bags[rows[first + k]] += 1
    return wrong


@kernel(
    "i8(i8[::1], i8[:,::1], u8[:,::1], f8[:,::1], u1[:,::1], i8[::1], f8[::1], f8[::1],"
    "i8[::1], i8[:,::1], i8[:,::1], i8[:,::1])"
)
def add_bag(
    start, nodes, masks, averages, codes, rows, scale, product_scale, bags, sums, tree_products, bag_products
):
    """Add a bag's leaf averages of `rows` to the fixed-point sums, as `hetflow.forest.sums.accumulate` does.

    `scale` and `product_scale` turn a number into its multiple of the grid; the last four are the arrays of
    `hetflow.forest.sums.Sums`. No array grows with the units: they pass in blocks.

    Returns
    -------
    int
        How many values lay outside the bound that the data imply: 0 unless something is wrong.
    """
    trees, wide = start.shape[0] - 1, 8 * _BLOCK
    packed, mask_row = np.empty(nodes.shape[0], np.uint64), np.empty(nodes.shape[0], np.int64)
    pack_bag(start, nodes, packed, mask_row)
    leaf, work, total = np.empty((trees, wide), np.int64), np.empty((trees, 5, _BLOCK)), np.empty((5, _BLOCK))
    wrong = 0
    for begin in range(0, rows.shape[0], wide):
        here = rows[begin : begin + wide]
        for tree in range(trees):
            route(packed, mask_row, masks, start[tree], codes, here, leaf[tree])
            for k in range(here.shape[0]):
                leaf[tree, k] = nodes[leaf[tree, k], CHILD]
        for first in range(0, here.shape[0], _BLOCK):
            size = min(_BLOCK, here.shape[0] - first)
            wrong += add_block(
                averages,
                leaf,
                here,
                first,
                size,
                scale,
                product_scale,
                work,
                total,
                bags,
                sums,
                tree_products,
                bag_products,
            )
    return wrong
