"""The one reader and writer of what passes between stages.

Every file is written under a temporary name, synced to disk and renamed, so that a reader sees all of it or nothing.
Every file can tell that it was damaged: Parquet pages, archive members and JSON documents carry their own checksums,
which are verified on reading. The same content gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from hetflow.contracts import CONTRACTS, Contract
from hetflow.disk import write_bytes
from hetflow.errors import refuse

_KEY = b"hetflow"
_DIGEST_LENGTH = 64  # characters of a SHA-256 in hexadecimal
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
    table = pa.Table.from_arrays(arrays, names=[str(name) for name in ordered])
    stamp: dict[str, Any] = {"contract": contract, "version": terms.version}
    stamp["shape"] = table_shape(table, stamp)
    table = table.replace_schema_metadata({_KEY: canonical_json(stamp).encode()})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", write_page_checksum=True)
    write_bytes(buffer.getvalue(), path)


def table_shape(table: pa.Table, stamp: Mapping[str, Any]) -> str:
    """A digest of what the checksums of a Parquet file's pages leave out: contract, version, rows and columns."""
    columns = [[field.name, str(field.type)] for field in table.schema]
    return content_digest([stamp.get("contract"), stamp.get("version"), table.num_rows, columns])


def table_stamp(table: pa.Table) -> dict[str, Any]:
    """The stamp that `write_table` put into a table: contract, version and shape; empty if there is none."""
    return dict(json.loads((table.schema.metadata or {}).get(_KEY, b"{}")))


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
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        refuse(str(path), f"an intact {contract} table", f"a damaged file ({first_line(error)})", _REBUILD)
    stamp = table_stamp(table)
    _check_stamp(stamp, contract, terms, path)
    if stamp.get("shape") != table_shape(table, stamp):
        refuse(str(path), f"an intact {contract} table", "other columns or rows than were written", _REBUILD)
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
    return _document(plain, contract, CONTRACTS[contract].version)


def _document(content: Any, contract: str, version: int) -> str:
    stamp: dict[str, Any] = {"contract": contract, "version": version}
    stamp["sha256"] = content_digest([contract, version, content])
    return canonical_json({"hetflow": stamp, "content": content}) + "\n"


def check_document(text: str) -> None:
    """Raise ValueError, KeyError or TypeError if a document's text is not what `write_json` wrote."""
    document = json.loads(text)
    stamp = document["hetflow"]
    if text != _document(document["content"], stamp["contract"], stamp["version"]):
        raise ValueError("content that does not agree with its checksum")


def read_json(path: str | Path, contract: str) -> dict[str, Any]:
    """Read facts and check their contract, version and checksum.

    Raises
    ------
    Refused
        If the file is absent, damaged, or of another contract or version.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        check_document(text)
    except FileNotFoundError:
        refuse(str(path), f"a {contract} document", "no such file", "run the stage that writes it first")
    except (ValueError, KeyError, TypeError) as error:
        refuse(str(path), f"an intact {contract} document", f"a damaged file ({first_line(error)})", _REBUILD)
    document = json.loads(text)
    _check_stamp(document["hetflow"], contract, CONTRACTS[contract], path)
    return dict(document["content"])


def write_arrays(arrays: Mapping[str, NDArray[Any]], path: str | Path) -> None:
    """Write plain arrays as an uncompressed ``.npz``; arrays of objects are not allowed.

    The archive's comment is the SHA-256 of all its other bytes.
    """
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{name: arrays[name] for name in sorted(arrays)})
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = bytes(_DIGEST_LENGTH)
    content = buffer.getvalue()[:-_DIGEST_LENGTH]
    write_bytes(content + _hex_digest(content), path)


def read_arrays(path: str | Path) -> dict[str, NDArray[Any]]:
    """Read plain arrays; nothing in the file is executed, and damage is refused by name."""
    try:
        content = Path(path).read_bytes()
        check_archive(content)
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        refuse(str(path), "an archive of arrays", "no such file", "run the stage that writes it first")
    except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
        refuse(str(path), "an intact archive of arrays", f"a damaged file ({first_line(error)})", _REBUILD)


def check_archive(content: bytes) -> None:
    """Raise ValueError if the bytes of an archive do not agree with the checksum at their end."""
    if _hex_digest(content[:-_DIGEST_LENGTH]) != content[-_DIGEST_LENGTH:]:
        raise ValueError("content that does not agree with its checksum")


def _hex_digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def content_digest(content: Any) -> str:
    """SHA-256 of the canonical JSON of a document's content."""
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()


def canonical_json(content: Any) -> str:
    """JSON with sorted keys, no spare blanks and no NaN: equal content gives equal text."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def plain_json(value: Any) -> Any:
    """Numbers and containers of NumPy and pandas as plain JSON values; NaN becomes null, a date its ISO text,
    infinities are refused."""
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
    if isinstance(value, date):
        return value.isoformat()
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
