"""Whether a run is of a size that a workflow can hold, asked before its files are listed."""

from __future__ import annotations

import math
from typing import Any

from hetflow.errors import Problem, refuse
from hetflow.files import stamped_json
from hetflow.plan import ALL, Plan
from hetflow.study.slices import slices
from hetflow.study.study_slices import study_slices

_MOST_SETTINGS = (
    100_000  # characters of one settings file: it passes through a command line of at most 128 KiB
)
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


def settings_fit(plan: Plan) -> None:
    """Refuse settings too long for a command line, all of them before the first job.

    Parameters
    ----------
    plan : Plan
    """
    for content in (study_slices(plan.study), *map(slices, plan.analyses.values())):
        for stage, values in content.items():
            settings_text(values, stage)


def settings_text(content: dict[str, Any], stage: str) -> str:
    """The text of a settings file, refused if it is too long.

    Parameters
    ----------
    content : dict
        The stage's slice of the study.
    stage : str
        Its name, for the message.
    """
    text = stamped_json(content, "settings").rstrip("\n")
    if len(text.encode()) > _MOST_SETTINGS:
        refuse(
            f"settings of the stage {stage}",
            f"at most {_MOST_SETTINGS:,} bytes",
            f"{len(text.encode()):,}",
            "name columns by patterns in the dictionary instead of one by one",
        )
    return text
