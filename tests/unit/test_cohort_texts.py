"""Texts in expressions that no unit has are refused; those that the dictionary declares, or numbers, are not."""

from __future__ import annotations

import pandas as pd
import pytest
from hetflow.cohort.dictionary import resolve
from hetflow.cohort.source import Source
from hetflow.cohort.texts import text_problems

RAW = pd.DataFrame(
    {
        "sex": ["F", "M", " F"],
        "smoking": ["never", "current", ""],
        "stage": ["I", "II", "I"],
        "consent": ["No", "No", "No"],
        "grade": ["1", "2", "3"],
        "empty": ["", "", ""],
    },
    dtype=object,
)
DICTIONARY = {
    "stage": {"role": "covariate", "kind": "ordinal", "levels": ["I", "II", "III"]},
    "consent": {"role": "covariate", "kind": "binary", "levels": [False, True]},
}


def said(expression: str) -> list[str]:
    """What is said of an eligibility rule."""
    source = Source(RAW, resolve(DICTIONARY, list(RAW.columns)), [""])
    settings = {"eligibility": [{"label": "x", "expression": expression}], "outcomes": {}}
    return [str(problem) for problem in text_problems(source, settings)]


@pytest.mark.parametrize(
    "expression",
    [
        "sex == 'F' and 'M' != sex",
        "stage != 'III'",
        "consent != 'Yes'",
        "smoking in ['never', 'current']",
        "grade != 3",
        "empty == 'x'",
    ],
)
def test_values_and_declared_levels_may_be_named(expression: str) -> None:
    assert said(expression) == []


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("smoking != 'Current'", "did you mean 'current'?"),
        ("missing(grade) or not ('female' == sex)", "a value of sex: 'F', 'M'"),
        ("stage in ['I', 'IV']", "'IV'"),
        ("sex == 'X'", "declare it among the column's `levels`"),
    ],
)
def test_a_text_that_no_unit_has_is_named_with_the_values(expression: str, words: str) -> None:
    (problem,) = said(expression)
    assert words in problem
    assert "eligibility: rule 1 (x)" in problem
