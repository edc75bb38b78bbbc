"""A real Slurm of one node, and a project that is run on it through the shipped profile."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

SCRIPT = Path(__file__).resolve().parent / "slurm" / "one_node.sh"
PROFILE = "workflow/profiles/slurm"
#: What a test lays over the profile: this cluster has no accounting, and nobody waits for its answers.
HASTE = {
    "slurm-status-command": "squeue",
    "slurm-init-seconds-before-status-checks": 1,
    "seconds-between-status-checks": 1,
    "latency-wait": 10,
}


AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]


def may_be_root() -> bool:
    """Whether daemons can be started as root."""
    try:
        return subprocess.run([*AS_ROOT, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@dataclass(frozen=True)
class Job:
    """A job as squeue shows it."""

    job: str
    comment: str
    state: str
    cpus: str
    memory: str
    limit: str

    @property
    def megabytes(self) -> int:
        """Memory that it asked for."""
        return round(float(self.memory[:-1]) * (1024 if self.memory.endswith("G") else 1))

    @property
    def minutes(self) -> int:
        """Run time that it asked for."""
        parts = [int(part) for part in re.split(r"[-:]", self.limit)][::-1]
        return round(sum(part * unit for part, unit in zip(parts, (1 / 60, 1, 60, 1440), strict=False)))


class Cluster:
    """The Slurm below a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = f"{folder / 'bin'}:{os.environ['PATH']}"
        self.environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": path}

    def control(self, action: str) -> None:
        """Start or stop it."""
        command = [*AS_ROOT, "bash", SCRIPT, action, self.folder]
        subprocess.run(command, check=True, timeout=120, env=self.environment)

    def command(self, *words: str) -> str:
        """Output of one of Slurm's commands."""
        done = subprocess.run(
            words, check=True, capture_output=True, text=True, timeout=30, env=self.environment
        )
        return done.stdout

    def jobs(self, rule: str = "", state: str = "") -> list[Job]:
        """Jobs of a rule or group, ended ones too, oldest first."""
        lines = self.command("squeue", "--states=all", "--noheader", "--sort=i", "--format=%i|%k|%T|%C|%m|%l")
        jobs = [Job(*line.split("|")) for line in lines.splitlines()]
        return [job for job in jobs if rule in job.comment and state in job.state]

    def await_job(self, run: subprocess.Popen[str], rule: str, known: set[str]) -> Job:
        """The first job of a rule, beside the known ones, that runs."""
        end = time.monotonic() + 90
        while time.monotonic() < end and run.poll() is None:
            for job in self.jobs(rule, "RUNNING"):
                if job.job not in known:
                    return job
            time.sleep(0.1)
        run.kill()
        raise AssertionError(f"no job of {rule} ran\n{run.communicate()[0]}")

    def known(self) -> set[str]:
        """Numbers of all jobs so far."""
        return {job.job for job in self.jobs()}

    def start(
        self, folder: Path, study: str, *options: str, changes: dict | None = None
    ) -> subprocess.Popen[str]:
        """Begin snakemake through the shipped profile, with this cluster's haste and with `changes`; None removes."""
        profile = yaml.safe_load((folder / PROFILE / "profile.yaml").read_text()) | HASTE | (changes or {})
        profile = {key: value for key, value in profile.items() if value is not None}
        place = folder / "profile_of_the_test"
        place.mkdir(exist_ok=True)
        (place / "profile.yaml").write_text(yaml.safe_dump(profile))
        command = [sys.executable, "-m", "snakemake", *options, "--workflow-profile", place.name]
        return subprocess.Popen(
            [*command, "--configfile", study],
            cwd=folder,
            env=self.environment | {"XDG_CACHE_HOME": str(folder / ".cache")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, folder: Path, study: str, *options: str, changes: dict | None = None) -> str:
        """`start`, to a good end; what was said."""
        return finish(self.start(folder, study, *options, changes=changes))


def finish(process: subprocess.Popen[str], seconds: float = 600) -> str:
    """What a run said, once it ended well."""
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
        raise AssertionError(f"not done after {seconds} s\n{said}") from None
    assert process.returncode == 0, said
    return said
