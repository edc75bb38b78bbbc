"""The analysis plan that is frozen before outcomes are read: where it lies, and its amendments."""

from __future__ import annotations

import datetime
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from hetflow.errors import Problem, refuse
from hetflow.places import NOT_IN_PATHS
from hetflow.study.base import Section

if TYPE_CHECKING:
    from hetflow.study.model import Study


class Amendment(Section):
    """A change of the frozen plan."""

    date: datetime.date
    """Day on which it was decided, as 2026-12-31."""
    reason: str = Field(min_length=10, max_length=2000)
    """Why, in a sentence or more; it is printed."""


class Plan(Section):
    """The plan that `snakemake plan` freezes (docs/plan.md)."""

    folder: str = Field(default="", max_length=1000)
    """Where the frozen plan lies, relative to the folder of the study file; by default `<study>-plan` beside it."""
    hash_data: bool = False
    """Whether the plan names the data file's SHA-256 too: its bytes are then read, though nothing in them is looked
    at."""
    amendments: list[Amendment] = []
    """Changes of the frozen plan, in their order; `snakemake plan` writes each as a file of its own."""


def plan_folder(study: Study, study_file: Path, source: str) -> str:
    """Where the frozen plan of a study lies, or would lie.

    Parameters
    ----------
    study : Study
    study_file : Path
        The study file; of several the first.
    source : str
        Its name, for the message.

    Raises
    ------
    Refused
        If Snakemake could not take the path literally.
    """
    named = study.plan.folder or f"{study.study}-plan"
    folder = (study_file.parent / named).absolute()
    if set(str(folder)) & set(NOT_IN_PATHS):
        refuse(
            f"{source}: plan.folder",
            "a path without braces, angle brackets and line ends, which Snakemake reads as patterns",
            str(folder),
            "name another folder",
        )
    below = folder.is_relative_to(Path.cwd())
    return os.path.relpath(folder) if below else os.path.normpath(folder)


def amendment_problems(study: Study, source: str) -> Iterator[Problem]:
    """Amendments that do not follow one another."""
    amendments = study.plan.amendments
    for place, (before, after) in enumerate(itertools.pairwise(amendments), 1):
        if after.date < before.date:
            yield Problem(
                f"{source}: plan.amendments[{place}].date",
                f"{before.date.isoformat()} or later, the day of the amendment before it",
                after.date.isoformat(),
                "add new amendments at the end of the list",
            )
