"""Every byte of a crate and of its zip, searched for what was planted and for numbers of single units."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

_NUMBER = re.compile(rb"-?\d+\.\d+(?:e-?\d+)?")
DIGITS = 7
"""Significant digits from which two equal numbers are no coincidence."""


def contents(crate: Path, archive: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every file; members of archives and cells of Parquet files as text besides."""
    for path in sorted(crate.rglob("*")):
        if path.is_file():
            yield from _opened(path.relative_to(crate).as_posix(), path.read_bytes())
    yield from _opened(archive.name, archive.read_bytes())


def _opened(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    yield name, content
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as inner:
            for member in inner.namelist():
                yield from _opened(f"{name}!{member}", inner.read(member))
    if content.startswith(b"PAR1"):
        yield f"{name}!cells", pq.read_table(io.BytesIO(content)).to_pandas().to_csv().encode()


def places(texts: Iterable[str], found: Iterable[tuple[str, bytes]]) -> list[str]:
    """Files that hold one of the texts, in any of the ways in which it may be written."""
    wanted = {form for text in texts for form in (text.encode(), text.encode("utf-16-le"))}
    return sorted({name for name, content in found if any(form in content for form in wanted)})


def own_numbers(tables: Iterable[Path]) -> set[float]:
    """Numbers of seven digits or more in tables of units, as they are and rounded to seven."""
    values: set[float] = set()
    for path in tables:
        for _, column in pq.read_table(path).to_pandas().select_dtypes("float").items():
            exact = column.dropna().to_numpy(dtype=np.float64)
            values |= {
                value for value in np.unique(exact).tolist() if _digits(repr(value).encode()) >= DIGITS
            }
    return values


def rows_of_units(frame: pd.DataFrame, found: Iterable[tuple[str, bytes]]) -> list[str]:
    """Files in which two values of one row of the raw file stand side by side, as text of a table would have them."""
    pairs = set()
    for row in frame.astype(str).itertuples(index=False):
        cells = [cell for cell in row if len(cell) >= 4 and cell[-1].isdigit()]
        pairs |= {f"{one},{other}".encode() for one, other in pairwise(cells)}
    return sorted({name for name, content in found if any(pair in content for pair in pairs)})


def matches(own: set[float], content: bytes) -> int:
    """How many of the numbers of units a file holds."""
    numbers = {float(word) for word in _NUMBER.findall(content) if _digits(word) >= DIGITS}
    return len(numbers & own)


def _digits(word: bytes) -> int:
    return len(word.split(b"e")[0].replace(b".", b"").lstrip(b"-0"))
