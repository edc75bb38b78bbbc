"""What must not be refused: it is read for what it is, and no spreadsheet, page or terminal is misled by it."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from corpus.check import run
from corpus.harmless import FORMULAS, HARMLESS, HTML, TEMPLATE, Harmless, named
from corpus.table import Case
from hetflow.cohort.ingest import Cohort, ingest
from hetflow.cohort.readers import read_raw
from hetflow.report.export import csv_text, neutral
from hetflow.report.page import build_report
from hetflow.run import Start
from hetflow.start import prepare
from hostile_report import hostile_inputs
from small_project import ROOT

NUMBER = re.compile(r"[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?%?")


def made(folder: Path) -> tuple[Start, Cohort]:
    begun = prepare([folder / "study.yaml"], {}, ROOT / "workflow", "python")
    settings = json.loads(begun.study_settings("cohort"))["content"]
    return begun, ingest(read_raw(begun.data_file, settings["data"]), settings)


@pytest.mark.parametrize("row", HARMLESS, ids=lambda row: row.case.name)
def test_it_is_accepted_and_read_for_what_it_is(
    row: Harmless, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    row.case.lay_out(tmp_path)
    assert run(tmp_path) == 0, capsys.readouterr().err
    assert row.holds(made(tmp_path)[1])


def runs_as_a_formula(cell: str) -> bool:
    return bool(re.match(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]", cell)) and not NUMBER.fullmatch(cell)


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_level_does_not_run_as_a_formula_in_a_table(
    formula: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    named(formula).lay_out(tmp_path)
    table = made(tmp_path)[1].baseline
    cells = [cell for line in csv.reader(io.StringIO(csv_text(table))) for cell in line]
    assert any(formula.strip() in cell for cell in cells)
    assert not [cell for cell in cells if runs_as_a_formula(cell)]


def test_no_table_of_a_hostile_study_runs_as_a_formula() -> None:
    inputs = hostile_inputs(FORMULAS[0])
    tables = build_report(inputs).tables
    for name, table in tables.items():
        lines = list(csv.reader(io.StringIO(csv_text(table))))
        assert not [cell for line in lines for cell in line if runs_as_a_formula(cell)], name
    assert any(FORMULAS[0] in csv_text(table) for table in tables.values())


def test_numbers_stay_numbers_and_text_that_is_no_formula_stays_as_it_is() -> None:
    plain = pd.DataFrame(
        {"a": [-0.3, 2.0], "b": ["-0.3", "under 50"], "c": [1, -1], "d": [None, "\u22120.3 (a)"]}
    )
    assert csv_text(plain) == plain.to_csv(index=False, lineterminator="\n")
    assert neutral("=1") == "'=1"
    assert csv_text(pd.DataFrame({"=1": [1]})).startswith("'=1\n")


def test_a_check_shows_labels_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    change = {"dictionary/age/label": HTML + TEMPLATE, "title": HTML}
    Case("labels", "", change=change).lay_out(tmp_path)
    assert run(tmp_path) == 0
    assert all(sign.isprintable() or sign == "\n" for sign in capsys.readouterr().out)
