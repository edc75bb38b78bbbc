"""Every appraisal of marked patients published: searched byte by byte, and attacked by adding and subtracting."""

from __future__ import annotations

import pandas as pd
import pytest
from appraised_patients import cohort, trial
from leak_search import contents, matches, own_numbers, places, rows_of_units
from marked_patients import EXTREMES, IDENTIFIERS, RARE_LEVEL
from published_attack import ALLOWED, THRESHOLD, covariate_attacks, lost_attack, rows, told_means
from small_project import Project

pytestmark = [pytest.mark.verify, pytest.mark.xdist_group("publishing")]
PARTS = {"evidence", "splits", "modifiers", "policy", "risk", "learners", "stability"}
PARTS_OF_A_COHORT = {"modifiers", "policy", "risk", "confounding", "learners", "stability"}
UNITS = {"scores", "cate", "nuisance", "refits", "outcome_draws", "learners"}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The trial, run and published."""
    project = trial(tmp_path_factory.mktemp("publishing") / "project")
    project.snakemake("publish")
    return project


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The cohort, run and published."""
    project = cohort(tmp_path_factory.mktemp("publishing") / "cohort")
    project.snakemake("publish")
    return project


def _opened(project: Project) -> list[tuple[str, bytes]]:
    return list(contents(project.results / "crate", project.results / "small-crate.zip"))


def _refuse_marks(project: Project) -> None:
    """No byte holds a mark, a row, or a number of a unit."""
    found = _opened(project)
    assert len(found) > 200
    assert places(IDENTIFIERS, found) == []
    assert places([RARE_LEVEL], found) == []
    assert places(EXTREMES.values(), found) == []
    data = pd.read_csv(project.folder / "small.csv", dtype=str, keep_default_na=False)
    assert rows_of_units(data, found) == []
    tables = [
        path
        for path in project.results.rglob("*.parquet")
        if path.parent.name in UNITS or path.name in {"cohort.parquet", "outcomes.parquet"}
    ]
    own = own_numbers(path for path in tables if "unit" in pd.read_parquet(path).columns)
    assert len(own) > 5000
    assert {name: count for name, content in found if (count := matches(own, content))} == {}


def test_every_appraisal_was_made_and_nothing_of_a_unit_leaves(published: Project) -> None:
    for part in sorted(PARTS):
        assert (published.results / "primary" / part / f"{part}.json").is_file(), part
    _refuse_marks(published)


def test_the_attacker_finds_no_small_count_and_no_mean_of_few(published: Project) -> None:
    widths = covariate_attacks(published)
    assert len(widths) > 5
    assert min(width for _, width in widths.values()) >= ALLOWED
    lost = lost_attack(published, "relapse")
    assert min(lost.values()) >= ALLOWED
    assert told_means(published) == []
    assert told_means(published, team=True) != []


def test_every_appraisal_of_a_cohort_was_made_and_nothing_of_a_unit_leaves(observed: Project) -> None:
    for part in sorted(PARTS_OF_A_COHORT):
        assert (observed.results / "primary" / part / f"{part}.json").is_file(), part
    tables = observed.results / "crate" / "tables"
    for name in ("confounding_robustness", "confounding_bounds", "risk_groups", "policy_values", "learners"):
        assert rows(tables / f"{name}.csv"), name
    _refuse_marks(observed)


def test_the_attacker_finds_no_small_count_and_no_mean_of_few_in_a_cohort(observed: Project) -> None:
    widths = covariate_attacks(observed)
    assert len(widths) > 5
    assert min(width for _, width in widths.values()) >= ALLOWED
    lost = lost_attack(observed, "y1")
    assert min(lost.values()) >= ALLOWED
    assert told_means(observed) == []
    assert told_means(observed, team=True) != []


def test_trees_are_published_where_the_study_allows_it_and_then_leak_nothing(published: Project) -> None:
    tables = published.results / "crate" / "tables"
    page = published.results / "crate" / "report.html"
    title = "Rules learnt from all participants"
    assert not rows(tables / "policy_trees.csv")
    assert title not in page.read_text(encoding="utf-8")
    published.study.write_text(published.study.read_text().replace("trees: false", "trees: true"))
    published.snakemake("publish")
    trees = rows(tables / "policy_trees.csv")
    assert trees
    assert title in page.read_text(encoding="utf-8")
    assert {row["fold"] for row in trees} == {"0"}
    assert min(int(row["n"]) for row in trees) >= THRESHOLD
    _refuse_marks(published)
