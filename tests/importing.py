"""A workflow that imports hetflow: the example, run in its folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from small_project import ROOT

EXAMPLE = ROOT / "examples" / "module"
THERE = '"../../workflow/Snakefile"'


def snakemake(folder: Path, *words: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the importing workflow in its folder."""
    environment = os.environ | {"XDG_CACHE_HOME": str(folder.parent / "cache"), "PYTHONHASHSEED": "0"} | more
    cores = [] if "--jobs" in words else ["--cores", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *words, *cores],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}\n{done.stdout}\n{done.stderr}")
    return done


def would_run(folder: Path, *words: str, **more: str) -> str:
    """What a dry run says."""
    done = snakemake(folder, *words, "-n", "--quiet", "reason", **more)
    return done.stdout + done.stderr


def imported_from(folder: Path, place: str) -> None:
    """The example, in a folder of its own, with hetflow from another place."""
    text = (EXAMPLE / "Snakefile").read_text()
    assert text.count(THERE) == 1
    (folder / "Snakefile").write_text(text.replace(THERE, place))
