"""A changed key runs again exactly what reads it; a second run runs nothing."""

from __future__ import annotations

import os
import re
import time
from collections import Counter

import pytest
from hetflow.files import read_json
from read_keys import keys_read
from small_project import Project

pytestmark = pytest.mark.xdist_group("workflow")

ESTIMATION = {"estimates": 2, "collect": 1}
#: Whatever a run says may be planned otherwise.
PAGE = {"followed": 1, "page": 1, "manifest": 1}
#: Settings of the page, and of the plan, which names everything that shapes results.
SETTINGS_PAGE = {"study_settings": 2}
FOREST = {"grow": 6, "grow_held_out": 3, "merge": 3, "scores": 2}
SPLITS = {"split": 2, "splits": 1}
#: What reads the scores of the primary analysis.
APPRAISALS = dict.fromkeys(("evidence", "learners", "modifiers", "policy", "risk"), 1) | SPLITS


def rules(*parts: dict[str, int]) -> Counter[str]:
    """Jobs expected, by rule."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return total


def test_a_second_run_runs_nothing_and_takes_seconds(finished: Project) -> None:
    begun = time.monotonic()
    done = finished.snakemake()
    assert "Nothing to be done" in done.stdout + done.stderr
    assert time.monotonic() - begun < 60  # seconds, on a loaded machine; about 4 on an idle one


CHANGES = {
    "a report title": ("title: A small study", "title: Another title", rules(SETTINGS_PAGE, PAGE)),
    "a group count": (
        "  groups: 2",
        "  groups: 3",
        rules({"analysis_settings": 4, "study_settings": 2, "learners": 1, "splits": 1}, ESTIMATION, PAGE),
    ),
    "a forest setting": (
        "forest: {trees: 80",
        "forest: {min_leaf: 7, trees: 80",
        rules(
            {"analysis_settings": 3, "study_settings": 3, "feasible": 1}, FOREST, APPRAISALS, ESTIMATION, PAGE
        ),
    ),
    "the nuisance learner": (
        "nuisance: {outcome: linear}",
        "nuisance: {outcome: mean}",
        rules(
            {"analysis_settings": 2, "study_settings": 2, "nuisance": 2, "learner": 2},
            *(FOREST, APPRAISALS, ESTIMATION, PAGE),
        ),
    ),
    "more trees": (
        "forest: {trees: 80",
        "forest: {trees: 120",
        rules(
            {"analysis_settings": 1, "study_settings": 2, "grow": 3, "merge": 3, "scores": 2},
            *(APPRAISALS, ESTIMATION, PAGE),
        ),
    ),
    "more sample splits": (
        "splits: {number: 6,",
        "splits: {number: 10,",
        rules(SETTINGS_PAGE, {"split": 2, "splits": 1}, PAGE),
    ),
    "an added analysis": (
        "analyses:\n",
        "analyses:\n  leaves: {label: Leaves, forest: {min_leaf: 9}}\n",
        rules(
            {
                "analysis_settings": 3,
                "study_settings": 4,
                "feasible": 1,
                "grow": 4,
                "grow_held_out": 2,
                "merge": 2,
                "scores": 1,
            },
            {"estimates": 1, "collect": 1},
            PAGE,
        ),
    ),
    "the label of an analysis": ("label: Primary", "label: Main", rules(SETTINGS_PAGE, PAGE)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_key_runs_again_what_reads_it(project: Project, change: str) -> None:
    old, new, expected = CHANGES[change]
    project.edit(old, new)
    assert project.would_run() == expected


#: A change of these changes the scores, whoever reads them; and keys that stand in the settings once more, by what
#: follows from them, or that only a score brought along makes use of.
UNREAD = {"seed", "outcome", "outcome_kind", "better", "randomised"}
UNREAD |= {"modifiers.named", "modifiers.split_trees", "policy.harm", "risk.score_worse", "learners.methods"}
JUDGES = ("split", "learner", "evidence", "splits", "modifiers", "policy", "risk", "learners")


def test_settings_of_appraisals_hold_what_they_read_and_nothing_else(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a key which an appraisal does not read runs it not again."""
    said = project.snakemake("--dry-run", "--printshellcmds", "--forceall").stdout
    monkeypatch.chdir(project.folder)
    for name in JUDGES:
        script = re.compile(rf"/{name}\.py\b.*/primary/")
        command = next(line for line in said.splitlines() if script.search(line))
        held, seen = keys_read(command, monkeypatch)
        assert held - seen - UNREAD == set(), name


def test_a_touched_study_file_runs_nothing(project: Project) -> None:
    os.utime(project.study)
    assert project.would_run() == Counter()


def test_a_reordered_study_file_runs_nothing(project: Project) -> None:
    text = project.study.read_text()
    head, rest = text.split("data:", 1)
    data, tail = rest.split("\n", 1)
    project.study.write_text(tail + "\n" + head + "data:" + data + "\n")
    assert project.would_run() == Counter()


def test_an_edited_library_module_runs_again_the_stages_that_use_it(project: Project) -> None:
    module = project.folder / "workflow" / "hetflow" / "effects" / "sequential.py"
    module.write_text(module.read_text() + "\n_EDITED = True\n")
    reading = dict.fromkeys(("learners", "modifiers", "policy", "risk"), 1)
    assert project.would_run() == rules(reading, ESTIMATION, PAGE)


def test_a_touched_library_module_runs_nothing(project: Project) -> None:
    for module in (project.folder / "workflow" / "hetflow").rglob("*.py"):
        os.utime(module)
    for script in (project.folder / "workflow" / "scripts").glob("*.py"):
        os.utime(script)
    assert project.would_run() == Counter()


def test_more_imputations_add_files_and_change_none(project: Project) -> None:
    project.edit("imputations: 2", "imputations: 3")
    ran = project.would_run()
    assert ran["impute_deployment"] == 1
    assert ran["impute_inference"] == 1
    assert ran["ingest"] == 0


def test_more_trees_and_more_refits_repeat_none(project: Project) -> None:
    """What the page advises is followed by a run that adds trees and keeps the refits that are there."""
    on = "stability: {folds: 1, tunings: {}, trees: 80, held_out_trees: 80, imputations: 1}"
    project.edit("stability: {analyses: []}", on)
    ran = project.would_run()
    assert (ran["refit"], ran["stability"], ran["grow"], ran["scores"]) == (2, 1, 0, 0)
    project.snakemake()
    facts = read_json(project.results / "primary" / "stability" / "stability.json", "facts")
    assert facts["used"] == {"trees": 80, "held_out_trees": 8, "imputations": 2}
    assert not facts["enough"]
    assert facts["advice"]["trees"] > 80
    before = {path: path.read_bytes() for path in sorted(project.results.glob("primary/refits/*.parquet"))}
    assert len(before) == 2
    project.edit("forest: {trees: 80", "forest: {trees: 120")
    project.edit("{folds: 1, tunings: {}", "{folds: 2, tunings: {deep: {forest: {min_leaf: 3}}}")
    ran = project.would_run()
    assert (ran["refit"], ran["stability"], ran["grow"]) == (2, 1, 3)
    project.snakemake()
    assert {path: path.read_bytes() for path in before} == before
    again = read_json(project.results / "primary" / "stability" / "stability.json", "facts")
    assert again["used"]["trees"] == 120
