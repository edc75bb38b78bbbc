"""Random numbers of one imputation step: from one stream in the study's chain, from a stream a row for new units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Chance(Protocol):
    """What an engine asks for when it draws values for rows."""

    def normal(self, rows: int, width: int) -> FloatArray:
        """Standard normal numbers, shape (rows, width)."""
        ...

    def below(self, bound: int | IntArray, rows: int) -> IntArray:
        """Whole numbers from 0 to below `bound`, one a row."""
        ...

    def uniform(self, rows: int) -> FloatArray:
        """Numbers in [0, 1), one a row, in the place of those of `below`."""
        ...


@dataclass(frozen=True, slots=True)
class Stream:
    """All rows draw from one stream, in the order of the rows."""

    rng: np.random.Generator

    def normal(self, rows: int, width: int) -> FloatArray:
        """See `Chance.normal`."""
        return self.rng.standard_normal((rows, width))

    def below(self, bound: int | IntArray, rows: int) -> IntArray:
        """See `Chance.below`."""
        return self.rng.integers(bound, size=rows)

    def uniform(self, rows: int) -> FloatArray:
        """See `Chance.uniform`."""
        return self.rng.random(rows)


@dataclass(frozen=True, slots=True)
class RowChance:
    """Numbers drawn beforehand, from a stream of its own for every row.

    Attributes
    ----------
    normals : ndarray, shape (m, w)
        Standard normal numbers.
    uniforms : ndarray, shape (m,)
        In [0, 1).
    """

    normals: FloatArray
    uniforms: FloatArray

    def normal(self, rows: int, width: int) -> FloatArray:
        """See `Chance.normal`."""
        return self.normals[:, :width]

    def below(self, bound: int | IntArray, rows: int) -> IntArray:
        """See `Chance.below`."""
        return np.minimum((self.uniforms * bound).astype(np.int64), np.asarray(bound) - 1)

    def uniform(self, rows: int) -> FloatArray:
        """See `Chance.uniform`."""
        return self.uniforms

    def of(self, rows: IntArray) -> RowChance:
        """The same for some of the rows."""
        return RowChance(self.normals[rows], self.uniforms[rows])
