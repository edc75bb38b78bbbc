"""What goes into the crate: an allow-list by kind of artefact, and each kind's bytes as everybody may have them."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hetflow.errors import Problem, refuse, refuse_all
from hetflow.files import canonical_json
from hetflow.manifest import keyed
from hetflow.prespecified.store import read_files
from hetflow.publish.jobs import PLAN_FOLDER
from hetflow.publish.log import Log
from hetflow.report.export import csv_text
from hetflow.report.inputs import Report

#: Kind of artefact to the names that it may have. What matches none of them is never written.
ALLOWED: dict[str, re.Pattern[str]] = {
    kind: re.compile(pattern)
    for kind, pattern in {
        "the report in its public form": r"report\.html",
        "figures drawn from aggregated tables": r"figures/[a-z0-9_]+\.svg",
        "aggregated tables": r"tables/[a-z0-9_]+\.csv",
        "checklists, methods, results and references": r"reporting/[a-z0-9_]+\.(csv|md|bib)",
        "the frozen analysis plan and its amendments": r"analysis-plan/(plan|amendment-[1-9][0-9]*)\.(json|md)",
        "the resolved study": r"settings/([a-z0-9_]+/)?[a-z_]+\.json",
        "the workflow's source": r"workflow/[A-Za-z0-9_./-]+|Snakefile|LICENSE",
        "the environment": r"envs/[A-Za-z0-9_.-]+",
        "hashes and descriptions": r"(manifest|datacite|disclosure|ro-crate-metadata)\.json|disclosure\.csv|README\.md|"
        r"SHA256SUMS",
        "times of the jobs": r"jobs\.csv",
    }.items()
}
_SOURCES = ("*.py", "*.smk", "Snakefile", "*.j2", "*.css", "*.bib", "*.rst", "profile.yaml")
_NOT_SOURCE = {"resources", "__pycache__", ".snakemake"}

Files = dict[str, bytes]


def refuse_what_is_not_allowed(names: Mapping[str, bytes]) -> None:
    """Refuse every name that no kind allows."""
    refuse_all(
        [
            Problem(
                f"crate/{name}",
                f"one of: {'; '.join(ALLOWED)}",
                "none of them",
                "this is a defect of hetflow; nothing was published",
            )
            for name in sorted(names)
            if not any(pattern.fullmatch(name) for pattern in ALLOWED.values())
        ]
    )


def report_files(report: Report) -> Files:
    """The page, its figures, its tables as CSV, and what a paper says of it."""
    files = {"report.html": report.html.encode()}
    files |= {f"figures/{name}.svg": svg.encode() for name, svg in report.figures.items()}
    files |= {f"tables/{name}.csv": csv_text(table).encode() for name, table in report.tables.items()}
    return files | {f"reporting/{name}": text.encode() for name, text in report.reporting.items()}


def settings_files(settings: Mapping[str, Mapping[str, Any]], log: Log) -> Files:
    """Every settings file of the run, without the path of the data.

    Parameters
    ----------
    settings : mapping of str to dict
        From the manifest: ``settings/<stage>.json`` or ``<analysis>/settings/<stage>.json``.
    """
    files = {}
    for name, content in settings.items():
        own = copy.deepcopy(dict(content))
        if isinstance(own.get("data"), dict) and own["data"].pop("file", None) is not None:
            log.add(name, "data path")
        parts = [part for part in name.split("/") if part != "settings"]
        files["/".join(["settings", *parts])] = f"{canonical_json(own)}\n".encode()
    return files


def plan_files(paths: Sequence[Path], followed: Mapping[str, Any]) -> Files:
    """The frozen analysis plan and its amendments, as they are: documents and what programs read.

    They hold what the study file says and the names of the data file's columns, nothing that was read in the data but,
    where the study asks for it, the data file's SHA-256 (`hetflow.prespecified.content`).

    Parameters
    ----------
    paths : sequence of Path
        The JSON files, in their order; verified as a chain, with the documents beside them.
    followed : mapping
        What the run says of its plan (`hetflow.prespecified.followed`).

    Raises
    ------
    hetflow.errors.Refused
        If a file was changed after it was frozen, or the run was compared with another plan.
    """
    last = read_files(list(paths)).documents[-1]["sha256"] if paths else None
    if followed.get("last_sha256") != last:
        refuse(
            "publish: the analysis plan",
            "the plan with which the run was compared, as it was last amended",
            "another one" if paths else "none",
            "start `snakemake` again, until it says that nothing is to be done; then publish",
        )
    files = [path for one in paths for path in (one, one.with_suffix(".md"))]
    return {f"{PLAN_FOLDER}/{path.name}": path.read_bytes() for path in files}


def manifest_file(manifest: Mapping[str, Any]) -> Files:
    """Keyed hashes of all artefacts, of the code, and the SHA-256 of the data; versions.

    No number of rows, which with the participant flow would tell how few were left out, and no plain hash or size of an
    artefact that is withheld: both would tell a right guess of what is suppressed in it (`hetflow.manifest.keyed`).
    Settings have files of their own.
    """
    source = manifest["data"]
    hashes = {
        name: {"hmac_sha256": keyed(entry["sha256"], source["artefact_key"])}
        for name, entry in manifest["artefacts"].items()
    }
    kept = {"data": {"sha256": source["sha256"]}, "artefacts": hashes}
    kept |= {key: manifest[key] for key in ("code", "versions")}
    return {"manifest.json": f"{canonical_json(kept)}\n".encode()}


def source_files(workflow: Path) -> Files:
    """The workflow's source and its environment, without the bundled data.

    Parameters
    ----------
    workflow : Path
        The folder ``workflow`` of the project.
    """
    found = {
        f"workflow/{path.relative_to(workflow).as_posix()}": path.read_bytes()
        for pattern in _SOURCES
        for path in workflow.rglob(pattern)
        if path.is_file() and not _NOT_SOURCE & set(path.relative_to(workflow).parts)
    }
    for name in ("Snakefile", "LICENSE", "envs/lock.txt", "envs/hetflow.yaml"):
        if (workflow.parent / name).is_file():
            found[name] = (workflow.parent / name).read_bytes()
    return found
