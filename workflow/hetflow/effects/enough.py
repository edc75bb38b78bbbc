"""Whether trees and imputations were enough, and how many would be."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, floor, log10
from typing import Any

import pandas as pd

from hetflow.effects.headlines import FROM_SEQUENTIAL
from hetflow.effects.stability import IMPUTATIONS, MONTE_CARLO, SEED, Sizes
from hetflow.forest.shards import MOST_TREES

#: Share of the permitted variance that imputations may take before they are raised instead of the trees.
_HALF = 0.5
_ROUNDING = 1e-12


def stability_facts(parts: pd.DataFrame, sizes: Sizes, permitted: float) -> dict[str, Any]:
    """What the first page may use.

    Parameters
    ----------
    parts : DataFrame
        From `hetflow.effects.stability.components`.
    sizes : Sizes
    permitted : float
        Most that the Monte Carlo error may be, as a share of the standard error.

    Returns
    -------
    dict
        ``headline``: by estimate, the share of the squared standard error by source, and ``monte_carlo_error``, that
        error as a share of the standard error. ``enough``: whether no Monte Carlo error exceeds ``permitted``.
        ``advice``: trees, held_out_trees and imputations that would be enough, or null. ``used``: those at hand.
    """
    headline = {name: _shares(rows) for name, rows in named(parts).items()}
    enough = all(one["monte_carlo_error"] <= permitted for one in headline.values())
    used = {
        "trees": sizes.trees,
        "held_out_trees": sizes.held_out_trees,
        "imputations": sizes.imputations,
    }
    facts = {"headline": headline, "enough": enough, "permitted": permitted, "used": used}
    return facts | {"advice": None if enough else advice(parts, sizes, permitted)}


def named(parts: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows of each estimate by a short name: the estimand, with its term (and group) where it has several."""
    found: dict[str, pd.DataFrame] = {}
    for estimand, rows in parts.groupby("estimand", sort=False):
        several = list(rows.groupby(["term", "group"], sort=False))
        terms = [term for (term, _), _ in several]
        for (term, group), own in several:
            name = str(estimand) if len(several) == 1 else f"{estimand}:{term}"
            found[f"{name}:{group}" if terms.count(term) > 1 else name] = own
    return found


def _shares(rows: pd.DataFrame) -> dict[str, float]:
    shares = dict(zip(rows["source"], rows["share"].astype(float), strict=True))
    return {**shares, "monte_carlo_error": shares[MONTE_CARLO] ** 0.5}


def advice(parts: pd.DataFrame, sizes: Sizes, permitted: float) -> dict[str, int]:
    """Trees and imputations with which no Monte Carlo error should exceed the permitted one.

    The variance is w / m + v / (m T) for m imputations and T trees for each. Where imputations alone take no more than
    half of the permitted variance, trees are raised. Elsewhere trees are raised until their part is no greater than
    that of the imputations, and imputations for the rest. Trees are rounded up to two digits.
    """
    wanted = {"trees": sizes.trees, "held_out_trees": sizes.held_out_trees, "imputations": sizes.imputations}
    needs = [_need(rows, sizes, permitted) for rows in named(parts).values()]
    wanted["imputations"] = max(wanted["imputations"], *(need["imputations"] for need in needs))
    for need in needs:
        left = need["target"] - need["w"] / wanted["imputations"]
        trees = _rounded(need["v"] / (wanted["imputations"] * left), sizes.bag_trees)
        name = "held_out_trees" if need["sequential"] else "trees"
        wanted[name] = max(wanted[name], trees)
    return wanted


def _need(rows: pd.DataFrame, sizes: Sizes, permitted: float) -> Mapping[str, Any]:
    """v and w of one estimate, what is permitted, and the imputations that it asks for."""
    variance = dict(zip(rows["source"], rows["variance"].astype(float), strict=True))
    estimand, target = rows["estimand"].iloc[0], (permitted * float(rows["se"].iloc[0])) ** 2
    w = sizes.imputations * variance.get(IMPUTATIONS, 0.0)
    many = sizes.imputations
    if w > _HALF * target * many:
        many = ceil((w + min(w, sizes.imputations * variance[SEED])) / target * (1 - _ROUNDING))
    v = sizes.of(estimand) * sizes.imputations * variance[SEED]
    return {"v": v, "w": w, "target": target, "imputations": many, "sequential": estimand in FROM_SEQUENTIAL}


def _rounded(trees: float, bag_trees: int) -> int:
    """Whole bags, two digits, rounded up; at most what a forest may have."""
    if trees <= bag_trees:
        return bag_trees
    unit = 10 ** max(0, floor(log10(trees)) - 1)
    return min(MOST_TREES, ceil(ceil(trees / unit) * unit / bag_trees) * bag_trees)
