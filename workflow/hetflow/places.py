"""Where a run reads and writes: its data file is there, and it may write where it must; asked before the first job."""

from __future__ import annotations

import os
from pathlib import Path

from hetflow.errors import Problem, refuse

NOT_IN_PATHS = "{}<>\n\r\t"  # braces are wildcards, angle brackets path variables
_REMEDY = "start snakemake in a folder that is yours, or give yourself the right to write there"


def find_data(name: str, project: Path, source: str) -> str:
    """The data file: relative to the folder of the run, or to the project's own.

    Parameters
    ----------
    name : str
        As the study file says.
    project : Path
        The project's folder.
    source : str
        The study file's name, for the messages.

    Raises
    ------
    Refused
        If there is no such file, or Snakemake could not take its name literally.
    """
    if set(name) & set(NOT_IN_PATHS):
        refuse(
            f"{source}: data.file",
            "a path without braces, angle brackets and line ends, which Snakemake reads as patterns",
            name,
            "rename the file, or name a link to it",
        )
    found = next((place for place in _places(name, project) if _is_file(place)), None)
    if found is None:
        refuse(
            f"{source}: data.file",
            "a data file",
            f"no file {name}",
            "give its path relative to the folder in which you start snakemake, or in full",
        )
    return os.path.relpath(found) if found.is_relative_to(Path.cwd()) else str(found)


def _places(name: str, project: Path) -> list[Path]:
    """Where a data file may lie."""
    try:
        return [Path(name).expanduser(), project / name]
    except RuntimeError:  # the home of a user who is not known
        return [Path(name), project / name]


def _is_file(place: Path) -> bool:
    """Whether there is such a file; a name that no file can have is none."""
    try:
        return place.is_file()
    except (OSError, ValueError):
        return False


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
