"""The keys of the study's `forest` section that change the trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import ceil
from typing import Any

from hetflow.errors import refuse

TREE_SHARE_OF_HALF = 0.9
"""Share of a bag's half-sample that each of its trees reads; econml's default max_samples = 0.45 of the
sample.
"""


@dataclass(frozen=True, slots=True)
class ForestSettings:
    """How trees are grown.

    Attributes
    ----------
    engine : str
        Name of the implementation.
    bag_trees : int
        Trees of a little bag, at least 2: they share a half-sample.
    min_leaf : int
        Fewest units of a leaf in the half that chooses the splits; with econml also in the half that fills the leaves.
        With histogram half of them, rounded up, must lie below the node's mean treatment and as many above, so that a
        leaf holds treated and control units.
    max_depth : int or None
        Greatest depth of a tree; None grows until leaves are small.
    max_features : float, "auto", "sqrt", "log2" or None
        Covariates tried at a split: a number up to 1 is a share, a greater one a count; "auto" and None are all of
        them with econml. With histogram "auto" is min(ceil(sqrt(p) + 20), p) of p covariates, as in grf, and a number
        below p is the mean of a Poisson draw at each node.
    min_balancedness : float
        How uneven a split may be, 0 to 0.5: each side keeps at least 0.5 minus this share (of the units with econml, of
        the variation of treatment with histogram).
    imbalance_penalty : float
        What a split's gain loses for uneven variation of treatment; histogram only.
    """

    engine: str = "econml"
    bag_trees: int = 4
    min_leaf: int = 5
    max_depth: int | None = None
    max_features: float | str | None = "auto"
    min_balancedness: float = 0.45
    imbalance_penalty: float = 0.0


def forest_settings(section: Mapping[str, Any] | ForestSettings) -> ForestSettings:
    """Checked settings from the study's `forest` section.

    Raises
    ------
    Refused
        If the section holds a key that is not known, or a bag of fewer than two trees.
    """
    if isinstance(section, ForestSettings):
        return section
    known = [field.name for field in fields(ForestSettings)]
    unknown = sorted(set(section) - set(known))
    if unknown:
        refuse("forest", f"the keys {', '.join(known)}", ", ".join(unknown), "remove what is not known")
    settings = ForestSettings(**section)
    if settings.bag_trees < 2:
        refuse(
            "forest.bag_trees",
            "at least 2: the variance compares trees that share a half-sample",
            str(settings.bag_trees),
            "write 4",
        )
    if settings.engine == "econml" and settings.imbalance_penalty:
        refuse(
            "forest.imbalance_penalty",
            "0 with the engine econml, which has no such penalty",
            str(settings.imbalance_penalty),
            "write 0, or choose the engine histogram",
        )
    return settings


def features_tried(max_features: float | str | None, covariates: int) -> int | float | str:
    """Covariates tried at a split, as an engine takes it: a name, a share in (0, 1] or a count.

    Raises
    ------
    Refused
        If a number greater than 1 is not whole, or greater than the number of covariates.
    """
    if max_features is None or isinstance(max_features, str):
        return max_features or "auto"
    if 0 < max_features <= 1:
        return float(max_features)
    if max_features != int(max_features) or not 0 < max_features <= covariates:
        refuse(
            "forest.max_features",
            f"a share up to 1, or a whole number up to the number of covariates ({covariates})",
            str(max_features),
            "write a share such as 0.3",
        )
    return int(max_features)


def smallest_sample(min_leaf: int) -> int:
    """Fewest units of a sample whose trees can split at all.

    A tree of econml reads 0.9 of half the sample, chooses splits with half of that, and a split needs two leaves.
    A tree of histogram reads the half, and a leaf needs units on both sides of the mean treatment. The bound serves
    both.
    """
    units, leaf = 8 * min_leaf, max(min_leaf, 2 * ceil(min_leaf / 2))
    while int(TREE_SHARE_OF_HALF * (units // 2)) // 2 < 2 * leaf:
        units += 1
    return units
