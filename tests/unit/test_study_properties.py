"""The study file against anything: bytes, trees, mutated studies. Refused in bounded, plain words, or a study."""

from __future__ import annotations

import copy
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hetflow.errors import Problem, Refused, plain
from hetflow.files import canonical_json
from hetflow.study.analyses import resolve_all
from hetflow.study.load import check_study, merge, read_yaml
from hetflow.study.model import Study
from hetflow.study.slices import slices
from hetflow.study.study_slices import study_slices
from hypothesis import given, settings
from hypothesis import strategies as st
from small_project import STUDY

HEADER = ["id", "site", "arm", "age", "female", "y0", "y1", "lab0", "lab1", "lab2"]
LONGEST = 130_000  # characters: 30 problems of four parts of at most 900 signs, each escaped
SLOWEST = 20.0  # seconds a study may take on a busy machine: nothing may explode

_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**17, max_value=10**40),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["y1 - y0", "age", "../x", "{x}", "\x1b[2J", "\u202e", "\ud800", "\x00", "9**9**9", "=1+1", "*"]
    ),
    st.dates(),
    st.binary(max_size=8),
)
_trees = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)


def _paths(values: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Places of all that is in a tree."""
    inner = (
        values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    )
    found = [path] if path else []
    for key, value in inner:
        found += _paths(value, (*path, key))
    return found


PLACES = _paths(yaml.safe_load(STUDY))
KEYS = sorted({str(place[-1]) for place in PLACES} | set(Study.model_fields))


def said_plainly(refused: Refused) -> None:
    """Four parts each, bounded, and nothing that a terminal would obey."""
    text = str(refused)
    assert refused.problems
    for problem in refused.problems:
        lines = str(problem).split("\n")
        assert len(lines) == 4
        assert not [line for line in lines[1:] if line.endswith((": ", ":   "))]
    assert len(text) < LONGEST
    assert all(sign.isprintable() or sign == "\n" for sign in text)
    text.encode()


def judged(values: Any) -> Study | None:
    """The study if it is one; else nothing, and it was said plainly why."""
    start = time.perf_counter()
    try:
        study = check_study(values, "x.yaml", HEADER)
    except Refused as refused:
        said_plainly(refused)
        study = None
    assert time.perf_counter() - start < SLOWEST
    if study is not None:  # what was accepted can be written, encoded and split into stages
        canonical_json(study_slices(study)).encode()
        for one in resolve_all(study).values():
            canonical_json(slices(one)).encode()
    return study


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), _trees, max_size=6))
def test_any_tree_is_refused_plainly(values: dict[str, Any]) -> None:
    assert judged(values) is None


@given(st.lists(st.tuples(st.sampled_from(PLACES), _trees), min_size=1, max_size=3))
@settings(max_examples=200)
def test_a_study_with_anything_in_any_place_is_refused_plainly_or_valid(changes: list[Any]) -> None:
    values = copy.deepcopy(yaml.safe_load(STUDY))
    for path, value in changes:
        section = values
        for key in path[:-1]:
            try:
                section = section[key]
            except (KeyError, IndexError, TypeError):
                break  # an earlier change removed it
        if isinstance(section, dict) or (isinstance(section, list) and isinstance(path[-1], int) and section):
            section[path[-1] if isinstance(section, dict) else 0] = value
    judged(values)


@given(st.sampled_from(PLACES), st.sampled_from(KEYS), _trees)
def test_a_study_with_anything_added_is_refused_plainly_or_valid(path: Any, key: str, value: Any) -> None:
    values = copy.deepcopy(yaml.safe_load(STUDY))
    section = values
    for part in path[:-1]:
        section = section[part]
    if isinstance(section, dict):
        section[key] = value
    judged(values)


def read(content: bytes) -> dict[str, Any] | None:
    """A file's content as a study is read, if it can be."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.yaml"
        path.write_bytes(content)
        start = time.perf_counter()
        try:
            values = read_yaml(path)
        except Refused as refused:
            said_plainly(refused)
            values = None
        assert time.perf_counter() - start < SLOWEST
    return values


@given(
    st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_any_bytes_are_refused_plainly_or_read(content: bytes) -> None:
    values = read(content)
    if values is not None:
        judged(values)


SIGNS = [
    *"{}[]&*!|>'\"%@`#-?:,=<~\t\n \\0",
    "<<: ",
    "- ",
    ": ",
    "!!python/object:os.system ",
    "\ufeff",
    "\x85",
    "\xe9",
]


@given(
    st.lists(st.tuples(st.integers(0, len(STUDY)), st.integers(0, 12), st.sampled_from(SIGNS)), max_size=5)
)
@settings(max_examples=300)
def test_a_study_with_signs_put_in_and_left_out_is_refused_plainly_or_valid(changes: list[Any]) -> None:
    text = STUDY
    for place, removed, sign in changes:
        text = text[:place] + sign + text[place + removed :]
    values = read(text.encode("utf-8", "surrogatepass"))
    if values is not None:
        judged(values)


@given(_trees)
def test_plain_values_are_read_as_written(value: Any) -> None:
    content = yaml.safe_dump({"x": value}, allow_unicode=True).encode("utf-8", "surrogatepass")
    values = read(content)
    if values is not None:
        assert yaml.safe_dump(values) == yaml.safe_dump(yaml.safe_load(content.decode()))


@given(
    st.dictionaries(st.text(max_size=5), _trees, max_size=4),
    st.dictionaries(st.text(max_size=5), _trees, max_size=4),
)
def test_merging_never_forgets_a_change(base: dict[str, Any], changes: dict[str, Any]) -> None:
    merged = merge(base, changes)
    assert set(merged) == set(base) | set(changes)
    assert repr(merge(merged, changes)) == repr(merged)


@given(st.text(max_size=3000), st.integers(10, 900))
def test_what_is_shown_is_printable_and_bounded(text: str, most: int) -> None:
    shown = plain(text, most)
    assert shown.isprintable()
    assert len(shown) <= 2 * most + 5
    if text.isprintable() and len(text) <= most:
        assert shown == text


@pytest.mark.parametrize("part", range(4))
def test_every_part_of_a_problem_is_shown_plainly(part: int) -> None:
    words = ["a", "b", "c", "d"]
    words[part] = "\x1b[2J\r\n1. forged" + "x" * 10_000
    said_plainly(Refused([Problem(*words)] * 500))
    assert str(Refused([Problem(*words)])).count("\n") == 4
