"""`make keep` and `make compare` on real runs: words, seed and data of a small study changed, one at a time."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from hetflow.compare.cells import DIFFERENT
from hetflow.compare.compared import Comparison, compare
from hetflow.compare.explain import causes, explanations
from hetflow.compare.page import comparison_page
from hetflow.compare.read import read_run
from hetflow.files import read_json
from html_page import HtmlPage
from small_project import ROOT, Project

pytestmark = pytest.mark.xdist_group("compare")


def make(project: Project, *words: str) -> subprocess.CompletedProcess[str]:
    """`make` in the copy of the project; its tools are this Python, and no environment is set up."""
    tools = project.folder / "tools"
    (tools / "bin").mkdir(parents=True, exist_ok=True)
    python = tools / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    (tools / ".ready").touch()
    command = ["make", "--no-print-directory", "VENV=tools", *words]
    return subprocess.run(
        command, cwd=project.folder, capture_output=True, text=True, timeout=300, check=False
    )


def keep(project: Project, label: str) -> Path:
    done = make(project, "keep", "RESULTS=results/small", f"LABEL={label}")
    assert done.returncode == 0, done.stdout + done.stderr
    return project.folder / "results" / "kept" / f"small-{label}"


@pytest.fixture(scope="module")
def runs(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Kept copies and a crate: as it was, with another title, with another seed, with another outcome of one unit."""
    project = finished.copy(tmp_path_factory.mktemp("compare") / "copy")
    shutil.copy2(ROOT / "Makefile", project.folder / "Makefile")
    found = {"before": keep(project, "before"), "folder": project.folder}
    project.edit("title: A small study", "title: <u>Another</u> small study")
    project.snakemake("publish")
    project.snakemake()
    found["words"] = keep(project, "words")
    found["crate"] = project.results / "small-crate.zip"
    shutil.copy2(found["crate"], project.folder / "crate.zip")
    found["crate"] = project.folder / "crate.zip"
    project.edit("seed: 5", "seed: 6")
    project.snakemake()
    found["seed"] = keep(project, "seed")
    data = pd.read_csv(project.folder / "small.csv", dtype=str, keep_default_na=False)
    data.loc[0, "y1"] = str(float(data.loc[0, "y1"]) + 3)
    data.loc[1, "lab0"] = "0.5"
    data.to_csv(project.folder / "small.csv", index=False)
    project.snakemake()
    found["data"] = keep(project, "data")
    return found


def compared(runs: dict[str, Path], a: str, b: str) -> Comparison:
    return compare(read_run(runs[a]), read_run(runs[b]))


def test_another_title_moves_no_number(runs: dict[str, Path]) -> None:
    found = compared(runs, "before", "words")
    assert causes(found) == ["settings"]
    assert [one.key for one in found.settings] == ["title"]
    assert not found.number_changed
    assert not found.conclusion_changed
    assert [stage.name for stage in found.stages if not stage.identical] == ["report"]
    assert "No stage that makes an estimate reads them" in " ".join(explanations(found))
    page = HtmlPage(comparison_page(found))
    assert "u" not in page.tags
    assert "<u>Another</u> small study" in page.text


def test_another_seed_draws_other_folds_and_moves_numbers_by_chance(runs: dict[str, Path]) -> None:
    found = compared(runs, "words", "seed")
    assert causes(found) == ["the seed"]
    assert {one.key for one in found.settings} == {"seed"}
    assert found.data.same_file
    assert not found.data.missing
    parted = {stage.name: stage.identical for stage in found.stages}
    assert parted["cohort"]
    assert not parted["folds"]
    moved = [one for one in found.estimates if one.state == DIFFERENT]
    assert len(moved) > 20
    assert {one.beyond for one in moved} == {
        None
    }  # other scores, and nothing measured what chance does to them
    assert found.number_changed


def test_other_data_are_told_by_hash_and_counts(runs: dict[str, Path]) -> None:
    found = compared(runs, "seed", "data")
    assert causes(found) == ["the data"]
    assert found.settings == []
    assert "lab0" in {variable for variable, *_ in found.data.missing}
    average = next(one for one in found.estimates if one.label == "ATE" and one.analysis == "primary")
    assert average.state == DIFFERENT
    assert average.difference > 0 or average.difference < 0


def test_a_crate_is_compared_with_the_run_that_it_was_made_of(runs: dict[str, Path]) -> None:
    found = compared(runs, "crate", "words")
    assert causes(found) == []
    assert found.identical  # by the hashes of both manifests
    assert not found.conclusion_changed
    assert found.settings == []


def test_nothing_of_a_unit_is_kept_and_the_command_ends_as_it_says(runs: dict[str, Path]) -> None:
    listed = read_json(runs["before"] / "manifest.json", "facts")["artefacts"]
    kept = {
        path.relative_to(runs["before"]).as_posix() for path in runs["before"].rglob("*") if path.is_file()
    }
    assert kept - {"manifest.json", "kept.json"} < set(listed)
    assert {name.split("/")[0] for name in kept} == {
        "manifest.json",
        "kept.json",
        "report.html",
        "tables",
        "figures",
    }
    project = Project.there(runs["folder"])
    sides = (f"A={runs['words']}", f"B={runs['seed']}")
    assert make(project, "compare", *sides, "OUT=c.html").returncode == 0
    assert "Differs: the seed" in make(project, "compare", *sides, "OUT=c.html").stdout
    first = (project.folder / "c.html").read_bytes()
    assert make(project, "compare", *sides, "OUT=c.html", "FAIL_ON=change").returncode != 0
    assert (project.folder / "c.html").read_bytes() == first
    unchanged = (f"A={runs['before']}", f"B={runs['words']}")
    assert make(project, "compare", *unchanged, "OUT=d.html", "FAIL_ON=change").returncode == 0
    again = make(project, "keep", "RESULTS=results/small", "LABEL=before")
    assert again.returncode != 0
    assert "none is overwritten" in again.stderr
