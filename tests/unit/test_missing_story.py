"""The story of what is missing says what the artefacts say, and no more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hetflow.report import missing_story
from hetflow.report.missing_story import Told, story
from hetflow.report.words import Words

WORDS = Words(
    outcome="Change of depth",
    unit="mm",
    factor=1.0,
    better="lower",
    treated="early treatment",
    control="late treatment",
    confidence=0.95,
    randomised=True,
    labels={},
    steps={},
    rules={},
)
STRUCTURE = {
    "units": 823,
    "columns": 72,
    "incomplete_columns": 46,
    "distinct_masks": 15,
    "blocks": {"largest": {"columns": "a, b", "width": 18, "any_missing": 430}},
    "rules": {"confirmed": 7, "undeclared": 2},
}
LOST = {"missing_treated": 93, "observed_treated": 320, "missing_control": 71, "observed_control": 339}
SPREAD = pd.DataFrame(
    {
        "quantity": ["ATE", "AUTOC"],
        "routes": [3, 3],
        "smallest": [-0.396, 0.16],
        "largest": [-0.384, 0.18],
        "spread": [0.012, 0.02],
        "in_standard_errors": [0.48, 0.6],
    }
)


def told(**changes: object) -> dict[str, missing_story.Finding]:
    facts = {
        "words": WORDS,
        "minimum": 10,
        "structure": STRUCTURE,
        "mechanism": {},
        "lost": LOST,
        "strategy": "multiple_imputation",
        "missing_outcome": "complete_case",
        "spread": SPREAD,
        "largest": 0.34,
        "overturned": ["The average effect would no longer be shown if the missing outcomes were higher."],
    }
    return dict(story(Told(**facts | changes)))  # type: ignore[arg-type]


def test_five_questions_are_answered_in_order():
    assert list(told()) == [
        "What is missing?",
        "What does it do to this question?",
        "Which route answers which question?",
        "How far do the routes differ?",
        "What would overturn the finding?",
    ]
    assert told(structure={}) == told(structure=STRUCTURE | {"distinct_masks": 0}) == {}


def test_the_block_is_the_headline_and_small_counts_are_hidden():
    found = told()["What is missing?"]
    assert found.headline == "18 variables are missing together in 430 of 823 participants"
    assert "in 15 different ways" in found.text
    small = STRUCTURE | {"blocks": {"largest": {"columns": "a, b", "width": 2, "any_missing": 4}}}
    assert "<10" in told(structure=small)["What is missing?"].headline
    none = STRUCTURE | {"blocks": {"largest": None}}
    assert told(structure=none)["What is missing?"].headline == "46 of 72 variables have gaps"


def test_lost_outcomes_are_told_by_arm_and_not_where_there_are_none():
    found = told()["What does it do to this question?"]
    assert "22.5" in found.text
    assert "17.3" in found.text
    assert "34" in found.text
    none = {"missing_treated": 0, "observed_treated": 413, "missing_control": 0, "observed_control": 410}
    whole = told(lost=none, overturned=[])
    assert whole["What does it do to this question?"].headline.endswith("the average effect is not touched")
    assert whole["What would overturn the finding?"].headline.startswith("Not the outcomes")
    few = LOST | {"missing_control": 3}
    text = told(lost=few)["What does it do to this question?"].text
    assert "fewer than 10" in text
    assert "22.5" not in text


@pytest.mark.parametrize(
    ("strategy", "measured"), [("multiple_imputation", True), ("indicator", False), ("native", False)]
)
def test_each_route_says_what_its_answers_speak_of(strategy, measured):
    text = told(strategy=strategy)["Which route answers which question?"].text
    assert ("were all covariates measured" in text) is measured


def test_routes_that_differ_are_not_said_to_agree():
    assert told()["How far do the routes differ?"].headline == "By less than a standard error, over 3 routes"
    apart = told(spread=SPREAD.assign(in_standard_errors=[2.4, 0.6]))["How far do the routes differ?"]
    assert apart.headline == "By up to 2.4 standard errors, over 3 routes"
    alone = told(spread=SPREAD.iloc[:0])["How far do the routes differ?"]
    assert alone.headline == "Only one route was run"
    unknown = told(spread=SPREAD.assign(in_standard_errors=np.nan))["How far do the routes differ?"]
    assert unknown.headline == "3 routes were run"


def test_an_analysis_that_was_not_made_is_not_reported():
    found = told(overturned=[])["What would overturn the finding?"]
    assert found.headline == "Not examined"
    assert "`sensitivity`" in found.text


def test_an_observational_study_is_told_that_confounders_are_imputed():

    found = told(words=replace(WORDS, randomised=False))["What does it do to this question?"]
    assert "confound" in found.headline
    assert "cannot bias" not in found.text
