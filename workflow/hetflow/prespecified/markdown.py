"""Markdown in which no text of a study can become anything but text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from hetflow.files import canonical_json
from hetflow.report.formats import NONE

_SIGNS = re.compile(r"([\\`*_\[\]<>|#~])")


def text(value: object) -> str:
    """Words of a study on one line; signs that Markdown or HTML would read are escaped."""
    return _SIGNS.sub(r"\\\1", " ".join(str(value).split())) or NONE


def code(value: str) -> str:
    """A name or an expression as it stands in the study file, on one line."""
    plain = " ".join(value.split())
    if not plain:
        return NONE
    longest = max((len(run) for run in re.findall("`+", plain)), default=0)
    fence = "`" * (longest + 1)
    padded = f" {plain} " if longest else plain
    return f"{fence}{padded}{fence}".replace("|", "\\|")


def value(item: Any) -> str:
    """A setting: text as it is, everything else as JSON."""
    return code(item if isinstance(item, str) else canonical_json(item))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table and the blank one after it; nothing where there are no rows. Cells are Markdown already."""
    body = [f"| {' | '.join(row)} |" for row in rows]
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *body, ""] if body else []
