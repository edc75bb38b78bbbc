"""The one reader and writer of what passes between stages.

Every file is written under a temporary name, synced to disk and renamed, so that a reader sees all of it or nothing.
Every file can tell that it was damaged: Parquet pages, archive members and JSON documents carry their own checksums,
which are verified on reading. The same content gives the same bytes.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import math
import os
import secrets
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from hetflow.contracts import CONTRACTS, Contract
from hetflow.errors import refuse

_KEY = b"hetflow"
_READ_BLOCK = 1 << 20
_DRAFT = ".part"
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}  # said by file systems that cannot sync a folder
_REBUILD = "start the run again: damaged files are found at its start and made anew"


def write_table(frame: pd.DataFrame, path: str | Path, contract: str) -> None:
    """Write a table as Parquet under its contract.

    Parameters
    ----------
    frame : DataFrame
        Must hold the contract's columns; further ones only where the contract allows them.
    path : str or Path
        Where to; missing folders are made.
    contract : str
        A key of `hetflow.contracts.CONTRACTS`.

    Raises
    ------
    ValueError
        If the frame does not fulfil the contract (a defect of hetflow, not of the study).
    """
    terms = CONTRACTS[contract]
    missing = [name for name in terms.columns if name not in frame.columns]
    surplus = [name for name in frame.columns if name not in terms.columns]
    if missing or (surplus and not terms.more):
        raise ValueError(
            f"{contract}: columns missing {missing}, not foreseen {surplus if not terms.more else []}"
        )
    ordered = [*terms.columns, *surplus]
    arrays = [_arrow(frame[name], terms.columns.get(name)) for name in ordered]
    schema = pa.schema(
        [pa.field(str(name), array.type) for name, array in zip(ordered, arrays, strict=True)],
        metadata={_KEY: canonical_json({"contract": contract, "version": terms.version}).encode()},
    )
    buffer = io.BytesIO()
    pq.write_table(
        pa.Table.from_arrays(arrays, schema=schema), buffer, compression="zstd", write_page_checksum=True
    )
    write_bytes(buffer.getvalue(), path)


def read_table(path: str | Path, contract: str) -> pd.DataFrame:
    """Read a table and check its contract, version and checksums.

    Text columns come back as Python str with None for missing, so that they behave alike whatever the pandas
    version.

    Raises
    ------
    Refused
        If the file is absent, damaged, or of another contract or version.
    """
    terms = CONTRACTS[contract]
    try:
        table = pq.read_table(path, page_checksum_verification=True, partitioning=None)
    except FileNotFoundError:
        refuse(str(path), f"a {contract} table", "no such file", "run the stage that writes it first")
    except (pa.ArrowException, OSError) as error:
        refuse(str(path), f"an intact {contract} table", f"a damaged file ({first_line(error)})", _REBUILD)
    stamp = json.loads((table.schema.metadata or {}).get(_KEY, b"{}"))
    _check_stamp(stamp, contract, terms, path)
    return pd.DataFrame({name: _pandas(table.column(name)) for name in table.column_names})


def _pandas(column: pa.ChunkedArray) -> Any:
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return pd.Series(column.to_pylist(), dtype=object)
    if pa.types.is_floating(column.type):
        return np.array(column.to_numpy(zero_copy_only=False), dtype=np.float64)
    return np.array(column.to_numpy(zero_copy_only=False))


def _arrow(values: pd.Series, kind: str | None) -> pa.Array:
    """A column as Arrow; NaN and None become null."""
    if kind is None:
        if pd.api.types.is_bool_dtype(values.dtype):
            kind = "bool"
        elif pd.api.types.is_integer_dtype(values.dtype):
            kind = "int64"
        elif pd.api.types.is_numeric_dtype(values.dtype):
            kind = "float64"
        else:
            kind = "string"
    if kind == "string":
        items = [
            None if item is None or item is pd.NA or item != item else str(item) for item in values.tolist()
        ]
        return pa.array(items, type=pa.string())
    if kind == "float64":
        return pa.array(
            values.to_numpy(dtype=np.float64, na_value=np.nan), type=pa.float64(), from_pandas=True
        )
    return pa.array(values.to_numpy(), type=pa.type_for_alias(kind))


def write_json(content: Mapping[str, Any], path: str | Path, contract: str) -> None:
    """Write facts as canonical JSON with their contract, version and checksum; see `stamped_json`."""
    write_bytes(stamped_json(content, contract).encode(), path)


def stamped_json(content: Mapping[str, Any], contract: str) -> str:
    """The text that `write_json` writes: one line of canonical JSON."""
    plain = plain_json(content)
    stamp = {"contract": contract, "version": CONTRACTS[contract].version, "sha256": content_digest(plain)}
    return canonical_json({"hetflow": stamp, "content": plain}) + "\n"


def read_json(path: str | Path, contract: str) -> dict[str, Any]:
    """Read facts and check their contract, version and checksum.

    Raises
    ------
    Refused
        If the file is absent, damaged, or of another contract or version.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        stamp, content = document["hetflow"], document["content"]
    except FileNotFoundError:
        refuse(str(path), f"a {contract} document", "no such file", "run the stage that writes it first")
    except (ValueError, KeyError, TypeError) as error:
        refuse(str(path), f"an intact {contract} document", f"a damaged file ({first_line(error)})", _REBUILD)
    _check_stamp(stamp, contract, CONTRACTS[contract], path)
    if content_digest(content) != stamp.get("sha256"):
        refuse(str(path), "content that agrees with its checksum", "a changed or damaged file", _REBUILD)
    return dict(content)


def write_arrays(arrays: Mapping[str, NDArray[Any]], path: str | Path) -> None:
    """Write plain arrays as an uncompressed ``.npz``; arrays of objects are not allowed."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{name: arrays[name] for name in sorted(arrays)})
    write_bytes(buffer.getvalue(), path)


def read_arrays(path: str | Path) -> dict[str, NDArray[Any]]:
    """Read plain arrays; nothing in the file is executed, and damage is refused by name."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        refuse(str(path), "an archive of arrays", "no such file", "run the stage that writes it first")
    except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
        refuse(str(path), "an intact archive of arrays", f"a damaged file ({first_line(error)})", _REBUILD)


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


def content_digest(content: Any) -> str:
    """SHA-256 of the canonical JSON of a document's content."""
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(_READ_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def canonical_json(content: Any) -> str:
    """JSON with sorted keys, no spare blanks and no NaN: equal content gives equal text."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def plain_json(value: Any) -> Any:
    """Numbers and containers of NumPy and pandas as plain JSON values; NaN becomes null, infinities are refused."""
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain_json(value.tolist())
    if isinstance(value, np.generic):
        return plain_json(value.item())
    if isinstance(value, float) and math.isnan(value):
        return None
    return value


def _check_stamp(stamp: Mapping[str, Any], contract: str, terms: Contract, path: str | Path) -> None:
    found = (stamp.get("contract"), stamp.get("version"))
    if found != (contract, terms.version):
        refuse(
            str(path),
            f"contract {contract}, version {terms.version}",
            f"contract {found[0]}, version {found[1]}",
            "it was written by another version of hetflow: delete it and start the run again",
        )


def first_line(error: BaseException) -> str:
    """The first line of what an error says, or its kind."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__
