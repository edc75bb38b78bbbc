"""The fast engine: honest trees on binned covariates, compiled; missing values, nominal covariates, clusters.

The method is that of Athey, Tibshirani and Wager (2019) with the defaults that grf publishes: gradient
pseudo-outcomes at each node, a random number of covariates tried there, splits that leave enough treated and
control units and enough variation of treatment on each side, a missing value sent left, right or alone, honest
leaves, empty ones cut off. Covariates are bins (`hetflow.forest.binning`), so that nothing is sorted.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hetflow.forest.binned_trees import BinnedTrees
from hetflow.forest.binning import Bins, Codes, find_bins
from hetflow.forest.kernels_bag import grow_bag
from hetflow.forest.kernels_sums import add_bag, leaf_averages
from hetflow.forest.settings import ForestSettings, features_tried
from hetflow.forest.sums import Sums, scales

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SHARE_OF_HALF = 1.0
"""Share of a bag's half-sample that each of its trees reads. All of it, as in grf: trees of a bag differ by their
honest halves and the covariates tried.
"""
NEAR = 8192
"""Units of a node from which on its subtree reads a copy of their covariates: it must fit the processor's nearer cache,
and its first histograms must be worth the copy.
"""
_NO_LIMIT = 2**31
_NO_GROUPS = np.empty(0, dtype=np.int64)
_NO_WEIGHTS = np.empty(0)


@dataclass(frozen=True, slots=True)
class Binned:
    """Covariates as the engine reads them.

    Attributes
    ----------
    bins : Bins
        How each covariate is cut.
    codes : ndarray of uint8, shape (n, p)
        Bins of all units.
    """

    bins: Bins
    codes: Codes


class HistogramEngine:
    """Grows a bag with compiled kernels that release the GIL; see `hetflow.forest.engines.Engine`."""

    def prepare(self, X: Floats, rows: Integers, nominal: NDArray[np.bool_] | None = None) -> Binned:
        """Covariates as bins, found in the sample `rows`."""
        bins = find_bins(X, rows, nominal)
        return Binned(bins, bins.codes(X))

    def read(self, covariates: Binned, X: Floats) -> Binned:
        """Other covariates in the same bins."""
        return Binned(covariates.bins, covariates.bins.codes(X))

    def grow(
        self,
        covariates: Binned,
        treatment_residual: Floats,
        outcome_residual: Floats,
        weight: Floats | None,
        rows: Integers,
        settings: ForestSettings,
        seed: int,
        group: Integers | None = None,
    ) -> BinnedTrees:
        """Trees of a bag as plain arrays."""
        groups, labels = 0, _NO_GROUPS
        if group is not None:
            distinct, labels = np.unique(group, return_inverse=True)
            groups, labels = len(distinct), labels.astype(np.int64)
        limits = [ceil(settings.min_leaf / 2), 0.5 - settings.min_balancedness, settings.imbalance_penalty]
        arrays = _kernel_for(treatment_residual)(
            covariates.codes,
            _plain(treatment_residual),
            _plain(outcome_residual),
            _NO_WEIGHTS if weight is None else _plain(weight),
            np.ascontiguousarray(rows, dtype=np.int64),
            labels,
            groups,
            covariates.bins.categories,
            np.array(limits, dtype=np.float64),
            settings.max_depth or _NO_LIMIT,
            mean_tried(settings.max_features, covariates.codes.shape[1]),
            NEAR,
            SHARE_OF_HALF,
            settings.bag_trees,
            np.uint64(seed),
        )
        return BinnedTrees(*arrays)

    def moments(self, bag: BinnedTrees, covariates: Binned, rows: Integers) -> Floats:
        """Leaf averages of every tree at `rows`, shape (k, trees, m), as in `hetflow.forest.components`."""
        out = np.empty((bag.averages.shape[1] + 1, len(bag.start) - 1, len(rows)))
        leaf_averages(*bag.arrays(), covariates.codes, np.ascontiguousarray(rows, dtype=np.int64), out)
        return out

    def add(self, sums: Sums, bag: BinnedTrees, covariates: Binned, rows: Integers) -> None:
        """Add the leaf averages of `rows` to the arrays of `sums`; equal to `accumulate` of `moments`, bit for bit."""
        first, products = scales(sums.grid)
        arrays = (sums.bags, sums.first, sums.tree_products, sums.bag_products)
        if add_bag(*bag.arrays(), covariates.codes, rows, first, products, *arrays):
            raise OverflowError("a leaf average lies outside the bound that the data imply")


def _kernel_for(treatment_residual: Floats) -> Any:
    """The kernel for two arms, or for several, which is read or compiled only when it is wanted."""
    if treatment_residual.ndim == 1:
        return grow_bag
    from hetflow.forest.kernels_bag_arms import grow_bag_arms

    return grow_bag_arms


def mean_tried(max_features: float | str | None, covariates: int) -> float:
    """Mean number of covariates tried at a node.

    grf's min(ceil(sqrt(p) + 20), p) for "auto" and None; a share in (0, 1] or a count otherwise. The number tried is
    a Poisson number of this mean, at least 1, at most all; where the mean is all of them, all are tried (grf draws a
    Poisson number there too, which costs some 1 % of accuracy where the effect depends on all covariates).
    """
    tried = features_tried(max_features, covariates)
    if tried == "auto":
        return float(min(ceil(sqrt(covariates) + 20), covariates))
    if isinstance(tried, str):
        return max(1.0, float({"sqrt": sqrt, "log2": log2}[tried](covariates)))
    return max(1.0, tried * covariates) if isinstance(tried, float) else float(tried)


def _plain(values: Floats) -> Floats:
    """As kernels take them: contiguous, writable, double precision."""
    return np.require(values, dtype=np.float64, requirements=["C", "W"])
