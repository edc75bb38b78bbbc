"""The jobs of a run, from what Snakemake keeps of each output: rule, inputs, outputs and times."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from hetflow.errors import refuse

#: Files of a frozen analysis plan, which lie beside the study file.
_FROZEN = re.compile(r"(plan|amendment-\d+)\.json")
PLAN_FOLDER = "analysis-plan"
"""Where they lie in the crate."""
_SCRIPT = re.compile(r"\$HETFLOW_SCRIPTS/(\w+)\.py")


@dataclass(frozen=True, slots=True)
class Job:
    """One job.

    Attributes
    ----------
    rule : str
        The rule.
    script : str or None
        Name of its script in ``workflow/scripts``; None where a shell command does the work.
    inputs, outputs : tuple of str
        Paths, those of the study relative to its folder of results; sorted.
    started, ended : float
        Seconds since 1970.
    code : str
        Text that holds the fingerprint of the code that ran.
    """

    rule: str
    script: str | None
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    started: float
    ended: float
    code: str = ""

    @property
    def name(self) -> str:
        """The rule and the first output: the same in every run."""
        return f"{self.rule}/{self.outputs[0]}"


def read_records(folder: Path) -> dict[str, dict[str, Any]]:
    """Snakemake's records by output path.

    Parameters
    ----------
    folder : Path
        ``.snakemake/metadata``.
    """
    found = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if path.is_file():
            name = _decoded(path.relative_to(folder).as_posix())
            found[name] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _decoded(name: str) -> str:
    """The output path that Snakemake wrote as the name of a record: base 64, long ones cut into folders by ``@``."""
    whole = "".join(part.removeprefix("@") for part in name.split("/"))
    return base64.urlsafe_b64decode(whole.encode()).decode()


def jobs_behind(
    targets: Iterable[str], records: Mapping[str, Mapping[str, Any]], results: str, raw: str | None = None
) -> list[Job]:
    """The jobs that made the targets, and those that made what these read, back to the raw file.

    Parameters
    ----------
    targets : iterable of str
        Output paths.
    records : mapping
        From `read_records`.
    results : str
        The study's folder as it stands in the records.
    raw : str, optional
        The raw file. What made it, in a workflow that imports hetflow, is not told: it may name patients' records.

    Returns
    -------
    list of Job
        Sorted by rule and outputs. A file that an earlier study or a changed setting left behind is not reached.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    waiting, seen = list(targets), {raw}
    while waiting:
        name = waiting.pop()
        record = records.get(name)
        if name in seen or record is None:
            continue
        seen.add(name)
        groups.setdefault((str(record["rule"]), str(record["shellcmd"])), []).append(name)
        waiting += [str(path) for path in record.get("input", [])]
    if not groups:
        refuse(
            "publish",
            "Snakemake's records of the jobs that made the results",
            "none in .snakemake/metadata",
            "run the study in this folder before it is published; `snakemake --forceall` makes the records anew",
        )
    made = [_job(rule, command, names, records, results) for (rule, command), names in groups.items()]
    return sorted(made, key=lambda job: (job.rule, job.outputs))


def script_of(command: str) -> str | None:
    """Name of the script that a shell command runs; None where it runs none."""
    found = _SCRIPT.search(command)
    return found.group(1) if found else None


def _job(
    rule: str, command: str, names: list[str], records: Mapping[str, Mapping[str, Any]], results: str
) -> Job:
    own = [records[name] for name in names]
    return Job(
        rule,
        script_of(command),
        tuple(sorted(_within(str(path), results) for path in own[0].get("input", []))),
        tuple(sorted(_within(name, results) for name in names)),
        min(float(record["starttime"]) for record in own),
        max(float(record["endtime"]) for record in own),
        str([record.get("params") for record in own]),
    )


def refuse_stale(jobs: Iterable[Job], code: Mapping[str, str]) -> None:
    """Refuse results that another code made than the manifest names and the crate would hold.

    Snakemake runs a job again when its code has changed, but not in a run in which something before it that it only
    waits for (`ancient`) has to be made anew as well: it is made in the run after that.

    Parameters
    ----------
    jobs : iterable of Job
        From `jobs_behind`.
    code : mapping of str to str
        The manifest's fingerprint of the code behind each script.

    Raises
    ------
    hetflow.errors.Refused
        With the rules.
    """
    stale = {job.rule for job in jobs if job.script and code.get(job.script, "") not in job.code}
    if stale:
        refuse(
            "publish",
            "results of the code that the manifest names",
            f"others of the rules {', '.join(sorted(stale))}, which an earlier version made",
            "start `snakemake` again, until it says that nothing is to be done; then publish",
        )


def _within(path: str, results: str) -> str:
    """A path relative to the study's folder; the frozen plan without its folder; others as they are."""
    pure = PurePosixPath(path)
    if pure.is_relative_to(results):
        return pure.relative_to(results).as_posix()
    return f"{PLAN_FOLDER}/{pure.name}" if _FROZEN.fullmatch(pure.name) else path


def moment(seconds: float) -> str:
    """A time as RO-Crate writes it."""
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat(timespec="seconds")


def jobs_table(jobs: Iterable[Job]) -> pd.DataFrame:
    """rule, job, started, ended, seconds: the one table that holds times."""
    rows = [
        (job.rule, job.outputs[0], moment(job.started), moment(job.ended), round(job.ended - job.started, 1))
        for job in jobs
    ]
    return pd.DataFrame(rows, columns=["rule", "output", "started", "ended", "seconds"])
