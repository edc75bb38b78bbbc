"""The whole chain on a small study: what comes out, and what stays the same."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from hetflow.disk import sha256
from hetflow.files import read_json, read_table
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


@pytest.fixture(scope="module")
def again(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same study from nothing, elsewhere, on one core, with other shards."""
    other = Project(tmp_path_factory.mktemp("elsewhere") / "another" / "place")
    other.edit("shard_bags: 10", "shard_bags: 7")
    other.snakemake("--cores", "1")
    return other


def test_results_do_not_depend_on_place_cores_or_shards(finished: Project, again: Project) -> None:
    one, other = (project.folder / "results" / "small" for project in (finished, again))
    listed = [read_json(folder / "manifest.json", "facts")["artefacts"] for folder in (one, other)]
    differing = {name for name in listed[0] if listed[0][name] != listed[1].get(name)}
    report = {"report.html"}  # it prints the settings of the forest
    assert differing - report == set()
    assert set(listed[0]) == set(listed[1])


def test_a_damaged_intermediate_is_refused_by_name_and_made_anew(project: Project) -> None:
    results = project.folder / "results" / "small"
    path = results / "primary" / "scores" / "shared.parquet"
    path.write_bytes(path.read_bytes()[:-50])
    failed = project.snakemake("--forcerun", "estimates", check=False)
    assert failed.returncode != 0
    assert "damaged file" in failed.stdout + failed.stderr
    assert "Traceback" not in failed.stdout + failed.stderr
    path.unlink()
    project.snakemake()
    assert np.isfinite(read_table(results / "primary" / "scores" / "shared.parquet", "scores")["score"]).all()


def test_check_prints_jobs_time_and_memory_and_computes_nothing(finished: Project, tmp_path) -> None:
    fresh = Project(tmp_path / "fresh")
    done = fresh.snakemake("check")
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
    shutil.rmtree(project.folder)
