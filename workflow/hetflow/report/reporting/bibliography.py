"""The works whose methods hetflow uses, and of these the ones that a run used, as BibTeX."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hetflow import __version__
from hetflow.report.reporting.escapes import latex

WORKS = Path(__file__).resolve().parents[1] / "templates" / "references.bib"
SOFTWARE, DATA = "hetflow", "studydata"
"""Keys of the entries that are made from the run: the software, and the study's own citation."""
_ENTRY = re.compile(r"^@\w+\{(?P<key>[a-z0-9]+),\n.*?^\}$", re.MULTILINE | re.DOTALL)
_CITED = re.compile(r"(?<!\\)\[(@[a-z0-9]+(?:; @[a-z0-9]+)*)\]")


def works() -> dict[str, str]:
    """Every work that hetflow may cite: key to BibTeX entry, in alphabetical order of the keys."""
    return {found["key"]: found[0] for found in _ENTRY.finditer(WORKS.read_text(encoding="utf-8"))}


def cited(text: str) -> list[str]:
    """Keys that a text of Markdown cites as ``[@key]`` or ``[@key; @other]``, in alphabetical order."""
    return sorted({key.lstrip("@") for found in _CITED.finditer(text) for key in found[1].split("; ")})


def own_entries(settings: Mapping[str, Any]) -> dict[str, str]:
    """The software, and the data as the study file says that they are cited; the latter only if it does."""
    made = {SOFTWARE: _entry(SOFTWARE, "software", {"author": "The hetflow authors", "version": __version__})}
    citation = str(settings["report"]["citation"]).strip()
    if citation:
        made[DATA] = _entry(DATA, "misc", {"note": citation})
    return made


def _entry(key: str, kind: str, fields: Mapping[str, str]) -> str:
    title = {"software": "hetflow: reproducible treatment-effect heterogeneity studies"}.get(kind)
    whole = ({"title": title} if title else {}) | dict(fields)
    lines = ",\n".join(f"  {name} = {{{latex(value)}}}" for name, value in whole.items())
    return f"@{kind}{{{key},\n{lines}\n}}"


def bibtex(keys: Iterable[str], settings: Mapping[str, Any]) -> str:
    """The entries of the keys, in alphabetical order.

    Raises
    ------
    KeyError
        If a key names no work: a defect of hetflow, which the tests look for.
    """
    known = works() | own_entries(settings)
    return "\n\n".join(known[key] for key in sorted(set(keys))) + "\n"
