"""The rules assume no place: inputs, outputs and sources may lie apart, and jobs need not share a file system."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hetflow.disk import sha256
from hetflow.files import read_json
from needs import program
from small_project import STUDY, Project, small_data

pytestmark = pytest.mark.xdist_group("elsewhere")

SMALLER = {  # one data set and one analysis: every job of a cluster starts Snakemake anew
    "missingness: {imputations: 2, iterations: 2}": "missingness: {strategy: complete_variables}",
    "  complete_variables: {label: Complete variables, missingness: {strategy: complete_variables}}\n": "",
}


def smaller(project: Project) -> None:
    for old, new in SMALLER.items():
        project.edit(old, new)


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder with its checksum."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}


def listed(results: Path) -> dict[str, str]:
    """The artefacts of a run with their checksums, found on disk."""
    names = ["manifest.json", *read_json(results / "manifest.json", "facts")["artefacts"]]
    return {name: sha256(results / name) for name in names}


def on_a_cluster(submit: Path, status: Path) -> list[str]:
    """Options of a generic cluster with these two commands."""
    for script in (submit, status):
        script.chmod(0o755)
    options = ["--executor", "cluster-generic", "--jobs", "2", "--latency-wait", "5"]
    options += ["--seconds-between-status-checks", "1"]
    options += ["--cluster-generic-submit-cmd", str(submit), "--cluster-generic-status-cmd", str(status)]
    return options


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The smaller study, run where it lies."""
    project = Project(tmp_path_factory.mktemp("reference") / "project")
    smaller(project)
    project.snakemake()
    return project


def read_only(folders: list[Path], command: list[str]) -> list[str]:
    """A command for which folders are read-only: by permissions, or mounted so for root, whom these do not bind."""
    for folder in folders:
        subprocess.run(["chmod", "-R", "a-w", str(folder)], check=True)
    if os.geteuid() != 0:
        return command
    binds = [f"mount --bind {shlex.quote(str(f))} {shlex.quote(str(f))}" for f in folders]
    seals = [f"mount -o remount,bind,ro {shlex.quote(str(f))}" for f in folders]
    return ["unshare", "--mount", "bash", "-c", " && ".join([*binds, *seals, f"exec {shlex.join(command)}"])]


def test_data_results_and_a_read_only_source_tree_in_different_places(
    reference: Project, tmp_path: Path
) -> None:
    source, work = Project(tmp_path / "the source").folder, tmp_path / "scratch" / "my work"
    data, home = tmp_path / "the data", tmp_path / "home"
    for folder in (work, data, home):
        folder.mkdir(parents=True)
    (source / "small.csv").rename(data / "small.csv")
    study = STUDY.replace("file: small.csv", f"file: {data / 'small.csv'}")
    for old, new in SMALLER.items():
        study = study.replace(old, new)
    (data / "mine.yaml").write_text(study)
    before = {folder: tree(folder) for folder in (source, data, home)}
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--snakefile", str(source / "Snakefile")]
    command += ["--directory", str(work), "--configfile", str(data / "mine.yaml")]
    done = subprocess.run(
        read_only([source, data, home], command),
        cwd=work,
        env=os.environ | {"HOME": str(home), "XDG_CACHE_HOME": str(tmp_path / "scratch" / "cache")},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    subprocess.run(["chmod", "-R", "u+w", str(tmp_path)], check=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {folder: tree(folder) for folder in before} == before
    assert sorted(path.name for path in work.iterdir()) == [".snakemake", "results"]
    assert [path.name for path in (work / "results").iterdir()] == ["small"]
    found, expected = listed(work / "results" / "small"), listed(reference.results)
    own = {"manifest.json"}  # its settings say where the data file lies
    assert {name for name in expected if found.get(name) != expected[name]} == own
    assert set(found) == set(expected)


SUBMIT = """\
#!/usr/bin/env bash
# A machine of its own for each job: an empty folder and an empty home; it is done when it is submitted.
place=$(mktemp -d {machines}/job.XXXX)
(cd "$place" && HOME=$place bash "$1" > "$place/out.txt" 2>&1; echo $? > "$place/status")
echo "$place"
"""
STATUS = """\
#!/usr/bin/env bash
[ "$(cat "$1/status")" = 0 ] && echo success || echo failed
"""


def test_a_cluster_whose_jobs_share_no_files_but_a_storage(reference: Project, tmp_path: Path) -> None:
    program("rsync")  # the storage copies with it
    project = Project(tmp_path / "project")
    smaller(project)
    storage, machines = tmp_path / "storage", tmp_path / "machines"
    storage.mkdir()
    machines.mkdir()
    (project.folder / "small.csv").unlink()
    small_data().to_csv(storage / "small.csv", index=False)
    submit, status = tmp_path / "submit.sh", tmp_path / "status.sh"
    submit.write_text(SUBMIT.format(machines=machines))
    status.write_text(STATUS)
    options = on_a_cluster(submit, status)
    options += ["--default-storage-provider", "fs", "--default-storage-prefix", str(storage)]
    options += ["--shared-fs-usage", "sources", "source-cache", "software-deployment"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # The data file is looked up beside the study: its header is read before the storage is asked for it.
    shutil.copy2(storage / "small.csv", project.folder / "small.csv")
    project.snakemake(*options, PATH=path)
    assert len(list(machines.iterdir())) > 10
    assert not (project.folder / "results").exists()
    assert listed(storage / "results" / "small") == listed(reference.results)


EDITING = """\
#!/usr/bin/env bash
# The study is edited and another data file put in its place while the job waits in the queue.
place=$(mktemp -d {machines}/job.XXXX)
sed -i 's/trees: 80/trees: 160/; s/folds: 3/folds: 4/' config/small.yaml
head -n 100 small.csv > other.csv && mv other.csv small.csv
bash "$1" > "$place/out.txt" 2>&1
echo $? > "$place/status"
echo "$place"
"""


def test_a_study_or_data_file_edited_while_jobs_wait_does_not_reach_them(
    reference: Project, tmp_path: Path
) -> None:
    project = reference.copy(tmp_path / "project")
    for folder in ("forest", "cate"):
        shutil.rmtree(project.results / "primary" / folder)
    machines = tmp_path / "machines"
    machines.mkdir()
    submit, status = tmp_path / "submit.sh", tmp_path / "status.sh"
    submit.write_text(EDITING.format(machines=machines))
    status.write_text(STATUS)
    cate = "results/small/primary/cate/00.parquet"
    project.snakemake(cate, *on_a_cluster(submit, status))
    assert "trees: 160" in project.study.read_text()
    assert sha256(project.folder / cate) == sha256(reference.folder / cate)


def test_a_data_file_replaced_while_the_run_goes_on_is_refused_at_its_end(
    reference: Project, tmp_path: Path
) -> None:
    project = reference.copy(tmp_path / "project")
    project.edit("title: A small study", "title: Another title")
    script = project.folder / "workflow" / "scripts" / "page.py"
    replacing = "    Path('small.csv').write_text(Path('small.csv').read_text().replace('North', 'Norden'))\n"
    text = script.read_text()
    assert text.count("    report = build_report") == 1
    script.write_text(text.replace("    report = build_report", f"{replacing}    report = build_report"))
    done = project.snakemake(check=False)
    assert done.returncode == 1
    assert "another file in its place" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "Another title" in (project.results / "report.html").read_text()  # what was made is kept
    assert project.would_run()["ingest"] == 1


def test_an_older_data_file_in_its_place_is_read_again(reference: Project, tmp_path: Path) -> None:
    project = reference.copy(tmp_path / "project")
    data = project.folder / "small.csv"
    data.write_text(data.read_text().replace("North", "Norden"))
    os.utime(data, (1, 1))
    assert project.would_run()["ingest"] == 1
