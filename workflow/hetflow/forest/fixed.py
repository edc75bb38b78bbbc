"""Fixed-point numbers: reals as 64-bit integers on a common grid, whose addition is exact in any order.

Sums of floating-point numbers depend on how they are grouped; sums of integers do not. Each quantity is
bounded by a power of two, 2**exponent, which follows from the data alone; its value is rounded once to a
multiple of 2**(exponent - 42), which is 2e-13 of the bound. 2**20 such values stay within 2**62, so no sum
of as many trees can overflow.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

BITS = 42


def exponents_above(bounds: ArrayLike) -> NDArray[np.int64]:
    """Smallest integers e with `bounds` < 2**e (0 where the bound is 0).

    Parameters
    ----------
    bounds : array_like
        Finite, not negative.
    """
    exponents = np.frexp(np.asarray(bounds, dtype=np.float64))[1]
    return exponents.astype(np.int64)


def to_fixed(values: NDArray[np.float64], exponents: NDArray[np.int64]) -> NDArray[np.int64]:
    """Round to the grid.

    Parameters
    ----------
    values : ndarray, shape (k, n)
        Numbers of absolute value at most 2**exponent.
    exponents : ndarray of int, shape (k,)
        Exponent of each row's bound.

    Raises
    ------
    OverflowError
        If a value lies outside its bound or is not a number.
    """
    grid = np.rint(np.ldexp(values, (BITS - exponents)[:, None]))
    if not np.all(np.abs(grid) <= 2.0**BITS):
        raise OverflowError("a leaf average lies outside the bound that the data imply")
    return grid.astype(np.int64)


def from_fixed(integers: NDArray[np.int64], exponents: NDArray[np.int64]) -> NDArray[np.float64]:
    """The numbers that integers on the grid stand for, shape (k, n); see `to_fixed`."""
    return np.ldexp(integers.astype(np.float64), (exponents - BITS)[:, None])
