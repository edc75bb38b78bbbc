"""Files of earlier jobs that are not what was written: found by their checksums and set aside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hetflow.files import check_archive, check_document, first_line, table_shape, table_stamp

DAMAGED = ".damaged"
_THOROUGH_BYTES = 4_000_000_000
"""Results up to this size are read whole at a start (seconds); of larger ones the structure alone is looked at, and the
job that reads a file with changed bytes refuses it."""

_NOT_READ_BY_JOBS = {"logs", "benchmarks", "figures", "tables", "reporting"}


def damage(path: Path, thorough: bool = True) -> str | None:
    """What is wrong with the bytes of a Parquet, JSON or array file of hetflow; None if nothing is.

    Parameters
    ----------
    path : Path
        An existing file; other kinds than these three carry no checksum and are never called damaged.
    thorough : bool
        Whether everything is read and compared with its checksum, or the structure alone (which a truncated file
        lacks).
    """
    check = _CHECKS.get(path.suffix)
    if check is None:
        return None
    try:
        check(path, thorough)
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        return first_line(error)
    return None


def _parquet_damage(path: Path, thorough: bool) -> None:
    if not thorough:
        pq.read_metadata(path)
        return
    table = pq.read_table(path, page_checksum_verification=True, partitioning=None)
    stamp = table_stamp(table)
    if stamp.get("shape") != table_shape(table, stamp):
        raise ValueError("other columns or rows than were written")


def _json_damage(path: Path, thorough: bool) -> None:
    check_document(path.read_text(encoding="utf-8"))


def _archive_damage(path: Path, thorough: bool) -> None:
    check_archive(path.read_bytes())


_CHECKS = {".parquet": _parquet_damage, ".json": _json_damage, ".npz": _archive_damage}


def damaged_files(results: Path) -> dict[Path, str]:
    """Files of a study that later jobs may read and that are not what was written, with what is wrong.

    Parameters
    ----------
    results : Path
        Folder of the study. Shards are left out once their forest is merged: nothing reads them again.
    """
    files = list(_read_by_jobs(results))
    thorough = sum(path.stat().st_size for path in files) <= _THOROUGH_BYTES
    found = {path: reason for path in files if (reason := damage(path, thorough))}
    for path in _shards(results):
        merged = path.parents[2].with_name("cate") / f"{path.parents[1].name}.parquet"
        if (not merged.exists() or merged in found) and (reason := damage(path, thorough)):
            found[path] = reason
    return found


def _read_by_jobs(results: Path) -> Iterator[Path]:
    """Files of the study that carry a checksum and that jobs read, shards left out."""
    for path in sorted(results.rglob("*")):
        parts = path.relative_to(results).parts
        outside = parts[0] in _NOT_READ_BY_JOBS or parts[1:2] == ("forest",)
        if path.suffix in _CHECKS and path.is_file() and not outside and not path.name.startswith("."):
            yield path


def _shards(results: Path) -> Iterator[Path]:
    yield from sorted(results.glob("*/forest/*/*/*.parquet"))


def set_aside(path: Path) -> Path:
    """Rename a damaged file, so that the workflow makes it anew and nothing is lost; returns the new name."""
    return path.replace(path.with_name(path.name + DAMAGED))
