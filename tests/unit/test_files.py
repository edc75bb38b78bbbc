"""The reader and writer of contracts: round trips, same bytes, damage detected, nothing half written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hetflow import disk, files
from hetflow.damage import damage
from hetflow.errors import Refused
from hypothesis import given
from hypothesis import strategies as st


def completed() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "unit": [0, 3, 5],
            "age": [1.5, np.nan, -0.0],
            "site": ["a", None, "b,\n"],
            "flag": [True, False, True],
        }
    )


def test_a_table_comes_back_as_it_was(tmp_path: Path) -> None:
    files.write_table(completed(), tmp_path / "t.parquet", "completed")
    back = files.read_table(tmp_path / "t.parquet", "completed")
    assert back["unit"].tolist() == [0, 3, 5]
    assert back["unit"].dtype == np.int64
    assert np.array_equal(back["age"], completed()["age"], equal_nan=True)
    assert back["site"].tolist() == ["a", None, "b,\n"]
    assert back["flag"].tolist() == [True, False, True]


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        files.write_table(completed(), tmp_path / name, "completed")
    assert disk.sha256(tmp_path / "a") == disk.sha256(tmp_path / "b")


def test_every_flipped_byte_of_a_table_s_data_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    frame = pd.DataFrame({"unit": np.arange(50), "x": np.random.default_rng(1).normal(size=50)})
    files.write_table(frame, path, "completed")
    whole = path.read_bytes()
    unnoticed = []
    for position in range(4, len(whole) // 2, 7):
        broken = bytearray(whole)
        broken[position] ^= 0x55
        path.write_bytes(bytes(broken))
        try:
            back = files.read_table(path, "completed")
        except Refused:
            continue
        if not back.equals(frame):
            unnoticed.append(position)
    assert not unnoticed


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    files.write_table(completed(), path, "completed")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(Refused, match="damaged"):
        files.read_table(path, "completed")


def test_another_contract_or_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    files.write_table(completed(), path, "completed")
    with pytest.raises(Refused, match="contract table"):
        files.read_table(path, "table")


def test_a_frame_that_breaks_its_contract_is_a_defect() -> None:
    with pytest.raises(ValueError, match="columns missing"):
        files.write_table(pd.DataFrame({"unit": [1]}), "never.parquet", "folds")
    with pytest.raises(ValueError, match="not foreseen"):
        files.write_table(pd.DataFrame({"unit": [1], "fold": [1], "x": [1]}), "never.parquet", "folds")


def test_facts_come_back_and_a_changed_digit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    files.write_json({"a": np.float64(1.25), "b": [np.int64(3), float("nan")]}, path, "facts")
    assert files.read_json(path, "facts") == {"a": 1.25, "b": [3, None]}
    path.write_text(path.read_text().replace("1.25", "1.26"))
    with pytest.raises(Refused, match="checksum"):
        files.read_json(path, "facts")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_canonical_json_is_canonical(value: object) -> None:
    text = files.canonical_json(value)
    assert files.canonical_json(json.loads(text)) == text


def test_arrays_come_back_and_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    files.write_arrays({"b": np.arange(3), "a": np.eye(2)}, path)
    assert np.array_equal(files.read_arrays(path)["a"], np.eye(2))
    np.savez(path, x=np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(Refused):
        files.read_arrays(path)


def written(folder: Path, kind: str) -> Path:
    """A file of each kind that carries checksums."""
    path = folder / f"file.{kind}"
    if kind == "parquet":
        files.write_table(completed(), path, "completed")
    elif kind == "json":
        files.write_json({"a": 1.25, "b": ["x"]}, path, "facts")
    else:
        files.write_arrays({"b": np.arange(3.0), "a": np.eye(2)}, path)
    return path


def back(path: Path) -> object:
    if path.suffix == ".parquet":
        return files.read_table(path, "completed").to_dict("list")
    if path.suffix == ".json":
        return files.read_json(path, "facts")
    return {name: array.tolist() for name, array in files.read_arrays(path).items()}


@pytest.mark.parametrize("kind", ["parquet", "json", "npz"])
def test_a_flipped_byte_anywhere_is_damage_or_changes_nothing_that_is_read(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, kind)
    whole, content = path.read_bytes(), repr(back(path))
    assert damage(path) is None
    unnoticed = []
    for position in range(len(whole)):
        broken = bytearray(whole)
        broken[position] ^= 0x55
        path.write_bytes(broken)
        if damage(path) is None and repr(back(path)) != content:
            unnoticed.append(position)
    assert not unnoticed


@pytest.mark.parametrize("kind", ["parquet", "json", "npz"])
@pytest.mark.parametrize("thorough", [True, False])
def test_a_truncated_file_is_damage_of_every_kind(tmp_path: Path, kind: str, thorough: bool) -> None:
    path = written(tmp_path, kind)
    whole = path.read_bytes()
    assert damage(path, thorough) is None
    for length in (0, 1, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert damage(path, thorough) is not None, length


def test_a_failed_write_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.txt"
    disk.write_text("old", path)

    def full(_: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        disk.write_text("new", path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["t.txt"]


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no such file"):
        files.read_table(tmp_path / "none.parquet", "folds")
    with pytest.raises(Refused, match="no such file"):
        files.read_json(tmp_path / "none.json", "facts")
