"""What the page says of missing outcomes: by strategy, in the study's units, without small counts."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from hetflow.report import observation
from hetflow.report.estimand import estimand_table
from hetflow.report.inputs import ReportInputs
from hetflow.report.page import build_report
from hetflow.report.words import Words, words
from report_fixture import report_inputs


def _facts() -> dict[str, Any]:
    arm = {
        "clipped": 0,
        "q0.5": 1.2,
        "q0.95": 2.0,
        "q0.99": 2.5,
        "largest": 3.4,
        "mean_observed": 0.477,
        "mean_weighted": 0.49,
        "mean_completed": 0.5,
        "effective_size_unweighted": 900.0,
    }
    measures = {"overall": {"auc": 0.81, "calibration_slope": 0.9, "r2": 0.2, "log_loss": 0.3}}
    share = {"group": "CRP1", "level": "missing", "probability": 0.1}
    return {
        "strategy": "weighting",
        "learner": "stack",
        "auxiliary": ["CRP1"],
        "smallest": 0.02,
        "arms": [
            arm | {"arm": "control", "units": 410, "observed": 330, "effective_size": 300.4},
            arm | {"arm": "treated", "units": 413, "observed": 408, "effective_size": 320.2},
        ],
        "model": {"control": measures},
        "outcome_model": {},
        "calibration": [],
        "positivity": [
            share | {"arm": "control", "units": 100, "share": 0.04},
            share | {"arm": "treated", "units": 100, "share": 0.5},
            share | {"arm": "treated", "level": "present", "units": 7, "share": 0.5},
        ],
        "notices": ["missing outcomes: a word of warning"],
    }


@pytest.fixture
def weighted() -> ReportInputs:
    inputs = report_inputs()
    settings = copy.deepcopy(dict(inputs.settings))
    settings["methods"]["primary"]["missing_outcome"] = {
        "strategy": "weighting",
        "learner": "stack",
        "auxiliary": ["CRP1"],
    }
    first = inputs.analyses["primary"]
    told = replace(first, nuisance={**first.nuisance, "observation": _facts()})
    return replace(inputs, settings=settings, analyses={**inputs.analyses, "primary": told})


def _words(inputs: ReportInputs) -> Words:
    return words(inputs.settings, inputs.cohort["columns"], "primary")


def test_the_text_says_who_is_lost_and_what_weighting_changes(weighted: ReportInputs) -> None:
    text = " ".join(observation.observation_text(_words(weighted), {"observation": _facts()}, 10))
    assert "fewer than 10 of the 413 with Periodontal treatment" in text
    assert "19.5" in text  # 80 of 410
    assert "largest weight is 3.4" in text
    assert "738 observed outcomes carry about as much information as 621" in text
    assert "arm, covariates and Serum panel: C-reactive protein" in text
    assert observation.observation_text(_words(weighted), {}, 10) == []


def test_means_of_a_binary_outcome_are_shares(weighted: ReportInputs) -> None:
    own = replace(_words(weighted), factor=100.0, unit="percentage points")
    text = " ".join(observation.observation_text(own, {"observation": _facts()}, 10))
    assert "47.7" in text
    assert "50.0" in text


def test_small_counts_are_hidden(weighted: ReportInputs) -> None:
    table = observation.shares_table(_words(weighted), {"observation": _facts()}, 10)
    cells = [row.cells for row in table.rows if not row.heading]
    assert cells[0][3] == "hidden"  # 4 of 100
    assert cells[1][3].startswith("50")
    assert cells[2][2:] == ("<10", "hidden", "hidden")


def test_the_page_speaks_of_everybody_or_of_those_with_an_outcome(weighted: ReportInputs) -> None:
    plain = report_inputs()
    before, after = build_report(plain).html, build_report(weighted).html
    assert "All eligible participants with an observed outcome" in before
    assert "those without an outcome included" in after
    assert "Who has an outcome" in after
    assert "Who has an outcome" not in before
    assert "a word of warning" in after
    assert "augmented inverse-probability weighting" in after


def test_the_flow_ends_with_those_with_an_outcome_only_if_the_others_are_left_out(
    weighted: ReportInputs,
) -> None:
    outcomes = {"pd_reduction": {"missing_treated": 5}}
    plain = report_inputs()
    assert (
        observation.outcomes_left_out(replace(plain, cohort={**plain.cohort, "outcomes": outcomes}))
        == outcomes
    )
    told = replace(weighted, cohort={**weighted.cohort, "outcomes": outcomes})
    assert observation.outcomes_left_out(told) == {}


def _estimand(inputs: ReportInputs, settings: dict) -> dict[str, str]:
    """How each attribute was analysed."""
    own = words(settings, inputs.cohort["columns"], "primary")
    table = estimand_table(replace(inputs, settings=settings), own)
    return {row.cells[0]: row.cells[2] for row in table.rows}


def test_complete_cases_of_covariates_are_said_too(weighted: ReportInputs) -> None:
    settings = copy.deepcopy(dict(weighted.settings))
    settings["methods"]["primary"]["missingness"]["strategy"] = "complete_case"
    table = _estimand(weighted, settings)
    assert table["Whose effect is estimated"] == "All eligible participants with all covariates measured"
    settings["methods"]["primary"].pop("missing_outcome")
    table = _estimand(weighted, settings)
    assert table["Whose effect is estimated"].endswith("with all covariates measured and an observed outcome")
