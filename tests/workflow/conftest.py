"""The small study, run once, and copies of it to change; a study of marked patients, published once."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_project import Project


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small study, run once to its end; tests may look but not change it."""
    project = Project(tmp_path_factory.mktemp("workflow") / "project")
    project.snakemake()
    return project


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project, to change."""
    return finished.copy(tmp_path / "copy")


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The marked study, its plan frozen, run and published once."""
    from marked_patients import marked_project

    project = marked_project(tmp_path_factory.mktemp("publish") / "project")
    project.snakemake("plan")
    done = project.snakemake("publish")
    assert "The crate: " in done.stdout + done.stderr
    assert "Suppressed (counts below 10" in done.stdout + done.stderr
    return project
