"""Covariates as bins: one byte a cell, found once, so that no node has to sort.

Code 0 is missing. A number's code says between which two edges it lies; edges are values of the sample, so that
codes are the same under every increasing transformation of a covariate. A category's code is its number plus 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hetflow.errors import refuse

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Codes = NDArray[np.uint8]

MOST_BINS = 255
"""Bins of a covariate beside the one for missing values."""


@dataclass(frozen=True, slots=True)
class Bins:
    """How each covariate is cut.

    Attributes
    ----------
    edges : tuple of ndarray
        Of each covariate, ascending, at most 254: a number's code is 1 plus the number of edges below it, so a
        number equal to an edge belongs to the lower bin. Empty for nominal covariates.
    categories : ndarray of int, shape (p,)
        Categories of a nominal covariate, coded 0 to categories - 1; 0 for the others.
    """

    edges: tuple[Floats, ...]
    categories: Integers

    def codes(self, X: Floats) -> Codes:
        """Codes of every cell, shape (n, p), row by row.

        Parameters
        ----------
        X : ndarray, shape (n, p)
            Numbers, codes of categories, NaN where missing.
        """
        codes = np.empty(X.shape, dtype=np.uint8)
        for j, edges in enumerate(self.edges):
            values = X[:, j]
            found = values + 1 if self.categories[j] else np.searchsorted(edges, values, side="left") + 1
            codes[:, j] = np.where(np.isnan(values), 0, found)
        return codes


def find_bins(X: Floats, rows: Integers, nominal: NDArray[np.bool_] | None = None) -> Bins:
    """Bins of equal numbers of units, or one bin a value where values are few.

    Parameters
    ----------
    X : ndarray, shape (n, p)
        Covariates; NaN where missing. Nominal ones hold codes 0, 1, 2, ...
    rows : ndarray of int
        The sample; other units have no say.
    nominal : ndarray of bool, shape (p,), optional
        Covariates without an order.

    Raises
    ------
    Refused
        If a nominal covariate has more than 255 categories.
    """
    chosen = np.zeros(X.shape[1], dtype=bool) if nominal is None else np.asarray(nominal, dtype=bool)
    edges = tuple(np.empty(0) if chosen[j] else _edges(X[rows, j]) for j in range(X.shape[1]))
    categories = np.array([_categories(X[:, j], j) if chosen[j] else 0 for j in range(X.shape[1])], np.int64)
    return Bins(edges, categories)


def _edges(values: Floats) -> Floats:
    """Largest value of each bin but the last, of the values that are there."""
    values = np.sort(values[~np.isnan(values)])
    distinct = values[np.flatnonzero(np.diff(values, append=np.inf))]
    if len(distinct) <= MOST_BINS:
        return distinct[:-1]
    last = (np.arange(1, MOST_BINS) * len(values)) // MOST_BINS - 1
    cuts = np.unique(values[last])
    return cuts[cuts < values[-1]]


def _categories(values: Floats, column: int) -> int:
    """Number of categories of a nominal covariate."""
    present = values[~np.isnan(values)]
    most = int(present.max()) + 1 if len(present) else 1
    if most > MOST_BINS:
        refuse(
            f"covariate {column}",
            f"at most {MOST_BINS} levels of a nominal covariate",
            str(most),
            "merge rare levels in a derived column",
        )
    return most
