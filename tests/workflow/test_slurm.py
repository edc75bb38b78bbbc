"""On a real Slurm: the default study through the shipped profile, and what goes wrong there; the same bytes always."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster import Cluster, finish, may_be_root
from hetflow.disk import sha256
from hetflow.study.appraisals import APPRAISALS
from needs import do_without, program
from small_project import ROOT, Project

pytestmark = pytest.mark.xdist_group("slurm")

STUDY = "config/reduced.yaml"
ONE_BY_ONE: dict[str, Any] = {"groups": None, "group-components": None}
SMALL = "config/small.yaml"
RESULTS = Path("results/small")


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of this machine; left out by name where there is none to be had."""
    for name in ("slurmctld", "slurmd", "munged", "sbatch", "srun"):
        program(name)
    if not may_be_root():
        do_without("Slurm's daemons need root, or sudo without a password")
    cluster = Cluster(tmp_path_factory.mktemp("slurm"))
    try:
        cluster.control("start")
        yield cluster
    finally:
        cluster.control("stop")


class Reduced:
    """The default study at a reduced size, in a project of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = Project(folder).folder
        (folder / "workflow" / "resources").symlink_to(ROOT / "workflow" / "resources")
        study = yaml.safe_load((ROOT / "config" / "opt.yaml").read_text())
        study["missingness"]["imputations"] = 2
        study["forest"] |= {"trees": 80, "held_out_trees": 8}
        study["nuisance"]["outcome"] = "linear"
        study["analyses"] = {"primary": {"label": "Multiple imputation"}}
        del study["sensitivity"]  # an analysis that is left out here imputes what it asks for
        for name in set(APPRAISALS) - {"evidence"}:
            study[name] = {"analyses": []}
        (folder / STUDY).write_text(yaml.safe_dump(study))

    @property
    def artefacts(self) -> dict[str, str]:
        """Every artefact's checksum, taken anew."""
        results = self.folder / "results" / "opt"
        listed = json.loads((results / "manifest.json").read_text())["content"]["artefacts"]
        return {name: sha256(results / name) for name in listed}


@pytest.fixture(scope="module")
def both(slurm: Cluster, tmp_path_factory: pytest.TempPathFactory) -> tuple[Reduced, Reduced]:
    """The reduced study on Slurm, and at the same time locally."""
    folder = tmp_path_factory.mktemp("reduced")
    on_slurm, local = Reduced(folder / "on_slurm"), Reduced(folder / "local")
    run = slurm.start(on_slurm.folder, STUDY)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--configfile", STUDY, "--quiet", "all"]
    subprocess.run(command, cwd=local.folder, check=True, timeout=600)
    finish(run)
    return on_slurm, local


def test_the_default_study_gives_the_same_bytes_on_slurm_and_locally(both: tuple[Reduced, Reduced]) -> None:
    on_slurm, local = both
    assert (on_slurm.folder / "results" / "opt" / "report.html").stat().st_size > 100_000  # bytes
    artefacts = on_slurm.artefacts
    assert {name.split("/")[0] for name in artefacts} >= {"figures", "tables", "report.html", "primary"}
    assert artefacts == local.artefacts


def test_a_second_run_on_slurm_runs_nothing(both: tuple[Reduced, Reduced], slurm: Cluster) -> None:
    known = slurm.known()
    assert "Nothing to be done" in slurm.run(both[0].folder, STUDY)
    assert slurm.known() == known


def test_small_jobs_travel_in_groups_that_fit_a_node(both: tuple[Reduced, Reduced], slurm: Cluster) -> None:
    """A group's jobs run one after the other: it asks for one core, the largest memory, and the sum of the times."""
    groups = {
        name: slurm.jobs(f"rule_{name}_")[0] for name in ("cohort", "impute", "shard", "effects", "report")
    }
    alone = slurm.jobs("rule_guards")[0]
    assert {job.cpus for job in slurm.jobs()} == {"1"}
    assert max(job.megabytes for job in groups.values()) < 1000  # a small study's
    assert groups["cohort"].minutes == 4 * alone.minutes  # ingest, folds, describe, feasible
    assert groups["impute"].minutes == 4 * alone.minutes
    assert (
        len(slurm.jobs()) == 11
    )  # six groups and that of appraisals; guards, nuisance, structure, mechanism


@pytest.fixture
def beheaded(project: Project) -> Project:
    """The finished small study without the held-out forests and the effects of its first imputation."""
    folder = project.folder / RESULTS / "primary"
    for path in [folder / "cate/00.parquet", *(folder / "forest/00").glob("[!a]*/*.parquet")]:
        path.unlink()
    return project


TARGET = str(RESULTS / "primary/cate/00.parquet")


def forests(project: Project) -> dict[str, str]:
    """Checksums of the first imputation's shards and effects."""
    folder = project.folder / RESULTS / "primary"
    paths = [*sorted((folder / "forest/00").rglob("*.parquet")), folder / "cate/00.parquet"]
    return {str(path.relative_to(folder)): sha256(path) for path in paths}


def test_a_cancelled_job_is_submitted_again(finished: Project, beheaded: Project, slurm: Cluster) -> None:
    known = slurm.known()
    run = slurm.start(beheaded.folder, SMALL, TARGET, changes=ONE_BY_ONE)
    cancelled = slurm.await_job(run, "rule_grow_held_out", known)
    slurm.command("scancel", cancelled.job)
    said = finish(run)
    assert "CANCELLED" in said
    jobs = [job for job in slurm.jobs("rule_grow_held_out") if job.job not in known]
    assert [job.state for job in jobs] == ["CANCELLED", "COMPLETED"]
    assert jobs[1].megabytes > jobs[0].megabytes
    assert jobs[1].minutes == 2 * jobs[0].minutes
    assert forests(beheaded) == forests(finished)


def test_a_job_that_exceeds_its_memory_succeeds_with_more(
    finished: Project, beheaded: Project, slurm: Cluster
) -> None:
    known = slurm.known()
    little = ["--set-resources", "grow_held_out:mem_mb=250*attempt**2"]  # two Snakemakes alone take more
    slurm.run(beheaded.folder, SMALL, TARGET, *little, changes=ONE_BY_ONE)
    jobs = [job for job in slurm.jobs("rule_grow_held_out") if job.job not in known]
    assert [job.megabytes for job in jobs][:2] == [250, 1000]
    assert jobs[0].state != "COMPLETED"
    assert jobs[-1].state == "COMPLETED"
    logs = [path.read_text() for path in slurm.folder.glob("log/slurmd")]
    assert any("exceeded memory limit" in text for text in logs)
    assert forests(beheaded) == forests(finished)


def test_a_killed_run_is_unlocked_and_resumed(finished: Project, beheaded: Project, slurm: Cluster) -> None:
    known = slurm.known()
    run = slurm.start(beheaded.folder, SMALL, TARGET, changes=ONE_BY_ONE)
    slurm.await_job(run, "rule_grow_held_out", known)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    again = slurm.start(beheaded.folder, SMALL, TARGET, changes=ONE_BY_ONE)
    said, _ = again.communicate(timeout=120)
    assert again.returncode != 0
    assert "--unlock" in said
    slurm.run(beheaded.folder, SMALL, "--unlock")
    slurm.run(beheaded.folder, SMALL, TARGET, changes=ONE_BY_ONE)
    assert forests(beheaded) == forests(finished)
