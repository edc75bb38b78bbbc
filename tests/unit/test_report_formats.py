"""Numbers are printed with the digits that their error allows, and small counts are not printed."""

from __future__ import annotations

import pandas as pd
import pytest
from hetflow.report import formats as fmt
from hetflow.report.disclosure import HIDDEN, enough, protect, shown
from hetflow.report.words import with_unit
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("error", "places"),
    [(0.0257, 2), (0.012, 3), (1.4, 1), (3.0, 0), (52.0, 0), (0.5, 1), (None, 2), (0.0, 2)],
)
def test_decimals_follow_the_standard_error(error: float | None, places: int) -> None:
    assert fmt.decimals(error) == places


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (-0.386, 2, "\u22120.39"),
        (-0.001, 2, "0.00"),
        (1234.5, 1, "1\u202f234.5"),
        (None, 2, "\u2013"),
        (float("nan"), 1, "\u2013"),
    ],
)
def test_numbers_have_a_true_minus_and_no_negative_zero(value: float | None, places: int, text: str) -> None:
    assert fmt.number(value, places) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0004, "p < 0.001"), (0.001, "p = 0.001"), (0.0123, "p = 0.012"), (0.21, "p = 0.21"), (None, "")],
)
def test_p_values(p: float | None, text: str) -> None:
    assert fmt.p_value(p).replace("\u00a0", " ") == text


def test_a_p_value_below_five_per_cent_is_not_rounded_up_to_it() -> None:
    assert fmt.p_cell(0.0499) == "0.050"
    assert fmt.p_cell(0.0994) == "0.099"


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (1, "<10"), (9, "<10"), (10, "10"), (1000, "1\u202f000")]
)
def test_small_counts_are_not_shown(count: int, text: str) -> None:
    assert shown(count, 10) == text


@given(st.lists(st.integers(0, 60), min_size=2, max_size=6), st.integers(2, 20))
def test_no_small_count_can_be_told_by_subtraction_from_the_total(counts: list[int], minimum: int) -> None:
    """The hidden counts of a known total are either at least two, or there was no other to hide."""
    texts = protect(counts, minimum)
    hidden = [place for place, text in enumerate(texts) if text == HIDDEN or text.startswith("<")]
    small = [place for place, count in enumerate(counts) if 0 < count < minimum]
    assert set(small) <= set(hidden)
    others = [count for place, count in enumerate(counts) if place not in small and count > 0]
    if small and others:
        assert len(hidden) >= 2
        assert sum(counts[place] for place in hidden) >= minimum
    if not small:
        assert not hidden


def test_rows_of_too_few_units_are_dropped() -> None:
    assert enough(pd.DataFrame({"n": [3, 10, 12]}), "n", 10)["n"].tolist() == [10, 12]


@pytest.mark.parametrize(
    ("label", "unit", "shown"),
    [
        ("Age", "years", "Age, years"),
        ("Age at entry (years)", "years", "Age at entry (years)"),
        ("Systolic BP, mmHg", "mmHg", "Systolic BP, mmHg"),
        ("CRP [mg/L]", "mg/L", "CRP [mg/L]"),
        ("Light-years", "ears", "Light-years, ears"),
        ("Sex", "", "Sex"),
    ],
)
def test_a_unit_that_stands_in_the_label_is_not_said_twice(label: str, unit: str, shown: str) -> None:
    assert with_unit(label, unit) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1", "1 percentage point"),
        ("\u22121", "\u22121 percentage point"),
        ("1.0", "1.0 percentage points"),
        ("21", "21 percentage points"),
    ],
)
def test_one_percentage_point_is_one(text: str, shown: str) -> None:
    assert fmt.with_unit(text, "percentage points").replace(fmt.SPACE, " ") == shown
