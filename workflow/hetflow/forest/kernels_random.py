"""Random draws inside kernels: SplitMix64, whose state is one word, seeded for each tree by its bag and number.

Sebastiano Vigna's SplitMix64 (public domain): a Weyl sequence whose values are mixed by two multiplications.
"""

from __future__ import annotations

import numpy as np

from hetflow.forest.compiled import helper

_WEYL = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_UNIT = 2.0**-53
_MOST_MEAN = 500.0


@helper
def mixed(word):
    """A 64-bit word in which every bit depends on every bit of `word`."""
    word = (word ^ (word >> _S30)) * _FIRST
    word = (word ^ (word >> _S27)) * _SECOND
    return word ^ (word >> _S31)


@helper
def seed_stream(state, seed, number):
    """Start the stream `number` of a seed; `state` is an array of one uint64."""
    state[0] = mixed(np.uint64(seed) + _WEYL * (np.uint64(number) + np.uint64(1)))


@helper
def uniform(state):
    """The next number of a stream, uniform on [0, 1)."""
    state[0] += _WEYL
    return np.float64(mixed(state[0]) >> _S11) * _UNIT


@helper
def below(state, size):
    """A whole number from 0 to size - 1; for sizes far below 2**53 all are as likely."""
    return np.int64(uniform(state) * size)


@helper
def poisson(state, mean):
    """A Poisson number, by multiplying uniforms (Knuth); means are cut up so that exp does not underflow."""
    count = 0
    while mean > 0.0:
        part = min(mean, _MOST_MEAN)
        limit, product = np.exp(-part), uniform(state)
        while product > limit:
            count += 1
            product *= uniform(state)
        mean -= part
    return count


@helper
def choose_halves(state, role, size, drawn):
    """Draw `drawn` of `size` items without replacement, the first half of them to choose splits.

    `role` (uint8, size) receives 0 for items not drawn, 1 for drawn // 2 of them, 2 for the others; selection
    sampling in the order of the items (Knuth, algorithm S), so that memory is read in order.
    """
    splitting, filling = drawn // 2, drawn - drawn // 2
    for i in range(size):
        place = uniform(state) * (size - i)
        if place < splitting:
            role[i] = 1
            splitting -= 1
        elif place < splitting + filling:
            role[i] = 2
            filling -= 1
        else:
            role[i] = 0
