"""Tables as CSV that a spreadsheet shows as it stands: no label of a study may run as a formula."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

#: What makes a spreadsheet take a cell for a formula, wide forms included; blanks before it do not help.
_FORMULA = re.compile(r"[\s\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?%?")


def csv_text(table: pd.DataFrame) -> str:
    """A table as CSV text.

    Parameters
    ----------
    table : DataFrame
        Numbers stay numbers; text that a spreadsheet would take for a formula gets an apostrophe before it, which
        spreadsheets hide.
    """
    safe = pd.DataFrame({place: table.iloc[:, place].map(neutral) for place in range(table.shape[1])})
    safe.columns = pd.Index([neutral(name) for name in table.columns], dtype=object)
    return safe.to_csv(index=False, lineterminator="\n")


def neutral(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; what is no text, and what is a number, stays as it is."""
    if not isinstance(cell, str) or _NUMBER.fullmatch(cell) or not _FORMULA.match(cell):
        return cell
    return f"'{cell}"


def is_neutralised(cell: str) -> bool:
    """Whether the apostrophe at a cell's beginning is `neutral`'s."""
    return cell.startswith("'") and neutral(cell[1:]) != cell[1:]
