"""The default study at its full settings: the same bytes whatever the cores, threads, shards and place.

There is no randomness in the comparison: a single differing byte is a failure, and there are no false alarms. The small
study's runs on other executors, and after faults, are compared in `tests/workflow`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hetflow.disk import sha256

pytestmark = pytest.mark.verify

ROOT = Path(__file__).resolve().parents[2]
RUNS: dict[str, tuple[str, ...]] = {
    "one core": ("--cores", "1"),
    "two threads a shard": ("--cores", "2", "--set-threads", "grow=2", "grow_held_out=2"),
    "four threads a shard": ("--cores", "4", "--set-threads", "grow=4", "grow_held_out=4"),
    "other shards": ("--cores", "2", "--config", "forest={shard_bags: 77}"),
}
OWN = {"report.html"}  # prints the forest's settings, shard_bags among them


def run(folder: Path, options: tuple[str, ...]) -> dict[str, str]:
    """Checksums of all artefacts of the default study, run in a folder."""
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--quiet", "all"]
    command += ["--directory", str(folder), *options]
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / ".cache")}
    subprocess.run(command, check=True, env=environment)
    results = folder / "results" / "opt"
    listed = json.loads((results / "manifest.json").read_text())["content"]["artefacts"]
    return {name: sha256(results / name) for name in listed}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The default study on two cores."""
    return run(tmp_path_factory.mktemp("reference") / "run", ("--cores", "2"))


@pytest.mark.parametrize("case", RUNS)
def test_the_default_study_is_the_same_bytes(reference: dict[str, str], tmp_path: Path, case: str) -> None:
    found = run(tmp_path / "a" / "deeper" / "place", RUNS[case])
    differing = {name for name in reference if reference[name] != found.get(name)}
    assert differing - (OWN if case == "other shards" else set()) == set()
    assert set(found) == set(reference)
