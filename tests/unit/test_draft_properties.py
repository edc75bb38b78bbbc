"""`make dictionary` on any column names and cells: what is drafted can be read, and says the same names."""

from __future__ import annotations

import string
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from hetflow.cohort.draft import draft_frame
from hetflow.errors import control_characters
from hetflow.study.load import read_yaml
from hypothesis import given
from hypothesis import strategies as st

TRICKY = [
    "yes",
    "1.5",
    "~",
    "null",
    "2020-01-01",
    "# a",
    "a: b",
    "- a",
    "'",
    '"',
    "{x}",
    "[",
    "=",
    "<<",
    "!!set",
    "&a",
]
_names = st.one_of(
    st.text(min_size=1, max_size=30),
    st.sampled_from(TRICKY),
    st.text(string.printable, min_size=1, max_size=90),
).filter(lambda name: name.strip() == name and not control_characters(name))
_cells = (
    st.none()
    | st.integers(-9, 9).map(str)
    | st.text(max_size=8).filter(lambda cell: not control_characters(cell))
)


@given(
    st.dictionaries(
        _names, st.lists(_cells | st.sampled_from(TRICKY), min_size=4, max_size=4), min_size=1, max_size=5
    ),
    st.text(min_size=1, max_size=20).filter(lambda name: not control_characters(name) and "/" not in name),
)
def test_a_draft_can_be_read_and_names_every_column(columns: dict[str, list[Any]], file: str) -> None:
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "draft.yaml"
        path.write_text(draft_frame(frame, file), encoding="utf-8")
        values = read_yaml(path)
    assert set(values["dictionary"]) == set(columns)
    assert values["data"]["file"] == file
