"""CSV and TSV files: every cell as text, ragged rows and undecodable bytes refused with their place."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path
from typing import NoReturn

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

from hetflow.cohort.quotation import check_quotation
from hetflow.errors import refuse

_MOST_SHOWN = 5
_BLOCK = 1 << 20
_LARGEST = 1 << 30  # bytes of a parsing block: one block, unless the file is very large


def read(path: str | Path, encoding: str | None, delimiter: str) -> pd.DataFrame:
    """A delimited text file, first row as header; see `hetflow.cohort.readers.read_raw`."""
    text = _decode(path, Path(path).read_bytes(), encoding)
    if not text.strip():
        refuse(f"data.file: {path}", "a data file", "nothing but blanks", "check that it is the right file")
    names = _first_row(path, text, delimiter)
    check_quotation(path, text, delimiter)
    ragged: list[tuple[int | None, int]] = []

    def note(row: pacsv.InvalidRow) -> str:
        ragged.append((row.number, row.actual_columns))
        return "skip"

    positions = [str(number) for number in range(len(names))]
    content = (text if text.endswith(("\n", "\r")) else text + "\n").encode("utf-8")
    try:
        table = pacsv.read_csv(
            io.BytesIO(content),
            read_options=pacsv.ReadOptions(
                use_threads=False,
                column_names=positions,
                skip_rows_after_names=1,
                block_size=min(max(len(content), 1), _LARGEST),
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(positions, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        refuse(
            f"data.file: {path}",
            f"rows separated by {delimiter!r}",
            str(error).splitlines()[0],
            "check the delimiter and the quotation marks",
        )
    if ragged:
        _refuse_ragged(path, names, ragged, delimiter)
    columns = {
        number: pd.Series(table.column(number).to_pylist(), dtype=object) for number in range(len(names))
    }
    frame = pd.DataFrame(columns)
    frame.columns = pd.Index(names, dtype=object)
    return frame


def header(path: str | Path, encoding: str | None, delimiter: str) -> list[str]:
    """Cells of the first row."""
    decoder = _decoder(path, encoding)("strict")
    raw, text = b"", ""
    with open(path, "rb") as stream:
        while block := stream.read(_BLOCK):
            raw += block
            try:
                text += decoder.decode(block)
            except UnicodeError as error:
                _refuse_byte(path, encoding, raw, error, len(raw) - len(block))
            if "\n" in text or "\r" in text:
                break
    return _first_row(path, text, delimiter)


def _first_row(path: str | Path, text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error as error:
        refuse(
            f"data.file: {path}", "column names in the first row", str(error), "check that it is a text file"
        )


def count(path: str | Path, encoding: str | None) -> int:
    """Number of rows below the header; a line break within quotation marks does not count."""
    text = _decode(path, Path(path).read_bytes(), encoding)
    rows, quoted = 0, False
    for line in io.StringIO(text, newline=None):
        quoted ^= line.count('"') % 2 == 1
        rows += not quoted and bool(line.strip())
    return max(rows - 1, 0)


def _decoder(path: str | Path, encoding: str | None) -> codecs._IncrementalDecoder:
    try:
        found = codecs.lookup(_name(encoding))
        decoder = found.incrementaldecoder if found._is_text_encoding else None
    except (LookupError, ValueError):  # ValueError: a name that cannot be one
        decoder = None
    if decoder is None:
        refuse(
            f"data.encoding: {encoding}",
            "a character encoding",
            repr(encoding),
            "write utf-8, latin-1 or cp1252",
        )
    return decoder


def _name(encoding: str | None) -> str:
    plain = (encoding or "utf-8").lower().replace("_", "-")
    return "utf-8-sig" if plain in {"utf-8", "utf8"} else plain


def _decode(path: str | Path, raw: bytes, encoding: str | None) -> str:
    _decoder(path, encoding)
    try:
        return raw.decode(_name(encoding))
    except UnicodeError as error:
        _refuse_byte(path, encoding, raw, error)


def _refuse_byte(
    path: str | Path, encoding: str | None, raw: bytes, error: UnicodeError, before: int = 0
) -> NoReturn:
    """Refuse a byte that cannot be decoded; `before` bytes precede those in which the decoder counted."""
    if not isinstance(error, UnicodeDecodeError):
        refuse(
            f"data.file: {path}",
            f"text in {encoding or 'utf-8'}",
            str(error),
            "name the file's encoding in data.encoding (often utf-8, cp1252 or latin-1)",
        )
    # the codec utf-8-sig counts from behind the byte order mark
    offset = 3 if _name(encoding) == "utf-8-sig" and raw.startswith(codecs.BOM_UTF8) else 0
    position = min(error.start + (before or offset), len(raw) - 1)
    line = raw.count(b"\n", 0, position) + 1
    likely = (
        "utf-16" if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "often cp1252 or latin-1"
    )
    refuse(
        f"data.file: {path}",
        f"text in {encoding or 'utf-8'}",
        f"byte 0x{raw[position]:02x} at position {position} (line {line})",
        f"name the file's encoding in data.encoding ({likely}), or save it as UTF-8",
    )


def _refuse_ragged(
    path: str | Path, names: list[str], ragged: list[tuple[int | None, int]], delimiter: str
) -> NoReturn:
    shown = "; ".join(f"{cells} in line {row}" for row, cells in ragged[:_MOST_SHOWN])
    more = f"; and {len(ragged) - _MOST_SHOWN} more rows" if len(ragged) > _MOST_SHOWN else ""
    refuse(
        f"data.file: {path}",
        f"{len(names)} cells in every row, as in the header",
        shown + more,
        f"mend these rows, or check the delimiter ({delimiter!r}) and the quotation marks",
    )
