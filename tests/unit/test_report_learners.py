"""What the page says of the learners, and what of it may leave the study."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hetflow.report.inputs import ReportInputs
from hetflow.report.learners import NAME, answer, parts, shown, stack_text
from hetflow.report.page import build_report
from hetflow.report.words import Words, words
from report_fixture import report_inputs
from report_fixture_learners import learner_inputs_of_page, with_learners

MINIMUM = 10


@pytest.fixture(scope="module")
def inputs() -> ReportInputs:
    return with_learners(report_inputs())


@pytest.fixture(scope="module")
def own(inputs: ReportInputs) -> Words:
    return words(inputs.settings, inputs.cohort["columns"], inputs.primary)


def test_the_answer_counts_learners_by_their_intervals(own: Words) -> None:
    said = answer(learner_inputs_of_page(), own)
    assert (
        "Of 4 ways to predict the effect, 2 have a smaller loss than one effect for all (Forest and Stack)"
        in said
    )
    assert "1 has a larger one (T-learner)" in said
    assert "for 1 the 95" in said
    assert "correlate with the forest's by 0.80 to 0.82" in said


def test_the_answer_of_learners_that_all_find_something(own: Words) -> None:
    found = learner_inputs_of_page()
    table = found.tables["comparison"].copy()
    table.loc[table["measure"] == "DR_loss_gain", ["estimate", "lower", "upper"]] = [0.05, 0.01, 0.09]
    said = answer(replace(found, tables={**found.tables, "comparison": table}), own)
    assert said.startswith("All 4 ways to predict the effect have a smaller loss")


@pytest.mark.parametrize(
    ("lower", "upper", "said"),
    [(0.01, 0.02, "smaller"), (-0.02, -0.01, "larger"), (-0.1, 0.1, "cannot be told")],
)
def test_the_stack_is_judged_by_its_interval(lower: float, upper: float, said: str) -> None:
    found = learner_inputs_of_page()
    table = found.tables["comparison"].copy()
    rows = (table["learner"] == "stack") & (table["reference"] == "forest")
    table.loc[rows, ["lower", "upper"]] = [lower, upper]
    text = stack_text(replace(found, tables={**found.tables, "comparison": table}))
    assert said in text
    assert "(Forest 70" in text


def test_the_page_holds_the_section_its_figure_and_its_table(inputs: ReportInputs) -> None:
    report = build_report(inputs)
    assert "Would other methods find the same?" in report.html
    assert "Learners of the effect compared, out of fold" in report.html
    assert report.figures[NAME].count("<svg") == 1
    assert {"learners", "learners_agreement", "learners_weights"} <= set(report.tables)
    assert build_report(inputs).html == report.html
    start = report.html.index('<section id="learners">')
    section = report.html[start : report.html.index("</section>", start)]
    assert "p =" not in section.replace("\u00a0", " ")
    assert "p <" not in section.replace("\u00a0", " ")


def test_the_page_says_how_often_the_losses_intervals_hold(inputs: ReportInputs, own: Words) -> None:
    note = shown(inputs, own, MINIMUM).tables[0].note
    assert "held the truth in 87 % where the effect did not vary" in note


def test_a_percentage_outcome_is_shown_in_points(inputs: ReportInputs, own: Words) -> None:
    table = shown(inputs, replace(own, factor=100.0, unit="percentage points"), MINIMUM).tables[0]
    assert table.rows[0].cells[4].startswith("20")
    assert table.rows[0].cells[1] == shown(inputs, own, MINIMUM).tables[0].rows[0].cells[1]


def test_nothing_is_shown_of_too_few_units_or_without_the_appraisal(own: Words) -> None:
    few = with_learners(report_inputs(), learner_inputs_of_page(units=MINIMUM - 1))
    for inputs in (few, report_inputs()):
        assert not shown(inputs, own, MINIMUM).tables
        assert not parts(inputs, own, MINIMUM)
    assert "Would other methods" not in build_report(report_inputs()).html
