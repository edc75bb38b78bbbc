"""Whether a run is of a size that a workflow can hold, asked before its files are listed."""

from __future__ import annotations

import math

from hetflow.errors import Problem
from hetflow.plan import ALL, Plan

_MOST_FILES = 200_000  # of the forests: 50 times the largest study that has been measured


def too_large(plan: Plan, source: str) -> list[Problem]:
    """A run of more forest files than a workflow can hold.

    Parameters
    ----------
    plan : Plan
    source : str
        The study file's name, for the message.
    """
    files = sum(_files(plan, analysis) for analysis in {plan.owner[name, "forest"] for name in plan.analyses})
    if files <= _MOST_FILES:
        return []
    remedy = "write `shard_bags: auto`, or ask for fewer trees, imputations or analyses"
    return [
        Problem(
            f"{source}: forest.trees", f"at most {_MOST_FILES:,} files of trees", f"{files:,} of them", remedy
        )
    ]


def _files(plan: Plan, analysis: str) -> int:
    """Shards of an analysis' forests, without naming them."""
    forest = plan.analyses[analysis].forest
    shards = 0
    for sample in plan.samples(analysis):
        trees = forest.trees if sample == ALL else forest.held_out_trees
        shards += math.ceil(trees / forest.bag_trees / plan.shard_bags(analysis, sample))
    return shards * len(plan.imputations(analysis))
