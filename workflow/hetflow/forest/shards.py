"""Cutting a forest into shards: consecutive ranges of whole little bags, one file and one job each.

A shard is named by its range of bags (counted from 0, both ends included), and the cuts lie on a grid that
does not depend on the number of trees. Raising the number of trees therefore adds files and changes none; a
last shard that was shorter is replaced by a longer one of another name.
"""

from __future__ import annotations

import math
import re

from hetflow.errors import refuse

MOST_TREES = 2**20
"""Most trees of one forest: so many can be added up without overflow (`hetflow.forest.fixed`)."""

_TARGET_SECONDS = 180.0
_BYTES_PER_UNIT = 300.0
_BYTES_PER_SECOND = 100_000.0
_SECONDS_PER_BAG = 2e-3
_SECONDS_PER_COMPARISON = 0.06e-6
_TREE_SHARE = 0.225
_SECONDS_PER_FAST_BAG, _SECONDS_PER_PASS, _SECONDS_PER_UNIT = 1e-3, 5e-9, 40e-9
_NAME = re.compile(r"(\d{6})-(\d{6})")


def shard_ranges(trees: int, bag_trees: int, shard_bags: int) -> list[tuple[int, int]]:
    """Ranges of bags, one a shard.

    Parameters
    ----------
    trees : int
        Trees of the forest, a multiple of `bag_trees`.
    bag_trees : int
        Trees of a little bag.
    shard_bags : int
        Bags of a shard; the last shard may hold fewer.

    Returns
    -------
    list of (first, last)
        First and last bag of each shard, both included.

    Raises
    ------
    Refused
        If `trees` is not a multiple of `bag_trees`, or greater than `MOST_TREES`.
    """
    if shard_bags < 1 or bag_trees < 1 or trees < 0:
        raise ValueError(f"trees {trees}, bag_trees {bag_trees} and shard_bags {shard_bags} must be positive")
    if trees % bag_trees:
        rounded = (trees // bag_trees + 1) * bag_trees
        refuse("forest.trees", f"a multiple of bag_trees ({bag_trees})", str(trees), f"write {rounded}")
    if trees > MOST_TREES:
        refuse("forest.trees", f"at most {MOST_TREES} trees", str(trees), f"write {MOST_TREES} or fewer")
    bags = trees // bag_trees
    return [(first, min(first + shard_bags, bags) - 1) for first in range(0, bags, shard_bags)]


def shard_name(first: int, last: int) -> str:
    """The stem of a shard's file: ``000000-000249`` for bags 0 to 249; names sort as their ranges do."""
    return f"{first:06d}-{last:06d}"


def shard_names(trees: int, bag_trees: int, shard_bags: int) -> list[str]:
    """Stems of all shards' files, in the order in which they are added; see `shard_ranges`."""
    return [shard_name(first, last) for first, last in shard_ranges(trees, bag_trees, shard_bags)]


def bags_of_shard(name: str) -> tuple[int, int]:
    """First and last bag, both included, of the shard of this name.

    Raises
    ------
    ValueError
        If this is not a shard's name.
    """
    match = _NAME.fullmatch(name)
    if match is None or int(match.group(1)) > int(match.group(2)):
        raise ValueError(f"not a shard: {name!r}")
    return int(match.group(1)), int(match.group(2))


def bag_seconds(units: int, covariates: int, bag_trees: int, engine: str = "econml") -> float:
    """Seconds of one core that a bag takes, to within a factor of two.

    Parameters
    ----------
    units, covariates : int
        Units of the sample, columns of the covariate matrix.
    bag_trees : int
        Trees of a bag.
    engine : str
        Which implementation grows it.

    Notes
    -----
    A tree of econml sorts and scans the `m` units that choose its splits (0.225 of the sample) for each covariate, at
    each of some log2(m) levels. Measured with econml 0.17 on a busy machine: 2.9 ms a tree at 659 x 20, 8.9 at
    659 x 85, 33 at 5,000 x 20, 133 at 5,000 x 85, 179 at 20,000 x 20, 751 at 20,000 x 85, so that the time grows
    as the comparisons do; on an idle one the default study takes 5.5 ms a tree, some 60 ns a comparison.

    A tree of histogram passes its units (a quarter of the sample) once a level for each of the some sqrt(p) + 20
    covariates tried, and then sends half of the sample down: 2.7 ms at 10,000 x 20.
    """
    if engine == "histogram":
        tried = min(covariates, math.sqrt(covariates) + 20)
        passes = units / 4 * math.log2(max(2.0, units / 4)) * max(1.0, tried)
        return _SECONDS_PER_FAST_BAG + bag_trees * (passes * _SECONDS_PER_PASS + units * _SECONDS_PER_UNIT)
    chosen = max(2.0, _TREE_SHARE * units)
    comparisons = chosen * math.log2(chosen) * max(1, covariates)
    return _SECONDS_PER_BAG + bag_trees * comparisons * _SECONDS_PER_COMPARISON


def auto_shard_bags(
    units: int, covariates: int, bag_trees: int, samples: int = 1, engine: str = "econml"
) -> int:
    """Bags of a shard such that its job lasts minutes.

    Parameters
    ----------
    units, covariates : int
        Units of the sample, columns of the covariate matrix.
    bag_trees : int
        Trees of a bag.
    samples : int
        Forests that one job grows, each as large as `units` at most.
    engine : str
        Which implementation grows them.

    Returns
    -------
    int
        At least 1. The number of trees does not enter, so that raising it changes no shard.

    Notes
    -----
    A job aims at three minutes, since starting one costs seconds; longer where units are many, because a
    shard's file grows with the units: never more than some 100 kB of file for a second of growing.
    """
    seconds = max(_TARGET_SECONDS, _BYTES_PER_UNIT * units / _BYTES_PER_SECOND)
    return max(1, int(seconds / (bag_seconds(units, covariates, bag_trees, engine) * max(1, samples))))
