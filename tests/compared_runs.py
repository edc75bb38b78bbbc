"""Made-up runs on disk for the tests of comparing: real reports of invented numbers, with a manifest of their files."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hetflow.compare.compared import Comparison, compare
from hetflow.compare.explain import explanations
from hetflow.compare.read import read_run
from hetflow.files import canonical_json, plain_json, stamped_json
from hetflow.publish.archive import sums, zipped
from hetflow.publish.content import manifest_file, report_files, settings_files
from hetflow.publish.log import Log
from hetflow.report.inputs import Report, ReportInputs
from hetflow.report.page import build_report
from report_fixture_evidence import evidence_inputs

#: Artefacts of rows of units, which only their hash tells of.
UNITS = ("cohort.parquet", "folds.parquet", "primary/scores/shared.parquet")
Made = tuple[ReportInputs, Report]
#: Of `compared`: the second run had another seed.
SEEDED: dict[str, Any] = {
    "settings": {
        "settings/folds.json": {"seed": 7},
        "settings/report.json": {"seed": 7},
        "primary/settings/forest.json": {"seed": 7},
    },
    "units": {"folds.parquet": b"other folds"},
}


@functools.cache
def made_up(**changes: float) -> Made:
    """A report of the fixtures' numbers; `score_residual_all` is the p-value of that test."""
    tests = {name: changes.pop(name) for name in ("score_residual_all",) if name in changes}
    inputs = evidence_inputs(p=tests, **changes)
    return inputs, build_report(inputs)


def manifest_of(
    inputs: ReportInputs, files: Mapping[str, bytes], units: Mapping[str, bytes], **changes: Any
) -> dict[str, Any]:
    """A manifest as the rule writes it; `changes` replace its parts, `settings` adds to the settings."""
    report = json.loads(canonical_json(plain_json(inputs.settings)))
    report |= {"analyses": list(inputs.analyses), "owners": {"primary": {"scores": "primary"}}}
    settings = {
        "settings/report.json": report | changes.get("report", {}),
        "settings/folds.json": {"seed": report["seed"], "folds": 5},
        "settings/cohort.json": {"data": {"file": "/home/somebody/trial.csv", "unit": "id"}},
        "primary/settings/forest.json": {"seed": report["seed"], "forest": {"trees": 2000}},
    }
    for name, content in changes.get("settings", {}).items():
        settings[name] = settings.get(name, {}) | content
    entries = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in sorted({**files, **units}.items())
    }
    versions = {
        "hetflow": "0.2.0",
        "python": "3.11.9",
        "lock_sha256": "0" * 64,
        "packages": {"numpy": "2.0.0"},
    }
    return {
        "data": {
            "sha256": "d" * 64,
            "rows": 823,
            "columns": 9,
            "file": "trial.csv",
            "artefact_key": "e" * 64,
        }
        | changes.get("data", {}),
        "artefacts": entries,
        "settings": settings,
        "code": {"page": "c" * 64} | changes.get("code", {}),
        "versions": versions | changes.get("versions", {}),
    }


def run_folder(folder: Path, made: Made, files: Mapping[str, bytes] | None = None, **changes: Any) -> Path:
    """A finished run's folder.

    Parameters
    ----------
    made : (inputs, report)
        Of `made_up`.
    files : mapping of str to bytes, optional
        In place of, or beside, those of the report.
    changes
        Of `manifest_of`; `units` replaces the bytes of unit-level files.
    """
    inputs, report = made
    own = {**report_files(report), **(files or {})}
    units = dict.fromkeys(UNITS, b"rows of units") | changes.pop("units", {})
    for name, content in {**own, **units}.items():
        write(folder / name, content)
    write(folder / "logs" / "page.log", b"a log of a run")
    manifest = stamped_json(manifest_of(inputs, own, units, **changes), "facts")
    write(folder / "manifest.json", manifest.encode())
    return folder


def write(path: Path, content: bytes) -> None:
    """Write a file, and the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def crate_files(made: Made, **changes: Any) -> dict[str, bytes]:
    """A crate's files as `publish` writes them, of the report as it is."""
    inputs, report = made
    own = report_files(report)
    manifest = manifest_of(inputs, own, dict.fromkeys(UNITS, b"rows of units"), **changes)
    found = own | settings_files(manifest["settings"], Log()) | manifest_file(manifest)
    found["SHA256SUMS"] = sums(found)
    return found | {"ro-crate-metadata.json": b"{}"}


def crate_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    """The crate as a zip."""
    write(path, zipped(files))
    return path


def compared(
    folder: Path, a: Made, b: Made, more_a: dict[str, Any] | None = None, **more_b: Any
) -> Comparison:
    """Two runs, written below a folder and compared; `more_a` and `more_b` are changes of `run_folder`."""
    runs = {"a": (a, more_a or {}), "b": (b, more_b)}
    return compare(
        *(read_run(run_folder(folder / name, made, **more)) for name, (made, more) in runs.items())
    )


def said(found: Comparison) -> str:
    """What explains the differences, without narrow spaces."""
    return " ".join(explanations(found)).replace("\u00a0", " ").replace("\u202f", " ")
