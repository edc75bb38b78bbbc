"""Bytes on disk: a file is there whole or not at all, also after a kill or a power failure."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from pathlib import Path

_READ_BLOCK = 1 << 20
_DRAFT = ".part"
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}  # said by file systems that cannot sync a folder


def write_text(text: str, path: str | Path) -> None:
    """Write text as UTF-8, whole or not at all."""
    write_bytes(text.encode("utf-8"), path)


def write_bytes(content: bytes, path: str | Path) -> None:
    """Write bytes under a temporary name, sync them to disk and rename: the file is there whole or not at all.

    The name is random, so that jobs of two machines that write the same file do not meet. A killed job leaves its
    draft behind; the next run removes it (`drafts`).
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(6)}{_DRAFT}")
    try:
        with open(draft, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make a renaming last through a power failure, where the file system can."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(handle)


def drafts(folder: Path) -> list[Path]:
    """Temporary files below a folder: those of running jobs, or what killed jobs left."""
    return sorted(path for path in folder.rglob(f".*{_DRAFT}") if path.is_file())


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(_READ_BLOCK):
            digest.update(block)
    return digest.hexdigest()
