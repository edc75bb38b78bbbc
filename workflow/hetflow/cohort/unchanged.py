"""Whether the raw data file is still the one that was read: nobody may replace it while a run goes on."""

from __future__ import annotations

from pathlib import Path

from hetflow.disk import sha256
from hetflow.errors import refuse


def data_hash(path: str | Path) -> str:
    """The SHA-256 of the data file; a file that cannot be read is refused.

    Parameters
    ----------
    path : str or Path
        The data file, wherever it lies.
    """
    try:
        return sha256(path)
    except OSError as error:
        found = error.strerror or "a file that cannot be read"
        refuse(f"data.file: {path}", "a data file that can be read", found, "put it back, and start again")


def refuse_if_replaced(path: str | Path, read: str) -> None:
    """Refuse if the data file is not the one that was read.

    Parameters
    ----------
    path : str or Path
        The data file.
    read : str
        SHA-256 of the file that the cohort was made from (``source.sha256`` in ``cohort.json``).

    Raises
    ------
    Refused
        If the file has another content now, or cannot be read any more. No result is touched.
    """
    now = data_hash(path)
    if now != read:
        refuse(
            f"data.file: {path}",
            f"the file that this run has read, SHA-256 {read}",
            f"another file in its place, SHA-256 {now}",
            "the results that are there are of the first file: keep them with it, or `touch` the new file and start "
            "again, which makes them anew; let nothing write to the data while a run goes on",
        )
