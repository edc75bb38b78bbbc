"""The raw data file as a frame: CSV, TSV, Parquet, SAS, Stata, SPSS and Excel.

Text formats are read as text, every cell as it stands; the others keep numbers as numbers and text as text.
Nothing is guessed here: what a value means is settled by the dictionary (`hetflow.cohort.values`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hetflow.cohort import binary_formats, text_formats
from hetflow.disk import sha256
from hetflow.errors import Problem, control_characters, refuse, refuse_all

_ENDINGS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".xpt": "sas",
    ".sas7bdat": "sas",
    ".dta": "stata",
    ".sav": "spss",
    ".zsav": "spss",
    ".xlsx": "excel",
    ".xlsm": "excel",
}
_TEXT = {"csv": ",", "tsv": "\t"}


@dataclass(frozen=True, slots=True)
class DataShape:
    """What is known of a data file before it is read.

    Attributes
    ----------
    header : list of str
        Names of its columns, in the file's order.
    rows : int
        Number of its rows, the header not counted.
    """

    header: list[str]
    rows: int


def file_format(path: str | Path, named: str = "auto") -> str:
    """The format of a data file: as named, or by its ending.

    Raises
    ------
    Refused
        If the ending is not known and no format is named.
    """
    if named != "auto":
        return named
    ending = Path(path).suffix.lower()
    if ending not in _ENDINGS:
        known = ", ".join(sorted(_ENDINGS))
        refuse(
            f"data.file: {path}",
            f"a file that ends in {known}",
            ending or "no ending",
            "name it in data.format",
        )
    return _ENDINGS[ending]


def read_raw(path: str | Path, settings: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Read a data file whole.

    Parameters
    ----------
    path : str or Path
        The file; it is never changed.
    settings : mapping, optional
        Keys of `data` in the study file: ``format``, ``encoding``, ``delimiter``, ``sheet``,
        ``value_labels``.

    Returns
    -------
    DataFrame, shape (rows, columns)
        Index 0..rows-1. Text columns are of dtype object; missing cells of non-text formats are None or NaN.

    Raises
    ------
    Refused
        If the file is absent, empty, damaged, of another format, wrongly encoded or ragged, or if column
        names are missing or stand twice.
    """
    options = dict(settings or {})
    kind = file_format(path, options.get("format") or "auto")
    _exists(path)
    if kind in _TEXT:
        frame = text_formats.read(path, options.get("encoding"), options.get("delimiter") or _TEXT[kind])
    else:
        frame = binary_formats.read(path, kind, options.get("sheet"), bool(options.get("value_labels")))
    header = check_header(path, list(frame.columns))
    if not len(frame):
        refuse(
            f"data.file: {path}",
            "at least one row of data",
            "a header alone",
            "check that it is the right file",
        )
    frame.columns = pd.Index(header, dtype=object)
    return frame.reset_index(drop=True)


def read_header(path: str | Path, settings: Mapping[str, Any] | None = None) -> list[str]:
    """Column names of a data file without reading its rows; refuses as `read_raw`."""
    options = dict(settings or {})
    kind = file_format(path, options.get("format") or "auto")
    _exists(path)
    if kind in _TEXT:
        names = text_formats.header(path, options.get("encoding"), options.get("delimiter") or _TEXT[kind])
    else:
        names = binary_formats.header(path, kind, options.get("sheet"))
    return check_header(path, names)


def data_shape(path: str | Path, settings: Mapping[str, Any] | None = None) -> DataShape:
    """Column names and number of rows, as cheaply as the format allows; refuses as `read_raw`."""
    options = dict(settings or {})
    header = read_header(path, options)
    kind = file_format(path, options.get("format") or "auto")
    if kind in _TEXT:
        return DataShape(header, text_formats.count(path, options.get("encoding")))
    return DataShape(header, binary_formats.count(path, kind, options.get("sheet")))


def source_facts(path: str | Path, raw: pd.DataFrame) -> dict[str, Any]:
    """Where the data came from: name of the file (not its folder), SHA-256 of its bytes, rows and columns."""
    return {"file": Path(path).name, "sha256": sha256(path), "rows": len(raw), "columns": raw.shape[1]}


def check_header(path: str | Path, names: Sequence[Any]) -> list[str]:
    """Column names stripped of blanks; nameless and repeated ones are refused, all at once."""
    where = f"data.file: {path}"
    if not len(names):
        refuse(where, "column names in the first row", "an empty file", "check that it is the right file")
    header = ["" if name is None else str(name).strip() for name in names]
    problems = [
        Problem(
            where, "a name for every column", f"none for column {number}", "name it in the file's first row"
        )
        for number, name in enumerate(header, 1)
        if not name
    ]
    problems += _control_characters(where, header)
    for name, times in Counter(header).items():
        if name and times > 1:
            places = ", ".join(str(number) for number, other in enumerate(header, 1) if other == name)
            problems.append(
                Problem(
                    where, "each column name once", f"{name!r} in columns {places}", "rename one in the file"
                )
            )
    refuse_all(problems)
    return header


def _control_characters(where: str, header: Sequence[str]) -> list[Problem]:
    """Names that no page or terminal can show."""
    return [
        Problem(
            where,
            "column names without control characters",
            f"{name!r}, column {number}",
            "rename it in the file",
        )
        for number, name in enumerate(header, 1)
        if control_characters(name)
    ]


def _exists(path: str | Path) -> None:
    if not Path(path).is_file():
        refuse(f"data.file: {path}", "a data file", "no such file", "check the path")
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        found = error.strerror or "not readable"
        refuse(f"data.file: {path}", "a data file that you may read", found, "ask for the right to read it")
    if Path(path).stat().st_size == 0:
        refuse(f"data.file: {path}", "a data file", "an empty file", "check that it is the right file")
