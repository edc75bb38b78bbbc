"""A bag's trees on binned covariates as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BinnedTrees:
    """Trees whose nodes lie one after the other, each tree's root first, children side by side.

    Attributes
    ----------
    start : ndarray of int64, shape (trees + 1,)
        First node of each tree, and the number of all nodes.
    nodes : ndarray of int64, shape (nodes, 4)
        Covariate; kind (see `hetflow.forest.kernels_split`); cut; left child, counted from the tree's first
        node, or in leaves the row of `averages`.
    masks : ndarray of uint64, shape (categorical nodes, 4)
        Codes that go left, of the categorical nodes in their order.
    averages : ndarray of float64, shape (leaves, 4), more for several arms
        Averages of the moments in the leaves, in the order of `hetflow.forest.components` without the last, which
        is 1.
    """

    start: Integers
    nodes: Integers
    masks: NDArray[np.uint64]
    averages: NDArray[np.float64]

    def arrays(self) -> tuple[Integers, Integers, NDArray[np.uint64], NDArray[np.float64]]:
        """As the kernels take them."""
        return self.start, self.nodes, self.masks, self.averages
