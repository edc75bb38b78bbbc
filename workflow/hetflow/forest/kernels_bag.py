"""The kernel that grows a bag."""

from __future__ import annotations

import numpy as np

from hetflow.forest.compiled import helper, kernel
from hetflow.forest.kernels_arms import fill_arms, open_arms
from hetflow.forest.kernels_histogram import fill
from hetflow.forest.kernels_moments import open_node
from hetflow.forest.kernels_node import copy_unit, sums_of_leaf
from hetflow.forest.kernels_random import choose_halves, seed_stream
from hetflow.forest.kernels_route import fill_leaves, masks_in_order, pack
from hetflow.forest.kernels_split import CATEGORIES, LEAF, scan_categories, scan_numbers
from hetflow.forest.kernels_split_arms import scan_categories_arms, scan_numbers_arms
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
            copy_unit(t, i, own_t, place)
            own_y[place] = y[i]
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
            for k in range(averages.shape[1]):
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
        Residuals and weights; an empty `w` means that all weigh alike. `t` has shape (n, d) for several arms
        (`hetflow.forest.kernels_bag_arms`).
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
    averages : float64, shape (leaves, 4), for several arms (leaves, d + 1 + d (d + 1) / 2 + d)
        Weighted averages of t y, y, t², t over the units that fill the leaf; for several arms those of the vector t y,
        of y, of the upper triangle of t t', row by row, and of the vector t.
    """
    m, p, width = rows.shape[0], codes.shape[1], sums_of_leaf(t)
    weighted, nominal = w.shape[0] > 0, categories.max() > 0 if p > 0 else False
    # A split leaves 2 min_leaf units on each side.
    bound = 2 * np.int64(m / (2.0 * limits[0])) + 3
    nodes, forward = np.zeros((bound, 4), np.int64), np.empty(bound, np.int64)
    masks = np.zeros((bound if nominal else 1, 4), np.uint64)
    out, out_masks = (
        np.empty((bound * trees, 4), np.int64),
        np.empty((bound * trees if nominal else 0, 4), np.uint64),
    )
    averages, queue = np.empty((bound * trees, width - 1)), np.empty(bound, np.int64)
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
        own_codes, own_t, own_y = np.empty((p, chosen), np.uint8), np.empty_like(t[:chosen]), np.empty(chosen)
        own_w = np.empty(chosen if weighted else 0)
        gather(codes, rows, role, t, y, w, weighted, chosen, own_codes, own_t, own_y, own_w)
        if t.ndim == 1:
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
                open_node,
                fill,
                scan_numbers,
                scan_categories,
            )
        else:
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
                open_arms,
                fill_arms,
                scan_numbers_arms,
                scan_categories_arms,
            )
        sums = np.zeros((count, width))
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
