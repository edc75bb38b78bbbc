"""The corpus of broken input, in one process along the path of the real command; and what is said at once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from corpus.cells import DATA
from corpus.check import kept, plainly, run
from corpus.files import FILES, PLACES
from corpus.hostile import EXPRESSIONS, HOSTILE
from corpus.studies import STUDIES
from corpus.table import AT_START, Case
from corpus.texts import TEXTS

CORPUS = [*STUDIES, *EXPRESSIONS, *HOSTILE, *DATA, *TEXTS, *FILES, *PLACES]


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
