"""Policies in public: the treated are a count, trees describe leaves, gains at neighbouring shares differ by few."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from hetflow.publish.groups import thinned
from hetflow.publish.rules import Public, without_levels

_ROUND_OFF = 1e-6  # of a share times the number judged
_BUDGET, _ABOVE = "_budget", "_above_cost"
_PREDICTED = "effect"


def treated_shares(table: pd.DataFrame, public: Public, where: str) -> pd.DataFrame:
    """Policies that treat nobody or enough, and leave out nobody or enough.

    Of two limits of one policy the second is left out where their numbers of treated differ by few.
    """
    if table.empty:
        return table
    gone: set[tuple[Any, Any]] = set()
    told: list[tuple[str, float]] = []
    for (policy, budget), rows in table.groupby(["policy", "budget"], sort=False):
        treated, n = _treated(rows)
        few = any(_ROUND_OFF < count < public.threshold for count in (treated, n - treated))
        base = _base(str(policy))
        near = any(
            base == other and _ROUND_OFF < abs(treated - count) < public.threshold for other, count in told
        )
        if few or near:
            gone.add((policy, budget))
        else:
            told.append((base, treated))
    pairs = pd.MultiIndex.from_frame(table[["policy", "budget"]])
    dropped = pairs.isin(gone)
    public.log.add(where, "small count", len(gone))
    return table[~dropped].reset_index(drop=True)


def _treated(rows: pd.DataFrame) -> tuple[float, float]:
    """How many a policy treats, and of how many."""
    share = rows[rows["quantity"] == "share"].iloc[0]
    return float(share["estimate"] * share["n"]), float(share["n"])


def _base(policy: str) -> str:
    """The ranking that a policy follows to its end; trees are none."""
    return policy.removesuffix(_BUDGET).removesuffix(_ABOVE)


def gain_curves(curves: pd.DataFrame, values: pd.DataFrame, public: Public, where: str) -> pd.DataFrame:
    """Curves without points that differ by few from a policy along the same ranking, or from a group of it.

    Parameters
    ----------
    curves, values : DataFrame
        Tables of the appraisal; `values` in its public form.
    """
    if curves.empty:
        return curves
    told: dict[str, set[float]] = {}
    for (policy, _), rows in values.groupby(["policy", "budget"], sort=False) if len(values) else ():
        told.setdefault(_base(str(policy)), set()).add(_treated(rows)[0])
    told.setdefault(_PREDICTED, set()).update(_group_ends(public.estimates))
    return thinned(curves, ("rule",), public.threshold, where, public.log, told)


def _group_ends(estimates: pd.DataFrame) -> list[float]:
    """Sizes of the sets of units from the greatest predicted benefit down to each group's end."""
    if estimates.empty:
        return []
    groups = estimates[estimates["estimand"] == "sequential_groups"]
    return [float(size) for size in np.cumsum(groups["n"].to_numpy(dtype=float)[::-1])[:-1]]


def published_trees(trees: pd.DataFrame, public: Public, where: str) -> pd.DataFrame:
    """Trees of all units, if the study allows it, none of whose leaves is small or differs from another's by few."""
    if trees.empty:
        return trees
    if not public.trees:
        public.log.add(where, "decision tree", trees["tree"].nunique())
        return trees.iloc[:0]
    whole = trees[trees["fold"] == 0]
    public.log.add(where, "complementary", len(trees) - len(whole))
    kept: list[pd.DataFrame] = []
    told: dict[frozenset[tuple[str, str]], set[float]] = {}
    for _, rows in whole.groupby("tree", sort=False):
        own = _regions(rows)
        small = bool((rows["n"] < public.threshold).any())
        near = any(
            0 < abs(size - other) < public.threshold for region, size in own for other in told.get(region, ())
        )
        if small or near or len(without_levels(rows, ["column"], public, where)) < len(rows):
            public.log.add(where, "small count" if small else "complementary")
            continue
        kept.append(rows)
        for region, size in own:
            told.setdefault(region, set()).add(size)
    return pd.concat(kept, ignore_index=True) if kept else trees.iloc[:0]


def _regions(tree: pd.DataFrame) -> list[tuple[frozenset[tuple[str, str]], float]]:
    """Each node's conditions without their cuts, and its size: nodes of the same conditions lie within one another."""
    nodes: dict[int, Mapping[Any, Any]] = {row["node"]: row for row in tree.to_dict("records")}
    found = []
    for row in nodes.values():
        region, own = set(), row
        while own["parent"] >= 0:
            parent = nodes[own["parent"]]
            region.add((str(parent["column"]), str(own["side"])))
            own = parent
        found.append((frozenset(region), float(row["n"])))
    return found
