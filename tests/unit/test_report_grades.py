"""Grades of evidence by their rules: the first that holds, and one that always does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hetflow.report import grading
from hetflow.report.grading import AGAIN, MODERATE, NONE, STRONG, UNTESTED, VARIES, WEAK, WHOM, Facts, grade

BASE = Facts(alpha=0.05, tests=8, replicated=0, gap=0)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"tests": 0}, UNTESTED),
        ({"found": 3, "adjusted": 1e-4, "replicated": 1}, STRONG),
        ({"found": 3, "adjusted": 1e-4, "replicated": 0}, MODERATE),
        ({"found": 3, "adjusted": 1e-4, "replicated": None}, MODERATE),
        ({"found": 3, "adjusted": 0.04, "replicated": 1}, MODERATE),
        ({"found": 3, "adjusted": 1e-4, "replicated": -1}, WEAK),
        ({"found": 1, "adjusted": 0.05}, WEAK),
        ({}, NONE),
        ({"replicated": -1}, NONE),
    ],
)
def test_grades_of_whether_the_effect_varies(changes: dict, expected: str) -> None:
    assert grade(VARIES, replace(BASE, **changes)).strength == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"gap": None}, UNTESTED),
        ({"adjusted": 0.01, "slope": 1e-4, "slopes": True, "gap": 1}, STRONG),
        ({"adjusted": 0.01, "slope": 0.01, "slopes": True, "gap": 1}, MODERATE),
        ({"adjusted": 0.01, "slope": 1e-4, "slopes": True, "gap": 0}, MODERATE),
        ({"adjusted": 0.01, "slope": 1e-4, "slopes": True, "gap": -1}, WEAK),
        ({"adjusted": 0.2, "slope": 1e-4, "slopes": True, "gap": 1}, WEAK),
        ({"adjusted": 0.01, "slope": 0.09, "slopes": True}, WEAK),
        ({"adjusted": 0.01, "slope": 0.3}, NONE),
        ({"slope": 0.3, "gap": -1}, NONE),
    ],
)
def test_grades_of_whom(changes: dict, expected: str) -> None:
    assert grade(WHOM, replace(BASE, **changes)).strength == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"replicated": None}, UNTESTED),
        ({"replicated": 1, "others": 3, "agreeing": 3}, STRONG),
        ({"replicated": 1, "others": 3, "agreeing": 2}, MODERATE),
        ({"replicated": 1}, MODERATE),
        ({"replicated": 1, "others": 3, "agreeing": 1}, WEAK),
        ({"replicated": 0, "adjusted": 0.01}, WEAK),
        ({"replicated": 0, "others": 3, "agreeing": 3}, NONE),
        ({"replicated": -1, "adjusted": 0.01}, NONE),
    ],
)
def test_grades_of_finding_it_again(changes: dict, expected: str) -> None:
    assert grade(AGAIN, replace(BASE, **changes)).strength == expected


def test_every_list_of_grades_ends_with_one_that_always_holds() -> None:
    for grades in grading.QUESTIONS.values():
        assert grades[-1].holds(Facts(alpha=0.05))
        assert len({one.strength for one in grades}) == len(grades) == 5
