"""hetflow as a module of another workflow: from a path and out of Git, with that workflow's own ways left alone."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hetflow.disk import sha256
from importing import EXAMPLE, imported_from, snakemake, would_run
from small_project import PARTS, ROOT

pytestmark = pytest.mark.xdist_group("module")

COHORT = "results/trial/cohort.parquet"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example in another folder, run to its end; tests may look but not change it."""
    folder = tmp_path_factory.mktemp("module") / "example"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("raw", "results", "logs", ".snakemake"))
    imported_from(folder, f'"{ROOT / "workflow" / "Snakefile"}"')
    snakemake(folder)
    assert sorted(path.name for path in folder.iterdir() if path.name in {"raw", "results"}) == ["raw"]
    snakemake(folder)
    return folder


@pytest.fixture
def other(example: Path, tmp_path: Path) -> Path:
    """A copy of the finished example, to change."""
    folder = tmp_path / "copy"
    shutil.copytree(example, folder)
    return folder


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """hetflow in a Git repository, with one commit and a tag."""
    folder = tmp_path_factory.mktemp("git") / "owner" / "hetflow"
    for part in PARTS:
        place = folder / part
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, place, ignore=shutil.ignore_patterns("__pycache__", "resources"))
        else:
            shutil.copy2(ROOT / part, place)
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "All"], ["tag", "v9.9.9"]):
        subprocess.run([*git, *words], cwd=folder, check=True)
    return folder


def test_the_example_hands_hetflow_s_estimates_to_a_rule_of_its_own(example: Path) -> None:
    table = pd.read_parquet(example / "results" / "trial" / "estimates.parquet")
    effect = table.loc[(table["analysis"] == "primary") & (table["estimand"] == "ATE"), "estimate"].item()
    assert (
        (example / "results" / "answer.txt")
        .read_text()
        .startswith(f"Treatment changes pain by {effect:.2f} ")
    )
    assert "Nothing to be done" in would_run(example)


def test_hetflow_reads_again_what_the_importing_workflow_makes_anew(other: Path) -> None:
    assert "hetflow_ingest" in would_run(other, "--forcerun", "raw")


@pytest.mark.parametrize("host", [False, True], ids=["a clone", "a host"])
def test_out_of_git_everything_is_as_from_a_path(other: Path, repository: Path, host: bool) -> None:
    """The host is a folder that Git is told to read instead of github.com."""
    named = {
        False: f'"git+file://{repository}/workflow/Snakefile@v9.9.9"',
        True: 'github("owner/hetflow", path="workflow/Snakefile", tag="v9.9.9")',
    }
    imported_from(other, named[host])
    instead = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.file://{repository.parents[1]}/.insteadOf"}
    instead |= {"GIT_CONFIG_VALUE_0": "https://github.com/"}
    assert "Nothing to be done" in would_run(other, **instead)  # the same code, wherever it lies
    before = sha256(other / COHORT)
    (other / COHORT).unlink()
    snakemake(other, COHORT, **instead)
    assert sha256(other / COHORT) == before
    (checkout,) = (other.parent / "cache" / "snakemake").rglob("hetflow/*/envs/lock.txt")
    assert (checkout.parents[1] / "workflow" / "scripts" / "ingest.py").is_file()


def test_what_runs_is_the_commit_and_not_what_the_clone_holds_now(other: Path, repository: Path) -> None:
    imported_from(other, f'"git+file://{repository}/workflow/Snakefile@v9.9.9"')
    script = repository / "workflow" / "scripts" / "ingest.py"
    text = script.read_text()
    try:
        script.write_text("raise SystemExit('not committed')\n")
        (other / COHORT).unlink()
        snakemake(other, COHORT)
    finally:
        script.write_text(text)
    assert (other / COHORT).is_file()


OWN_WAYS = """\
shell.prefix("OWN=kept; ")

rule first:
    output: "first.txt"
    shell: 'echo "$OWN" > {{output}}'

module hetflow:
    snakefile: "{snakefile}"
    config: {{"study_file": "config/trial.yaml"}}

use rule * from hetflow as hetflow_*

onstart:
    open("started.txt", "w").close()
"""


def test_the_importing_workflow_keeps_its_shell_its_handlers_and_its_target(other: Path) -> None:
    (other / "Snakefile").write_text(OWN_WAYS.format(snakefile=ROOT / "workflow" / "Snakefile"))
    (other / COHORT).unlink()
    snakemake(other)  # the first rule is the target, though hetflow has one of its own
    assert (other / "first.txt").read_text() == "kept\n"
    assert (other / "started.txt").exists()
    assert not (other / COHORT).exists()
    snakemake(other, COHORT)
    assert (other / COHORT).exists()


DEPLOYED = """\
configfile: "config/config.yaml"

module hetflow:
    snakefile: "{snakefile}"
    config: config

use rule * from hetflow
"""


def deployed(folder: Path, settings: str = "study_file: config/trial.yaml\n") -> None:
    """What Snakedeploy writes: all rules, the whole configuration, nothing of its own."""
    (folder / "Snakefile").write_text(DEPLOYED.format(snakefile=ROOT / "workflow" / "Snakefile"))
    (folder / "config" / "config.yaml").write_text(settings)


def test_deployed_by_snakedeploy_hetflow_s_target_is_the_target(other: Path) -> None:
    deployed(other)
    assert "manifest" in would_run(other)


def test_a_study_on_the_command_line_goes_before_the_one_that_config_yaml_names(other: Path) -> None:
    deployed(other)
    text = (other / "config" / "trial.yaml").read_text()
    (other / "config" / "second.yaml").write_text(text.replace("study: trial", "study: second"))
    assert "ingest" in would_run(other, "results/second/cohort.parquet", "--configfile", "config/second.yaml")
    folds = "results/trial/settings/folds.json"
    assert "Nothing to be done" in would_run(other, folds)
    assert "study_settings" in would_run(other, folds, "--config", "seed=12")
    (other / "config" / "config.yaml").write_text(text)
    refused = snakemake(other, "-n", "--configfile", "config/second.yaml", check=False)
    assert refused.returncode == 1
    assert "another study laid over it" in refused.stderr
    would_run(other, "--configfile", "config/second.yaml", "--replace-workflow-config")


TWO = """\
{statements}
use rule * from north as north_*
use rule * from south as south_*
"""
MODULE = """\
module {name}:
    snakefile: "{snakefile}"
    config: {{"study_file": "config/trial.yaml", "study": "{name}"}}
    {place}
"""


def test_two_studies_in_one_workflow_go_where_it_says(other: Path) -> None:
    places = {"north": 'prefix: "below"', "south": 'pathvars:\n        results="elsewhere/south"'}
    statements = [
        MODULE.format(name=name, snakefile=ROOT / "workflow" / "Snakefile", place=place)
        for name, place in places.items()
    ]
    (other / "Snakefile").write_text(TWO.format(statements="\n".join(statements)))
    found = ["below/results/north/cohort.parquet", "elsewhere/south/cohort.parquet"]
    before = {path for path in other.rglob("*") if ".snakemake" not in path.parts}
    snakemake(other, *found)
    assert sha256(other / found[0]) == sha256(other / found[1]) == sha256(other / COHORT)
    made = {path.relative_to(other).parts[0] for path in other.rglob("*") if path not in before}
    assert made == {"below", "elsewhere", ".snakemake"}
    assert "north_manifest" in would_run(other, "north_all", "south_all")  # every path fits another


CLUSTER = """\
#!/usr/bin/env bash
# The study file is gone by the time a job starts.
rm -f config/trial.yaml
bash "$1" > job.txt 2>&1
echo $? > ended
echo 1
"""


def test_a_job_reads_what_the_run_was_laid_out_from(other: Path) -> None:
    for name, text in (
        ("submit", CLUSTER),
        ("status", '#!/bin/sh\n[ "$(cat ended)" = 0 ] && echo success || echo failed\n'),
    ):
        (other / name).write_text(text)
        (other / name).chmod(0o755)
    (other / COHORT).unlink()
    options = ["--executor", "cluster-generic", "--jobs", "1", "--latency-wait", "5"]
    options += ["--cluster-generic-submit-cmd", str(other / "submit")]
    snakemake(other, COHORT, *options, "--cluster-generic-status-cmd", str(other / "status"))
    assert (other / COHORT).exists()
    assert not (other / "config" / "trial.yaml").exists()


STATEMENT = """\
module hetflow:
    snakefile: {snakefile}
    {more}

use rule * from hetflow as hetflow_*
"""
HERE = f'"{ROOT / "workflow" / "Snakefile"}"'
NAMED = 'config: {"study_file": "config/trial.yaml"}'
REFUSED = {
    "no config": (HERE, "", "a study, or study_file"),
    "another config": (HERE, 'config: {"samples": "s.tsv"}', "the keys samples"),
    "no such file": (HERE, 'config: {"study_file": "config/none.yaml"}', "no file config/none.yaml"),
    "no name": (HERE, 'config: {"study_file": 3}', "the name of a study file"),
    "a wrong key": (HERE, 'config: {"study_file": "config/trial.yaml", "treees": 3}', "treees"),
    "replace_prefix": (HERE, f'{NAMED}\n    replace_prefix: {{"results": "x"}}', "replace_prefix"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_module_cannot_be_given_is_refused_in_words(example: Path, case: str) -> None:
    snakefile, more, words = REFUSED[case]
    wrong = example.parent / "Wrong"
    wrong.write_text(STATEMENT.format(snakefile=snakefile, more=more))
    done = snakemake(example, "-n", "--snakefile", str(wrong), check=False)
    assert done.returncode == 1
    assert words in done.stderr
    assert "what to do" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_two_versions_in_one_workflow_are_refused(other: Path, repository: Path) -> None:
    second = f'"{repository / "workflow" / "Snakefile"}"'
    text = STATEMENT.format(snakefile=HERE, more=NAMED)
    older = STATEMENT.format(snakefile=second, more=NAMED)
    text += older.replace("module hetflow", "module older").replace("hetflow as hetflow_", "older as older_")
    (other / "Snakefile").write_text(text)
    done = snakemake(other, "-n", check=False)
    assert "one version of hetflow in a workflow" in done.stderr


def test_a_plan_is_frozen_beside_the_study_file_and_alone(other: Path) -> None:
    snakemake(other, "hetflow_plan")
    assert (other / "config" / "trial-plan" / "plan.md").is_file()
    refused = snakemake(other, "hetflow_plan", COHORT, "-n", check=False)
    assert "the plan alone" in refused.stderr


def test_publishing_tells_nothing_of_the_importing_workflow(other: Path) -> None:
    snakemake(other, "hetflow_publish")
    with zipfile.ZipFile(other / "results" / "trial" / "trial-crate.zip") as archive:
        jobs = archive.read("jobs.csv").decode()
        every = b"".join(archive.read(name) for name in archive.namelist())
    assert "hetflow_ingest" in jobs
    assert "\nraw," not in jobs
    assert str(other).encode() not in every
    assert b"raw/trial.csv" not in every
