"""What looks broken and is not: it must be read for what it is, and make no mischief where it comes out."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from hetflow.cohort.ingest import Cohort

from corpus.files import parquet
from corpus.table import Case, Change, cells, column

BOM = b"\xef\xbb\xbf"
FORMULAS = (
    "=cmd|'/c calc'!A0",
    '=HYPERLINK("http://x","y")',
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\uff1d1+1",
    " =1+1",
    "-",
    "+",
)
HTML = "<script>alert(1)</script>"
TEMPLATE = "{sample} {{7*7}} <results> $HOME $(id) `id` %s $x^2$ \\ ' \""


@dataclass(frozen=True)
class Harmless:
    """A case that is accepted, and what must hold of its cohort."""

    case: Case
    holds: Callable[[Cohort], bool]


def levels(found: Cohort, name: str) -> set[str]:
    """Levels of a column of the cohort."""
    return set(next(c["levels"] for c in found.facts["columns"] if c["name"] == name))


def whole(found: Cohort) -> bool:
    """All units of the small study."""
    return len(found.cohort) == 240 and {"age", "female", "lab0", "site"} <= set(found.cohort.columns)


def named(level: str, *rows: int) -> Case:
    """A level of that name in both arms."""
    return Case(f"a level {level!r}", "", edit=cells("site", level, *(rows or range(40))))


def _holds(level: str) -> Harmless:
    return Harmless(named(level), lambda found: level.strip() in levels(found, "site"))


def _labels(label: str) -> Change:
    return {"title": label, "dictionary/age/label": label, "outcomes/change/label": label}


def _long_identifiers(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(id=np.arange(len(frame), dtype=np.int64) + 2**60)


def _wide(frame: pd.DataFrame) -> pd.DataFrame:
    more = pd.DataFrame(1, index=frame.index, columns=[f"x{place}" for place in range(10_000)])
    return pd.concat([frame, more], axis=1)


def _long_header(content: bytes) -> bytes:
    frame = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
    more = pd.DataFrame("1", index=frame.index, columns=[f"{place}{'x' * 90_000}" for place in range(12)])
    return pd.concat([more, frame], axis=1).to_csv(index=False).encode()


HARMLESS: list[Harmless] = [
    *map(_holds, (*FORMULAS, HTML, TEMPLATE, "Z\u00fcrich \u65e5\u672c \U0001f98a", 'a "quoted, part"')),
    Harmless(Case("a byte-order mark in the data", "", file=lambda data: BOM + data), whole),
    Harmless(
        Case("a byte-order mark in the study", "", text=lambda text: BOM.decode() + text),
        whole,
    ),
    Harmless(Case("line ends of Windows", "", file=lambda data: data.replace(b"\n", b"\r\n")), whole),
    Harmless(Case("line ends of an old Macintosh", "", file=lambda data: data.replace(b"\n", b"\r")), whole),
    Harmless(Case("no line end at the end", "", file=lambda data: data.rstrip(b"\n")), whole),
    Harmless(
        Case(
            "a blank behind a quotation mark, inches, and a cell of two lines",
            "",
            file=lambda data: (
                data.replace(b"\n1000,North", b'\n1000,"North" ', 1)
                .replace(b"\n1001,North", b'\n1001,5" North', 1)
                .replace(b"\n1002,South", b'\n1002,"So\nuth"', 1)
            ),
        ),
        lambda found: {'5" North', "So\nuth"} <= levels(found, "site"),
    ),
    Harmless(Case("blank lines at the end", "", file=lambda data: data + b"\n\n\n"), whole),
    Harmless(
        Case(
            "Latin letters that are declared",
            "",
            change={"data/encoding": "cp1252"},
            file=lambda data: data.replace(b"North", b"Z\xfcrich"),
        ),
        lambda found: "Z\u00fcrich" in levels(found, "site"),
    ),
    Harmless(
        Case(
            "UTF-16 that is declared",
            "",
            change={"data/encoding": "utf-16"},
            file=lambda data: data.decode().encode("utf-16"),
        ),
        whole,
    ),
    Harmless(
        Case(
            "blanks that do not break",
            "",
            edit=column("female", lambda f: f["female"].str.strip() + "\u00a0"),
        ),
        lambda found: levels(found, "female") == {"No", "Yes"},
    ),
    Harmless(
        Case("labels with braces, HTML and a shell's signs", "", change=_labels(TEMPLATE + HTML)),
        lambda found: found.facts["outcomes"]["change"]["label"] == TEMPLATE + HTML,
    ),
    Harmless(Case("10,000 columns that nobody asked for", "", edit=_wide), whole),
    Harmless(Case("a header of a million letters", "", file=_long_header), whole),
    Harmless(
        Case("identifiers too long for a float", "", file=parquet(_long_identifiers), ending="parquet"),
        whole,
    ),
    Harmless(
        Case("a rare level in one arm", "", edit=cells("site", "West", 0, 2, 4, 6)),
        lambda found: "West" in levels(found, "site"),
    ),
    Harmless(
        Case("a third arm", "", edit=lambda f: f.assign(arm=np.where(f.index < 30, 2, f["arm"]))),
        lambda found: len(found.cohort) == 210,
    ),
]
