"""The data of two runs: the raw file by its hash, rows and columns, the participant flow, what is missing by arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hetflow.compare.cells import by_key
from hetflow.compare.read import Run
from hetflow.compare.settings import ABSENT

NOT_KNOWN = "not known"
_COUNTS = ("all", "treated", "control", "not_applicable")
_FACTS = (("sha256", "SHA-256 of the file"), ("rows", "Rows of the file"), ("columns", "Columns of the file"))
Rows = list[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class DataChange:
    """What differs in the data.

    Attributes
    ----------
    same_file : bool
        Whether both runs read the same bytes.
    facts : list of (what, A, B)
        Hash, rows and columns of the raw file, whether they differ or not.
    flow : list of (step, A, B)
        Steps of the participant flow whose counts differ.
    missing : list of (variable, A, B)
        Missing values whose counts differ: of all, treated and control, as the report prints them.
    """

    same_file: bool
    facts: Rows
    flow: Rows
    missing: Rows


def data_change(a: Run, b: Run) -> DataChange:
    """Compare the data of two runs."""
    facts = [(what, str(a.data.get(key, NOT_KNOWN)), str(b.data.get(key, NOT_KNOWN))) for key, what in _FACTS]
    return DataChange(
        a.data["sha256"] == b.data["sha256"],
        facts,
        _rows(a, b, "flow", "label", ("count", "excluded")),
        _rows(a, b, "missing", "variable", _COUNTS),
    )


def _rows(a: Run, b: Run, table: str, name: str, columns: tuple[str, ...]) -> Rows:
    """Rows of a table by their name whose columns differ, these joined; ``not there`` where a run lacks one."""
    was, now = (by_key(run.tables[table], (name,)) if table in run.tables else {} for run in (a, b))
    keys = [*was, *(key for key in now if key not in was)]
    found = [(key[0], _told(was.get(key), columns), _told(now.get(key), columns)) for key in keys]
    return [one for one in found if one[1] != one[2]]


def _told(row: Mapping[str, str] | None, columns: tuple[str, ...]) -> str:
    return ABSENT if row is None else " · ".join(row[one] for one in columns if row.get(one))
