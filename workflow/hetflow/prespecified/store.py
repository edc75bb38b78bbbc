"""The frozen plan on disk: a document, what it says as JSON, and amendments; verified whenever they are read.

``plan.json`` and ``amendment-<number>.json`` hold the content with its SHA-256, the SHA-256 of the document beside it,
and when it was frozen; an amendment also holds the digest of what it amends, so that the files form a chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hetflow.disk import sha256, write_text
from hetflow.errors import Refused, refuse
from hetflow.files import read_json, write_json
from hetflow.prespecified.content import digest

CONTRACT = "plan"
PLAN = "plan"
_REMEDY = (
    "put the file back as it was frozen (from a backup, version control or the registry); a plan is changed by an "
    "amendment alone (plan.amendments in the study file, then `snakemake plan`)"
)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A frozen plan with its amendments.

    Attributes
    ----------
    documents : tuple of dict
        The plan's JSON, then each amendment's.
    """

    documents: tuple[Mapping[str, Any], ...]

    @property
    def original(self) -> dict[str, Any]:
        """The content as it was first frozen."""
        return dict(self.documents[0]["content"])

    @property
    def latest(self) -> dict[str, Any]:
        """The content as the last amendment left it."""
        return dict(self.documents[-1]["content"])

    @property
    def amendments(self) -> tuple[Mapping[str, Any], ...]:
        """The amendments' JSON."""
        return self.documents[1:]


def stem(number: int) -> str:
    """Name of the files of the plan (0) or of an amendment, without ending."""
    return f"amendment-{number}" if number else PLAN


def plan_files(folder: Path) -> list[Path]:
    """JSON files of the frozen plan and its amendments, in their order; none where no plan is frozen."""
    found: list[Path] = []
    while (path := folder / f"{stem(len(found))}.json").is_file():
        found.append(path)
    return found


def read_plan(folder: Path) -> Frozen | None:
    """The frozen plan of a folder; None where there is none.

    Raises
    ------
    Refused
        If a file is missing, was changed after it was frozen, or does not follow the one before it.
    """
    files = plan_files(folder)
    _no_strays(folder, len(files))
    return read_files(files) if files else None


def read_files(files: list[Path]) -> Frozen:
    """`read_plan` for files that are known to be there."""
    documents: list[dict[str, Any]] = []
    for number, path in enumerate(files):
        document = _intact(path)
        _agrees(path, document, documents[-1]["sha256"] if documents else None, number)
        documents.append(document)
    return Frozen(tuple(documents))


def write_plan(folder: Path, number: int, document: Mapping[str, Any], text: str) -> tuple[Path, Path]:
    """Write a plan (0) or an amendment that is not there yet; its JSON last.

    Returns
    -------
    text, json : Path
    """
    page, facts = (folder / f"{stem(number)}.{ending}" for ending in ("md", "json"))
    for path in (page, facts):
        if path.exists():
            refuse(
                str(path), "no such file yet", "one that is there", "move it away: nothing is written over"
            )
    write_text(text, page)
    write_json(dict(document) | {"document_sha256": sha256(page)}, facts, CONTRACT)
    return page, facts


def _intact(path: Path) -> dict[str, Any]:
    """The JSON of a file; damage is told in this room's words."""
    try:
        return read_json(path, CONTRACT)
    except Refused as refused:
        found = refused.problems[0].found
        refuse(str(path), "a plan as it was frozen", found, _REMEDY)


def _agrees(path: Path, document: Mapping[str, Any], before: str | None, number: int) -> None:
    """Refuse a file whose content, document or place in the chain is another than when it was frozen."""
    if digest(document["content"]) != document["sha256"]:
        refuse(
            str(path),
            f"content with SHA-256 {document['sha256']}",
            f"SHA-256 {digest(document['content'])}",
            _REMEDY,
        )
    if number and document["amends"] != before:
        refuse(str(path), f"an amendment of the plan {before}", f"one of {document['amends']}", _REMEDY)
    page = path.with_suffix(".md")
    if not page.is_file():
        refuse(str(page), "the document that was frozen", "no such file", _REMEDY)
    if (found := sha256(page)) != document["document_sha256"]:
        refuse(str(page), f"SHA-256 {document['document_sha256']}", f"SHA-256 {found}", _REMEDY)


def _no_strays(folder: Path, known: int) -> None:
    """Refuse files of a plan whose beginning is gone."""
    expected = {f"{stem(number)}.{ending}" for number in range(known) for ending in ("md", "json")}
    patterns = ("plan.md", "plan.json", "amendment-*.md", "amendment-*.json")
    strays = sorted(
        path.name for pattern in patterns for path in folder.glob(pattern) if path.name not in expected
    )
    if strays:
        refuse(
            str(folder / strays[0]),
            f"{stem(known)}.md and {stem(known)}.json, the plan or the amendment before it"
            if strays[0].split(".")[0] != stem(known)
            else f"{stem(known)}.json beside it",
            "a file without it",
            _REMEDY + "; a file that an interrupted `snakemake plan` left alone is removed by hand",
        )
