"""The most different rows of the corpus through the real commands: Snakemake, make, and the scripts by hand."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from corpus.check import kept
from corpus.real import CHECK, PYTHON, ROWS, SNAKEMAKE, UNPRIVILEGED, Real, script, study, swap
from needs import do_without
from small_project import ROOT, Project


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with the result of an earlier run, and an environment whose Python is this one."""
    made = Project(tmp_path / "project").folder
    (made / "results" / "small").mkdir(parents=True)
    (made / "results" / "small" / "earlier.txt").write_text("what an earlier run left")
    shutil.copy2(ROOT / "Makefile", made / "Makefile")
    (made / ".venv" / "bin").mkdir(parents=True)
    for name, words in (("python", ""), ("snakemake", "-m snakemake ")):
        program = made / ".venv" / "bin" / name
        program.write_text(f'#!/bin/sh\nexec "{PYTHON}" {words}"$@"\n')
        program.chmod(0o755)
    (made / ".venv" / ".ready").touch()
    return made


def possible(row: Real) -> None:
    """Skip, by name, what this machine cannot do; in continuous integration that is a failure."""
    if row.command[0] not in ("unshare", "setpriv"):
        return
    probe = {
        "unshare": ("unshare", "--mount", "sh", "-c", "mount --bind / /"),
        "setpriv": (*UNPRIVILEGED, "true"),
    }
    able = shutil.which(row.command[0]) and subprocess.run(
        probe[row.command[0]], capture_output=True, check=False
    )
    if able and able.returncode == 0:
        return
    do_without(f"{row.name}: {row.command[0]} is not possible here")


def environment(row: Real, folder: Path) -> dict[str, str]:
    """The row's environment: without the package that is blocked."""
    found = os.environ | {
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "XDG_CACHE_HOME": str(folder.parent / "cache"),
    }
    if row.blocked:
        hook = folder.parent / "hook"
        hook.mkdir()
        (hook / "sitecustomize.py").write_text(
            "import sys\n\n\nclass Gone:\n    def find_spec(self, name, path=None, target=None):\n"
            f"        if name.split('.')[0] == {row.blocked!r}:\n            raise ModuleNotFoundError(name)\n\n\n"
            "sys.meta_path.insert(0, Gone())\n"
        )
        found["PYTHONPATH"] = str(hook)
    return found


def lasting(folder: Path) -> dict[str, str]:
    """What lies in a project, but for the marks and logs of Snakemake and the logs of jobs."""
    passing = {".snakemake", "logs", "settings", "benchmarks"}
    return {name: digest for name, digest in kept(folder).items() if not passing & set(name.split("/"))}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_real_command_refuses_plainly_and_nothing_is_lost(row: Real, folder: Path) -> None:
    possible(row)
    row.spoil(folder)
    hidden = (folder / "small.csv").exists() and not (folder / "small.csv").stat().st_mode & 0o400
    before = {} if hidden else lasting(folder)
    done = subprocess.run(
        row.command,
        cwd=folder,
        env=environment(row, folder),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    folder.chmod(0o755)
    said = done.stdout + done.stderr
    assert done.returncode == row.status, said
    assert row.words in said
    for trace in ("Traceback", "hetflow failed", 'File "', "\x1b["):
        assert trace not in said, said
    for part in ("Refused. ", "expected:", "found:", "what to do:") if row.plain else ():
        assert part in said
    if hidden:
        (folder / "small.csv").chmod(0o644)
    after = lasting(folder)
    assert {name: after.get(name) for name in before} == before
    assert hidden or not set(after) - set(before), set(after) - set(before)
    assert not (folder / "evaluated").exists()


BARE = {
    "a study in Latin letters": study(lambda text: text.replace("small study", "caf\xe9").encode("latin-1")),
    "no study": lambda folder: (folder / "config" / "small.yaml").unlink(),
    "a study that asks to be evaluated": study(lambda _: "__use_yte__: true\nstudy: small\n"),
}


@pytest.mark.parametrize("case", BARE)
def test_what_snakemake_reads_before_hetflow_ends_without_a_job(case: str, folder: Path) -> None:
    BARE[case](folder)
    before = lasting(folder)
    done = subprocess.run(SNAKEMAKE, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1
    assert "jobid" not in done.stdout + done.stderr
    assert lasting(folder) == before


def test_an_environment_without_any_package_says_what_to_install(folder: Path) -> None:
    bare = folder / "bare"
    subprocess.run((PYTHON, "-m", "venv", "--without-pip", str(bare)), check=True)
    done = subprocess.run(
        (str(bare / "bin" / "python"), "workflow/scripts/ingest.py", "--help"),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "no econml, jinja2, lightgbm" in done.stderr
    assert "pip install" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_package_that_cannot_be_loaded_says_what_to_install(folder: Path) -> None:
    (folder / "lightgbm.py").write_text('raise OSError("libgomp.so.1: cannot open shared object file")\n')
    done = subprocess.run(
        script("nuisance", "--help"),
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "libgomp1" in done.stderr
    assert "Traceback" not in done.stderr


def test_labels_with_the_signs_of_a_shell_and_of_snakemake_are_text(folder: Path) -> None:
    label = 'label: "age {sample} {{7*7}} <results> $HOME $(touch evaluated) `id` %s", kind: continuous, unit'
    swap("kind: continuous, unit", label)(folder)
    done = subprocess.run(CHECK, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "can be run" in done.stdout
    assert not (folder / "evaluated").exists()
