"""Workbooks that are not what they say: small files that unpack to huge ones, far cells, wrong sizes."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hetflow.cohort.readers import data_shape, read_header, read_raw
from hetflow.errors import Refused

MEGABYTE = bytes(1_000_000)


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """Three rows of two columns."""
    path = tmp_path / "data.xlsx"
    pd.DataFrame({"id": [1, 2, 3], "age": [40, 50, 60]}).to_excel(path, index=False)
    return path


def changed(path: Path, old: str, new: str) -> None:
    """The sheet's own text with a piece replaced."""
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    text = parts[sheet].decode()
    assert text.count(old) == 1, text
    parts[sheet] = text.replace(old, new).encode()
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, content)


def test_a_small_file_that_unpacks_to_more_than_a_gigabyte_is_refused(workbook: Path) -> None:
    packed = zipfile.ZipFile(workbook, "a", zipfile.ZIP_DEFLATED, compresslevel=1)
    with packed, packed.open("xl/media/image1.png", "w", force_zip64=True) as part:
        for _ in range(1000):
            part.write(MEGABYTE)
    assert workbook.stat().st_size < 6e6
    for look in (read_raw, read_header, data_shape):
        with pytest.raises(Refused, match="at most 1 GB once it is unpacked") as refused:
            look(workbook)
        assert "1.0 GB in a file of " in str(refused.value)
        assert "CSV or Parquet" in str(refused.value)


def test_a_file_that_unpacks_to_less_is_read(workbook: Path) -> None:
    with zipfile.ZipFile(workbook, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/media/image1.png", MEGABYTE)
    assert read_raw(workbook)["age"].tolist() == [40, 50, 60]


def test_a_cell_below_the_last_row_of_a_sheet_is_refused_and_not_filled_up_to(workbook: Path) -> None:
    changed(workbook, "</sheetData>", '<row r="999999999"><c r="A999999999"><v>1</v></c></row></sheetData>')
    with pytest.raises(Refused, match="at most 1,048,576 rows"):
        read_raw(workbook)


def test_rows_beyond_the_size_that_a_file_gives_itself_are_read(workbook: Path) -> None:
    """Some programs write a wrong size; openpyxl takes it at its word and leaves out what lies beyond."""
    changed(workbook, '<dimension ref="A1:B4" />', '<dimension ref="A1:A2" />')
    assert read_raw(workbook)["age"].tolist() == [40, 50, 60]
    assert data_shape(workbook).rows == 3
    assert list(read_header(workbook)) == ["id", "age"]
