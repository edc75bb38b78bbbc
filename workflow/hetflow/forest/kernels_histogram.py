"""Kernels that build the histogram of one covariate in one node.

A histogram holds four sums for each bin (`hetflow.forest.kernels_moments.pseudo_outcomes`), and the weight of each
bin where units have weights. The pseudo-outcomes belong to one node and the covariates tried differ from node to
node, so a child's histogram cannot be had by subtracting its sibling's. Instead a histogram costs no more than its
node's units: the bins that they occupy are marked in 256 bits, and only these are walked and cleared.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from hetflow.forest.compiled import helper

_DOUBLE, _BIT, _LONG = ir.DoubleType(), ir.IntType(1), ir.IntType(64)
_SIX, _LOW_SIX, _ONE, _NONE = np.uint64(6), np.uint64(63), np.uint64(1), np.uint64(0)


@intrinsic
def lowest_bit(typingctx, word):
    """Position of the lowest bit that is set in a uint64 which is not 0."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(_BIT, 1))

    return types.uint64(types.uint64), generate


@intrinsic
def bits_set(typingctx, word):
    """How many bits of a uint64 are set."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.int64(types.uint64), generate


@intrinsic
def bits_of(typingctx, number):
    """The 64 bits of a float64."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], _LONG)

    return types.int64(types.float64), generate


@intrinsic
def add_row(typingctx, target, row, source, other):
    """target[row] += source[other] for arrays of four float64 a row, as one vector addition.

    Four additions that each round as they would alone; compiled from NumPy notation they would be four times as many
    instructions, which halves the speed of growing.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = ir.VectorType(_DOUBLE, 4).as_pointer()

        def place(which: int) -> Any:
            array = context.make_array(signature.args[which])(context, builder, args[which])
            offset = builder.mul(args[which + 1], ir.Constant(_LONG, 4))
            return builder.bitcast(builder.gep(array.data, [offset]), vector)

        there, here = place(0), place(2)
        old, new = builder.load(there), builder.load(here)
        old.align = new.align = 8
        builder.store(builder.fadd(old, new), there).align = 8
        return context.get_dummy_value()

    return types.void(target, types.uint64, source, types.uint64), generate


@helper
def fill(codes, idx, low, high, values, weights, weighted, histogram, bin_weight, occupied):
    """Add a node's units to the bins of one covariate, and mark the bins in `occupied` (uint64, 4).

    `codes` (uint8) is the covariate, `idx` (uint32) holds the node's units from `low` to `high`, `values` and `weights`
    are theirs from row 0 on. `histogram` (float64, 256 x 4) and `bin_weight` (float64, 256) must be zero.
    """
    occupied[0], occupied[1], occupied[2], occupied[3] = _NONE, _NONE, _NONE, _NONE
    for k in range(low, high):
        code = np.uint64(codes[np.uint64(idx[k])])
        add_row(histogram, code, values, np.uint64(k - low))
        occupied[code >> _SIX] |= _ONE << (code & _LOW_SIX)
    if weighted:
        for k in range(low, high):
            bin_weight[np.uint64(codes[np.uint64(idx[k])])] += weights[k - low]
