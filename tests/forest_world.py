"""Small simulated trials, and sums made from given trees, for the tests of the forest room."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hetflow.forest.components import component_terms
from hetflow.forest.econml_engine import leaf_averages
from hetflow.forest.fixed import exponents_above
from hetflow.forest.grow import grow_shard
from hetflow.forest.sums import Grid, Sums, accumulate, empty_sums

LABEL = ("deployment", 0, "all")
ARRAYS = ("bags", "first", "tree_products", "bag_products")
"""What a shard hands on."""


class Trial(NamedTuple):
    """Covariates, residuals and the true effect of n units."""

    X: np.ndarray
    treatment: np.ndarray
    outcome: np.ndarray
    effect: np.ndarray


def trial(n: int, p: int = 4, seed: int = 0, slope: float = 1.0, noise: float = 1.0) -> Trial:
    """A randomised trial with effect 1 + slope (x0 - 1/2) and residuals of its true nuisances."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(size=(n, p))
    effect = 1 + slope * (X[:, 0] - 0.5)
    treatment = rng.integers(0, 2, n) - 0.5
    return Trial(X, treatment, treatment * effect + rng.normal(0, noise, n), effect)


def grow_histogram(data: Any, first: int = 0, last: int = 0, *, sample: int = 0, **changes: Any) -> Sums:
    """`grow_bags` by the histogram engine."""
    return grow_bags(data, first, last, sample=sample, **({"settings": {"engine": "histogram"}} | changes))


def grow_bags(data: Any, first: int = 0, last: int = 0, *, sample: int = 0, **changes: Any) -> Sums:
    """Sums of bags `first` to `last` of a simulated trial, whose first units are its sample.

    `changes` replace arguments of `grow_shard`.
    """
    arguments = {
        "X": data.X,
        "treatment_residual": data.treatment,
        "outcome_residual": data.outcome,
        "weight": None,
        "cluster": None,
        "in_sample": np.arange(len(data.X)) < sample,
        "seed": 4,
        "label": LABEL,
        "settings": {},
    }
    return grow_shard(first_bag=first, last_bag=last, **(arguments | changes))


def assert_same_sums(a: Sums, b: Sums) -> None:
    """The same bits in all sums."""
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


def grid_of(treatment: np.ndarray, outcome: np.ndarray, bag_trees: int) -> Grid:
    """The grid that the data imply, outcome unscaled."""
    bounds = [np.abs(term).max() for term in component_terms(treatment, outcome)]
    return Grid(bag_trees, 0, tuple(int(e) for e in exponents_above(bounds)), True)


def sums_of_trees(trees: list, X: np.ndarray, grid: Grid, rows_out: list[np.ndarray]) -> Sums:
    """Sums over consecutive bags of econml trees, each bag for the rows that it is out of."""
    sums = empty_sums(np.arange(len(X)), grid, 0)
    for bag, rows in enumerate(rows_out):
        members = trees[bag * grid.bag_trees : (bag + 1) * grid.bag_trees]
        sums = accumulate(sums, rows, leaf_averages(members, X[rows]))
    return sums
