"""What a run left: every artefact with its checksum, the settings and the versions behind it."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import hetflow
from hetflow.files import read_json, sha256
from hetflow.sources import locked_versions


def manifest(
    results: Path, artefacts: Iterable[Path], settings: Iterable[Path], lock: Path
) -> dict[str, Any]:
    """The manifest of a study.

    Parameters
    ----------
    results : Path
        Folder of the study; names in the manifest are relative to it.
    artefacts : iterable of Path
        Files, and folders whose files are all listed.
    settings : iterable of Path
        Settings files: the resolved study, one slice a stage.
    lock : Path
        The lock file.

    Returns
    -------
    dict
        ``artefacts`` (name to SHA-256 and bytes), ``settings`` (name to content), ``versions``. It holds no time and
        no path of the machine, so that two runs that agree have the same manifest.
    """
    files = sorted({file for path in artefacts for file in _files(path)})
    return {
        "artefacts": {
            file.relative_to(results).as_posix(): {"sha256": sha256(file), "bytes": file.stat().st_size}
            for file in files
        },
        "settings": {
            path.relative_to(results).as_posix(): read_json(path, "settings") for path in sorted(settings)
        },
        "versions": {
            "hetflow": hetflow.__version__,
            "python": platform.python_version(),
            "lock_sha256": sha256(lock),
            "packages": locked_versions(lock),
        },
    }


def _files(path: Path) -> list[Path]:
    return (
        [file for file in path.rglob("*") if file.is_file() and not _mark(file)] if path.is_dir() else [path]
    )


def _mark(file: Path) -> bool:
    """Snakemake's own marks inside output folders."""
    return file.name.startswith(".snakemake")
