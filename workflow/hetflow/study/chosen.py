"""Which study is meant: a study file itself, or one key, `study_file`, that names it.

`config/config.yaml` says in this way which study is run when the command line names none, and a workflow that imports
hetflow as a module can hand over a file's name instead of a file's content, which is then read as strictly as ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hetflow.errors import refuse
from hetflow.study.load import merge, read_yaml
from hetflow.study.model import Study

KEY = "study_file"
REQUIRED = frozenset(name for name, field in Study.model_fields.items() if field.is_required())
"""The keys that every study has."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a run is laid out from.

    Attributes
    ----------
    values : dict
        The study, without `study_file`.
    source : str
        What to call it in messages.
    file : Path
        Its file; where there is none, a name in the folder of the run.
    new_data : str or None
        File of patients to score, as it was named.
    config : dict
        Of `values`, what the command line said beside the files (``--config key=value``).
    """

    values: dict[str, Any]
    source: str
    file: Path
    new_data: Any = None
    config: dict[str, Any] = field(default_factory=dict)


def is_whole(values: Mapping[str, Any]) -> bool:
    """Whether these are a study of their own: every required key is there."""
    return values.keys() >= REQUIRED


def chosen(values: Mapping[str, Any], source: str, file: Path, project: Path) -> Given:
    """Follow `study_file`, if it is there.

    Parameters
    ----------
    values : mapping
        A configuration: a study; or the key `study_file`, and other keys that change the study that it names. In a
        configuration with every required key of a study, `study_file` is not followed: so
        ``--configfile config/other.yaml`` goes before a default that was read earlier.
    source : str
        The configuration's name, for the messages.
    file : Path
        Where it was read.
    project : Path
        The folder of the project, in which the file is looked for if the folder of the run has none of its name.

    Raises
    ------
    Refused
        If the key names no file, or a file that only names another one.
    """
    own = {key: value for key, value in values.items() if key != KEY}
    if KEY not in values or is_whole(own):
        return Given(own, source, file)
    path = _found(values[KEY], source, project)
    base = read_yaml(path)
    if KEY in base:
        refuse(f"{path}: {KEY}", "a study", "the name of another study file", f"name that file in {source}")
    return Given(merge(base, own), f"{path} + {source}" if own else str(path), path)


def _found(name: Any, source: str, project: Path) -> Path:
    """The file that is named, relative to the folder of the run or to the project's."""
    where = f"{source}: {KEY}"
    if not isinstance(name, str) or not name.strip():
        refuse(where, "the name of a study file", repr(name), f"write for example `{KEY}: config/mine.yaml`")
    places = [Path(name), project / name]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        refuse(
            where,
            "a study file",
            f"no file {name}",
            "give its path relative to the folder in which you start snakemake, or in full",
        )
    return path
