"""What a run left: every artefact with its checksum, and the data, settings, code and versions behind it; and what
differs when it is made again later.
"""

from __future__ import annotations

import hashlib
import hmac
import importlib.metadata
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import hetflow
from hetflow.disk import sha256
from hetflow.files import read_json
from hetflow.sources import locked_versions

_KEY = b"hetflow: key of the hashes that are published\n"


def manifest(
    results: Path,
    data: Path,
    artefacts: Iterable[Path],
    settings: Iterable[Path],
    lock: Path,
    code: Mapping[str, str],
    config: Mapping[str, Any],
) -> dict[str, Any]:
    """The manifest of a study.

    Parameters
    ----------
    results : Path
        Folder of the study; names in the manifest are relative to it.
    data : Path
        The raw file.
    artefacts : iterable of Path
        Files, and folders whose files are all listed.
    settings : iterable of Path
        Settings files: the resolved study, one slice a stage.
    lock : Path
        The lock file.
    code : mapping of str to str
        Fingerprint of the code behind each script.
    config : mapping
        What the command line said beside the study file (``--config key=value``).

    Returns
    -------
    dict
        ``data`` (name, SHA-256 and size of the raw file as it was read, and `artefact_key`), ``artefacts`` (name to
        SHA-256 and bytes), ``settings`` (name to content), ``config``, ``code``, ``versions`` (of the packages as they
        are installed). It holds no time and no path of the machine that the study does not hold, so that two runs that
        agree have the same manifest.
    """
    files = sorted({file for path in artefacts for file in _files(path)})
    return {
        "data": read_json(results / "cohort.json", "cohort_facts")["source"]
        | {"artefact_key": artefact_key(data)},
        "artefacts": {
            file.relative_to(results).as_posix(): {"sha256": sha256(file), "bytes": file.stat().st_size}
            for file in files
        },
        "settings": {
            path.relative_to(results).as_posix(): read_json(path, "settings") for path in sorted(settings)
        },
        "config": dict(config),
        "code": dict(code),
        "versions": versions(lock),
    }


def artefact_key(data: Path) -> str:
    """The key of `keyed` hashes: whoever holds the raw file can make it, and nobody else."""
    with data.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.sha256(_KEY)).hexdigest()


def keyed(digest: str, key: str) -> str:
    """A hash of an artefact that only those who hold the data can compare with a guess of its content.

    An aggregate holds few unknown numbers. Its SHA-256 alone would tell a suppressed count to anybody who makes the
    file anew with each number that it may be, which the published source and environment allow.

    Parameters
    ----------
    digest : str
        SHA-256 of the artefact.
    key : str
        From `artefact_key`.

    Returns
    -------
    str
        HMAC-SHA-256 of the digest, in hexadecimal.
    """
    return hmac.new(bytes.fromhex(key), bytes.fromhex(digest), hashlib.sha256).hexdigest()


def versions(lock: Path) -> dict[str, Any]:
    """Versions of hetflow, Python and, as they are installed, of the packages that the lock names."""
    return {
        "hetflow": hetflow.__version__,
        "python": platform.python_version(),
        "lock_sha256": sha256(lock),
        "packages": {name: _installed(name) for name in locked_versions(lock)},
    }


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def differences(listed: Mapping[str, Any], results: Path, now: Mapping[str, Any]) -> list[str]:
    """What is no longer as a manifest lists it.

    Parameters
    ----------
    listed : mapping
        The manifest.
    results : Path
        The study's folder as it is now.
    now : mapping
        ``data`` (SHA-256 of the raw file), ``settings`` (name to content, of the study file and of the command line's
        values that the manifest lists), ``code`` and
        ``versions`` as they are now.

    Returns
    -------
    list of str
        A line each; empty if everything agrees.
    """
    said = _artefact_differences(listed["artefacts"], results)
    then = listed["data"]
    if now["data"] != then["sha256"]:
        said.append(f"data file {then['file']}: SHA-256 was {then['sha256']}, is {now['data']}")
    for name, was, found in _changed(listed["settings"], now["settings"]):
        said.append(f"study file: {name}: {_settings_difference(was, found)}")
    said += [
        f"code: {name} is not what made these results" for name, *_ in _changed(listed["code"], now["code"])
    ]
    for name, was, found in _changed(_flat(listed["versions"]), _flat(now["versions"])):
        said.append(f"version: {name} was {was}, is {found}")
    return said


def _artefact_differences(listed: Mapping[str, Any], results: Path) -> list[str]:
    said = []
    for name, entry in listed.items():
        path = results / name
        if not path.is_file():
            said.append(f"artefact {name}: missing")
        elif (found := sha256(path)) != entry["sha256"]:
            said.append(f"artefact {name}: SHA-256 was {entry['sha256']}, is {found}")
    for folder in sorted(
        {name.split("/")[0] for name in listed if "/" in name} & {"figures", "tables", "reporting"}
    ):
        extra = {file.relative_to(results).as_posix() for file in _files(results / folder)} - set(listed)
        said += [f"artefact {name}: not listed" for name in sorted(extra)]
    return said


def _changed(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Keys whose values differ, with both; None stands for a key that is not there."""
    keys = sorted({*then, *now})
    return [(key, then.get(key), now.get(key)) for key in keys if then.get(key) != now.get(key)]


def _settings_difference(was: Any, found: Any, key: str = "") -> str:
    """The innermost keys that differ between two settings, with both values."""
    if isinstance(was, dict) and isinstance(found, dict):
        inner = _changed(was, found)
        return "; ".join(_settings_difference(a, b, f"{key}.{name}".lstrip(".")) for name, a, b in inner)
    return f"{key or 'this file'} was {_brief(was)}, is {_brief(found)}"


def _brief(value: Any) -> str:
    text = "not there" if value is None else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _flat(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Versions without the inner level of packages."""
    return {name: value for name, value in entry.items() if name != "packages"} | dict(entry["packages"])


def _files(path: Path) -> list[Path]:
    return (
        [file for file in path.rglob("*") if file.is_file() and not _mark(file)] if path.is_dir() else [path]
    )


def _mark(file: Path) -> bool:
    """Snakemake's own marks inside output folders."""
    return file.name.startswith(".snakemake")
