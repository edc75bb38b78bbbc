"""The crate on disk and as a zip: the same content gives the same bytes."""

from __future__ import annotations

import hashlib
import io
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from hetflow.disk import write_bytes
from hetflow.errors import refuse

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_READABLE = 0o100644 << 16
_LEVEL = 9
CRATE = "crate"
#: Files that hold times, so that they are in no list of hashes.
TIMED = ("jobs.csv", "ro-crate-metadata.json")


def sums(files: Mapping[str, bytes]) -> bytes:
    """SHA-256 of every file but those that hold times, as ``sha256sum --check`` reads it."""
    lines = [
        f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        for name, content in sorted(files.items())
        if name not in TIMED
    ]
    return "".join(lines).encode()


def write_folder(files: Mapping[str, bytes], folder: Path) -> None:
    """Write the files; what an earlier crate left is removed first, and nothing that is no crate is."""
    if folder.name != CRATE:
        refuse(
            "--crate",
            f"{CRATE}/ro-crate-metadata.json, for the folder is emptied first",
            str(folder),
            f"name a folder called {CRATE}",
        )
    if folder.exists():
        shutil.rmtree(folder)
    for name, content in sorted(files.items()):
        write_bytes(content, folder / name)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The files as a zip: sorted, with the same date and rights for each."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _READABLE
            entry.create_system = 3
            archive.writestr(entry, content)
    return buffer.getvalue()
