"""Compiled code is kept where that is possible, and what cannot be kept is compiled again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hetflow.forest import compiled
from needs import do_without

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
# Children of one process that has numba, let go at once: each compiles the kernel or finds it, and checks its answer.
TOGETHER = """
import os, sys
import numba, numpy as np
hold, let_go = os.pipe()
children = []
for _ in range(int(sys.argv[1])):
    child = os.fork()
    if child == 0:
        os.close(let_go)
        os.read(hold, 1)
        from hetflow.forest.kernels_probe import total
        os._exit(0 if total(np.arange(4.0)) == 6.0 else 1)
    children.append(child)
os.close(let_go)
print(sum(os.waitpid(child, 0)[1] != 0 for child in children))
"""
STARTING_TOGETHER = 100
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
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


def run(library: Path, *before: str, code: tuple[str, ...] = (CODE,), **variables: str) -> str:
    """What a process prints first; without a home it has no cache folder but the ones named."""
    paths = {"PYTHONPATH": str(library.parents[1]), "PATH": os.environ["PATH"], "HOME": os.devnull}
    command = [*before, sys.executable, "-c", *code]
    done = subprocess.run(command, env=paths | variables, capture_output=True, text=True, check=True)
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


def test_a_copy_of_the_same_source_elsewhere_finds_the_code(library, tmp_path):
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert run(library, **cache) == "miss"
    copy = tmp_path / "elsewhere" / "hetflow" / "forest"
    shutil.copytree(library.parents[1], copy.parents[1])
    assert run(copy, **cache) == "hit"


def test_no_two_kernels_share_a_name_under_which_code_is_kept():
    from hetflow.forest import kernels_bag, kernels_bag_arms, kernels_sums

    kept = [
        kernels_bag.grow_bag,
        kernels_bag_arms.grow_bag_arms,
        kernels_sums.add_bag,
        kernels_sums.leaf_averages,
    ]
    names = [one._cache._impl.filename_base for one in kept]
    assert len(set(names)) == len(names)


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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_processes_that_start_together_do_not_disturb_one_another(library, tmp_path):
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    wrong = run(library, code=(TOGETHER, str(STARTING_TOGETHER)), **cache)
    assert wrong == "0"
    assert run(library, **cache) == "hit"


@pytest.mark.parametrize("filled", [False, True])
def test_a_folder_that_cannot_be_written_is_passed_over(library, tmp_path, filled):
    cache, spare = tmp_path / "cache", tmp_path / "spare"
    cache.mkdir(mode=0o700), spare.mkdir()
    places = {"NUMBA_CACHE_DIR": str(cache), "TMPDIR": str(spare)}
    if filled:
        run(library, **places)
    before = sorted(cache.rglob("*"))
    assert run(library, *sealed(cache), **places) == "miss"
    assert run(library, *sealed(cache), **places) == "hit"  # kept below TMPDIR
    assert sorted(cache.rglob("*")) == before


def sealed(folder: Path) -> tuple[str, ...]:
    """What makes a folder read-only for the command that follows; permissions do not bind root."""
    if os.geteuid() != 0:
        folder.chmod(0o500)
        return ()
    may = subprocess.run(["unshare", "--mount", "sh", "-c", READ_ONLY, folder, "true"], check=False)
    if may.returncode:
        do_without("no folder can be mounted read-only")
    return ("unshare", "--mount", "sh", "-c", READ_ONLY, str(folder))


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
