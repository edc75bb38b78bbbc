"""The lock, the conda environment and the container hold the same versions."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml
from hetflow.sources import locked_versions

ROOT = Path(__file__).resolve().parents[2]


def dependencies() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [re.match(r"[A-Za-z0-9_.-]+", line).group() for line in project["dependencies"]]  # type: ignore[union-attr]


def test_conda_holds_each_dependency_at_the_lock_s_version() -> None:
    environment = yaml.safe_load((ROOT / "envs" / "hetflow.yaml").read_text())
    conda = dict(line.split("=") for line in environment["dependencies"])
    versions = locked_versions(ROOT / "envs" / "lock.txt")
    assert conda.pop("python") == "3.11"
    assert conda == {name: versions[name] for name in dependencies()}


def test_the_container_is_built_from_the_lock() -> None:
    recipe = (ROOT / "envs" / "Containerfile").read_text()
    assert "FROM python:3.11" in recipe
    assert "COPY envs/lock.txt" in recipe
    assert "--require-hashes" in recipe


def test_both_locks_agree_carry_hashes_and_no_address() -> None:
    short, long = (locked_versions(ROOT / "envs" / name) for name in ("lock.txt", "lock-dev.txt"))
    assert short.items() <= long.items()
    for name in ("lock.txt", "lock-dev.txt"):
        text = (ROOT / "envs" / name).read_text()
        assert text.count("--hash=sha256:") >= len(re.findall(r"^\S+==", text, flags=re.MULTILINE))
        assert not re.search(r"https?://|file:|find-links|index-url", text)


def test_the_running_versions_are_the_locked_ones() -> None:
    from importlib.metadata import version

    versions = locked_versions(ROOT / "envs" / "lock.txt")
    assert {name: version(name) for name in dependencies()} == {
        name: versions[name] for name in dependencies()
    }


def test_every_bundled_data_folder_names_its_source() -> None:
    folders = [path for path in (ROOT / "workflow" / "resources").iterdir() if path.is_dir()]
    assert folders
    for folder in folders:
        assert (folder / "SOURCE.txt").read_text().strip(), folder.name
