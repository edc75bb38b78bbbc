"""What the dictionary of a study file says of one column."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from hetflow.study.description import ColumnEntry

if TYPE_CHECKING:
    from hetflow.study.model import Study


def said(study: Study, column: str, attribute: str, columns: Collection[str]) -> object:
    """What the dictionary says of a column: by its name, else by a pattern that matches it; None if nothing."""
    exact: ColumnEntry | None = study.dictionary.get(column)
    value = None if exact is None else getattr(exact, attribute)
    if value is not None:
        return value
    patterns = [
        name for name in sorted(study.dictionary) if name not in columns and fnmatchcase(column, name)
    ]
    found = (getattr(study.dictionary[name], attribute) for name in patterns)
    return next((value for value in found if value is not None), None)
