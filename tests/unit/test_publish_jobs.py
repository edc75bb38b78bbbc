"""What a crate tells of the jobs behind a report: those that made it, in the order of the graph."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hetflow.errors import Refused
from hetflow.publish.jobs import Job, jobs_behind, read_records, refuse_stale
from hetflow.publish.provenance import steps
from hetflow.stale import said, stale_rules


def _record(folder: Path, name: str, **content: object) -> None:
    coded = base64.urlsafe_b64encode(name.encode()).decode()
    pieces = [coded[start : start + 20] for start in range(0, len(coded), 20)]
    path = folder.joinpath(*(f"@{piece}" for piece in pieces[:-1]), pieces[-1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"starttime": 1.0, "endtime": 2.0, "input": []} | content))


def test_jobs_are_traced_back_from_the_report_and_stale_files_are_not_theirs(tmp_path: Path) -> None:
    _record(
        tmp_path,
        "results/s/cohort.parquet",
        rule="ingest",
        shellcmd="$HETFLOW_SCRIPTS/ingest.py",
        input=["data.csv"],
    )
    _record(
        tmp_path,
        "results/s/flow.parquet",
        rule="ingest",
        shellcmd="$HETFLOW_SCRIPTS/ingest.py",
        input=["data.csv"],
    )
    _record(
        tmp_path, "results/s/report.html", rule="page", shellcmd="page", input=["results/s/cohort.parquet"]
    )
    _record(tmp_path, "results/s/old.parquet", rule="grow", shellcmd="grow", input=[])
    jobs = jobs_behind(["results/s/report.html"], read_records(tmp_path), "results/s")
    assert [(job.rule, job.script, job.inputs, job.outputs) for job in jobs] == [
        ("ingest", "ingest", ("data.csv",), ("cohort.parquet",)),
        ("page", None, ("cohort.parquet",), ("report.html",)),
    ]
    with pytest.raises(Refused, match="records"):
        jobs_behind(["results/s/report.html"], {}, "results/s")


def test_what_made_the_raw_file_is_not_told(tmp_path: Path) -> None:
    _record(tmp_path, "raw.csv", rule="extract", shellcmd="extract", input=["patients.db"])
    _record(tmp_path, "results/s/cohort.parquet", rule="ingest", shellcmd="ingest", input=["raw.csv"])
    records = read_records(tmp_path)
    jobs = jobs_behind(["results/s/cohort.parquet"], records, "results/s", "raw.csv")
    assert [job.rule for job in jobs] == ["ingest"]
    assert len(jobs_behind(["results/s/cohort.parquet"], records, "results/s")) == 2


def test_the_folder_of_the_frozen_plan_is_not_told(tmp_path: Path) -> None:
    read = ["/home/somebody/plans/plan.json", "plans/amendment-1.json", "results/s/cohort.json"]
    _record(tmp_path, "results/s/plan/followed.json", rule="followed", shellcmd="followed", input=read)
    jobs = jobs_behind(["results/s/plan/followed.json"], read_records(tmp_path), "results/s")
    assert jobs[0].inputs == ("analysis-plan/amendment-1.json", "analysis-plan/plan.json", "cohort.json")


def test_results_of_another_code_than_the_manifest_names_are_refused(tmp_path: Path) -> None:
    for name, rule, params in (
        ("cohort.parquet", "ingest", "'aaa'"),
        ("flow.parquet", "ingest", "'old'"),
        ("plan/followed.json", "followed", "'dddccc'"),  # of two scripts
        ("report.html", "page", "'ccc'"),
    ):
        command = f'"$HETFLOW_SCRIPTS/{rule}.py" --log x'
        read = ["results/s/flow.parquet", "results/s/cohort.parquet", "results/s/plan/followed.json"]
        _record(
            tmp_path,
            f"results/s/{name}",
            rule=rule,
            shellcmd=command,
            params=[params],
            input=read if rule == "page" else [],
        )
    jobs = jobs_behind(["results/s/report.html"], read_records(tmp_path), "results/s")
    refuse_stale([job for job in jobs if job.rule != "ingest"], {"page": "ccc", "followed": "ddd"})
    for code in ({"page": "new", "followed": "ddd"}, {"page": "ccc", "followed": "new"}, {"ingest": "new"}):
        with pytest.raises(Refused, match="start `snakemake` again") as refused:
            refuse_stale(jobs, code)
        (rule,) = [name for name, one in code.items() if one == "new"]
        assert rule in refused.value.problems[0].found


def test_what_an_earlier_code_left_is_named_at_the_end_of_a_run(tmp_path: Path) -> None:
    for name, rule, params in (
        ("results/s/cohort.parquet", "ingest", ["'aaa'"]),
        ("results/s/report.html", "page", ["'old'"]),
        (
            "results/s/gone/estimates.parquet",
            "estimates",
            ["'old'"],
        ),  # of an analysis that is no longer there
        ("results/s/settings/page.json", "study_settings", ["'{}'"]),
    ):
        _record(tmp_path, name, rule=rule, shellcmd=f'"$HETFLOW_SCRIPTS/{rule}.py" --log x', params=params)
    outputs = ["results/s/cohort.parquet", "results/s/report.html", "results/s/settings/page.json"]
    code = {"ingest": "aaa", "page": "ccc", "estimates": "ddd"}
    assert stale_rules(tmp_path, outputs, code) == ["page"]
    assert "rules page are of an earlier one. Start again" in said(["page"])
    assert stale_rules(tmp_path, outputs, code | {"page": "old"}) == []
    assert said([]) == ""


def test_steps_stand_in_the_order_of_the_graph() -> None:
    jobs = [
        Job("a_last", None, ("middle",), ("end",), 5.0, 6.0),
        Job("b_first", None, ("raw",), ("start",), 1.0, 2.0),
        Job("c_second", None, ("start",), ("middle",), 3.0, 4.0),
    ]
    assert [step["name"] for step in steps(jobs, {})] == ["b_first", "c_second", "a_last"]
