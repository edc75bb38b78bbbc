"""Entities of the study's description: people, funders, licence, software, files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

Entity = dict[str, Any]

_SPDX = re.compile(r"[A-Za-z0-9.+-]+")
_URL = re.compile(r"https?://[^\s<>\"]+")
_FORMATS = {
    "bib": "application/x-bibtex",
    "csv": ["text/csv", {"@id": "https://www.nationalarchives.gov.uk/PRONOM/x-fmt/18"}],
    "html": "text/html",
    "json": "application/json",
    "md": "text/markdown",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "yaml": "application/yaml",
}
_DESCRIPTIONS = {
    "report.html": "The report in its public form: one page that opens without a network",
    "analysis-plan/plan.md": "The analysis plan, as people read it",
    "analysis-plan/plan.json": "The same for programs, with its SHA-256 and when it was frozen",
    "manifest.json": "A keyed hash of every artefact of the run, SHA-256 of the raw data, of the code, versions",
    "disclosure.json": "What was suppressed before publishing, why, and what no rule decides",
    "disclosure.csv": "What was suppressed before publishing, and why, as a table",
    "jobs.csv": "When each job ran",
    "datacite.json": "Description of the archive in the DataCite schema",
    "SHA256SUMS": "SHA-256 of every file but those that hold times",
    "README.md": "What is in this archive, and how to run the study again",
    "envs/lock.txt": "Every package with its version and hashes, as pip reads it",
}


def ref(name: str) -> Entity:
    """A reference to an entity."""
    return {"@id": name}


def people(authors: list[Mapping[str, Any]]) -> list[Entity]:
    """Authors with their institutions; somebody unnamed where the study names nobody."""
    found = []
    for place, author in enumerate(authors):
        name = f"https://orcid.org/{author['orcid']}" if author.get("orcid") else f"#author-{place + 1}"
        entity: Entity = {"@id": name, "@type": "Person", "name": author["name"]}
        if author.get("affiliation"):
            institution = f"#institution-{_slug(author['affiliation'])}"
            entity["affiliation"] = ref(institution)
            found.append({"@id": institution, "@type": "Organization", "name": author["affiliation"]})
        found.append(entity)
    return list({entity["@id"]: entity for entity in found}.values())


def funding(funders: list[Mapping[str, Any]]) -> list[Entity]:
    """Funders and their grants."""
    found: list[Entity] = []
    for place, funder in enumerate(funders):
        name = funder.get("identifier") or f"#funder-{place + 1}"
        found.append({"@id": name, "@type": "Organization", "name": funder["name"]})
        if funder.get("award"):
            grant = {"@id": f"#grant-{place + 1}", "@type": "Grant", "name": funder["award"]}
            found.append(grant | {"funder": ref(name)})
    return found


def licence(text: str) -> Entity:
    """The licence of the results: an SPDX identifier or an address is linked, other words stand for themselves."""
    text = text.strip()
    if not text:
        said = "No licence is given: the authors keep all rights"
        return {"@id": "#licence", "@type": "CreativeWork", "name": said}
    if _URL.fullmatch(text):
        return {"@id": text, "@type": "CreativeWork", "name": text}
    if _SPDX.fullmatch(text):
        return {"@id": f"https://spdx.org/licenses/{text}", "@type": "CreativeWork", "name": text}
    return {"@id": "#licence", "@type": "CreativeWork", "name": text}


def file_entity(name: str, content: bytes, timed: bool) -> Entity:
    """A file of the crate; the hash of one that holds times is not given."""
    entity: Entity = {"@id": name, "@type": "File", "name": _title(name), "contentSize": str(len(content))}
    form = _FORMATS.get(name.rpartition(".")[2])
    if form:
        entity["encodingFormat"] = form
    if name in _DESCRIPTIONS:
        entity["description"] = _DESCRIPTIONS[name]
    if timed:
        del entity["contentSize"]
        return entity
    return entity | {"sha256": hashlib.sha256(content).hexdigest()}


def _title(name: str) -> str:
    """What to call a file."""
    folder, _, last = name.rpartition("/")
    if folder == "figures":
        return f"Figure: {last.removesuffix('.svg')}"
    if folder == "reporting":
        return f"For a paper: {last}"
    if folder == "tables":
        return f"Table: {last.removesuffix('.csv')}"
    return name


def software(versions: Mapping[str, Any]) -> list[Entity]:
    """hetflow, Python and the packages of the lock, as they are installed."""
    own = [("hetflow", versions["hetflow"]), ("python", versions["python"])]
    packages = [(name, version) for name, version in sorted(versions["packages"].items()) if version]
    return [
        {
            "@id": f"https://pypi.org/project/{name}/{version}/"
            if name not in {"python", "hetflow"}
            else f"#{name}",
            "@type": "SoftwareApplication",
            "name": name,
            "softwareVersion": str(version),
        }
        for name, version in [*own, *packages]
    ]


def _slug(text: str) -> str:
    """Part of an identifier."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "unnamed"
