"""What the page says of missing outcomes: numbers as computed, small counts hidden, nothing where nothing was asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hetflow.effects.sensitivity import sensitivity
from hetflow.report.inputs import AnalysisInputs, ReportInputs
from hetflow.report.ledger import ledger
from hetflow.report.page import build_report
from hetflow.report.sensitivity import parts, sensitivity_text, shown_analysis
from hetflow.report.words import words
from lost_outcomes import clean_parts, lost_trial, scores_of
from report_fixture import report_inputs
from report_fixture_sensitivity import ESTIMATES, found
from report_fixture_sensitivity import with_sensitivity as inputs


def own(whole: ReportInputs) -> Any:
    return words(whole.settings, whole.cohort["columns"], "primary")


def test_without_a_sensitivity_analysis_the_page_says_so() -> None:
    whole = report_inputs()
    assert shown_analysis(whole) == ""
    assert parts(whole, own(whole), 10) == []
    assert "sensitivity" not in build_report(whole).figures


def test_the_sentences_carry_the_tipping_points() -> None:
    whole = inputs(imputed=False)
    text = " ".join(sensitivity_text(whole, own(whole), 10))
    tipping = found(imputed=False).tipping
    for name in ("ATE", "AUTOC"):
        rows = tipping[(tipping["estimand"] == name) & (tipping["arms"] == "treated")].dropna()
        assert f"({abs(rows['delta'].iloc[0]):.2f} sd) with Periodontal treatment" in text
    assert "(by weighting)" in text
    assert "No data can tell" in text
    assert "times the larger of these" in text or "it is fragile" in text


def test_imputed_outcomes_are_called_so_and_are_not_ranked() -> None:
    whole = inputs(imputed=True)
    assert "(by imputation)" in sensitivity_text(whole, own(whole), 10)[0]
    report = build_report(whole)
    assert "Jump to reference" in report.html
    assert "AUTOC" not in set(report.tables["sensitivity_shifts"]["estimand"])
    assert "Ranking (AUTOC)" not in report.figures["sensitivity"]


def test_the_figure_and_its_tables_leave_with_the_report() -> None:
    report = build_report(inputs(imputed=False))
    svg = report.figures["sensitivity"]
    for text in ("Average effect", "Ranking (AUTOC)", "benefit", "treated alone", "<desc"):
        assert text in svg
    assert {"sensitivity_shifts", "sensitivity_tipping", "sensitivity_plane"} <= set(report.tables)
    assert report.html.count("What the missing outcomes could change") >= 1
    assert "No sensitivity analysis of that assumption was made" not in report.html


@pytest.mark.parametrize("imputed", [False, True])
def test_the_ledger_lists_tests_under_shifted_outcomes_but_not_those_of_the_estimates_again(
    imputed: bool,
) -> None:
    whole = inputs(imputed=imputed, analysis="indicator")
    shifts = whole.analyses["indicator"].shifts
    table = ledger(whole)
    own_rows = table[table["stage"] == "sensitivity"]
    assert set(own_rows["analysis"]) == {"indicator"}
    assert set(own_rows["plan"]) == {"sensitivity"}
    assert not own_rows["in_family"].any()
    tested = shifts[shifts["p"].notna()]
    estimates = whole.estimates[(whole.estimates["analysis"] == "indicator") & whole.estimates["p"].notna()]
    keys = ["estimand", "group", "term"]
    again = (tested["assumption"] == "shift") & (tested["delta"] == 0)
    again &= pd.MultiIndex.from_frame(tested[keys]).isin(pd.MultiIndex.from_frame(estimates[keys]))
    assert again.any()
    assert sorted(own_rows["p"]) == sorted(tested.loc[~again, "p"])
    assert any("shifted by +" in of for of in own_rows["of"])
    assert ("jump to reference" in " ".join(own_rows["of"])) == imputed


@pytest.mark.parametrize("imputed", [False, True])
def test_planes_hold_no_p_values(imputed: bool) -> None:
    made = found(imputed)
    assert list(made.plane) == [
        *("estimand", "delta_treated", "delta_control", "estimate", "lower", "upper", "verdict")
    ]


def test_an_analysis_beside_the_primary_is_named() -> None:
    whole = inputs(imputed=False, analysis="indicator")
    assert "(by weighting, analysis “Missingness indicators”)" in sensitivity_text(whole, own(whole), 10)[0]


def test_small_counts_are_hidden_and_then_nothing_is_drawn() -> None:
    whole = inputs(imputed=False, lost={"treated": 4, "control": 60})
    text = sensitivity_text(whole, own(whole), 10)[0]
    assert "(&lt;10 participants)" in text or "(<10 participants)" in text
    assert "sensitivity" not in build_report(whole).figures


def test_a_risk_cannot_leave_zero_to_one() -> None:
    whole = inputs(imputed=False, binary=True, expected_lost={"treated": 0.3, "control": 0.2})
    text = " ".join(sensitivity_text(whole, own(whole), 10))
    assert "out of 0 to 100 per cent cannot have happened" in text


def test_a_small_tipping_point_is_called_fragile() -> None:
    whole = inputs(imputed=False)
    analysis = whole.analyses["primary"]
    near = analysis.tipping.assign(delta=analysis.tipping["delta"] * 1e-3)
    fragile = replace(whole, analyses={"primary": replace(analysis, tipping=near)})
    assert "it is fragile" in sensitivity_text(fragile, own(whole), 10)[-1]


@pytest.mark.parametrize("imputed", [False, True])
def test_the_driver_says_what_the_estimators_say_without_shift(imputed: bool) -> None:
    made = found(imputed)
    plain = made.shifts[(made.shifts["delta"] == 0) & (made.shifts["assumption"] == "shift")]
    wanted = {"ATE", "projection", "rule_groups", "rule_groups_difference"}
    ranked = {"AUTOC", "sequential_groups", "sequential_groups_difference"}
    assert set(plain["estimand"]) == (wanted if imputed else wanted | ranked)
    assert set(made.tipping["estimand"]) == (
        {"ATE"} if imputed else {"ATE", "AUTOC", "sequential_groups_difference"}
    )
    assert made.facts["extreme"]["treated"]["lower"] < 0 < made.facts["extreme"]["treated"]["higher"]


def test_analyses_without_one_keep_their_empty_inputs() -> None:
    assert AnalysisInputs().shifts.empty


def test_in_an_observational_design_heterogeneity_has_no_tipping_point_and_no_p() -> None:
    trial = lost_trial(np.random.default_rng(4), n=300)
    mean, effect, fold = clean_parts(trial, np.random.default_rng(4))
    completed = np.where(trial.observed, trial.outcome, mean + (trial.arm - 0.5) * effect)
    scores = scores_of(trial, completed, mean, effect, fold)
    settings = ESTIMATES | {"imputed": False, "randomised": False}
    made = sensitivity([scores], [trial.frame], trial.columns, trial.outcome, settings, 4)
    assert set(made.tipping["estimand"]) == {"ATE"}
    tested = made.shifts.dropna(subset=["p"])
    assert set(tested["estimand"]) == {"ATE"}


def test_where_every_outcome_is_observed_nothing_moves_and_nothing_tips() -> None:
    trial = lost_trial(np.random.default_rng(4), n=300, rate=-60.0)
    mean, effect, fold = clean_parts(trial, np.random.default_rng(4))
    scores = scores_of(trial, trial.outcome, mean, effect, fold)
    made = sensitivity(
        [scores], [trial.frame], trial.columns, trial.outcome, ESTIMATES | {"imputed": False}, 4
    )
    assert made.tipping.empty
    assert made.plane.empty
    ate = made.shifts[made.shifts["estimand"] == "ATE"]
    assert ate["estimate"].nunique() == ate["se"].nunique() == 1
    assert made.facts["lost"] == {"treated": 0, "control": 0}
