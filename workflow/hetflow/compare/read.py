"""A run read for comparison: aggregated tables, figures, settings and the manifest, every file held to its checksum."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from hetflow.compare.stores import Store, opened
from hetflow.errors import Problem, refuse, refuse_all
from hetflow.files import check_document
from hetflow.manifest import keyed
from hetflow.publish.archive import TIMED
from hetflow.report.export import is_neutralised

RESULTS, KEPT, CRATE = "results folder", "kept copy", "crate"
MANIFEST, SUMS, METADATA, KEPT_FACTS = "manifest.json", "SHA256SUMS", "ro-crate-metadata.json", "kept.json"
TABLE = re.compile(r"tables/([a-z0-9_]+)\.csv")
FIGURE = re.compile(r"figures/([a-z0-9_]+)\.svg")
_SETTINGS = re.compile(r"settings/(?:([a-z0-9_]+)/)?([a-z_]+)\.json")
_HASH = re.compile(r"[0-9a-f]{64}")
_SUM = re.compile(r"([0-9a-f]{64})  ([^\n]+)")
_NEEDED = ("answers", "estimates", "ledger")
#: What a folder holds while a run goes on, or when it was stopped.
_BEGUN = ("cohort.json", "settings/cohort.json", "settings/report.json", "report.html")
_AGAIN = "start the run again with this hetflow: only its report is made anew where nothing else changed"
_RERUN = "finish it: start the run again; what is finished is kept"


@dataclass(frozen=True, slots=True)
class Run:
    """What is compared of one run.

    Attributes
    ----------
    where, kind : str
        As the user named it; `RESULTS`, `KEPT` or `CRATE`.
    data : dict
        Facts of the raw file: sha256, rows, and where they are known file and columns.
    artefacts : dict of str to str
        Hash of every file of the run by name, also of those that are not here: of a crate keyed by the data
        (`hetflow.manifest.keyed`), else SHA-256.
    settings : dict of str to dict
        Content of every settings file, by its name in a results folder.
    code : dict of str to str
        Fingerprint of the code behind each script.
    versions : dict of str to str
        hetflow, python, the lock, and packages.
    tables : dict of str to DataFrame
        Cells as text, as exported.
    figures : dict of str to bytes
        SVG by name.
    """

    where: str
    kind: str
    data: Mapping[str, Any]
    artefacts: Mapping[str, str]
    settings: Mapping[str, Mapping[str, Any]]
    code: Mapping[str, str]
    versions: Mapping[str, str]
    tables: Mapping[str, pd.DataFrame]
    figures: Mapping[str, bytes]

    @property
    def report(self) -> Mapping[str, Any]:
        """Settings of the page: title, design, outcomes, analyses."""
        return self.settings["settings/report.json"]

    @property
    def public(self) -> bool:
        """Whether small counts are suppressed in it."""
        return self.kind == CRATE

    def hashed_as_in_a_crate(self) -> Run:
        """The same run with hashes that can be compared with those of a crate."""
        if self.public:
            return self
        key = str(self.data.get("artefact_key"))
        if not _HASH.fullmatch(key):
            found = "none: made by an earlier hetflow"
            refuse(f"{self.where}: {MANIFEST}", "the key that a crate's hashes are made with", found, _AGAIN)
        hashed = {name: keyed(digest, key) for name, digest in self.artefacts.items()}
        return replace(self, artefacts=hashed)


def read_run(path: Path) -> Run:
    """Read a finished run's folder, a kept copy, or a crate as folder or zip.

    Raises
    ------
    hetflow.errors.Refused
        If it is no run, unfinished, damaged, or made before there were tables of answers.
    """
    with opened(path) as store:
        kind = _kind(store)
        manifest = _manifest(store, kind)
        listed = _listed(store, kind, manifest)
        files = _checked(store, listed)
        settings = _crate_settings(files, store) if kind == CRATE else manifest["settings"]
        run = _run(store, kind, manifest, settings, files)
    _check_report(run)
    missing = [name for name in _NEEDED if name not in run.tables]
    if missing:
        refuse(
            run.where,
            "tables/answers.csv, tables/estimates.csv and tables/ledger.csv",
            f"without {', '.join(missing)}: made by an earlier hetflow",
            _AGAIN,
        )
    return run


def _check_report(run: Run) -> None:
    """The few settings of the report that are read by name."""
    report = run.settings.get("settings/report.json", {})
    design, analyses, owners = (report.get(name) for name in ("design", "analyses", "owners"))
    owned = isinstance(owners, dict) and all(isinstance(one, dict) for one in owners.values())
    texts = [
        report.get("title"),
        report.get("study"),
        design.get("kind") if isinstance(design, dict) else None,
    ]
    if all(isinstance(text, str) for text in texts) and isinstance(analyses, list) and analyses and owned:
        return
    expected = "the study's title, design and analyses"
    refuse(f"{run.where}: settings/report.json", expected, "none of them", "name a finished run")


def _kind(store: Store) -> str:
    marks = {METADATA: CRATE, KEPT_FACTS: KEPT, MANIFEST: RESULTS}
    if found := next((name for name in marks if store.has(name)), ""):
        return marks[found]
    begun = any(store.has(name) for name in _BEGUN)
    remedy = _RERUN if begun else "name a folder like results/opt, a kept copy, or a crate"
    seen = "a run that is not finished" if begun else "none"
    return refuse(store.where, f"a finished run of hetflow, with its {MANIFEST}", seen, remedy)


def _manifest(store: Store, kind: str) -> dict[str, Any]:
    place = f"{store.where}: {MANIFEST}"
    document = _json(store.read(MANIFEST), place, stamped=kind != CRATE)
    try:
        hashed = "hmac_sha256" if kind == CRATE else "sha256"
        artefacts = {str(name): str(entry[hashed]) for name, entry in document["artefacts"].items()}
        versions = {name: str(value) for name, value in document["versions"].items() if name != "packages"}
        versions |= {name: str(value) for name, value in document["versions"]["packages"].items()}
        code = {str(name): str(value) for name, value in document["code"].items()}
        data, settings = dict(document["data"]), dict(document.get("settings", {}))
        if not all(isinstance(value, dict) for value in settings.values()):
            raise TypeError("settings that are no mapping")
        str(data["sha256"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        refuse(place, "the manifest of a run", f"another document ({type(error).__name__})", "name a run")
    return {"artefacts": artefacts, "versions": versions, "code": code, "data": data, "settings": settings}


def _json(content: bytes, place: str, stamped: bool = False) -> Any:
    try:
        text = content.decode("utf-8")
        if stamped:
            check_document(text)
        document = json.loads(text)
        return document["content"] if stamped else document
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        found = f"a damaged file ({type(error).__name__})"
        refuse(place, "an intact JSON document", found, "start the run again, or fetch the crate again")


def _listed(store: Store, kind: str, manifest: Mapping[str, Any]) -> dict[str, str]:
    """Files to read, with their SHA-256: of a crate by its own list, for its files are the public ones."""
    if kind != CRATE:
        names = manifest["artefacts"]
        return {name: names[name] for name in names if TABLE.fullmatch(name) or FIGURE.fullmatch(name)}
    text = store.read(SUMS).decode("utf-8", errors="replace")
    found = {match[2]: match[1] for match in map(_SUM.fullmatch, text.splitlines()) if match}
    if len(found) != len(text.splitlines()) or MANIFEST not in found:
        refuse(f"{store.where}: {SUMS}", "a SHA-256 and a name a line", "other lines", "make the crate again")
    kinds = (TABLE, FIGURE, _SETTINGS, re.compile(re.escape(MANIFEST)))
    wanted = {name for name in found if any(one.fullmatch(name) for one in kinds)} - set(TIMED)
    return {name: found[name] for name in sorted(wanted)}


def _checked(store: Store, listed: Mapping[str, str]) -> dict[str, bytes]:
    """The listed files' bytes, all that are damaged or gone refused at once."""
    files, problems = {}, []
    for name, digest in listed.items():
        content = store.read(name) if store.has(name) else None
        if content is None or hashlib.sha256(content).hexdigest() != digest:
            found = "none" if content is None else "another SHA-256"
            remedy = "start the run again: it makes anew what is damaged; fetch a crate again"
            problems.append(Problem(f"{store.where}: {name}", "the file that was written", found, remedy))
        else:
            files[name] = content
    refuse_all(problems)
    return files


def _crate_settings(files: Mapping[str, bytes], store: Store) -> dict[str, Any]:
    """Settings by their names in a results folder: ``<analysis>/settings/<stage>.json``."""
    found = {}
    for name, content in files.items():
        if match := _SETTINGS.fullmatch(name):
            place = f"{match[1]}/settings/" if match[1] else "settings/"
            value = _json(content, f"{store.where}: {name}")
            if not isinstance(value, dict):
                refuse(f"{store.where}: {name}", "a mapping", type(value).__name__, "make the crate again")
            found[f"{place}{match[2]}.json"] = value
    return found


def _run(
    store: Store,
    kind: str,
    manifest: Mapping[str, Any],
    settings: Mapping[str, Any],
    files: Mapping[str, bytes],
) -> Run:
    tables = {
        match[1]: table_of(content, f"{store.where}: {name}")
        for name, content in files.items()
        if (match := TABLE.fullmatch(name))
    }
    figures = {match[1]: content for name, content in files.items() if (match := FIGURE.fullmatch(name))}
    shared = {name: manifest[name] for name in ("data", "artefacts", "code", "versions")}
    return Run(where=store.where, kind=kind, settings=settings, tables=tables, figures=figures, **shared)


def table_of(content: bytes, place: str) -> pd.DataFrame:
    """A CSV's cells as text; the apostrophe that keeps a spreadsheet from running a cell is taken off again.

    Raises
    ------
    hetflow.errors.Refused
        If it is no CSV.
    """
    try:
        table = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, encoding="utf-8")
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
    except (ValueError, pd.errors.ParserError) as error:
        refuse(place, "a table as CSV", f"another file ({type(error).__name__})", "start the run again")
    return table.map(lambda cell: cell[1:] if isinstance(cell, str) and is_neutralised(cell) else cell)
