"""Cells become values: codes that mean missing, numbers, levels; refusals name rows and values."""

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort import levels as spelt
from hetflow.cohort import values
from hetflow.errors import Refused
from hypothesis import given
from hypothesis import strategies as st


def text(*cells: str | None) -> pd.Series:
    return pd.Series(list(cells), dtype=object)


def _listed(found: values.Cleaned) -> dict[str, list[int]]:
    return {reason: cells.tolist() for reason, cells in found.reasons.items()}


def test_clean_strips_and_places_reasons() -> None:
    found = values.clean(
        text(" 5 ", "", ".", "-9", "-9.0", "99", None), ["."], {"-9": "refused", "99": "no device"}
    )
    assert found.series.tolist() == ["5", None, None, None, None, None, None]
    assert _listed(found) == {"refused": [3, 4], "no device": [5]}


def test_clean_of_numbers() -> None:
    series = pd.Series([1.0, -9.0, np.nan, 99.0])
    found = values.clean(series, ["", 99], {"-9": "refused"})
    np.testing.assert_array_equal(found.series, [1, np.nan, np.nan, np.nan])
    assert {reason: len(cells) for reason, cells in found.reasons.items()} == {"refused": 1}
    assert series.tolist()[1] == -9  # the raw column is not changed


@given(st.lists(st.one_of(st.none(), st.floats(-values.LARGEST, values.LARGEST))))
def test_numbers_come_back_bit_for_bit(numbers: list[float | None]) -> None:
    cells = text(*[None if number is None else repr(number) for number in numbers])
    found = values.numbers(cells, "x")
    np.testing.assert_array_equal(found, np.array([np.nan if n is None else n for n in numbers], dtype=float))


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["1", "abc", "x"], r"'abc', 'x' in data rows 2, 3"),
        (["1", "2020-01-31"], "numbers, not dates"),
        (["31.01.2020"], "numbers, not dates"),
        (["3,5"], "a decimal point"),
        (["1", "inf"], "finite numbers"),
        (["1e999"], "finite numbers"),
        (["nan"], "missing_codes"),
        (["1_000"], "'1_000' in data row 1"),
    ],
)
def test_what_is_no_number(cells: list[str], said: str) -> None:
    with pytest.raises(Refused, match=said):
        values.numbers(text(*cells), "dictionary: x")


def test_infinities_and_counts() -> None:
    with pytest.raises(Refused, match="'inf' in data row 2"):
        values.numbers(pd.Series([1.0, np.inf]), "x")
    np.testing.assert_array_equal(values.counts(text("0", None, "7.0"), "x"), [0, np.nan, 7])
    for wrong in ("-1", "0.5"):
        with pytest.raises(Refused, match="whole numbers from 0"):
            values.counts(text("1", wrong), "x")


@pytest.mark.parametrize(
    ("cells", "levels"),
    [
        (["No", "Yes"], ("No", "Yes")),
        (["Y", "N"], ("N", "Y")),
        (["FALSE", "TRUE"], ("FALSE", "TRUE")),
        (["1", "0", None], ("0", "1")),
        (["Yes", None], ("No", "Yes")),
    ],
)
def test_recognised_pairs(cells: list[str | None], levels: tuple[str, ...]) -> None:
    assert spelt.levels_of(text(*cells), "binary", None, "x") == levels


def test_levels_are_checked() -> None:
    series = text("No", "Yes", None, "maybe")
    with pytest.raises(Refused, match="'maybe' in data row 4"):
        spelt.levels_of(series, "binary", ["No", "Yes"], "x")
    with pytest.raises(Refused, match="two levels such as"):
        spelt.levels_of(text("a", "b"), "binary", None, "x")
    with pytest.raises(Refused, match="two levels for kind binary"):
        spelt.levels_of(text("a"), "binary", ["a", "b", "c"], "x")
    with pytest.raises(Refused, match="ascending order"):
        spelt.levels_of(text("a", "b"), "ordinal", None, "x")
    with pytest.raises(Refused, match="each level once"):
        spelt.levels_of(text("1"), "ordinal", ["1", 1.0], "x")


def test_yaml_reads_no_and_yes_as_booleans() -> None:
    assert spelt.levels_of(text("No", "Yes"), "binary", [False, True], "x") == ("No", "Yes")
    assert values.same(True, "Y")
    assert not values.same(False, "Y")


def test_codes_and_labels() -> None:
    series = pd.Series([2.0, 1.0, np.nan, 3.0])
    levels = spelt.levels_of(series, "ordinal", [3, 2, 1], "x")
    assert levels == ("3", "2", "1")
    np.testing.assert_array_equal(spelt.codes(series, levels), [1, 2, np.nan, 0])
    assert spelt.labels(series, levels).tolist() == ["2", "1", None, "3"]


def test_leading_zeros_are_different_labels() -> None:
    series = text("01", "1", "02")
    levels = spelt.levels_of(series, "nominal", None, "x")
    assert spelt.labels(series, levels).tolist() == ["01", "1", "02"]


def test_natural() -> None:
    assert values.natural(text("1", None, "2.5")).tolist()[2] == 2.5
    assert values.natural(text("1", "x")).tolist() == ["1", "x"]
