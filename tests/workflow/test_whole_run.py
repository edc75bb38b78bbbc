"""The whole chain on a small study: what comes out, and what stays the same."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from hetflow.disk import sha256
from hetflow.files import read_json, read_table
from p_values import p_values, unlisted
from small_project import Project

pytestmark = pytest.mark.xdist_group("workflow")


def test_the_report_and_all_that_it_rests_on_are_there(finished: Project) -> None:
    results = finished.folder / "results" / "small"
    listed = read_json(results / "manifest.json", "facts")["artefacts"]
    assert {"report.html", "estimates.parquet", "cohort.parquet"} <= set(listed)
    for name, entry in listed.items():
        assert sha256(results / name) == entry["sha256"], name


def test_estimates_are_those_of_both_analyses_in_the_study_s_order(finished: Project) -> None:
    table = read_table(finished.folder / "results" / "small" / "estimates.parquet", "estimates")
    assert list(dict.fromkeys(table["analysis"])) == ["primary", "complete_variables"]
    ate = table.query("analysis == 'primary' and estimand == 'ATE'").iloc[0]
    assert abs(ate["estimate"] - 0.5) < 4 * ate["se"]  # truth 0.5; 4 standard errors: 1 false alarm in 16,000
    assert 0.05 < ate["se"] < 0.3


def test_sample_splits_judge_the_primary_analysis(finished: Project) -> None:
    folder = finished.folder / "results" / "small" / "primary" / "splits"
    jobs = {
        path.stem: read_table(path, "table")["split"].unique().tolist()
        for path in (folder / "parts").iterdir()
    }
    assert jobs == {"0000-0003": [0, 1, 2, 3], "0004-0005": [4, 5]}
    average = read_table(folder / "blp.parquet", "table").query("chosen == 1 and term == 'average'").iloc[0]
    assert average["lower"] < 0.5 < average["upper"]
    assert average["splits"] == 6
    who = read_table(folder / "clan.parquet", "table").query("covariate == 'age' and group == 'difference'")
    assert set(who["by"]) == {"repeated splits", "sequential forests"}
    assert (who["named"] == 1).all()
    assert read_json(folder / "splits.json", "facts")["not_described"] == []
    assert "Learnt on one half, judged by the other" in (folder.parents[1] / "report.html").read_text()


def test_every_p_value_of_the_run_stands_in_the_ledger(finished: Project) -> None:
    folders = {name.split("/")[0] for name, _, _ in p_values(finished.results)}
    assert {"primary", "complete_variables", "missingness", "estimates.parquet"} <= folders
    assert unlisted(finished.results) == []


def test_no_identifier_of_the_raw_file_is_in_any_result(finished: Project) -> None:
    cohort = read_table(finished.folder / "results" / "small" / "cohort.parquet", "cohort")
    assert cohort["unit"].tolist() == list(range(len(cohort)))
    assert "id" not in cohort.columns
    page = (finished.folder / "results" / "small" / "report.html").read_text()
    assert "1000" not in page


def test_every_job_leaves_a_log_and_a_benchmark(finished: Project) -> None:
    results = finished.folder / "results" / "small"
    table = pd.read_csv(results / "benchmarks" / "grow" / f"primary-00-{_shard(results)}.tsv", sep="\t")
    assert (
        table["max_rss"].iloc[0] > 0 or table["s"].iloc[0] < 10
    )  # very short jobs end before they are sampled
    assert (results / "logs" / "grow" / f"primary-00-{_shard(results)}.log").exists()


def _shard(results) -> str:
    return next((results / "primary" / "forest" / "00" / "all").glob("*.parquet")).stem


#: What may differ between two machines and must not matter. ASCII is the default encoding here.
HOSTILE = {
    "TZ": "Asia/Kathmandu",
    "LC_ALL": "POSIX",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONUTF8": "0",
    "PYTHONHASHSEED": "4711",
    "SOURCE_DATE_EPOCH": "86400",
    "OMP_NUM_THREADS": "4",
    "OPENBLAS_NUM_THREADS": "4",
    "MKL_NUM_THREADS": "4",
}
ELSEWHERE: dict[str, tuple[str, tuple[str, ...], dict[str, str]]] = {
    "one core and other shards": ("shard_bags: 7", ("--cores", "1"), {}),
    "threads and a hostile environment": (
        "shard_bags: 20",
        ("--cores", "4", "--set-threads", "grow=4", "grow_held_out=2"),
        HOSTILE,
    ),
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_results_do_not_depend_on_place_cores_threads_shards_or_environment(
    finished: Project, tmp_path: Path, case: str
) -> None:
    shards, options, environment = ELSEWHERE[case]
    again = Project(tmp_path / "another" / "place")
    again.edit("shard_bags: 10", shards)
    again.snakemake(*options, **environment)
    one, other = finished.digests(), again.digests()
    own = {"report.html", "manifest.json"}  # they print and list the forest's settings
    assert {name for name in one if one[name] != other.get(name)} <= own
    assert set(one) == set(other)
    assert len([name for name in one if name.startswith(("figures/", "tables/"))]) > 10
    assert len([name for name in one if name.startswith("reporting/")]) == 8


def test_reading_a_damaged_file_is_refused_by_name(project: Project) -> None:
    path = project.results / "estimates.parquet"
    path.write_bytes(path.read_bytes()[:-50])
    script = project.folder / "workflow" / "scripts" / "page.py"
    names = {name: project.results / name for name in ("figures", "tables", "reporting")} | {
        "page": project.folder / "page.html"
    }
    options = [word for name, value in names.items() for word in (f"--{name}", str(value))]
    options += ["--results", str(project.results), "--lock", str(project.folder / "envs" / "lock.txt")]
    options += ["--settings", str(project.results / "settings" / "report.json")]
    done = subprocess.run([sys.executable, script, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "a damaged file" in done.stderr
    assert "start the run again" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_finished_run_verifies_itself(project: Project) -> None:
    done = project.verify()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "differences from the manifest: none" in done.stdout


def test_verification_says_what_differs(project: Project) -> None:
    with (project.results / "report.html").open("a") as page:
        page.write("<!-- edited -->")
    (project.results / "primary" / "covariance.npz").unlink()
    (project.results / "tables" / "mine.csv").write_text("1\n")
    with (project.folder / "small.csv").open("a") as data:
        data.write("9999,North,1,50,Yes,1,1,1,10,10\n")
    project.edit("trees: 80", "trees: 120")
    module = project.folder / "workflow" / "hetflow" / "effects" / "sequential.py"
    module.write_text(module.read_text() + "\n_EDITED = True\n")
    done = project.verify()
    assert done.returncode == 3
    expected = (
        "artefact report.html: SHA-256 was ",
        "artefact primary/covariance.npz: missing",
        "artefact tables/mine.csv: not listed",
        "data file small.csv: SHA-256 was ",
        "study file: settings/report.json: methods.complete_variables.forest.trees was 80, is 120",
        "code: estimates is not what made these results",
    )
    for words in expected:
        assert f"differs: {words}" in done.stdout, done.stdout
    assert "code: ingest" not in done.stdout


def test_check_prints_jobs_time_and_memory_and_computes_nothing(finished: Project, tmp_path) -> None:
    fresh = Project(tmp_path / "fresh")
    written = fresh.results / "primary" / ".00.parquet.part"  # by a job of a run that is under way
    written.parent.mkdir(parents=True)
    written.touch()
    done = fresh.snakemake("check")
    assert written.exists()
    for word in ("units", "covariates", "trees", "memory", "disk", "time", "in all"):
        assert word in done.stdout + done.stderr
    assert not (fresh.folder / "results" / "small" / "cohort.parquet").exists()


def test_the_default_study_does_not_leak_into_another(finished: Project) -> None:
    settings = json.loads((finished.folder / "results" / "small" / "settings" / "cohort.json").read_text())
    assert "PID" not in json.dumps(settings)


BROKEN = {
    "an unknown key": ("folds: 3", "folds: 3\nfold: 4", "did you mean folds?"),
    "a missing column": ("column: arm", "column: army", "did you mean arm?"),
    "a missing file": ("small.csv", "nowhere.csv", "no file nowhere.csv"),
    "an unexpected treatment": ("treated: [1]", "treated: [2]", "Refused"),
    "a rule on no covariate": ("covariate: age", "covariate: y0", "y0, whose role is ignore"),
    "leaves for thousands": (
        "held_out_trees: 8",
        "held_out_trees: 8, min_leaf: 40",
        "in each forest's sample",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_mistake_is_refused_plainly(tmp_path, case: str) -> None:
    broken = Project(tmp_path / "broken")
    old, new, said = BROKEN[case]
    broken.edit(old, new)
    done = broken.snakemake(check=False)
    text = done.stdout + done.stderr
    assert done.returncode != 0
    assert said in text
    assert "Traceback" not in text
    assert not (broken.folder / "results" / "small" / "primary" / "completed").exists()


def test_the_snakemake_report_can_be_made(project: Project) -> None:
    project.snakemake("--report", "sr.html")
    page = (project.folder / "sr.html").read_text()
    assert "A small study" in page or "report.html" in page
    listed = json.loads(re.findall(r"var categories = (\{.*?\});", page)[0])
    for category, folder in (("Figures", "figures"), ("Tables", "tables"), ("Reporting", "reporting")):
        kept = {path for path in (project.results / folder).iterdir() if path.suffix != ".parquet"}
        kept = {str(path.relative_to(project.folder)) for path in kept if not path.name.startswith(".")}
        assert kept == set(listed[category]["Other"]), category
    shutil.rmtree(project.folder)
