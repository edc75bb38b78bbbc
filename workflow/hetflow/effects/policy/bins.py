"""Covariates cut into bins, once for all trees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hetflow.effects.linear import Matrix, Vector
from hetflow.errors import refuse

_DIGITS = 17


@dataclass(frozen=True, slots=True)
class Bins:
    """Covariates cut into bins.

    Attributes
    ----------
    codes : ndarray of int32, shape (p, n)
        Bin of each unit, ascending with the covariate.
    sizes : ndarray of int32, shape (p,)
        Number of bins.
    cuts : tuple of ndarray, length p
        The b-th lies between bins b and b + 1: a unit at or below it is in bin b or lower.
    """

    codes: NDArray[np.int32]
    sizes: NDArray[np.int32]
    cuts: tuple[Vector, ...]

    def of(self, rows: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Codes of some of the units, contiguous."""
        return np.ascontiguousarray(self.codes[:, rows])


def make_bins(X: Matrix, candidates: int) -> Bins:
    """Bins of every column of X: one for each distinct value, or `candidates` + 1 of about equal size.

    Parameters
    ----------
    X : ndarray, shape (n, p)
    candidates : int
        Most cuts of a column. Where there are more distinct values, cuts lie at quantiles of the units.

    Raises
    ------
    Refused
        If a value is missing: a tree without a rule for missing values cannot treat such a unit.
    """
    if not np.isfinite(X).all():
        refuse("policy tree", "covariates without missing values", "missing values", "leave them out")
    codes, cuts = [], []
    for column in X.T:
        values, place = np.unique(column, return_inverse=True)
        if values.size > candidates + 1:
            first = _quantile_starts(place, values.size, candidates + 1)
            place = np.searchsorted(first, place, side="right") - 1
            low, high = values[first[1:] - 1], values[first[1:]]
        else:
            low, high = values[:-1], values[1:]
        codes.append(place)
        cuts.append(np.array([_between(a, b) for a, b in zip(low, high, strict=True)]))
    sizes = np.array([cut.size + 1 for cut in cuts], dtype=np.int32)
    return Bins(np.ascontiguousarray(np.array(codes, dtype=np.int32)), sizes, tuple(cuts))


def _quantile_starts(place: NDArray[np.int64], values: int, groups: int) -> NDArray[np.int64]:
    """First distinct value of each of about `groups` groups of equal numbers of units."""
    below = np.cumsum(np.bincount(place, minlength=values))
    wanted = np.arange(1, groups) / groups * below[-1]
    ends = np.unique(np.searchsorted(below, wanted, side="left"))
    return np.r_[0, ends[ends < values - 1] + 1]


def _between(low: float, high: float) -> float:
    """A number of few digits that is at least `low` and less than `high`, near their middle."""
    middle = low + (high - low) / 2
    for digits in range(1, _DIGITS + 1):
        short = float(f"{middle:.{digits}g}")
        if low <= short < high:
            return short
    return float(low)
