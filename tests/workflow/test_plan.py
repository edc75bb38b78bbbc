"""A plan frozen, followed, left and found again; and the same study blinded, to its end."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hetflow.files import read_json, read_table
from small_project import Project, small_data

pytestmark = pytest.mark.xdist_group("workflow")

#: Sections that this test does without, so that its runs take seconds.
FEWER = """\
splits: {analyses: []}
modifiers: {analyses: []}
policy: {analyses: []}
risk: {analyses: []}
learners: {analyses: []}
"""
TOO_FAR = 3.5  # standard errors; a true null lies beyond once in 2,000 runs


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A cheap study whose plan was frozen before its first run; tests may look but not change it."""
    project = Project(tmp_path_factory.mktemp("plan") / "project")
    project.edit("splits: {number: 6, job_splits: 4, groups: 2}\n", FEWER)
    project.edit("learners: {methods: [linear, t], base: linear}\n", "")
    project.edit(
        "  complete_variables: {label: Complete variables, missingness: {strategy: complete_variables}}\n", ""
    )
    project.snakemake("plan")
    assert not (project.results / "cohort.json").exists()
    project.snakemake()
    return project


@pytest.fixture
def changeable(planned: Project, tmp_path: Path) -> Project:
    """A copy of it, to change."""
    return planned.copy(tmp_path / "copy")


def state(project: Project) -> str:
    """What the last run said of its plan."""
    return str(read_json(project.results / "plan" / "followed.json", "facts")["state"])


def test_a_run_as_planned_says_that_it_followed_its_plan(planned: Project) -> None:
    facts = read_json(planned.results / "plan" / "followed.json", "facts")
    assert (facts["state"], facts["deviations"], facts["unplanned"]) == ("followed", 0, [])
    assert facts["tests"] > 0
    assert not facts["outcomes_read_before"]
    page = (planned.results / "report.html").read_text(encoding="utf-8")
    assert "The analysis plan was followed" in page
    listed = read_json(planned.results / "manifest.json", "facts")["artefacts"]
    assert {"plan/followed.json", "plan/deviations.parquet", "tables/plan_deviations.csv"} <= set(listed)
    assert planned.would_run() == Counter()


def test_a_changed_setting_is_listed_until_an_amendment_covers_it(changeable: Project) -> None:
    changeable.edit("  groups: 2\n", "  groups: 3\n")
    changeable.snakemake()
    table = read_table(changeable.results / "plan" / "deviations.parquet", "table")
    assert table[["key", "planned", "done", "amendment"]].to_numpy().tolist() == [
        ["estimates.groups", "2", "3", 0]
    ]
    assert state(changeable) == "deviated"
    page = (changeable.results / "report.html").read_text(encoding="utf-8")
    assert "in 1 point that no amendment covers; 1 touches the primary analysis" in page
    refused = changeable.snakemake("plan", check=False)
    assert refused.returncode != 0
    assert "estimates.groups was 2, is 3" in refused.stdout + refused.stderr
    amendment = "plan:\n  amendments:\n    - {date: 2026-12-01, reason: Three groups were asked for.}\n"
    changeable.study.write_text(changeable.study.read_text() + amendment)
    changeable.snakemake("plan")
    assert changeable.would_run() == Counter({"followed": 1, "page": 1, "manifest": 1})
    changeable.snakemake()
    assert state(changeable) == "followed as amended"


def test_a_plan_that_is_frozen_later_repeats_the_comparison_and_the_page(changeable: Project) -> None:
    shutil.rmtree(changeable.folder / "config" / "small-plan")
    expected = Counter({"followed": 1, "page": 1, "manifest": 1})
    assert changeable.would_run() == expected
    changeable.snakemake()
    assert state(changeable) == "no plan"
    changeable.snakemake("plan")
    assert changeable.would_run() == expected
    changeable.snakemake()
    facts = read_json(changeable.results / "plan" / "followed.json", "facts")
    assert (facts["state"], facts["outcomes_read_before"]) == ("followed", True)


def test_a_tampered_plan_stops_the_run_before_its_first_job(changeable: Project) -> None:
    page = changeable.folder / "config" / "small-plan" / "plan.md"
    page.write_text(page.read_text().replace("`80`", "`120`"))
    refused = changeable.snakemake(check=False)
    assert refused.returncode != 0
    assert "put the file back as it was frozen" in refused.stdout + refused.stderr


def test_a_blinded_run_ends_apart_and_finds_nothing(changeable: Project) -> None:
    before = {path: path.stat().st_mtime_ns for path in changeable.results.rglob("*") if path.is_file()}
    changeable.snakemake("--config", "blinded=true")
    hidden = changeable.folder / "results" / "small-blinded"
    assert {
        path: path.stat().st_mtime_ns for path in changeable.results.rglob("*") if path.is_file()
    } == before
    truth = small_data()["arm"].to_numpy()
    permuted = read_table(hidden / "cohort.parquet", "cohort")["treated"].to_numpy()
    assert permuted.sum() == truth.sum()
    assert 0.3 < (permuted != truth).mean() < 0.7
    for path in hidden.rglob("*.parquet"):
        table = pd.read_parquet(path)
        varying = table.select_dtypes("number").dropna(axis=1).loc[:, lambda one: one.nunique() > 1]
        for name in varying.columns if len(table) == len(truth) else ():
            assert abs(np.corrcoef(varying[name], truth)[0, 1]) < 0.5, (path, name)
    estimates = read_table(hidden / "estimates.parquet", "estimates")
    average = estimates[estimates["estimand"] == "ATE"].iloc[0]
    assert abs(average["estimate"]) < TOO_FAR * average["se"]
    page = (hidden / "report.html").read_text(encoding="utf-8")
    assert "Blinded: arms are permuted; no number here is a result." in page
    assert "The analysis plan was followed" in page
    assert "no number here is a result" not in (changeable.results / "report.html").read_text(
        encoding="utf-8"
    )
    said = changeable.verify().stdout
    assert "results/small-blinded: " in said
    assert said.rstrip().endswith("differences from the manifest: none"), said
    for target in ("publish", "predict"):
        refused = changeable.snakemake(target, "--config", "blinded=true", check=False)
        assert refused.returncode != 0
        assert f"blinded: {target}" in refused.stdout + refused.stderr
