"""Additive sums over the bags that a unit is out of: all that estimate and variance need.

For each unit: the number of bags, the sums over trees of the c leaf averages (`hetflow.forest.components`), and of
their c (c + 1) / 2 products, over trees and over bags (of the bags' means). The estimate solves the summed moment
equation; the variance of the bootstrap of little bags is a quadratic form in the effect, so the products suffice. That
is 1 + c (c + 2) integers a unit: 36 for two arms, 100 for three, 225 for four, 441 for five (288 bytes to 3.5 kB).

The sums are fixed-point integers (`hetflow.forest.fixed`). Adding them is exact, hence the same whatever the
shards and their order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.forest.components import component_count, component_names, component_pairs, contrasts_in
from hetflow.forest.fixed import BITS, from_fixed, to_fixed
from hetflow.forest.shards import MOST_TREES

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Grid:
    """Facts that all shards of a forest share.

    Attributes
    ----------
    bag_trees : int
        Trees of a bag.
    outcome_exponent : int
        Outcome residuals were divided by 2**outcome_exponent before growing.
    exponents : tuple of int, length c
        The leaf averages are less than 2**exponent in absolute value.
    intervals : bool
        Whether the engine's variance per unit holds for this design.
    """

    bag_trees: int
    outcome_exponent: int
    exponents: tuple[int, ...]
    intervals: bool

    @property
    def contrasts(self) -> int:
        """Arms beside the reference arm; 1 for two arms."""
        return contrasts_in(len(self.exponents))

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Which two leaf averages each product multiplies."""
        return component_pairs(self.contrasts)

    @property
    def of_products(self) -> Integers:
        """Exponents of the products."""
        first, second = np.array(self.exponents, dtype=np.int64)[np.array(self.pairs).T]
        return np.asarray(first + second)


@dataclass(frozen=True)
class Sums:
    """Sums over the bags `first_bag` to `last_bag`, one column a unit.

    Attributes
    ----------
    unit : ndarray of int, shape (n,)
        Row number of each unit in the raw file.
    grid : Grid
        What the integers stand for.
    first_bag, last_bag : int
        Range of bags, both included.
    bags : ndarray of int, shape (n,)
        Bags that the unit is out of.
    first : ndarray of int, shape (c, n)
        Sums of the leaf averages over the trees of these bags.
    tree_products, bag_products : ndarray of int, shape (c (c + 1) / 2, n)
        Sums of the products of leaf averages over these trees, and of the products of the bags' means over
        these bags; pairs as in ``grid.pairs``.
    """

    unit: Integers
    grid: Grid
    first_bag: int
    last_bag: int
    bags: Integers
    first: Integers
    tree_products: Integers
    bag_products: Integers

    def to_frame(self) -> pd.DataFrame:
        """As a table of integers under the contract `forest_sums`; see `from_frame`."""
        n = len(self.unit)
        facts = {name: np.full(n, value, dtype=np.int64) for name, value in _facts(self).items()}
        columns = {"unit": self.unit, **facts, "bags": self.bags}
        for names, values in zip(
            _names(self.grid), (self.first, self.tree_products, self.bag_products), strict=True
        ):
            columns |= dict(zip(names, values, strict=True))
        return pd.DataFrame(columns)

    def moments(self) -> tuple[Floats, Floats, Floats]:
        """The three sums as numbers, of the scaled outcome; shapes as those of the integers."""
        products = self.grid.of_products
        return (
            from_fixed(self.first, np.array(self.grid.exponents, dtype=np.int64)),
            from_fixed(self.tree_products, products),
            from_fixed(self.bag_products, products),
        )


def _names(grid: Grid) -> tuple[list[str], list[str], list[str]]:
    names = component_names(grid.contrasts)
    products = [f"{names[j]}_x_{names[k]}" for j, k in grid.pairs]
    return (
        [f"sum_{name}" for name in names],
        [f"trees_{name}" for name in products],
        [f"bags_{name}" for name in products],
    )


def _facts(sums: Sums) -> dict[str, int]:
    grid = sums.grid
    return {
        "first_bag": sums.first_bag,
        "last_bag": sums.last_bag,
        "bag_trees": grid.bag_trees,
        "outcome_exponent": grid.outcome_exponent,
        "intervals": int(grid.intervals),
        **{
            f"exponent_{name}": value
            for name, value in zip(component_names(grid.contrasts), grid.exponents, strict=True)
        },
    }


def from_frame(frame: pd.DataFrame) -> Sums:
    """Sums from the table that `Sums.to_frame` makes.

    Raises
    ------
    ValueError
        If the table is empty.
    """
    if frame.empty:
        raise ValueError("a shard without units")
    fact = {name: int(frame[name].iloc[0]) for name in frame.columns if name not in {"unit", "bags"}}
    names = component_names(contrasts_in(sum(name.startswith("exponent_") for name in fact)))
    grid = Grid(
        bag_trees=fact["bag_trees"],
        outcome_exponent=fact["outcome_exponent"],
        exponents=tuple(fact[f"exponent_{name}"] for name in names),
        intervals=bool(fact["intervals"]),
    )
    first, trees, bags = (
        np.stack([frame[name].to_numpy(dtype=np.int64) for name in names]) for names in _names(grid)
    )
    return Sums(
        unit=frame["unit"].to_numpy(dtype=np.int64),
        grid=grid,
        first_bag=fact["first_bag"],
        last_bag=fact["last_bag"],
        bags=frame["bags"].to_numpy(dtype=np.int64),
        first=first,
        tree_products=trees,
        bag_products=bags,
    )


def empty_sums(unit: Integers, grid: Grid, first_bag: int) -> Sums:
    """Sums over no bag, to which the bags from `first_bag` on are added."""
    n, products = len(unit), len(grid.pairs)
    sizes = (component_count(grid.contrasts), products, products)
    zeros = [np.zeros((rows, n), dtype=np.int64) for rows in sizes]
    return Sums(unit, grid, first_bag, first_bag - 1, np.zeros(n, dtype=np.int64), *zeros)


def scales(grid: Grid) -> tuple[Floats, Floats]:
    """What turns the leaf averages, and their products, into multiples of the grid: powers of two."""
    exponents = np.array(grid.exponents, dtype=np.int64)
    return np.ldexp(1.0, BITS - exponents), np.ldexp(1.0, BITS - grid.of_products)


def accumulate(sums: Sums, rows: Integers, averages: Floats) -> Sums:
    """Add the next bag, in place.

    Parameters
    ----------
    sums : Sums
        Sums over the bags so far; its arrays are changed.
    rows : ndarray of int, shape (m,)
        Positions of the units that the bag leaves out.
    averages : ndarray, shape (c, trees, m)
        Their leaf averages in the bag's trees.

    Returns
    -------
    Sums
        The same arrays, one bag more.
    """
    grid = sums.grid
    first, second = np.array(grid.pairs).T
    total = averages.sum(axis=1)
    mean = total / grid.bag_trees
    within = np.stack([(averages[j] * averages[k]).sum(axis=0) for j, k in grid.pairs])
    share = 1.0 / grid.bag_trees
    exponents = np.array(grid.exponents, dtype=np.int64)
    sums.bags[rows] += 1
    # Rounding the means keeps the values within their bound; a bag's sum is its rounded mean times its trees.
    sums.first[:, rows] += grid.bag_trees * to_fixed(mean, exponents)
    sums.tree_products[:, rows] += grid.bag_trees * to_fixed(within * share, grid.of_products)
    sums.bag_products[:, rows] += to_fixed(mean[first] * mean[second], grid.of_products)
    return replace(sums, last_bag=sums.last_bag + 1)


def add(a: Sums, b: Sums) -> Sums:
    """Sums over two adjacent ranges of bags.

    Parameters
    ----------
    a, b : Sums
        `b` begins with the bag that follows the last of `a`.

    Returns
    -------
    Sums
        Exact, whatever the grouping: integers are added.

    Raises
    ------
    ValueError
        If units or grid differ, bags are missing or counted twice, or the trees exceed `MOST_TREES`.
    """
    if not np.array_equal(a.unit, b.unit) or a.grid != b.grid:
        raise ValueError("the shards are not of one forest: their units or their grids differ")
    if b.first_bag != a.last_bag + 1:
        raise ValueError(
            f"bags {a.first_bag} to {a.last_bag} are not followed by {b.first_bag} to {b.last_bag}"
        )
    if (b.last_bag - a.first_bag + 1) * a.grid.bag_trees > MOST_TREES:
        raise ValueError(f"more than {MOST_TREES} trees cannot be added up")
    return replace(
        a,
        last_bag=b.last_bag,
        bags=a.bags + b.bags,
        first=a.first + b.first,
        tree_products=a.tree_products + b.tree_products,
        bag_products=a.bag_products + b.bag_products,
    )


def add_all(shards: Iterable[Sums]) -> Sums:
    """Sums over all shards, given in the order of their names; only one is held at a time.

    Raises
    ------
    ValueError
        If there is none, the first does not begin with bag 0, or see `add`.
    """
    total: Sums | None = None
    for shard in shards:
        if total is None and shard.first_bag != 0:
            raise ValueError(f"the first shard begins with bag {shard.first_bag}, not with bag 0")
        total = shard if total is None else add(total, shard)
    if total is None:
        raise ValueError("no shard to add up")
    return total
