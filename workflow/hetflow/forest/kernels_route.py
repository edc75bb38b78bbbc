"""Kernels that send units down a tree.

A node is packed into one word: covariate in the lowest 16 bits, then kind (8), cut (8) and the index of the left child
(32). A leaf is its own child and its cut lets every code pass to the left, so that units walk in step, four at a time,
without asking at each node whether it is a leaf.
"""

from __future__ import annotations

import numpy as np

from hetflow.forest.compiled import helper
from hetflow.forest.kernels_node import add_unit
from hetflow.forest.kernels_split import CATEGORIES, LEAF, goes_left

_FEATURE, _KIND, _CUT, _CHILD = 0, 1, 2, 3
_S16, _S24, _S32 = np.uint64(16), np.uint64(24), np.uint64(32)
_BYTE, _WORD = np.uint64(0xFF), np.uint64(0xFFFF)


@helper
def pack(nodes, begin, seen, packed, mask_row):
    """Pack the nodes of one tree, whose root is node `begin` of its bag.

    `mask_row` receives the row of a categorical node's mask, `seen` being the categorical nodes before the tree; their
    number after it is returned.
    """
    for k in range(nodes.shape[0]):
        leaf = nodes[k, _KIND] == LEAF
        child = np.uint64(begin + (k if leaf else nodes[k, _CHILD]))
        cut = np.uint64(255 if leaf else nodes[k, _CUT])
        kind = np.uint64(nodes[k, _KIND])
        packed[k] = (
            np.uint64(nodes[k, _FEATURE]) * np.uint64(not leaf) | kind << _S16 | cut << _S24 | child << _S32
        )
        mask_row[k] = seen
        seen += nodes[k, _KIND] == CATEGORIES
    return seen


@helper
def masks_in_order(nodes, count, masks, ordered):
    """Masks of the categorical nodes of a growing tree, one after the other."""
    row = 0
    for k in range(count):
        if nodes[k, _KIND] == CATEGORIES:
            ordered[row] = masks[k]
            row += 1


@helper
def step(packed, here, codes, i):
    """The node after `here`, which is not categorical; a leaf follows itself."""
    node = packed[here]
    code = np.uint64(codes[i, node & _WORD])
    over = ((code - ((node >> _S16) & _BYTE)) & _BYTE) > ((node >> _S24) & _BYTE)
    return (node >> _S32) + np.uint64(over)


@helper
def route(packed, mask_row, masks, begin, codes, rows, reached):
    """Node of the leaf that each of `rows` reaches from the root `begin`, into `reached` (int64)."""
    size = rows.shape[0]
    if masks.shape[0] > 0:
        for k in range(size):
            reached[k] = walk(packed, mask_row, masks, begin, codes, rows[k])
        return
    root = np.uint64(begin)
    for k in range(0, size - 3, 4):
        i, j, m, n = (
            np.uint64(rows[k]),
            np.uint64(rows[k + 1]),
            np.uint64(rows[k + 2]),
            np.uint64(rows[k + 3]),
        )
        a, b, c, d = root, root, root, root
        moved = True
        while moved:
            e, f = step(packed, a, codes, i), step(packed, b, codes, j)
            g, h = step(packed, c, codes, m), step(packed, d, codes, n)
            moved = ((a ^ e) | (b ^ f) | (c ^ g) | (d ^ h)) != np.uint64(0)
            a, b, c, d = e, f, g, h
        reached[k], reached[k + 1], reached[k + 2], reached[k + 3] = a, b, c, d
    for k in range(size - size % 4, size):
        reached[k] = walk(packed, mask_row, masks, begin, codes, rows[k])


@helper
def walk(packed, mask_row, masks, begin, codes, i):
    """Node of the leaf that one unit reaches; categorical nodes may be on its way."""
    here = np.int64(begin)
    while True:
        kind = np.int64((packed[here] >> _S16) & _BYTE)
        if kind == LEAF:
            return here
        if kind == CATEGORIES:
            left = goes_left(codes[i, packed[here] & _WORD], kind, 0, masks[mask_row[here]])
            here = np.int64(packed[here] >> _S32) + (0 if left else 1)
        else:
            here = np.int64(step(packed, np.uint64(here), codes, np.uint64(i)))


@helper
def fill_leaves(packed, mask_row, masks, codes, rows, role, wanted, t, y, w, weighted, sums):
    """Add the weighted moments of the units of one role to their leaves."""
    chosen = np.empty(rows.shape[0], np.int64)
    size = 0
    for k in range(rows.shape[0]):
        chosen[size] = rows[k]
        size += role[k] == wanted
    reached = np.empty(size, np.int64)
    route(packed, mask_row, masks, 0, codes, chosen[:size], reached)
    for k in range(size):
        i, leaf = chosen[k], reached[k]
        add_unit(sums, leaf, w[i] if weighted else 1.0, t, y, i)
