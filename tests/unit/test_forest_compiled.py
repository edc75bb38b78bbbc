"""Compiled code is kept where that is possible, and what cannot be kept is compiled again."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hetflow.forest import compiled

WORKFLOW = Path(__file__).resolve().parents[2] / "workflow"
# A small kernel that stands for the engine's, which take half a minute to compile.
CODE = """
import sys, time
begun = time.monotonic()
import numba
numba_seconds, begun = time.monotonic() - begun, time.monotonic()
from hetflow.forest.kernels_probe import total
import numpy as np
assert total(np.arange(4.0)) == 6.0
print("hit" if total.stats.cache_hits else "miss", time.monotonic() - begun)
"""
PROBE = """
from hetflow.forest.compiled import kernel

@kernel("f8(f8[::1])")
def total(values):
    result = 0.0
    for value in values:
        result += value
    return result
"""


@pytest.fixture
def library(tmp_path):
    """A copy of the library's kernels with one more, so that the project's own folder stays as it is."""
    package = tmp_path / "library" / "hetflow" / "forest"
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").touch()
    (package / "compiled.py").write_bytes((WORKFLOW / "hetflow" / "forest" / "compiled.py").read_bytes())
    (package / "kernels_probe.py").write_text(PROBE)
    return package


def run(library: Path, **variables: str) -> str:
    """Output of a process that calls the kernel; without a home it has no cache folder but the ones named."""
    paths = {"PYTHONPATH": str(library.parents[1]), "PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=paths | variables, capture_output=True, text=True, check=True
    )
    return done.stdout.split()[0]


def test_a_second_process_finds_the_code_and_another_source_does_not(library, tmp_path):
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert run(library, **cache) == "miss"
    assert run(library, **cache) == "hit"
    probe = library / "kernels_probe.py"
    other = library / "kernels_other.py"
    other.write_text("# a helper that kernels may call\n")
    assert run(library, **cache) == "miss"
    other.unlink()
    assert run(library, **cache) == "hit"
    assert probe.read_text() == PROBE


@pytest.mark.parametrize("trouble", ["missing", "file", "others"])
def test_without_a_usable_folder_it_still_runs(library, tmp_path, trouble):
    place = tmp_path / "place"
    if trouble == "file":
        place.write_text("not a folder")
    if trouble == "others":
        place.mkdir()
        place.chmod(0o555)
    variables = {"NUMBA_CACHE_DIR": str(place if trouble != "missing" else place / "a" / "b")}
    assert run(library, TMPDIR=str(tmp_path), **variables) in {"miss", "hit"}


def test_no_folder_at_all_means_no_cache(monkeypatch):
    monkeypatch.setattr(compiled, "_bases", lambda: [Path("/proc/nowhere"), Path("/dev/null")])
    assert compiled.cache_folder() is None


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="folders have no owner here")
def test_a_folder_that_others_may_write_is_not_trusted(monkeypatch, tmp_path):
    monkeypatch.setattr(compiled, "_bases", lambda: [tmp_path])
    folder = compiled.cache_folder()
    assert folder is not None
    folder.chmod(0o777)
    assert compiled.cache_folder() is None


def test_processes_that_start_together_do_not_disturb_one_another(library, tmp_path):
    with ThreadPoolExecutor(4) as pool:
        cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
        found = list(pool.map(lambda _: run(library, **cache), range(6)))
    assert set(found) <= {"hit", "miss"}
    assert run(library, **cache) == "hit"


def test_a_second_job_pays_less_than_a_second_beyond_importing_numba():
    code = (
        "import time, numba, numpy, scipy.special, pandas\n"
        "begun = time.process_time()\n"
        "import hetflow.forest.histogram_engine\n"
        "print(time.process_time() - begun)"
    )
    seconds = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONPATH": str(WORKFLOW)},
            capture_output=True,
            text=True,
            check=True,
        )
        seconds.append(float(done.stdout))
    assert seconds[-1] < 1.0
