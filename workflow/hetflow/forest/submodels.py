"""Forests where blocks of covariates are missing: one for each pattern of blocks, added up as if they were one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hetflow.forest.grow import grow_shard, scale_of
from hetflow.forest.sums import Sums, empty_sums
from hetflow.missingness.blockwise import Submodel


def grow_submodels(
    models: Sequence[Submodel],
    X: NDArray[np.float64],
    nominal: NDArray[np.bool_] | None,
    in_sample: NDArray[np.bool_],
    unit: NDArray[np.int64],
    cluster: NDArray[np.int64] | None,
    treatment_residual: NDArray[np.float64],
    outcome_residual: NDArray[np.float64],
    weight: NDArray[np.float64],
    **more: Any,
) -> Sums:
    """Grow a range of bags of every pattern's forest; each unit gets the sums of its own pattern's.

    Parameters
    ----------
    models : sequence of Submodel
        Every unit is judged by exactly one of them.
    X, nominal, in_sample, unit, cluster, treatment_residual, outcome_residual, weight
        As for `hetflow.forest.grow.grow_shard`; NaN in X where a block is missing.
    **more
        What `grow_shard` takes beside: seed, label, bags, settings, threads.

    Returns
    -------
    Sums
        Of all units. A forest learns from the units of the sample that have its covariates; its half-samples are drawn
        from these, so that a unit is out of bag as in a forest of them alone.
    """
    scale = scale_of(treatment_residual[in_sample], outcome_residual[in_sample])
    whole: Sums | None = None
    for model in models:
        rows = np.flatnonzero(model.learns)
        own = grow_shard(
            X=X[rows][:, model.columns],
            nominal=None if nominal is None else nominal[model.columns],
            in_sample=in_sample[rows],
            unit=unit[rows],
            cluster=None if cluster is None else cluster[rows],
            scale=scale,
            treatment_residual=treatment_residual[rows],
            outcome_residual=outcome_residual[rows],
            weight=weight[rows],
            **more,
        )
        judged = model.judges[rows]
        whole = whole or replace(empty_sums(unit, own.grid, own.first_bag), last_bag=own.last_bag)
        _place(whole, own, rows[judged], judged)
    if whole is None:
        raise ValueError("no submodel")
    return whole


def _place(whole: Sums, own: Sums, rows: NDArray[np.int64], judged: NDArray[np.bool_]) -> None:
    whole.bags[rows] = own.bags[judged]
    for name in ("first", "tree_products", "bag_products"):
        getattr(whole, name)[:, rows] = getattr(own, name)[:, judged]
