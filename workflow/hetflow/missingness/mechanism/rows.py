"""An order of rows that depends on what the rows hold, not on where they stand in a file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hetflow.seeds import generator


def canonical_order(*parts: NDArray[np.generic]) -> NDArray[np.int64]:
    """Rows sorted by their content.

    Parameters
    ----------
    *parts : ndarray, shape (n, p)
        Matrices whose columns are the keys, the first column the first; NaN sorts last.

    Returns
    -------
    ndarray of int, shape (n,)
        Places of the rows in sorted order. Rows that agree in all keys are interchangeable, so that whatever is
        computed after this sort does not depend on the order in which rows were read.
    """
    keys = [part[:, column] for part in parts for column in range(part.shape[1])]
    if not keys:
        return np.arange(len(parts[0]))
    return np.asarray(np.lexsort(keys[::-1]), dtype=np.int64)


def draw_folds(n: int, count: int, seed: int, *key: str | int) -> NDArray[np.int64]:
    """Folds of equal size, shape (n,), values 0 to `count` - 1."""
    fold = np.empty(n, dtype=np.int64)
    fold[generator(seed, "mechanism", *key).permutation(n)] = np.arange(n) % count
    return fold
