"""A run that is killed, fails, fills the disk or finds damaged files ends with the bytes of one that was left alone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hetflow.resume import locked
from small_project import Project

pytestmark = pytest.mark.xdist_group("faults")

FAULTS = Path(__file__).resolve().parents[1] / "faults"
FIRST_SHARD = "all/.000000-000009.parquet"
TOO_SMALL, LARGE = "5600k", "100m"  # of a disk: the small study and its copy of the workflow take 6 MB
SECONDS_TO_LOCK = 120.0  # on a loaded machine; about 4 on an idle one


def fault(project: Project, action: str, piece: str) -> dict[str, str]:
    """Environment in which a fault strikes once, when a file whose draft's path holds `piece` is written."""
    mark = project.folder / f"struck-{action}-{piece.replace('/', '_')}"
    return {"PYTHONPATH": str(FAULTS), "HETFLOW_FAULT": f"{action} {piece}", "HETFLOW_FAULT_MARK": str(mark)}


def drafts(project: Project) -> list[Path]:
    return list(project.results.rglob(".*.part"))


def forget(project: Project, *names: str) -> None:
    """Remove results, so that they are made again."""
    for name in names:
        shutil.rmtree(project.results / name)


MOMENTS = {
    "an imputation": "deployment/.01.parquet",
    "a shard": FIRST_SHARD,
    "the merge": "cate/.00.parquet",
    "the figures": "figures/.",
    "the page": "/.report.html",
}


def test_killed_at_several_moments_and_resumed(finished: Project, tmp_path: Path) -> None:
    project = Project(tmp_path / "killed")
    for piece in MOMENTS.values():
        killed = project.snakemake(check=False, **fault(project, "kill", piece))
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert any(piece in str(draft) for draft in drafts(project)), (
            piece
        )  # struck in the midst of the write
        refused = project.snakemake(check=False)
        assert refused.returncode == 1
        assert "the lock of a run that was killed" in refused.stderr
        assert "snakemake --unlock --configfile config/small.yaml" in refused.stderr
        project.snakemake("--unlock")
    project.snakemake()
    assert not drafts(project)
    assert project.digests() == finished.digests()


def test_jobs_that_outlive_a_killed_workflow_do_no_harm(finished: Project, project: Project) -> None:
    forget(project, "primary/forest", "primary/cate")
    killed = project.snakemake(check=False, **fault(project, "kill-main", FIRST_SHARD))
    assert killed.returncode == -signal.SIGKILL
    project.snakemake("--unlock")
    project.snakemake()
    assert project.digests() == finished.digests()


def test_a_shard_that_fails_is_tried_again(finished: Project, project: Project) -> None:
    forget(project, "primary/forest", "primary/cate")
    failing = fault(project, "fail", FIRST_SHARD)
    done = project.snakemake("--retries", "1", **failing)
    assert Path(failing["HETFLOW_FAULT_MARK"]).exists()
    assert "Input/output error" in done.stderr
    assert "Trying to restart job" in done.stderr
    assert project.digests() == finished.digests()


def test_what_was_finished_is_kept_when_a_shard_fails(project: Project) -> None:
    forget(project, "primary/forest", "primary/cate")
    done = project.snakemake(check=False, **fault(project, "fail", FIRST_SHARD))
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    left = project.would_run()
    assert left["grow"] == 1
    assert left["ingest"] == left["nuisance"] == left["grow_held_out"] == 0


def test_two_runs_at_once(finished: Project, project: Project) -> None:
    forget(project, "primary/forest", "primary/cate")
    options = {"cwd": project.folder, "env": project.environment(), "stderr": subprocess.DEVNULL}
    with subprocess.Popen(project.command(), start_new_session=True, **options) as first:
        begun = time.monotonic()
        while not locked(project.folder / ".snakemake" / "locks", "results/small"):
            assert time.monotonic() - begun < SECONDS_TO_LOCK
            time.sleep(0.1)
        time.sleep(1)  # the note of who runs follows the lock
        second = project.snakemake(check=False)
        assert first.poll() is None, "the first run ended before the second began"
        assert second.returncode == 1
        assert "a run under way" in second.stderr
        assert "wait for it to end" in second.stderr
        assert "Traceback" not in second.stdout + second.stderr
        assert first.wait(timeout=600) == 0
    assert project.digests() == finished.digests()


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 30)


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


DAMAGE: dict[str, Callable[[Path], None]] = {
    "primary/scores/shared.parquet": flipped,
    "primary/completed/inference/00.parquet": truncated,
    "primary/covariance.npz": flipped,
    "complete_variables/guards.json": emptied,
    "cohort.json": truncated,
    "settings/folds.json": flipped,
}


def test_damaged_files_are_found_by_their_checksums_and_rebuilt(finished: Project, project: Project) -> None:
    for name, spoil in DAMAGE.items():
        spoil(project.results / name)
    done = project.snakemake()
    for name in DAMAGE:
        assert f"Damaged, set aside and made anew: results/small/{name}.damaged" in done.stderr
    assert project.digests() == finished.digests()


def test_a_damaged_shard_is_found_when_its_forest_is_merged_again(
    finished: Project, project: Project
) -> None:
    shard = next((project.results / "primary" / "forest" / "00" / "all").glob("*.parquet"))
    flipped(shard)
    (project.results / "primary" / "cate" / "00.parquet").unlink()
    assert f"{shard.name}.damaged" in project.snakemake().stderr
    assert project.digests() == finished.digests()


def on_a_small_disk(project: Project) -> list[str]:
    """A command that runs the study on a full disk, makes room, and runs it again; nothing stays mounted."""
    run = " ".join(project.command())
    script = (
        f"mount -t tmpfs -o size={TOO_SMALL} none disk && cp -r project disk/ && cd disk/project || exit 90\n"
        f"{run} > ../../full.txt 2>&1; echo $? > ../../full.status\n"
        f"mount -o remount,size={LARGE} none .. || exit 91\n"
        f"{run} && cp -r results ../../kept"
    )
    return ["unshare", "--mount", "bash", "-c", script]


def with_small_files(project: Project) -> list[str]:
    """The same where nothing can be mounted: no file may grow beyond 20 kB at first."""
    run = " ".join(project.command())
    script = (
        "cd project\n"
        f"(ulimit -f 20; {run} > ../full.txt 2>&1; echo $? > ../full.status)\n"
        f"{run} && cp -r results ../kept"
    )
    return ["bash", "-c", script]


def may_mount(folder: Path) -> bool:
    folder.mkdir()
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", str(folder)]
    return (
        sys.platform == "linux" and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )


def test_a_full_disk_is_named_and_the_run_resumes(finished: Project, tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    command = on_a_small_disk(project) if may_mount(tmp_path / "disk") else with_small_files(project)
    environment = project.environment(XDG_CACHE_HOME=str(tmp_path / ".cache"))
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = (tmp_path / "full.txt").read_text()
    assert (tmp_path / "full.status").read_text().strip() == "1"
    assert "The disk is full" in said
    assert "Traceback" not in said
    shutil.copytree(tmp_path / "kept", project.folder / "results")
    assert project.digests() == finished.digests()
