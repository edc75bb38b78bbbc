"""Kernels that Python calls: find the leaf averages of units, add them to the sums."""

from __future__ import annotations

import numpy as np

from hetflow.forest.compiled import helper, kernel
from hetflow.forest.kernels_route import pack, route
from hetflow.forest.kernels_tree import CHILD


@helper
def pack_bag(start, nodes, packed, mask_row):
    """`pack` for the trees of a bag."""
    seen = 0
    for tree in range(start.shape[0] - 1):
        begin, end = start[tree], start[tree + 1]
        seen = pack(nodes[begin:end], begin, seen, packed[begin:end], mask_row[begin:end])


@kernel("void(i8[::1], i8[:,::1], u8[:,::1], f8[:,::1], u1[:,::1], i8[::1], f8[:,:,::1])")
def leaf_averages(start, nodes, masks, averages, codes, rows, out):
    """Leaf averages of units, into `out` (float64, averages + 1 x trees x units); see `grow_bag`."""
    size, trees = rows.shape[0], start.shape[0] - 1
    packed, mask_row = np.empty(nodes.shape[0], np.uint64), np.empty(nodes.shape[0], np.int64)
    pack_bag(start, nodes, packed, mask_row)
    leaf = np.empty(size, np.int64)
    for tree in range(trees):
        route(packed, mask_row, masks, start[tree], codes, rows, leaf)
        for k in range(size):
            row = nodes[leaf[k], CHILD]
            for j in range(averages.shape[1]):
                out[j, tree, k] = averages[row, j]
            out[averages.shape[1], tree, k] = 1.0


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
    trees, width = leaf.shape[0], total.shape[0]
    share, most, wrong = 1.0 / trees, 2.0**42, 0
    for tree in range(trees):
        for j in range(width - 1):
            for k in range(size):
                work[tree, j, k] = averages[leaf[tree, first + k], j]
        work[tree, width - 1, :size] = 1.0
    for j in range(width):
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
    for j in range(width):
        for i in range(j, width):
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
    trees, wide, width = start.shape[0] - 1, 8 * _BLOCK, averages.shape[1] + 1
    packed, mask_row = np.empty(nodes.shape[0], np.uint64), np.empty(nodes.shape[0], np.int64)
    pack_bag(start, nodes, packed, mask_row)
    leaf, work, total = (
        np.empty((trees, wide), np.int64),
        np.empty((trees, width, _BLOCK)),
        np.empty((width, _BLOCK)),
    )
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
