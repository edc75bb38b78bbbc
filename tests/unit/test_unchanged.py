"""A data file replaced while a run goes on: ingest refuses, and so may whoever asks at the end."""

from __future__ import annotations

import json
from pathlib import Path

import ingest as ingest_script
import pytest
from corpus.check import kept, plainly
from corpus.table import Case
from hetflow.cohort.unchanged import data_hash, refuse_if_replaced
from hetflow.disk import sha256
from hetflow.errors import Refused
from hetflow.files import read_json
from hetflow.start import prepare
from small_project import ROOT

OUTPUTS = {
    "cohort": "parquet",
    "outcomes": "parquet",
    "facts": "json",
    "flow": "parquet",
    "baseline": "parquet",
    "reasons": "parquet",
}


def ingested(folder: Path) -> int:
    """The exit status of the script `ingest` on the small study."""
    begun = prepare([folder / "study.yaml"], {}, ROOT / "workflow", "python")
    (folder / "settings.json").write_text(begun.study_settings("cohort") + "\n")
    outputs = [word for name, end in OUTPUTS.items() for word in (f"--{name}", f"made/{name}.{end}")]
    options = ["--data", begun.data_file, "--settings", "settings.json", "--log", "ingest.log"]
    return ingest_script.main([*options, *outputs])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small study, ingested once."""
    monkeypatch.chdir(tmp_path)
    Case("nothing", "").lay_out(tmp_path)
    assert ingested(tmp_path) == 0
    return tmp_path


def test_ingest_notes_the_hash_of_the_file_that_it_read(folder: Path) -> None:
    assert read_json("made/facts.json", "cohort_facts")["source"]["sha256"] == sha256("small.csv")


@pytest.mark.parametrize("change", ["another", "appended", "gone"])
def test_a_file_replaced_while_it_is_read_is_refused(
    change: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, read = folder / "small.csv", ingest_script.read_raw
    before = {name: digest for name, digest in kept(folder).items() if name.startswith("made")}

    def slowly(path: str, settings: dict[str, object]) -> object:
        frame = read(path, settings)
        if change == "gone":
            data.unlink()
        else:
            data.write_bytes(b"" if change == "another" else data.read_bytes() + b"1,2\n")
        return frame

    monkeypatch.setattr(ingest_script, "read_raw", slowly)
    capsys.readouterr()
    assert ingested(folder) == 2
    said = capsys.readouterr().err
    plainly(said, "No such file" if change == "gone" else "another file in its place")
    after = {name: digest for name, digest in kept(folder).items() if name.startswith("made")}
    assert after == before


def test_the_end_of_a_run_can_ask_whether_its_data_are_still_there(folder: Path) -> None:
    data, read = folder / "small.csv", json.loads((folder / "made/facts.json").read_text())
    digest = read["content"]["source"]["sha256"]
    refuse_if_replaced(data, digest)
    data.touch()
    refuse_if_replaced(data, digest)
    data.write_bytes(data.read_bytes().replace(b"North", b"South", 1))
    with pytest.raises(Refused, match="another file in its place") as refused:
        refuse_if_replaced(data, digest)
    assert digest in str(refused.value)
    assert data_hash(data) in str(refused.value)
    data.unlink()
    with pytest.raises(Refused, match="a data file that can be read"):
        refuse_if_replaced(data, digest)
