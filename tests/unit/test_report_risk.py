"""Effects by risk and unmeasured confounding on the page: numbers as computed, small counts hidden, or nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hetflow.report import confounding, risk
from hetflow.report import formats as fmt
from hetflow.report.inputs import AppraisalInputs, ReportInputs
from hetflow.report.page import build_report
from hetflow.report.words import words
from report_fixture import report_inputs
from report_fixture_risk import confounding_appraisal, risk_appraisal, with_appraisals


def own(whole: ReportInputs) -> Any:
    return words(whole.settings, whole.cohort["columns"], "primary")


def text(parts: list[tuple[str, Any]]) -> str:
    return " ".join(str(part) for kind, part in parts if kind == "text")


def test_without_the_appraisals_the_page_has_no_such_section() -> None:
    whole = report_inputs()
    assert risk.parts(whole, own(whole), 10) == []
    assert confounding.parts(whole, own(whole), 10) == []
    page = build_report(whole)
    assert "By baseline risk" not in page.html
    assert not {"risk", "confounding"} & set(page.figures)


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("better", ["lower", "higher"])
def test_the_page_tells_effects_by_risk(binary: bool, better: str) -> None:
    made = risk_appraisal(binary, better, external=True)
    page = build_report(with_appraisals(better=better, risk=made))
    assert "By baseline risk" in page.html
    assert "risk" in page.figures
    assert {"risk_groups", "risk_effects", "risk_performance"} <= set(page.tables)
    assert ("Odds ratio" in page.html) == binary
    assert ("no meaning for an outcome that can be negative" in page.html) != binary
    assert "worst prognosis" in page.html


def test_sentences_carry_the_numbers_of_the_preferred_risk() -> None:
    made = risk_appraisal(external=True)
    whole = with_appraisals(risk=made)
    said = text(risk.parts(whole, own(whole), 10))
    effects = made.tables["effects"]
    row = effects.query("model == 'external' and estimand == 'interaction'").iloc[0]
    assert f"by {fmt.number(row['estimate'], 2)} (" in said
    assert fmt.p_value(row["p"]) in said
    assert "a score developed elsewhere, goes first" in said
    auc = made.tables["performance"].query("model == 'external' and version == 'recalibrated'").iloc[0]
    assert fmt.percent(auc["estimate"]) in said


@pytest.mark.parametrize(("better", "towards"), [("lower", "worse"), ("higher", "better")])
def test_a_constant_ratio_lets_the_absolute_effect_follow_the_expected_outcome(
    better: str, towards: str
) -> None:
    """Where a higher outcome is better, the worse prognosis has the smaller outcome, and so the smaller effect."""
    made = risk_appraisal()
    whole = with_appraisals(better=better, risk=made)
    assert "largest where about half have the outcome" in text(risk.parts(whole, own(whole), 10))
    effects = made.tables["effects"].replace({"scale": {"odds ratio": "ratio"}})
    whole = with_appraisals(
        better=better, risk=replace(made, tables=dict(made.tables) | {"effects": effects})
    )
    assert f"towards the {towards} prognosis" in text(risk.parts(whole, own(whole), 10))


def test_arms_with_few_events_or_participants_are_not_shown() -> None:
    made = risk_appraisal()
    groups = made.tables["groups"].copy()
    groups.loc[0, "events_treated"] = 3.0
    groups.loc[1, ["n", "n_treated"]] = [8, 4]
    effects = made.tables["effects"].copy()
    effects.loc[effects["group"] == "2", "n"] = 8
    few = replace(made, tables=dict(made.tables) | {"groups": groups, "effects": effects})
    page = build_report(with_appraisals(risk=few))
    shown = page.tables["risk_groups"]
    assert np.isnan(shown.loc[0, "observed_treated"])
    assert not np.isnan(shown.loc[0, "observed_control"])
    assert shown.loc[1, "n"] == "<10"
    assert np.isnan(shown.loc[1, "predicted"])
    assert not any(name.startswith("events") for name in shown)
    hidden = page.tables["risk_effects"].query("group == '2'")
    assert hidden["estimate"].isna().all()
    assert len(page.tables["figure_risk"]) == 3


@pytest.mark.parametrize("controls", [False, True])
def test_the_page_of_an_observational_study_tells_what_a_confounder_could_do(controls: bool) -> None:
    made = confounding_appraisal(controls=controls, ratio=controls)
    whole = with_appraisals("observational", confounding=made)
    page = build_report(whole)
    robust = made.tables["robustness"].iloc[0]
    said = text(confounding.parts(whole, own(whole), 10))
    assert f"a strength of {fmt.percent(robust['rv'], 1)} (robustness value)" in said
    assert "What an unmeasured confounder could do" in page.html
    assert "confounding" in page.figures
    assert "The strongest was “Age" in said
    assert ("E-value" in said) == controls
    assert ("which treatment cannot change" in said) == controls
    assert len(page.tables["confounding_controls"]) == int(controls)


def test_groups_that_are_small_or_leave_few_out_are_not_shown() -> None:
    made = confounding_appraisal(rare=6)
    page = build_report(with_appraisals("observational", confounding=made))
    shown = page.tables["confounding_robustness"].query("estimand == 'rule_groups'")
    assert shown["estimate"].isna().all()  # 6 units, and the 494 that leave 6 out
    assert (shown["n"] == "<10").all()


def test_a_benchmark_that_adds_nothing_is_said_to_add_nothing() -> None:
    made = confounding_appraisal()
    weak = made.tables["benchmarks"].query("benchmark == 'BMI'")
    only: AppraisalInputs = replace(made, tables=dict(made.tables) | {"benchmarks": weak})
    whole = with_appraisals("observational", confounding=only)
    assert "none added to both" in text(confounding.parts(whole, own(whole), 10))
    none = replace(made, tables=dict(made.tables) | {"benchmarks": weak.head(0)})
    whole = with_appraisals("observational", confounding=none)
    assert "left out in turn" not in text(confounding.parts(whole, own(whole), 10))
    assert "confounding" in build_report(whole).figures


def test_what_was_left_out_is_said_where_nothing_else_is() -> None:
    made = risk_appraisal()
    empty = AppraisalInputs(
        {name: table.head(0) for name, table in made.tables.items()},
        dict(made.facts) | {"models": [], "preferred": "", "notices": ["left out: risk: why"]},
    )
    bounds = confounding_appraisal()
    none = AppraisalInputs(
        {name: table.head(0) for name, table in bounds.tables.items()},
        dict(bounds.facts) | {"notices": ["left out: confounding: why"]},
    )
    page = build_report(with_appraisals("observational", risk=empty, confounding=none))
    assert "Left out: risk: why." in page.html
    assert "Left out: confounding: why." in page.html
    assert not {"risk", "confounding"} & set(page.figures)
