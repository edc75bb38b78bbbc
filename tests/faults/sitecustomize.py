"""Faults at chosen moments, for tests: read by Python at its start when this folder is on PYTHONPATH.

`HETFLOW_FAULT` holds an action and a piece of a path, such as ``kill all/000000``. The fault strikes once, in the first
process that syncs a file whose path holds the piece: when its bytes are written, and its name is still the draft's.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

_SECONDS_OF_AN_ORPHAN = 4.0
_fsync = os.fsync


def _main() -> int:
    """Number of the process of Snakemake that started this one."""
    pid = os.getpid()
    while pid > 1:
        if b"snakemake" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[2]:
            return pid
        pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    raise RuntimeError("no snakemake above this process")


def _strike(action: str) -> None:
    if action == "kill":  # the workflow and all its jobs, as a machine that goes down
        os.killpg(os.getpgid(0), signal.SIGKILL)
    elif action == "kill-main":  # the workflow alone: this job goes on as an orphan
        os.kill(_main(), signal.SIGKILL)
        time.sleep(_SECONDS_OF_AN_ORPHAN)
    elif action == "fail":
        raise OSError(5, "Input/output error")


def _fsync_or_fault(handle: int) -> None:
    action, piece = os.environ["HETFLOW_FAULT"].split(" ", 1)
    struck = Path(os.environ["HETFLOW_FAULT_MARK"])
    if piece in os.readlink(f"/proc/self/fd/{handle}"):
        try:
            struck.touch(exist_ok=False)
        except FileExistsError:
            pass
        else:
            _strike(action)
    _fsync(handle)


if "HETFLOW_FAULT" in os.environ:
    os.fsync = _fsync_or_fault
