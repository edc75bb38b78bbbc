"""The estimand's table: what the study file says, how it was analysed, what it leaves open."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from hetflow.report.estimand import estimand_table, left_open
from hetflow.report.inputs import ReportInputs
from hetflow.report.words import words
from report_fixture import report_inputs
from report_fixture_reporting import lost, with_methods


def rows(inputs: ReportInputs) -> dict[str, tuple[str, str, str]]:
    """Attribute to what the study file says, how it was analysed, what is left open."""
    own = words(inputs.settings, inputs.cohort["columns"], inputs.primary)
    return {
        row.cells[0]: (row.cells[1], row.cells[2], row.cells[3]) for row in estimand_table(inputs, own).rows
    }


def opened(key: str, text: str, kind: str = "randomised") -> str:
    """What a text leaves open of an attribute."""
    inputs = report_inputs(kind=kind)
    return left_open(key, text, words(inputs.settings, inputs.cohort["columns"], "primary"))


@pytest.mark.parametrize(
    "text",
    [
        "Early delivery: treatment policy",
        "Rescue treatment by the hypothetical strategy",
        "Death is part of a composite",
        "While-on-treatment, for those who stop",
        "Principal stratum of those who would adhere",
        "none",
        "No intercurrent events were foreseen",
    ],
)
def test_a_named_strategy_leaves_nothing_open(text: str) -> None:
    assert opened("intercurrent_events", text) == ""


@pytest.mark.parametrize("text", ["Some women stopped treatment", "Nonetheless nothing is planned"])
def test_events_without_a_strategy_are_put_to_the_authors(text: str) -> None:
    assert opened("intercurrent_events", text).startswith("For the authors: the strategy for each event")


@pytest.mark.parametrize("key", ["population", "treatments", "variable", "intercurrent_events", "summary"])
def test_an_empty_attribute_is_said_to_be_empty(key: str) -> None:
    assert opened(key, "  ") == "For the authors: the study file says nothing"


def test_a_variable_without_a_time_is_put_to_the_authors() -> None:
    assert opened("variable", "Weight in grams").endswith("when it is measured")
    assert opened("variable", "Weight in grams at birth") == ""


def test_whether_the_arm_is_the_assigned_one_is_asked_of_trials_alone() -> None:
    assert "the one assigned" in opened("treatments", "A or B")
    assert opened("treatments", "A or B", "observational") == ""


def test_the_table_tells_how_each_attribute_was_analysed() -> None:
    told = rows(lost(report_inputs(), 74, 87))
    assert told["Population"][1] == "659 of the 659 participants of the cohort"
    assert told["Population"][0] == "Pregnant women with periodontitis"
    assert "known from the design; folds within Clinic" in told["Treatment conditions"][1]
    assert "Participants without it are left out" in told["Variable"][1]
    assert told["Population-level summary"][1].startswith("Difference of means, Periodontal treatment minus")
    assert "ATE, ATT, ATC and ATO" in told["Population-level summary"][1]
    assert told["Sensitivity of the estimate"][2] == "For the authors: missing outcomes were not shifted"
    observed = rows(report_inputs(kind="observational"))
    assert "estimated from the covariates" in observed["Treatment conditions"][1]


def test_the_table_follows_the_run() -> None:
    weighted = with_methods(lost(report_inputs(), 74, 87), missing_outcome={"strategy": "weighting"})
    assert "weighted by their chance of being observed" in rows(weighted)["Variable"][1]
    shifts = pd.DataFrame({"assumption": ["shift", "jump to reference"]})
    plane = pd.DataFrame({"estimand": ["ATE"]})
    primary = replace(report_inputs().analyses["primary"], shifts=shifts, plane=plane)
    shifted = replace(weighted, analyses={"primary": primary})
    told = rows(shifted)
    assert "to have done as controls" in told["Intercurrent events"][1]
    assert told["Sensitivity of the estimate"][1:] == (
        "Missing outcomes shifted by arm until findings change",
        "",
    )
    alone = replace(lost(report_inputs(), 0, 0), analyses={"primary": report_inputs().analyses["primary"]})
    assert rows(alone)["Sensitivity of the estimate"][2] == "For the authors: no other analysis was made"
