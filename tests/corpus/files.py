"""Data files and folders that are broken as such: bytes, formats, places."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from corpus.table import BY_CHECK, Case, file, place


def parquet(change: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame) -> Callable[[bytes], bytes]:
    """The data as Parquet, changed."""

    def make(content: bytes) -> bytes:
        buffer = io.BytesIO()
        change(pd.read_csv(io.BytesIO(content), na_values=["."])).to_parquet(buffer)
        return buffer.getvalue()

    return make


def excel(content: bytes) -> bytes:
    """The data as a sheet."""
    buffer = io.BytesIO()
    pd.read_csv(io.BytesIO(content)).to_excel(buffer, index=False)
    return buffer.getvalue()


def half_a_sheet(content: bytes) -> bytes:
    """An Excel file that opens, and whose sheet breaks off."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(excel(content))) as whole, zipfile.ZipFile(buffer, "w") as broken:
        for name in whole.namelist():
            part = whole.read(name)
            broken.writestr(name, part[: len(part) // 2] if name.endswith("sheet1.xml") else part)
    return buffer.getvalue()


def noted(notes: dict[int, str]) -> Callable[[bytes], bytes]:
    """The data with a last column of notes, some of them as given, by row."""

    def make(content: bytes) -> bytes:
        lines = content.decode().splitlines()
        more = ["note", *("fine" for _ in lines[1:])]
        for row, note in notes.items():
            more[row] = note
        return "".join(f"{line},{note}\n" for line, note in zip(lines, more, strict=True)).encode()

    return make


def twins(content: bytes) -> bytes:
    """Parquet with a name twice."""
    table = pa.table([pa.array([1.0]), pa.array([2.0])], names=["id", "id"])
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def zipped(content: bytes) -> bytes:
    """An archive with the data in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("small.csv", content)
    return buffer.getvalue()


FILES: list[Case] = [
    file("an empty file", lambda _: b"", "an empty file"),
    file("blank lines", lambda _: b"\n \n", "column names in the first row"),
    file("Latin letters", lambda data: data.replace(b"North", b"Z\xfcrich"), "name the file's encoding"),
    file("a spreadsheet's bytes", lambda _: bytes(range(256)) * 9, "text in utf-8"),
    file("a name twice", lambda data: data.replace(b"lab1", b"lab0", 1), "'lab0' in columns 8, 9"),
    file("a column without name", lambda data: data.replace(b"lab1", b"", 1), "a name for every column"),
    file("a short row", lambda data: data.replace(b"\n", b"\n1,2,3\n", 1), "10 cells in every row", BY_CHECK),
    file("semicolons", lambda data: data.replace(b",", b";"), "name the separator of the file"),
    file(
        "semicolons, and a comma in a column's name",
        lambda data: data.replace(b",", b";").replace(b"age", b"age, years", 1),
        "columns that hold other separators",
    ),
    file(
        "encodings mixed in the data",
        lambda data: data + "9,Z\u00fc,1".encode("latin-1"),
        "name the file's encoding",
    ),
    file(
        "a late byte of another encoding",
        lambda data: data.replace(b"\n1200,North", b"\n1200,Nor\xe9"),
        "byte 0xe9",
    ),
    file("data in UTF-16", lambda data: data.decode().encode("utf-16"), "data.encoding (utf-16)"),
    file(
        "data that are said to be ASCII",
        lambda data: data.replace(b"North", "N\u00f6rd".encode()),
        "text in ascii",
        change={"data/encoding": "ascii"},
    ),
    file(
        "a web page for data",
        lambda _: b"<!DOCTYPE html>\n<html><body>Log in</body></html>\n",
        "several columns",
    ),
    file("JSON for data", lambda _: b'[{"id": 1}]\n', "several columns"),
    file("an archive called csv", zipped, "text in utf-8"),
    file("a compressed file called csv", lambda data: gzip.compress(data, mtime=0), "text in utf-8"),
    file("an Excel file called csv", excel, "text in utf-8"),
    file(
        "no character in a column's name",
        lambda data: data.replace(b"lab1", b"la\0b", 1),
        "without control characters",
    ),
    file(
        "a terminal's command in a column's name", lambda data: data.replace(b"lab1", b"\x1b[2J", 1), "x1b[2J"
    ),
    file("a quotation mark without end in the header", lambda data: b'"' + data, "expected"),
    file(
        "a quotation mark without end in a row",
        lambda data: data.replace(b"\n1100,", b'\n1100,"', 1),
        "never closed",
        BY_CHECK,
    ),
    file(
        "a quotation mark without end in the last cell of a row",
        noted({10: '"open'}),
        "one in line 11 that is never closed",
        BY_CHECK,
    ),
    file(
        "two quotation marks that swallow the rows between",
        noted({10: '"open', 20: '"again'}),
        "one in line 11 that is closed only further on",
        BY_CHECK,
    ),
    file(
        "Excel with a sheet cut short",
        half_a_sheet,
        "an intact Excel file",
        ending="xlsx",
    ),
    file(
        "a long row", lambda data: data.replace(b"\n", b"\n" + b"1," * 20 + b"1\n", 1), "10 cells", BY_CHECK
    ),
    file("tabs called csv", lambda data: data.replace(b",", b"\t"), "name the separator of the file"),
    file("a header alone", lambda data: data.split(b"\n")[0] + b"\n", "at least one row of data", BY_CHECK),
    file(
        "a header without a line end", lambda data: data.split(b"\n")[0], "at least one row of data", BY_CHECK
    ),
    file("a header of nothing but commas", lambda data: b",,,\n" + data, "a name for every column"),
    file(
        "names that differ by blanks", lambda data: data.replace(b"lab1", b" lab0 ", 1), "'lab0' in columns"
    ),
    file("column names behind the title of a table", lambda data: b"Table 1\n" + data, "several columns"),
    file("an ending that nobody knows", lambda data: data, "name it in data.format", ending="doc"),
    file(
        "a compressed ending",
        lambda data: gzip.compress(data, mtime=0),
        "name it in data.format",
        ending="gz",
    ),
    file("Excel that is none", lambda data: data, "an intact Excel file", ending="xlsx"),
    file("Excel cut short", lambda data: excel(data)[:-800], "an intact Excel file", ending="xlsx"),
    file(
        "a sheet that is not there",
        excel,
        "a sheet of the file",
        ending="xlsx",
        change={"data/sheet": "Data"},
    ),
    file("Parquet that is none", lambda data: data, "an intact Parquet file", ending="parquet"),
    file("Parquet cut short", lambda data: parquet()(data)[:-30], "an intact Parquet file", ending="parquet"),
    file("Parquet with a name twice", twins, "each column name once", ending="parquet"),
    file(
        "Parquet spoilt within",
        lambda data: (lambda made: made[:300] + b"\0" * 900 + made[1200:])(parquet()(data)),
        "an intact Parquet file",
        BY_CHECK,
        "parquet",
    ),
    file(
        "not a number as a treatment",
        parquet(lambda f: f.assign(arm=f["arm"].astype(float).where(f.index != 3))),
        "1 without, in data row 4",
        BY_CHECK,
        "parquet",
    ),
    file(
        "an infinity in Parquet",
        parquet(lambda f: f.assign(age=f["age"].where(f.index != 3, float("inf")))),
        "finite numbers",
        BY_CHECK,
        "parquet",
    ),
    file(
        "an infinite outcome in Parquet",
        parquet(lambda f: f.assign(y1=f["y1"].where(f.index != 3, float("-inf")))),
        "infinities in data row 4",
        BY_CHECK,
        "parquet",
    ),
    file(
        "dates in Parquet",
        parquet(lambda f: f.assign(age=pd.to_datetime("2020-01-01"))),
        "numbers, not dates",
        BY_CHECK,
        "parquet",
    ),
    file(
        "lists in Parquet", parquet(lambda f: f.assign(age=[[1, 2]] * len(f))), "numbers", BY_CHECK, "parquet"
    ),
    file("SPSS that is none", lambda data: data, "an intact SPSS file", ending="sav"),
    file("Stata that is none", lambda data: data, "an intact Stata file", ending="dta"),
    file("SAS that is none", lambda data: data, "an intact SAS file", ending="sas7bdat"),
    file("SAS transport that is none", lambda data: data, "an intact SAS file", ending="xpt"),
    file(
        "labels of a SAS file",
        lambda data: data,
        "an intact SAS file",
        ending="xpt",
        change={"data/value_labels": True},
    ),
]


def nowhere(folder: Path) -> None:
    """The folder of results is a link to nothing."""
    (folder / "results").rename(folder / "kept")
    (folder / "results").symlink_to("nowhere")


def taken(folder: Path) -> None:
    """A file stands where the study's folder should."""
    (folder / "results").rename(folder / "kept")
    (folder / "results").mkdir()
    (folder / "results" / "small").write_text("a file")


def folder_for_data(folder: Path) -> None:
    """A folder stands where the data file should."""
    (folder / "small.csv").unlink()
    (folder / "small.csv").mkdir()


def loop(folder: Path) -> None:
    """The data file is a link to itself."""
    (folder / "small.csv").unlink()
    (folder / "small.csv").symlink_to("small.csv")


def file_for_results(folder: Path) -> None:
    """A file stands where the results should."""
    (folder / "results").rename(folder / "kept")
    (folder / "results").write_text("a file")


def file_for_marks(folder: Path) -> None:
    """A file stands where Snakemake keeps its marks."""
    (folder / ".snakemake").write_text("a file")


PLACES: list[Case] = [
    place("the data file is gone", lambda folder: (folder / "small.csv").unlink(), "no file small.csv"),
    place("a folder of the data file's name", folder_for_data, "no file small.csv"),
    place("a link in a circle", loop, "no file small.csv"),
    place(
        "the study file is gone", lambda folder: (folder / "study.yaml").unlink(), "No such file or directory"
    ),
    place(
        "a folder of the study file's name",
        lambda folder: ((folder / "study.yaml").unlink(), (folder / "study.yaml").mkdir())[0],
        "no regular file",
    ),
    place("a file where results should be", file_for_results, "which is a file"),
    place("a file where the study's results should be", taken, "which is a file"),
    place("results that are a link to nothing", nowhere, "a link to nothing"),
    place("a file where Snakemake's marks should be", file_for_marks, "which is a file"),
]
