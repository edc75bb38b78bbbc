"""What a row of the corpus is, and how it is laid out in a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from small_project import STUDY, small_data

Change = dict[str, Any]
Edit = Callable[[pd.DataFrame], pd.DataFrame]
AT_START, BY_CHECK = 1, 2  # exit status: of the workflow before its first job; of the script `check`
UNITS = 240
REMOVED = object()


@dataclass(frozen=True)
class Case:
    """A row: what is wrong, what must be said, and the exit status.

    Attributes
    ----------
    name : str
    words : str
        What the message must hold.
    status : int
        `AT_START` or `BY_CHECK`; the command `snakemake` ends with 1 in both.
    change : dict
        Keys of the small study replaced: ``{"forest/trees": 40}``.
    text : callable or None
        Makes the study file from the small study's text; text or bytes.
    edit : callable or None
        Changes the data's frame.
    file : callable or None
        Makes the data file's bytes from those of the small study's.
    ending : str
        Of the data file's name.
    place : callable or None
        Changes the folder in which the run starts, once study and data lie there.
    """

    name: str
    words: str
    status: int = AT_START
    change: Change | None = None
    text: Callable[[str], str | bytes] | None = None
    edit: Edit | None = None
    file: Callable[[bytes], bytes] | None = None
    ending: str = "csv"
    place: Callable[[Path], None] | None = None

    def lay_out(self, folder: Path) -> None:
        """Write ``study.yaml``, the data and an earlier run's result into a folder."""
        frame = self.edit(small_data()) if self.edit else small_data()
        data = frame.to_csv(index=False).encode()
        (folder / f"small.{self.ending}").write_bytes(self.file(data) if self.file else data)
        (folder / "study.yaml").write_bytes(self.study())
        (folder / "results" / "small").mkdir(parents=True)
        (folder / "results" / "small" / "earlier.txt").write_text("what an earlier run left")
        if self.place:
            self.place(folder)

    def study(self) -> bytes:
        """The study file's bytes."""
        if self.text is None:
            changed = edited({"data/file": f"small.{self.ending}", **(self.change or {})})
            return yaml.safe_dump(changed, sort_keys=False, allow_unicode=True).encode()
        made = self.text(STUDY)
        return made if isinstance(made, bytes) else made.encode("utf-8", "surrogatepass")


def study(name: str, change: Change, words: str, status: int = AT_START) -> Case:
    """Keys of the study that are wrong."""
    return Case(name, words, status, change=change)


def text(name: str, make: Callable[[str], str | bytes], words: str, status: int = AT_START) -> Case:
    """A study file that is wrong as a text."""
    return Case(name, words, status, text=make)


def data(name: str, edit: Edit, words: str, status: int = BY_CHECK, change: Change | None = None) -> Case:
    """Data that are wrong."""
    return Case(name, words, status, change=change, edit=edit)


def file(
    name: str,
    make: Callable[[bytes], bytes],
    words: str,
    status: int = AT_START,
    ending: str = "csv",
    change: Change | None = None,
) -> Case:
    """A data file that is wrong as bytes."""
    return Case(name, words, status, change=change, file=make, ending=ending)


def place(name: str, make: Callable[[Path], None], words: str, status: int = AT_START) -> Case:
    """A folder in which nothing can be run."""
    return Case(name, words, status, place=make)


def edited(change: Change) -> dict[str, Any]:
    """The small study with keys replaced: `{"forest/trees": 40}`."""
    changed = yaml.safe_load(STUDY)
    for path, value in change.items():
        *parents, key = path.split("/")
        section = changed
        for parent in parents:
            section = section.setdefault(parent, {})
        if value is REMOVED:
            del section[key]
        else:
            section[key] = value
    return changed


def cells(column: str, value: object, *rows: int) -> Edit:
    """Some cells of a column, or all of them, replaced."""

    def edit(frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame.astype(object)
        frame.loc[list(rows) or frame.index, column] = value
        return frame

    return edit


def column(name: str, make: Callable[[pd.DataFrame], Any]) -> Edit:
    """A column replaced or added."""
    return lambda frame: frame.assign(**{name: make(frame)})
