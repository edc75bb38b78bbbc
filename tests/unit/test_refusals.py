"""The corpus of broken input, in one process along the path of the real command; and what is said at once."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import check as check_script
import pytest
from corpus.cells import DATA
from corpus.files import FILES, PLACES
from corpus.hostile import EXPRESSIONS, HOSTILE
from corpus.studies import STUDIES
from corpus.table import AT_START, Case
from corpus.texts import TEXTS
from hetflow import start as starting
from small_project import ROOT

CORPUS = [*STUDIES, *EXPRESSIONS, *HOSTILE, *DATA, *TEXTS, *FILES, *PLACES]
LONGEST = 50_000  # characters of all that is said, whatever the input


def run(folder: Path) -> int:
    """What `snakemake check` does, in this process: its exit status, or that of the script which refuses."""
    settings = SimpleNamespace(configfiles=[folder / "study.yaml"], config={})
    workflow = SimpleNamespace(config_settings=settings, deployment_settings=None, dryrun=False)
    try:
        begun = starting.start(workflow, ROOT / "workflow", str)
        begun_settings = [begun.study_settings(stage) for stage in ("cohort", "feasible", "report", "guards")]
        for analysis in begun.plan.analyses:
            for stage in ("deployment", "inference", "nuisance", "forest", "scores", "estimates"):
                begun.analysis_settings(analysis, stage)
    except SystemExit as ended:
        return int(ended.code or 0)
    options = ["--data", begun.data_file, "--settings-text", begun_settings[0], "--needs", begun_settings[1]]
    return check_script.main([*options, "--costs", begun.costs(), "--log", "check.log"])


def kept(folder: Path) -> dict[str, str]:
    """All that lies in a folder, by content; links by where they lead."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_file() and name != "check.log":
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def plainly(said: str, words: str) -> None:
    """Said in the four parts of a refusal, without a trace of the code, an escape sequence, or a page of text."""
    assert words in said, said[:3000]
    for part in ("Refused. ", "expected:", "found:", "what to do:"):
        assert part in said
    for trace in ("Traceback", 'File "', "hetflow failed", "The system said"):
        assert trace not in said
    assert all(sign.isprintable() or sign == "\n" for sign in said)
    assert len(said) < LONGEST


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)
def test_broken_input_is_refused_plainly_and_nothing_is_lost(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    case.lay_out(tmp_path)
    before = kept(tmp_path)
    status = run(tmp_path)
    out, said = capsys.readouterr()
    plainly(said, case.words)
    assert status == case.status
    assert out == ""
    assert kept(tmp_path) == before


def test_the_corpus_is_a_table_of_many_different_rows() -> None:
    assert len({case.name for case in CORPUS}) == len(CORPUS) >= 250


def test_the_small_study_is_not_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Case("nothing", "").lay_out(tmp_path)
    assert run(tmp_path) == 0


def test_everything_wrong_is_said_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    change = {"estimates/rules/older/covariate": "agee", "design/strata": ["sitee"], "design/probability": 2}
    Case("three mistakes", "", change=change).lay_out(tmp_path)
    assert run(tmp_path) == AT_START
    said = capsys.readouterr().err
    for words in ("3 things", "did you mean age", "did you mean site", "strictly between"):
        assert words in said


@pytest.mark.parametrize("absent", ["econml", "pandas", "yaml"])
def test_a_missing_package_is_named_before_anything_is_imported(
    absent: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from hetflow import environment

    found = environment.importlib.util.find_spec
    monkeypatch.setattr(
        environment.importlib.util, "find_spec", lambda name: None if name == absent else found(name)
    )
    with pytest.raises(SystemExit) as ended:
        environment.need()
    assert ended.value.code == 1
    plainly(capsys.readouterr().err, {"yaml": "no pyyaml"}.get(absent, f"no {absent}"))


def test_an_old_python_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from hetflow import environment

    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit):
        environment.need()
    monkeypatch.undo()
    plainly(capsys.readouterr().err, "Python 3.11 or newer")


def test_a_library_that_cannot_be_loaded_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    from hetflow import environment

    with pytest.raises(SystemExit):
        environment.explain(OSError("libgomp.so.1: cannot open shared object file"))
    plainly(capsys.readouterr().err, "libgomp1")
