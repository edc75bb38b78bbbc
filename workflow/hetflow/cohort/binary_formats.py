"""Parquet, SAS, Stata, SPSS and Excel files."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat

from hetflow.errors import Refused, refuse

_READERS: dict[str, Callable[..., tuple[pd.DataFrame, Any]]] = {
    ".xpt": pyreadstat.read_xport,
    ".sas7bdat": pyreadstat.read_sas7bdat,
    ".dta": pyreadstat.read_dta,
    ".sav": pyreadstat.read_sav,
    ".zsav": pyreadstat.read_sav,
}
_LARGEST_FLOAT = 2**53  # up to it, every whole number is a float
_MOST_UNPACKED = 1_000_000_000
"""Bytes of a workbook's parts once unpacked: some 25 million cells, which take minutes to read and gigabytes of memory.
A workbook is a zip, and a few kilobytes of a zip can unpack to more than any machine holds."""
_MOST_ROWS = 2**20  # of a sheet; one cell of row 10^9 would make as many empty rows
_DEFAULT_ENDING = {"sas": ".sas7bdat", "stata": ".dta", "spss": ".sav"}


def read(path: str | Path, kind: str, sheet: str | None, value_labels: bool) -> pd.DataFrame:
    """A file of a format that knows numbers from text; see `hetflow.cohort.readers.read_raw`."""
    if kind == "parquet":
        return _plain(_parquet(path).to_pandas())
    if kind == "excel":
        return _excel(path, sheet)
    if kind == "sas":
        if value_labels:
            found = "a SAS file, whose labels lie in a catalogue of their own"
            refuse(
                "data.value_labels",
                "a Stata or SPSS file",
                found,
                "set it to false; declare the codes as `levels`",
            )
        return _plain(_statistical(path, kind)[0])
    frame, _ = _statistical(path, kind, apply_value_formats=value_labels, formats_as_category=False)
    return _plain(frame)


def header(path: str | Path, kind: str, sheet: str | None) -> list[Any]:
    """Column names, from the file's head where the format has one."""
    if kind == "parquet":
        return [str(name) for name in _parquet_schema(path).names]
    if kind == "excel":
        return _trimmed(next(_excel_rows(path, sheet), ()))
    _, facts = _statistical(path, kind, metadataonly=True)
    return list(facts.column_names)


def count(path: str | Path, kind: str, sheet: str | None) -> int:
    """Number of rows; a SAS transport file does not say and is read."""
    if kind == "parquet":
        return int(_open_parquet(path).metadata.num_rows)
    if kind == "excel":
        return len(_excel(path, sheet))
    _, facts = _statistical(path, kind, metadataonly=True)
    if facts.number_rows is not None:
        return int(facts.number_rows)
    return len(_statistical(path, kind)[0])


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers and booleans as they are, everything else as dtype object with None for missing."""
    columns: dict[int, pd.Series] = {}
    for position in range(frame.shape[1]):
        series = frame.iloc[:, position]
        if isinstance(series.dtype, pd.CategoricalDtype):
            series = series.astype(object)
        if not _as_numbers(series):
            columns[position] = _objects(series.tolist())
        elif pd.api.types.is_signed_integer_dtype(series.dtype) and not series.hasnans:
            columns[position] = pd.Series(series.to_numpy(dtype=np.int64))
        else:
            columns[position] = pd.Series(series.to_numpy(dtype=np.float64, na_value=np.nan))
    plain = pd.DataFrame(columns)
    plain.columns = pd.Index(frame.columns, dtype=object)
    return plain


def _as_numbers(series: pd.Series) -> bool:
    """Whether a column is of numbers; whole ones without a float of their own (long identifiers) stay apart as text."""
    if pd.api.types.is_bool_dtype(series.dtype) or not pd.api.types.is_numeric_dtype(series.dtype):
        return False
    known = series.dropna()
    if not pd.api.types.is_integer_dtype(series.dtype) or not len(known):
        return True
    return max(abs(int(known.min())), abs(int(known.max()))) <= _LARGEST_FLOAT


def _objects(values: list[Any]) -> pd.Series:
    cells = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        single = pd.api.types.is_scalar(value)
        cells[place] = (None if pd.isna(value) else value) if single else str(value)
    return pd.Series(cells, dtype=object)


def _damaged(path: str | Path, kind: str, error: BaseException) -> NoReturn:
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    refuse(
        f"data.file: {path}", f"an intact {kind} file", said, "check the file, or name another data.format"
    )


def _open_parquet(path: str | Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        _damaged(path, "Parquet", error)


def _parquet_schema(path: str | Path) -> pa.Schema:
    return _open_parquet(path).schema_arrow


def _parquet(path: str | Path) -> pa.Table:
    try:
        return _open_parquet(path).read(use_threads=False).replace_schema_metadata(None)
    except (pa.ArrowException, OSError) as error:
        _damaged(path, "Parquet", error)


def _statistical(path: str | Path, kind: str, **options: Any) -> tuple[pd.DataFrame, Any]:
    """SAS, Stata or SPSS by pyreadstat; SPSS's user-defined missing values become missing."""
    ending = Path(path).suffix.lower()
    reader = _READERS.get(ending, _READERS[_DEFAULT_ENDING[kind]])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the reading library, about pandas
            return reader(str(path), **options)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, OSError, ValueError) as error:
        _damaged(path, kind.upper() if kind != "stata" else "Stata", error)


def _refuse_bomb(path: str | Path) -> None:
    """Refuse a workbook that unpacks to more than a table of patients can be."""
    try:
        with zipfile.ZipFile(path) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        _damaged(path, "Excel", error)
    if unpacked > _MOST_UNPACKED:
        refuse(
            f"data.file: {path}",
            f"a workbook of at most {_MOST_UNPACKED / 1e9:.0f} GB once it is unpacked",
            f"{unpacked / 1e9:,.1f} GB in a file of {Path(path).stat().st_size / 1e6:,.1f} MB",
            "if the table is so large, save it as CSV or Parquet; if it is not, do not trust the file",
        )


def _excel_rows(path: str | Path, sheet: str | None) -> Iterator[tuple[Any, ...]]:
    _refuse_bomb(path)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises what its zip and XML parsers raise
        _damaged(path, "Excel", error)
    try:
        if sheet is not None and sheet not in [one.title for one in book.worksheets]:
            refuse(
                f"data.sheet: {sheet}",
                "a sheet of the file",
                "none of that name",
                f"one of {[one.title for one in book.worksheets]}",
            )
        sheets = book.worksheets  # charts have no cells
        if not sheets:
            refuse(f"data.file: {path}", "a sheet with cells", "none", "check that it is the right file")
        chosen = sheets[0] if sheet is None else book[sheet]
        chosen.reset_dimensions()  # what a file says of its own size may be wrong, and rows beyond it were lost
        for number, row in enumerate(chosen.iter_rows(values_only=True), 1):
            if number > _MOST_ROWS:
                refuse(
                    f"data.file: {path}",
                    f"a sheet of at most {_MOST_ROWS:,} rows, Excel's own limit",
                    "a cell further down",
                    "delete it, or do not trust the file: no spreadsheet program writes such a cell",
                )
            yield row
    except (Refused, GeneratorExit):
        raise
    except Exception as error:  # a damaged sheet shows only when it is read
        _damaged(path, "Excel", error)
    finally:
        book.close()


def _trimmed(row: tuple[Any, ...]) -> list[Any]:
    """A row without the empty cells at its end."""
    cells = list(row)
    while cells and (cells[-1] is None or cells[-1] == ""):
        cells.pop()
    return cells


def _excel(path: str | Path, sheet: str | None) -> pd.DataFrame:
    rows = [_trimmed(row) for row in _excel_rows(path, sheet)]
    names = rows[0] if rows else []
    body = rows[1:]
    while body and not body[-1]:
        body.pop()
    wide = [number for number, row in enumerate(body, 2) if len(row) > len(names)]
    if wide:
        found = f"more in row {', '.join(str(number) for number in wide[:5])}"
        refuse(
            f"data.file: {path}", f"{len(names)} cells in every row", found, "mend these rows of the sheet"
        )
    padded = [row + [None] * (len(names) - len(row)) for row in body]
    columns = {position: _excel_column([row[position] for row in padded]) for position in range(len(names))}
    frame = pd.DataFrame(columns, index=range(len(padded)))
    frame.columns = pd.Index(names, dtype=object)
    return frame


def _excel_column(cells: list[Any]) -> pd.Series:
    """Numbers where all filled cells are numbers, else the cells as they are."""
    filled = [cell for cell in cells if cell is not None]
    if filled and all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in filled):
        return pd.Series([np.nan if cell is None else float(cell) for cell in cells], dtype=np.float64)
    return _objects(cells)
