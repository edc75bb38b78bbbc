"""Every format round-tripped from a small frame, and what is refused with its place."""

from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
from hetflow.cohort.readers import data_shape, file_format, read_header, read_raw, source_facts
from hetflow.errors import Refused

FRAME = pd.DataFrame({"id": [1.0, 2.0, 3.0], "depth": [2.5, np.nan, -1.25], "arm": ["T", "C", "é T"]})
LABELS = {"id": {1.0: "one", 2.0: "two", 3.0: "three"}}


def write(folder: Path, ending: str) -> Path:
    """The frame as a file."""
    path = folder / f"data.{ending}"
    if ending == "parquet":
        pq.write_table(pa.Table.from_pandas(FRAME, preserve_index=False), path)
    elif ending == "xpt":
        pyreadstat.write_xport(FRAME, str(path))
    elif ending == "dta":
        pyreadstat.write_dta(FRAME, str(path), variable_value_labels={"id": {1: "one", 2: "two", 3: "three"}})
    elif ending in ("sav", "zsav"):
        pyreadstat.write_sav(FRAME, str(path), variable_value_labels=LABELS, compress=ending == "zsav")
    elif ending == "xlsx":
        book = openpyxl.Workbook()
        sheet = book.active
        for row in [list(FRAME.columns), *FRAME.astype(object).where(FRAME.notna(), None).values.tolist()]:
            sheet.append(row)
        book.create_sheet("empty")
        book.save(path)
        book.close()
    return path


@pytest.mark.parametrize("ending", ["parquet", "xpt", "dta", "sav", "zsav", "xlsx"])
def test_round_trip(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path, ending)
    found = read_raw(path)
    assert list(found.columns) == ["id", "depth", "arm"] == read_header(path)
    assert data_shape(path).rows == 3
    np.testing.assert_array_equal(found["id"].to_numpy(float), FRAME["id"])
    np.testing.assert_array_equal(found["depth"].to_numpy(float), FRAME["depth"])
    assert found["arm"].tolist() == FRAME["arm"].tolist()


@pytest.mark.parametrize("ending", ["dta", "sav"])
def test_value_labels_by_a_setting(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path, ending)
    assert read_raw(path, {"value_labels": True})["id"].tolist() == ["one", "two", "three"]
    assert read_raw(path, {"value_labels": False})["id"].tolist() == [1, 2, 3]


def test_labels_of_a_sas_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="a catalogue of their own"):
        read_raw(write(tmp_path, "xpt"), {"value_labels": True})


@pytest.mark.parametrize(("ending", "mark"), [("csv", ","), ("tsv", "\t"), ("csv", ";")])
def test_text_is_read_as_it_stands(tmp_path: Path, ending: str, mark: str) -> None:
    path = tmp_path / f"data.{ending}"
    rows = [["id", "x y", "note"], ["001", " NA ", '"a, b"'], ["2", "", '"line\nbreak ""quoted"""']]
    path.write_bytes(("\ufeff" + "\r\n".join(mark.join(row) for row in rows)).encode())
    settings = {"delimiter": mark} if mark == ";" else {}
    found = read_raw(path, settings)
    assert found.to_numpy().tolist() == [["001", " NA ", "a, b"], ["2", "", 'line\nbreak "quoted"']]
    assert read_header(path, settings) == ["id", "x y", "note"]
    assert data_shape(path, settings).rows == 2


def test_agrees_with_pandas_on_the_opt_file() -> None:
    path = Path(__file__).parents[2] / "workflow/resources/opt/opt.csv"
    found = read_raw(path)
    expected = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert (found.to_numpy() == expected.astype(object).to_numpy()).all()
    assert data_shape(path).rows == 823
    assert source_facts(path, found)["sha256"].startswith("7b088c32f11e53f6")


def test_undecodable_byte_is_named(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes("a,b\n1,2\n3,é\n".encode("latin-1"))
    with pytest.raises(Refused, match=r"byte 0xe9 at position 10 \(line 3\)"):
        read_raw(path)
    assert read_raw(path, {"encoding": "latin-1"})["b"].tolist() == ["2", "é"]
    with pytest.raises(Refused, match="a character encoding"):
        read_raw(path, {"encoding": "klingon"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "an empty file"),
        ("  \n \n", "nothing but blanks"),
        ("a,b\n", "a header alone"),
        ("a,b,a\n1,2,3\n", "'a' in columns 1, 3"),
        ("a,,b\n1,2,3\n", "none for column 2"),
        ("a,b\n1,2\n1,2,3\n4\n", "3 in line 3; 1 in line 4"),
    ],
)
def test_bad_text_files(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "data.csv"
    path.write_text(content)
    with pytest.raises(Refused) as caught:
        read_raw(path)
    assert said in str(caught.value)


@pytest.mark.parametrize("ending", ["parquet", "xpt", "sas7bdat", "dta", "sav", "xlsx"])
def test_damaged_files(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"data.{ending}"
    path.write_bytes(b"this is not such a file " * 20)
    with pytest.raises(Refused, match="an intact"):
        read_raw(path)
    with pytest.raises(Refused, match="an intact"):
        data_shape(path)


def test_absent_unknown_and_ragged_sheets(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no such file"):
        read_raw(tmp_path / "data.csv")
    with pytest.raises(Refused, match=r"a file that ends in"):
        file_format("data.pdf")
    assert file_format("data.pdf", "csv") == "csv"
    path = write(tmp_path, "xlsx")
    with pytest.raises(Refused, match="a sheet of the file"):
        read_raw(path, {"sheet": "other"})
    with pytest.raises(Refused, match="an empty file"):
        read_raw(path, {"sheet": "empty"})
    book = openpyxl.load_workbook(path)
    book.active.cell(row=3, column=5, value="x")
    book.save(path)
    book.close()
    with pytest.raises(Refused, match="more in row 3"):
        read_raw(path)


def test_parquet_of_all_kinds(tmp_path: Path) -> None:
    table = pa.table(
        {
            "whole": pa.array([2**53 + 1, 2, 3]),
            "gaps": pa.array([1, None, 3]),
            "flag": pa.array([True, None, False]),
            "coded": pa.array(["a", None, "b"]).dictionary_encode(),
            "nested": pa.array([[1], None, [2, 3]]),
        }
    )
    pq.write_table(table, tmp_path / "data.parquet")
    found = read_raw(tmp_path / "data.parquet")
    assert found["whole"].tolist() == [2**53 + 1, 2, 3]
    assert found["gaps"].isna().tolist() == [False, True, False]
    assert found["flag"].tolist() == [True, None, False]
    assert found["coded"].tolist() == ["a", None, "b"]
    assert found["nested"].tolist()[1] is None
