"""Which study is meant: `study_file`, the default, and what changes it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hetflow.errors import Refused
from hetflow.start import read_studies
from hetflow.study.chosen import REQUIRED, Given, chosen, is_whole

ROOT = Path(__file__).resolve().parents[2]
WHERE = Path("config/config.yaml")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run, with a study file and one that names it."""
    (tmp_path / "mine.yaml").write_text("study: mine\nforest: {trees: 100, bag_trees: 4}\n")
    (tmp_path / "named.yaml").write_text("study_file: mine.yaml\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_file_that_is_named_is_read_and_further_keys_change_it(folder: Path) -> None:
    changed = chosen({"study_file": "mine.yaml", "forest": {"trees": 200}}, "config", WHERE, folder)
    assert changed.values == {"study": "mine", "forest": {"trees": 200, "bag_trees": 4}}
    assert changed.source == "mine.yaml + config"
    assert changed.file == Path("mine.yaml")
    assert chosen({"study_file": "mine.yaml"}, "config", WHERE, folder) == Given(
        {"study": "mine", "forest": {"trees": 100, "bag_trees": 4}}, "mine.yaml", Path("mine.yaml")
    )


def test_a_whole_study_goes_before_the_file_that_is_named(folder: Path) -> None:
    whole = dict.fromkeys(REQUIRED, "here")
    assert is_whole(whole)
    assert chosen(whole | {"study_file": "mine.yaml"}, "config", WHERE, folder) == Given(
        whole, "config", WHERE
    )
    part = dict(whole)
    del part["dictionary"]
    assert not is_whole(part)
    assert chosen(part | {"study_file": "mine.yaml"}, "config", WHERE, folder).values["forest"] == {
        "trees": 100,
        "bag_trees": 4,
    }


def test_a_file_beside_the_run_goes_before_the_project_s(folder: Path) -> None:
    project = folder / "project"
    project.mkdir()
    (project / "mine.yaml").write_text("study: project\n")
    (project / "its.yaml").write_text("study: its\n")
    assert chosen({"study_file": "mine.yaml"}, "config", WHERE, project).values["study"] == "mine"
    assert chosen({"study_file": "its.yaml"}, "config", WHERE, project).values["study"] == "its"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.yaml", "no file none.yaml"),
        (3, "'3'|3"),
        ("", "''"),
        ("named.yaml", "the name of another study file"),
    ],
)
def test_what_names_no_study_is_refused(folder: Path, name: object, words: str) -> None:
    with pytest.raises(Refused, match=words) as caught:
        chosen({"study_file": name}, "config", WHERE, folder)
    assert "study_file" in str(caught.value)


def test_the_command_line_may_name_a_study_file_or_change_the_default_study(folder: Path) -> None:
    own = yaml.safe_load((ROOT / "config" / "opt.yaml").read_text())
    assert read_studies([], {}, ROOT).values == own
    changed = read_studies([], {"study": "renamed", "new_data": "new.csv"}, ROOT)
    assert changed.values == own | {"study": "renamed"}
    assert changed.new_data == "new.csv"
    assert read_studies([], {"study_file": "mine.yaml", "seed": 3}, ROOT).values == {
        "study": "mine",
        "forest": {"trees": 100, "bag_trees": 4},
        "seed": 3,
    }
    assert read_studies([folder / "named.yaml"], {}, ROOT).values["study"] == "mine"
    # The default study never leaks into a file that is named.
    assert set(read_studies([folder / "mine.yaml"], {}, ROOT).values) == {"study", "forest"}
