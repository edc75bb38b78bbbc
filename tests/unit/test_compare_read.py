"""Reading runs to compare: folders, kept copies, crates and zips, and every one that cannot be trusted."""

from __future__ import annotations

import io
import shutil
import stat
import zipfile
from pathlib import Path

import pytest
from compared_runs import UNITS, crate_files, crate_zip, made_up, run_folder, write
from hetflow.compare import stores
from hetflow.compare.keep import keep
from hetflow.compare.read import CRATE, KEPT, RESULTS, read_run, table_of
from hetflow.errors import Refused
from hetflow.files import read_json, write_json
from hetflow.report.export import csv_text


@pytest.fixture(scope="module")
def made():
    return made_up()


@pytest.fixture
def folder(tmp_path: Path, made) -> Path:
    return run_folder(tmp_path / "results" / "madeup", made)


def zip_of(path: Path, entries: list[tuple[zipfile.ZipInfo | str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def test_a_folder_a_kept_copy_and_a_crate_hold_the_same(tmp_path: Path, folder: Path, made) -> None:
    files = crate_files(made)
    for name, content in files.items():
        write(tmp_path / "crate" / name, content)
    nested = crate_zip(tmp_path / "nested.zip", {f"crate/{name}": content for name, content in files.items()})
    whole = read_run(folder)
    others = [keep(folder, "before"), tmp_path / "crate", crate_zip(tmp_path / "one.zip", files), nested]
    found = [read_run(path) for path in others]
    assert [run.kind for run in [whole, *found]] == [RESULTS, KEPT, CRATE, CRATE, CRATE]
    for run in found:
        assert run.hashed_as_in_a_crate().artefacts == whole.hashed_as_in_a_crate().artefacts
        assert (run.artefacts == whole.artefacts) is not run.public
        assert run.figures == whole.figures
        assert run.versions == whole.versions
        assert set(run.tables) == set(whole.tables)
        assert all(run.tables[name].equals(table) for name, table in whole.tables.items())
        assert set(run.settings) == set(whole.settings)
        assert run.report == whole.report


def test_cells_come_back_as_they_were_before_the_spreadsheet_s_apostrophe(made) -> None:
    table = made[1].tables["answers"].assign(answer="=cmd()")
    back = table_of(csv_text(table).encode(), "answers")
    assert set(back["answer"]) == {"=cmd()"}
    assert back["estimate"][0] == str(table["estimate"][0])
    assert table_of(b"", "empty").empty
    with pytest.raises(Refused, match="a table as CSV"):
        table_of(b'a,b\n"1,2\n3,4', "odd")


def test_only_aggregates_are_kept_and_nothing_is_overwritten(folder: Path) -> None:
    write(folder / "tables" / "Units.csv", b"more rows")
    kept = keep(folder, "before")
    assert kept == folder.parent / "kept" / "madeup-before"
    names = {path.relative_to(kept).as_posix() for path in kept.rglob("*") if path.is_file()}
    assert names >= {"manifest.json", "kept.json", "report.html", "tables/answers.csv", "figures/toc.svg"}
    rest = {name for name in names if not name.startswith(("tables/", "figures/"))}
    assert rest == {"manifest.json", "kept.json", "report.html"}
    assert not names & {*UNITS, "tables/Units.csv"}
    assert not any(b"rows of units" in path.read_bytes() for path in kept.rglob("*") if path.is_file())
    before = {name: (kept / name).read_bytes() for name in names}
    with pytest.raises(Refused, match="none is overwritten"):
        keep(folder, "before")
    assert {name: (kept / name).read_bytes() for name in names} == before
    assert [path.name for path in kept.parent.iterdir()] == ["madeup-before"]


@pytest.mark.parametrize("label", ["", "../up", "a/b", "Before", "-x", "a" * 41, "a\n", "a b", ".", "ä"])
def test_a_label_that_is_no_plain_name_is_refused(folder: Path, label: str) -> None:
    with pytest.raises(Refused, match="LABEL"):
        keep(folder, label)
    assert not (folder.parent / "kept").exists()


def test_a_kept_copy_or_a_crate_is_not_kept_again(tmp_path: Path, folder: Path, made) -> None:
    for path in (keep(folder, "before"), crate_zip(tmp_path / "a.zip", crate_files(made))):
        with pytest.raises(Refused, match="results folder"):
            keep(path, "again")


def test_a_study_s_name_that_leads_elsewhere_is_not_kept(tmp_path: Path, made) -> None:
    folder = run_folder(tmp_path / "a" / "b", made, report={"study": "../../up"})
    with pytest.raises(Refused, match="a study's name"):
        keep(folder, "before")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_is_no_run_or_not_finished_is_said(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(Refused, match="nothing of that name"):
        read_run(tmp_path / "nowhere")
    with pytest.raises(Refused, match=r"found:    none"):
        read_run(tmp_path)
    (folder / "manifest.json").unlink()
    with pytest.raises(Refused, match="not finished"):
        read_run(folder)
    write(tmp_path / "a.zip", b"no zip")
    with pytest.raises(Refused, match="no zip"):
        read_run(tmp_path / "a.zip")


def test_damage_is_named_file_by_file(folder: Path) -> None:
    write(folder / "tables" / "estimates.csv", b"other")
    (folder / "figures" / "toc.svg").unlink()
    with pytest.raises(Refused) as refused:
        read_run(folder)
    places = [problem.where for problem in refused.value.problems]
    assert places == [f"{folder}: figures/toc.svg", f"{folder}: tables/estimates.csv"]
    with pytest.raises(Refused):
        keep(folder, "before")


def test_a_damaged_manifest_is_refused(folder: Path) -> None:
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text.replace("823", "824"))
    with pytest.raises(Refused, match="intact JSON"):
        read_run(folder)
    write_json({"data": {}}, folder / "manifest.json", "facts")
    with pytest.raises(Refused, match="the manifest of a run"):
        read_run(folder)


def test_a_run_of_an_earlier_hetflow_is_told_what_to_do(folder: Path) -> None:
    content = read_json(folder / "manifest.json", "facts")
    del content["artefacts"]["tables/answers.csv"]
    write_json(content, folder / "manifest.json", "facts")
    with pytest.raises(Refused, match="made by an earlier hetflow"):
        read_run(folder)


@pytest.mark.parametrize(
    "report", [{"title": 3}, {"design": "x"}, {"analyses": []}, {"design": {"kind": None}}, {"owners": []}]
)
def test_settings_that_are_none_of_a_study_are_refused(tmp_path: Path, made, report: dict) -> None:
    with pytest.raises(Refused, match="title, design and analyses"):
        read_run(run_folder(tmp_path / "run", made, report=report))


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path, folder: Path) -> None:
    secret = tmp_path / "secret.csv"
    shutil.copy(folder / "tables" / "answers.csv", secret)
    (folder / "tables" / "answers.csv").unlink()
    (folder / "tables" / "answers.csv").symlink_to(secret)
    with pytest.raises(Refused, match="a link out of it"):
        read_run(folder)


@pytest.mark.parametrize(
    "name", ["../up.csv", "/etc/passwd", "a//b", "a/../b", "C:/x", "a\\b", "./a"], ids=lambda name: name[:6]
)
def test_a_zip_whose_names_lead_out_of_it_is_refused(tmp_path: Path, made, name: str) -> None:
    path = zip_of(tmp_path / "a.zip", [*crate_files(made).items(), (name, b"x")])
    with pytest.raises(Refused, match="leads out of it"):
        read_run(path)


def test_links_repeated_names_and_bombs_in_a_zip_are_refused(
    tmp_path: Path, made, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = list(crate_files(made).items())
    link = zipfile.ZipInfo("tables/link.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(Refused, match="a link"):
        read_run(zip_of(tmp_path / "link.zip", [*files, (link, b"/etc/passwd")]))
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = zip_of(tmp_path / "twice.zip", [*files, files[0]])
    with pytest.raises(Refused, match="stands twice"):
        read_run(twice)
    whole = zip_of(tmp_path / "whole.zip", files)
    monkeypatch.setattr(stores, "MOST_FILES", 3)
    with pytest.raises(Refused, match="at most 3 files"):
        read_run(whole)
    monkeypatch.undo()
    monkeypatch.setattr(stores, "MOST_ALL", 1000)
    with pytest.raises(Refused, match="at most 0 MB"):
        read_run(whole)
    monkeypatch.undo()
    monkeypatch.setattr(stores, "MOST_FILE", 100)
    with pytest.raises(Refused, match="MB"):
        read_run(whole)


def test_a_zip_that_lies_about_its_sizes_is_refused(tmp_path: Path, made) -> None:
    """The size in the directory says less than the stream holds: no more than it says is ever read."""
    files = crate_files(made)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    size = len(files["SHA256SUMS"]).to_bytes(4, "little")
    lying = buffer.getvalue().replace(size, (10).to_bytes(4, "little"))
    (tmp_path / "a.zip").write_bytes(lying)
    with pytest.raises(Refused):
        read_run(tmp_path / "a.zip")


def test_a_crate_is_held_to_its_own_sums(tmp_path: Path, made) -> None:
    files = crate_files(made)
    changed = dict(files) | {"tables/answers.csv": files["tables/answers.csv"].replace(b"strong", b"weak")}
    with pytest.raises(Refused, match="another SHA-256"):
        read_run(crate_zip(tmp_path / "a.zip", changed))
    with pytest.raises(Refused, match="other lines"):
        read_run(crate_zip(tmp_path / "b.zip", dict(files) | {"SHA256SUMS": b"nothing\n"}))
    deep = b"[" * 100_000
    more = dict(files) | {"manifest.json": deep}
    with pytest.raises(Refused):
        read_run(crate_zip(tmp_path / "c.zip", more))
