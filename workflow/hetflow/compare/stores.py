"""Where a run's files lie: a folder, or a zip that is read in memory and never unpacked. Neither is trusted."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Protocol

from hetflow.errors import refuse

#: Bytes of one file, of all files of a zip together, and files of a zip, that are read at most.
MOST_FILE, MOST_ALL, MOST_FILES = 64 << 20, 1 << 30, 20_000
_PART = 1 << 20
_ENCRYPTED = 0x1
_MAKE_AGAIN = "make the crate again with `make publish`, or fetch it again"


class Store(Protocol):
    """Files by name, relative to the run's folder."""

    @property
    def where(self) -> str:
        """As the user named it."""

    def has(self, name: str) -> bool:
        """Whether there is such a file."""

    def read(self, name: str) -> bytes:
        """Its bytes.

        Raises
        ------
        hetflow.errors.Refused
            If there is no such file, it lies elsewhere, or it is too large.
        """


class Folder:
    """A run's folder.

    Parameters
    ----------
    root : Path
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def where(self) -> str:
        """As the user named it."""
        return str(self.root)

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return (self.root / name).is_file()

    def read(self, name: str) -> bytes:
        """Its bytes; a link that leads out of the folder is refused."""
        path = self.root / name
        if not path.is_file():
            refuse(f"{self.where}: {name}", "a file", "none", "finish the run, or fetch the folder again")
        if not path.resolve().is_relative_to(self.root.resolve()):
            remedy = "put the file itself there; a run's own files are no links"
            refuse(f"{self.where}: {name}", "a file of this folder", "a link out of it", remedy)
        if path.stat().st_size > MOST_FILE:
            _too_large(f"{self.where}: {name}", path.stat().st_size)
        return path.read_bytes()


class Archive:
    """The zip of a crate, whose files may all lie in one folder of it.

    Parameters
    ----------
    archive : ZipFile
        Open; every entry's name and size are checked before anything is read.
    where : str
        As the user named it.
    """

    def __init__(self, archive: zipfile.ZipFile, where: str) -> None:
        self._archive, self._where = archive, where
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if len(entries) > MOST_FILES:
            refuse(where, f"at most {MOST_FILES:,} files", f"{len(entries):,}", _MAKE_AGAIN)
        if (size := sum(entry.file_size for entry in entries)) > MOST_ALL:
            _too_large(where, size, MOST_ALL)
        for entry in entries:
            _check_entry(entry, where)
        names = [entry.filename for entry in entries]
        if len(names) != len(set(names)):
            refuse(where, "each file once", "a name that stands twice", _MAKE_AGAIN)
        folders = {PurePosixPath(name).parts[0] if "/" in name else "" for name in names}
        inner = f"{folders.pop()}/" if len(folders) == 1 and "" not in folders else ""
        self._entries = {name.removeprefix(inner): entry for name, entry in zip(names, entries, strict=True)}

    @property
    def where(self) -> str:
        """As the user named it."""
        return self._where

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return name in self._entries

    def read(self, name: str) -> bytes:
        """Its bytes, never more than the entry says and the limit allows."""
        place = f"{self.where}: {name}"
        if name not in self._entries:
            refuse(place, "a file", "none", _MAKE_AGAIN)
        entry = self._entries[name]
        if entry.file_size > MOST_FILE:
            _too_large(place, entry.file_size)
        try:
            with self._archive.open(entry) as stream:
                return _bounded(stream, entry.file_size)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
            refuse(place, "an intact file", f"a damaged one ({error})", _MAKE_AGAIN)


def _bounded(stream: object, size: int) -> bytes:
    """A stream's bytes; ValueError where there are more than were announced."""
    parts, length = [], 0
    while part := stream.read(min(_PART, size + 1 - length)):  # type: ignore[attr-defined]
        parts.append(part)
        length += len(part)
        if length > size:
            raise ValueError("more bytes than the archive announces")
    return b"".join(parts)


def _check_entry(entry: zipfile.ZipInfo, where: str) -> None:
    """Refuse what could be written or read anywhere but in its place, and what cannot be read."""
    name = entry.filename
    parts = name.split("/")
    odd = "\\" in name or ":" in name or "\0" in name or any(part in ("", ".", "..") for part in parts)
    if odd:
        refuse(
            f"{where}: {name}", "names of files within the archive", "one that leads out of it", _MAKE_AGAIN
        )
    if stat.S_ISLNK(entry.external_attr >> 16):
        refuse(f"{where}: {name}", "files", "a link", _MAKE_AGAIN)
    if entry.flag_bits & _ENCRYPTED:
        refuse(
            f"{where}: {name}", "files that can be read", "an encrypted one", "give the archive unencrypted"
        )


def _too_large(where: str, size: int, most: int = MOST_FILE) -> None:
    found = f"{size >> 20:,} MB"
    refuse(where, f"at most {most >> 20:,} MB", found, "name a run, or the crate that `make publish` made")


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    """A folder or a zip, as the user named it.

    Raises
    ------
    hetflow.errors.Refused
        If it is neither, or the zip is damaged or not to be trusted.
    """
    if path.is_dir():
        yield Folder(path)
        return
    expected = "a finished run's folder, a kept copy, or a crate as a folder or zip"
    if not path.is_file():
        refuse(str(path), expected, "nothing of that name", "name a folder like results/opt, or a zip")
    if not zipfile.is_zipfile(path):
        refuse(str(path), expected, "a file that is no zip", "name a folder like results/opt, or a zip")
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        refuse(str(path), "an intact zip", f"a damaged one ({error})", _MAKE_AGAIN)
    with archive:
        yield Archive(archive, str(path))
