"""Quotation marks that swallow rows: a mark that is not closed makes one cell of all that follows, silently."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from hetflow.errors import refuse

_REMEDY = 'close it, or double it ("") where it belongs to the text'


def check_quotation(path: str | Path, text: str, delimiter: str) -> None:
    """Refuse a quotation mark that is not closed, or that closes a cell of several lines in the midst of a word.

    Parameters
    ----------
    path : str or Path
        The file, for the message.
    text : str
        Its content.
    delimiter : str
        What separates cells.
    """
    if '"' not in text or _well_formed(text, delimiter):
        return
    start = re.compile(rf'(?:\A|(?<=[{re.escape(delimiter)}\r\n]))"((?:[^"]|"")*+)("?)')
    for cell in start.finditer(text):
        after = text[cell.end() : cell.end() + 1]
        lines = re.search(r"[\r\n]", cell.group(1))
        if not cell.group(2) or (lines and after and after not in (delimiter, "\r", "\n")):
            line = len(re.findall(r"\r\n|\r|\n", text[: cell.start()])) + 1
            closed = "closed only further on, in the midst of a cell" if cell.group(2) else "never closed"
            refuse(
                f"data.file: {path}",
                "quotation marks around whole cells",
                f"one in line {line} that is {closed}: the lines between would be one cell",
                _REMEDY,
            )


def _well_formed(text: str, delimiter: str) -> bool:
    """Whether every quoted cell is closed and followed by a delimiter or a line end: quick, and nearly always so."""
    try:
        for _ in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            pass
    except csv.Error:
        return False
    return True
