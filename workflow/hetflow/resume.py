"""What a run does before its first job: it says who holds the study, sets damaged files aside, so that the workflow
makes them anew, and removes what killed jobs were writing.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from hetflow.damage import damaged_files, set_aside
from hetflow.disk import drafts, write_text
from hetflow.errors import Problem, Refused


def make_ready(marks: Path, study: str, results: Path, words: Sequence[str]) -> list[str]:
    """Before the graph is built: refuse a study that is held, and set damaged files aside.

    Parameters
    ----------
    marks : Path
        Snakemake's own folder.
    study : str
        The study's name.
    results : Path
        The study's folder.
    words : sequence of str
        The command line, from which the one that removes the lock is made.

    Returns
    -------
    list of str
        What was set aside and why, a line each.

    Raises
    ------
    Refused
        If another run holds the study, or one was killed while it did.
    """
    if locked(marks / "locks", results.as_posix()):
        unlock = shlex.join([_command(words[0]), "--unlock", *_configfile_options(words)])
        raise Refused([held(_note(marks, study), study, unlock)])
    return [
        f"Damaged, set aside and made anew: {set_aside(path)} ({reason})"
        for path, reason in damaged_files(results).items()
    ]


def take(marks: Path, study: str, results: Path) -> None:
    """Once the study is locked: note who runs it, and remove what killed jobs were writing."""
    hold(_note(marks, study))
    for draft in drafts(results):
        draft.unlink(missing_ok=True)


def _note(marks: Path, study: str) -> Path:
    return marks / "hetflow" / f"{study}.json"


def _command(program: str) -> str:
    """How Snakemake was called: ``snakemake``, or its place in an environment below this folder."""
    path = Path(program)
    below = path.name == "snakemake" and path.is_absolute() and path.is_relative_to(Path.cwd())
    return os.path.relpath(path) if below else "snakemake"


def _configfile_options(words: Sequence[str]) -> list[str]:
    """The words of a command line that name its study files."""
    chosen: list[str] = []
    for word in words:
        if word.startswith("--configfile="):
            return [word]
        if chosen and word.startswith("-"):
            break
        if chosen or word in ("--configfile", "--configfiles"):
            chosen.append(word)
    return chosen


def hold(note: Path) -> None:
    """Write down which process runs the study."""
    said = {"host": socket.gethostname(), "pid": os.getpid(), "since": f"{datetime.now():%d %B %Y, %H:%M}"}
    write_text(json.dumps(said), note)


def locked(locks: Path, results: str) -> bool:
    """Whether a run of Snakemake holds files below the folder `results`, or was killed when it did.

    Parameters
    ----------
    locks : Path
        Snakemake's folder of locks; each file lists paths, one a line.
    results : str
        The study's folder, as the paths begin.
    """
    lists = (path.read_text(encoding="utf-8", errors="replace") for path in locks.glob("*.output.lock"))
    return any(line.startswith(f"{results}/") for text in lists for line in text.splitlines())


def held(note: Path, study: str, unlock: str) -> Problem:
    """What to tell somebody who starts a study that is locked.

    Parameters
    ----------
    note : Path
        What `hold` wrote; it may be missing or broken.
    study : str
        The study's name.
    unlock : str
        The command that removes the lock.
    """
    try:
        said = json.loads(note.read_text(encoding="utf-8"))
        host, pid, since = str(said["host"]), int(said["pid"]), str(said["since"])
    except (OSError, ValueError, KeyError, TypeError):
        host, pid, since = "", 0, ""
    who = f"process {pid} on {host}, since {since}" if pid else "a process that left no note"
    freed = f"`{unlock}`, and start again: nothing finished is lost"
    if host == socket.gethostname():
        if _runs(pid):
            found, remedy = (
                f"a run under way ({who})",
                "wait for it to end, or stop it with Ctrl-C where it runs",
            )
        else:
            found = f"the lock of a run that was killed ({who})"
            remedy = f"on a cluster first cancel the jobs that it left; then {freed}"
    else:
        found = f"a run under way or killed ({who})"
        remedy = f"if it still runs, wait for it to end; if you are sure that it does not, {freed}"
    return Problem(f"results/{study}", "one run at a time", found, remedy)


def _runs(pid: int) -> bool:
    """Whether a process of Snakemake has this number on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        return b"snakemake" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True
