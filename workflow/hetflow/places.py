"""Whether a run may write where it must, asked before the first job."""

from __future__ import annotations

import os
from pathlib import Path

from hetflow.errors import Problem

_REMEDY = "start snakemake in a folder that is yours, or give yourself the right to write there"


def unwritable(folders: list[str]) -> list[Problem]:
    """Folders that cannot be made or written to.

    Parameters
    ----------
    folders : list of str
        Folders of a run's files; those that are not there yet will be made.

    Returns
    -------
    list of Problem
        Each place once.
    """
    found = {problem.where: problem for problem in map(_unwritable, folders) if problem}
    return list(found.values())


def _unwritable(folder: str) -> Problem | None:
    place = Path(folder).absolute()
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    shown = os.path.relpath(place) if place.is_relative_to(Path.cwd()) else str(place)
    where = f"the folder {folder}" if shown == folder else f"the folder {folder}, to be made in {shown}"
    if not place.is_dir():
        found = "a link to nothing" if place.is_symlink() else f"{shown}, which is a file"
        return Problem(where, "a folder", found, "move it away, or start snakemake in another folder")
    if not os.access(place, os.W_OK | os.X_OK):
        return Problem(where, "a folder that may be written to", "no permission to write", _REMEDY)
    return None
