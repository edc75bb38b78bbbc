"""Trees of a shard as small plain arrays: nothing in them is executed, and a node takes some 24 bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from hetflow.errors import refuse
from hetflow.forest.binned_trees import BinnedTrees
from hetflow.forest.binning import Bins
from hetflow.forest.components import component_count
from hetflow.forest.kernels_split import CATEGORIES, LEAF
from hetflow.forest.sums import Grid, Sums, empty_sums

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class StoredTrees:
    """Trees of consecutive bags, and all that is needed to score a unit by them.

    Attributes
    ----------
    facts : ndarray of int64
        First bag, trees of a bag, exponent of the outcome, whether variances hold, exponents of the averages.
    edges, edge_start : ndarray of float64; int64, shape (p + 1,)
        Edges of the bins, covariate after covariate.
    categories : ndarray of int64, shape (p,)
        As in `hetflow.forest.binning.Bins`.
    start : ndarray of int64, shape (trees + 1,)
        First node of each tree.
    feature, kind, cut, child : ndarray of uint16, uint8, uint8, int32, shape (nodes,)
        Columns of `hetflow.forest.binned_trees.BinnedTrees.nodes`; in leaves `child` is the row of `averages`.
    masks : ndarray of uint64, shape (categorical nodes, 4)
    averages : ndarray of float64, shape (leaves, 4), more for several arms
    """

    facts: Integers
    edges: Floats
    edge_start: Integers
    categories: Integers
    start: Integers
    feature: NDArray[np.uint16]
    kind: NDArray[np.uint8]
    cut: NDArray[np.uint8]
    child: NDArray[np.int32]
    masks: NDArray[np.uint64]
    averages: Floats

    def to_arrays(self) -> dict[str, NDArray]:
        """The arrays by name, for an archive of plain arrays."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def bins(self) -> Bins:
        """How covariates are cut."""
        return Bins(tuple(np.split(self.edges, self.edge_start[1:-1])), self.categories)

    @property
    def grid(self) -> Grid:
        """Of the sums that the trees add up to."""
        _, bag_trees, outcome, intervals, *exponents = (int(value) for value in self.facts)
        return Grid(bag_trees, outcome, tuple(exponents), bool(intervals))

    def bags(self) -> Iterator[BinnedTrees]:
        """The bags, one after the other."""
        bag_trees, seen = self.grid.bag_trees, 0
        for first in range(0, len(self.start) - 1, bag_trees):
            start = self.start[first : first + bag_trees + 1]
            part = slice(start[0], start[-1])
            columns = (self.feature[part], self.kind[part], self.cut[part], self.child[part])
            nodes = np.column_stack([column.astype(np.int64) for column in columns])
            categorical = int((self.kind[part] == CATEGORIES).sum())
            masks = np.ascontiguousarray(self.masks[seen : seen + categorical])
            seen += categorical
            yield BinnedTrees(start - start[0], np.ascontiguousarray(nodes), masks, self.averages)


def store(bags: Iterable[BinnedTrees], bins: Bins, grid: Grid, first_bag: int) -> StoredTrees:
    """Trees of consecutive bags for storage.

    Parameters
    ----------
    bags : iterable of BinnedTrees
        Read one at a time.
    bins, grid
        Of the forest.
    first_bag : int
        Number of the first of them.

    Raises
    ------
    Refused
        If there are more covariates than two bytes can number.
    """
    if len(bins.edges) > 2**16:
        refuse("covariates", f"at most {2**16} columns in stored trees", str(len(bins.edges)), "name fewer")
    start, nodes, masks, averages = [np.zeros(1, np.int64)], [], [], []
    leaves = 0
    for bag in bags:
        own = bag.nodes.copy()
        own[own[:, 1] == LEAF, 3] += leaves
        leaves += len(bag.averages)
        start.append(bag.start[1:] + start[-1][-1])
        nodes.append(own)
        masks.append(bag.masks)
        averages.append(bag.averages)
    feature, kind, cut, child = np.concatenate(nodes).T
    sizes = [len(edges) for edges in bins.edges]
    facts = [first_bag, grid.bag_trees, grid.outcome_exponent, int(grid.intervals), *grid.exponents]
    return StoredTrees(
        facts=np.array(facts, dtype=np.int64),
        edges=np.concatenate([np.empty(0), *bins.edges]),
        edge_start=np.cumsum([0, *sizes], dtype=np.int64),
        categories=bins.categories,
        start=np.concatenate(start),
        feature=feature.astype(np.uint16),
        kind=kind.astype(np.uint8),
        cut=cut.astype(np.uint8),
        child=child.astype(np.int32),
        masks=np.concatenate(masks),
        averages=np.concatenate(averages),
    )


def from_arrays(arrays: Mapping[str, NDArray], path: str) -> StoredTrees:
    """Trees from the arrays of an archive; one that is not such an archive is refused.

    Raises
    ------
    Refused
        If arrays are missing or lead outside of themselves.
    """
    names = [field.name for field in fields(StoredTrees)]
    if set(names) != set(arrays):
        _refuse_archive(path, f"arrays {', '.join(sorted(arrays))}")
    trees = StoredTrees(**{name: arrays[name] for name in names})
    if not _sound(trees):
        _refuse_archive(path, "nodes that lead outside of their tree")
    return trees


def _refuse_archive(path: str, found: str) -> None:
    refuse(path, "trees that hetflow has stored", found, "delete the file and start the prediction again")


def _known_averages(trees: StoredTrees) -> bool:
    """Whether the leaves hold the averages that the facts announce, of some number of arms."""
    components = len(trees.facts) - 4
    counts = [component_count(contrasts) for contrasts in range(1, components)]
    return components in counts and trees.averages.ndim == 2 and trees.averages.shape[1] == components - 1


def _sound(trees: StoredTrees) -> bool:
    """Whether a kernel that walks these trees stays within the arrays and comes to an end."""
    leaf, sizes = trees.kind == LEAF, np.diff(trees.start)
    if (
        not _known_averages(trees)
        or len(trees.kind) != trees.start[-1]
        or (sizes < 1).any()
        or len(trees.kind) == 0
    ):
        return False
    within = np.arange(len(trees.kind)) - np.repeat(trees.start[:-1], sizes)
    child, size = trees.child.astype(np.int64), np.repeat(sizes, sizes)
    forward = (child > within) & (child + 1 < size) & (trees.feature < len(trees.categories))
    rows = (child >= 0) & (child < len(trees.averages))
    masks = int((trees.kind == CATEGORIES).sum()) == len(trees.masks)
    return bool(np.where(leaf, rows, forward).all() and (trees.kind <= LEAF).all() and masks)


def score(shards: Sequence[StoredTrees], X: Floats) -> Sums:
    """Sums over all bags for units that no tree has seen.

    Parameters
    ----------
    shards : sequence of StoredTrees
        All shards of a forest, in the order of their bags.
    X : ndarray, shape (m, p)
        Covariates as the forest read them; NaN where missing.
    """
    from hetflow.forest.histogram_engine import Binned, HistogramEngine

    engine, rows = HistogramEngine(), np.arange(len(X), dtype=np.int64)
    sums = empty_sums(rows, shards[0].grid, 0)
    for trees in shards:
        covariates = Binned(trees.bins, trees.bins.codes(X))
        for bag in trees.bags():
            engine.add(sums, bag, covariates, rows)
    return sums
