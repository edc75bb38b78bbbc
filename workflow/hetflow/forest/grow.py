"""Growing one shard: bags are grown, added up and dropped, so memory does not grow with trees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hetflow.errors import refuse
from hetflow.forest.bags import Label, Pool, bag_seed, half_sample, pool_of
from hetflow.forest.components import component_terms
from hetflow.forest.engines import Engine, check_arms, check_covariates, engine, engine_facts, one_or_several
from hetflow.forest.fixed import exponents_above
from hetflow.forest.settings import ForestSettings, forest_settings, smallest_sample
from hetflow.forest.sums import Grid, Sums, empty_sums
from hetflow.forest.threads import for_each_bag

Floats = NDArray[np.float64]
Scale = tuple[int, tuple[int, ...]]


def grow_shard(
    X: ArrayLike,
    treatment_residual: ArrayLike,
    outcome_residual: ArrayLike,
    weight: ArrayLike | None,
    cluster: ArrayLike | None,
    in_sample: ArrayLike,
    seed: int,
    label: tuple[str, str | int, str],
    first_bag: int,
    last_bag: int,
    settings: Mapping[str, Any] | ForestSettings,
    unit: ArrayLike | None = None,
    nominal: ArrayLike | None = None,
    threads: int = 1,
    evaluated: ArrayLike | None = None,
    scale: Scale | None = None,
) -> Sums:
    """Grow a range of bags and add up what they say about every unit.

    Parameters
    ----------
    X : array_like, shape (n, p)
        Covariates, one row a unit, sorted by `unit`: the draws refer to the order of the rows.
    treatment_residual, outcome_residual : array_like, shape (n,)
        Treatment minus propensity, outcome minus its mean; read in the sample only, NaN elsewhere is fine. Of several
        arms, for engines that handle them, the treatment's have shape (n, d): for each arm beside the reference
        whether the unit is in it, 0 or 1, minus the probability of that arm.
    weight : array_like, shape (n,), or None
        Weights of splits and leaf averages, not negative; a common factor changes nothing. They do not enter
        the drawing of half-samples.
    cluster : array_like, shape (n,), or None
        Clusters, drawn whole; variances per unit are null then, unless the engine's hold under clusters.
    in_sample : array_like of bool, shape (n,)
        Units that the forest learns from. The others are out of every bag.
    seed : int
        The study's seed.
    label : (mode, imputation, sample)
        What the forest is for; part of the key of its random streams.
    first_bag, last_bag : int
        Range of bags, both included.
    settings : mapping or ForestSettings
        The study's `forest` section; see `ForestSettings`.
    unit : array_like of int, shape (n,), optional
        Row numbers in the raw file; by default 0 to n - 1.
    nominal : array_like of bool, shape (p,), optional
        Columns of `X` that hold codes of categories; only for engines that handle them.
    threads : int
        Threads that grow bags and add them up; the sums are integers, so they are the same for any number.
    evaluated : array_like, shape (n, p), optional
        Covariates at which the trees are evaluated, where they are others than those the trees learn from.
    scale : (int, tuple of int), optional
        From `scale_of` a larger sample, so that the sums of several forests can stand in one table.

    Returns
    -------
    Sums
        Of all n units, the same whatever the shards, threads and order; see `hetflow.forest.effects.effects`, and
        `hetflow.forest.arms.arm_effects` for several arms.

    Raises
    ------
    Refused
        If the engine cannot take missing covariates, residuals are missing in the sample or do not vary,
        weights are negative, or the sample is too small for a tree to split.
    """
    forest = open_forest(
        X,
        treatment_residual,
        outcome_residual,
        weight,
        cluster,
        in_sample,
        seed,
        label,
        settings,
        nominal,
        evaluated,
        scale,
    )
    n = len(forest.inside)
    units = np.arange(n, dtype=np.int64) if unit is None else np.asarray(unit, dtype=np.int64)
    sums = empty_sums(units, forest.grid, first_bag)

    def add(bags: list[tuple[Any, NDArray[np.int64]]], first: int, last: int) -> None:
        for trees, half in bags:
            out = _others(half, n)
            low, high = np.searchsorted(out, (first, last))
            forest.engine.add(sums, trees, forest.evaluated, out[low:high])

    for_each_bag(forest.grow, add, range(first_bag, last_bag + 1), n, threads)
    return replace(sums, last_bag=last_bag)


@dataclass(frozen=True, slots=True)
class OpenForest:
    """A forest whose data have been checked and prepared, and of which any bag can be grown.

    Attributes
    ----------
    engine : Engine
        Grows the trees.
    covariates
        What the engine made of the covariates that trees learn from.
    evaluated
        The same of the covariates at which they are evaluated.
    grid : Grid
        Of the sums.
    inside : ndarray of bool, shape (n,)
        Units of the sample.
    grow : callable
        From a bag's number to its trees and the rows of its half-sample.
    """

    engine: Engine
    covariates: Any
    evaluated: Any
    grid: Grid
    inside: NDArray[np.bool_]
    grow: Callable[[int], tuple[Any, NDArray[np.int64]]]


def open_forest(
    X: ArrayLike,
    treatment_residual: ArrayLike,
    outcome_residual: ArrayLike,
    weight: ArrayLike | None,
    cluster: ArrayLike | None,
    in_sample: ArrayLike,
    seed: int,
    label: tuple[str, str | int, str],
    settings: Mapping[str, Any] | ForestSettings,
    nominal: ArrayLike | None = None,
    evaluated: ArrayLike | None = None,
    scale: Scale | None = None,
) -> OpenForest:
    """Check and prepare a forest; the arguments are those of `grow_shard`."""
    chosen = forest_settings(settings)
    X = np.ascontiguousarray(X, dtype=np.float64)
    pool = pool_of(in_sample, cluster)
    check_covariates(X, chosen.engine)
    _check_sample(pool, chosen)
    check_arms(treatment_residual, chosen.engine)
    treatment, outcome, weights = _training(treatment_residual, outcome_residual, weight, pool)
    outcome_exponent, exponents = scale or scale_of(treatment[pool.rows], outcome[pool.rows])
    outcome = np.ldexp(outcome, -outcome_exponent)
    intervals = cluster is None or engine_facts(chosen.engine).handles_clusters_intervals
    grower = engine(chosen.engine)
    covariates = grower.prepare(X, pool.rows, None if nominal is None else np.asarray(nominal, dtype=bool))

    def grow(bag: int) -> tuple[Any, NDArray[np.int64]]:
        half = half_sample(pool, seed, Label(*label), bag)
        group = None if pool.group is None else pool.group[np.searchsorted(pool.rows, half)]
        own = bag_seed(seed, Label(*label), bag)
        return grower.grow(covariates, treatment, outcome, weights, half, chosen, own, group), half

    inside = np.asarray(in_sample, dtype=bool)
    grid = Grid(chosen.bag_trees, outcome_exponent, exponents, intervals)
    return OpenForest(
        grower, covariates, _read(grower, covariates, evaluated, chosen.engine), grid, inside, grow
    )


def _read(grower: Engine, covariates: Any, evaluated: ArrayLike | None, name: str) -> Any:
    """Covariates at which trees are evaluated, as the engine reads them."""
    if evaluated is None:
        return covariates
    other = np.ascontiguousarray(evaluated, dtype=np.float64)
    check_covariates(other, name)
    return grower.read(covariates, other)


def _others(rows: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Rows 0 to n - 1 that are not among `rows`."""
    left_out = np.ones(n, dtype=bool)
    left_out[rows] = False
    return np.flatnonzero(left_out)


def _check_sample(pool: Pool, settings: ForestSettings) -> None:
    needed = smallest_sample(settings.min_leaf)
    if len(pool.rows) < needed:
        refuse(
            "forest.min_leaf",
            f"at least {needed} units in each forest's sample, for leaves of {settings.min_leaf}",
            f"{len(pool.rows)} units",
            "lower min_leaf, lower the number of folds, or set held_out_trees: 0",
        )
    if pool.group is not None and pool.size < 4:
        refuse(
            "clusters",
            "at least 4 clusters in each forest's sample",
            str(pool.size),
            "analyse without clusters",
        )


def _training(
    treatment_residual: ArrayLike, outcome_residual: ArrayLike, weight: ArrayLike | None, pool: Pool
) -> tuple[Floats, Floats, Floats | None]:
    """Residuals and weights as arrays, checked in the sample; weights that are all alike become None."""
    treatment = one_or_several(treatment_residual)
    outcome = np.asarray(outcome_residual, dtype=np.float64)
    for name, values in [*_columns(treatment), ("outcome residual", outcome)]:
        missing = int((~np.isfinite(values[pool.rows])).sum())
        if missing:
            refuse(
                name,
                "a finite value for every unit of the sample",
                f"{missing} others",
                "leave these units out",
            )
        if np.ptp(values[pool.rows]) == 0:
            refuse(name, "values that vary", "the same value for every unit", "check arm and outcome")
    if weight is None:
        return treatment, outcome, None
    weights = np.asarray(weight, dtype=np.float64)
    in_sample = weights[pool.rows]
    if not (np.isfinite(in_sample).all() and (in_sample >= 0).all() and in_sample.any()):
        refuse("weight", "finite weights, none negative, not all zero", "others", "mend the weights")
    return treatment, outcome, None if np.ptp(in_sample) == 0 else weights


def _columns(treatment: Floats) -> list[tuple[str, Floats]]:
    if treatment.ndim == 1:
        return [("treatment residual", treatment)]
    return [(f"treatment residual {k}", column) for k, column in enumerate(treatment.T, start=1)]


def scale_of(treatment: Floats, outcome: Floats) -> Scale:
    """Exponent of the outcome's scale, and exponents that bound the leaf averages of the scaled residuals."""
    exponent = _unit_scale(outcome)
    return exponent, _bounds(treatment, np.ldexp(outcome, -exponent))


def _unit_scale(outcome: Floats) -> int:
    """The integer e for which outcome / 2**e has a standard deviation near 1; dividing rounds nothing."""
    return int(np.rint(np.log2(np.std(outcome))))


def _bounds(treatment: Floats, outcome: Floats) -> tuple[int, ...]:
    """Exponents that bound the leaf averages: no average exceeds the largest of its terms."""
    largest = [np.max(np.abs(term)) for term in component_terms(treatment, outcome)]
    return tuple(int(e) for e in exponents_above(largest))
