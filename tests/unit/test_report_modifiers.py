"""Effect modifiers on the page: named ones first, the ranking as an exploration, nothing small, nothing unescaped."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hetflow.report.figures_displays import spread
from hetflow.report.inputs import AppraisalInputs, Report
from hetflow.report.page import build_report
from hostile_report import HOSTILE
from report_fixture import report_inputs
from report_fixture_modifiers import SECRET, modifier_inputs


@pytest.fixture(scope="module")
def report() -> Report:
    return build_report(modifier_inputs())


def _text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", html.replace("\u00a0", " ").replace("\u202f", " ")))


def test_named_covariates_come_before_the_exploration(report: Report) -> None:
    whom = report.html[report.html.index('id="whom"') : report.html.index('id="analyses"')]
    places = [whom.index(f'id="figure-{name}"') for name in ("displays", "modifier_cells", "importance")]
    heading = whom.index("Exploratory: which covariates")
    assert places[0] < places[1] < heading < places[2]
    assert "no test is made" in _text(whom)


def test_curves_take_the_place_of_bins(report: Report) -> None:
    assert {"covariate", "uniform_lower"} <= set(report.tables["figure_displays"])
    bins = build_report(report_inputs())
    assert "uniform_lower" not in bins.tables["figure_displays"]
    assert "modifier_cells" not in bins.figures
    assert "importance" not in bins.tables
    assert list(bins.figures) == [
        name for name in report.figures if name not in ("modifier_cells", "importance")
    ]


def test_small_groups_and_cells_are_not_shown_and_windows_only_roughly_counted(report: Report) -> None:
    assert SECRET not in report.html
    for name in ("figure_displays", "figure_modifier_cells"):
        assert (report.tables[name]["n"] >= 10).all()
    curve = report.tables["figure_displays"].query("kind == 'curve'")
    assert set(curve["n"]) == {60}  # 61 to 69: differences of neighbours would count single participants


def test_a_covariate_is_named_only_when_it_leads_steadily() -> None:
    said = "in at least four of five draws by every measure: “Age at enrolment”."
    assert said in _text(build_report(modifier_inputs(0.95)).html)
    text = _text(build_report(modifier_inputs(0.7)).html)
    assert said not in text
    assert "not stable enough to name any" in text


def test_what_could_not_be_displayed_is_said(report: Report) -> None:
    assert "Not shown: modifiers: BMI: missing values." in _text(report.html)


def test_a_binary_outcome_is_told_in_percentage_points() -> None:
    inputs = modifier_inputs()
    settings = dict(inputs.settings)
    settings["outcomes"] = {
        name: outcome | {"kind": "binary", "unit": ""} for name, outcome in settings["outcomes"].items()
    }
    own, other = build_report(modifier_inputs()), build_report(replace(inputs, settings=settings))
    for name, power in (("permutation", 2), ("shapley", 1), ("splits", 0)):
        ours, theirs = (
            report.tables["importance"].set_index("measure").loc[name, "estimate"].to_numpy()
            for report in (own, other)
        )
        np.testing.assert_allclose(theirs, 100**power * ours)
    np.testing.assert_allclose(
        other.tables["figure_modifier_cells"]["lower"], 100 * own.tables["figure_modifier_cells"]["lower"]
    )


def test_without_a_ranking_there_is_no_exploration() -> None:
    inputs = modifier_inputs()
    own = inputs.analyses["primary"].appraisals["modifiers"]
    facts = {"notices": [], "top": 1}
    tables = {
        **own.tables,
        "importance": own.tables["importance"].head(0),
        "cells": own.tables["cells"].head(0),
    }
    bare = replace(inputs.analyses["primary"], appraisals={"modifiers": AppraisalInputs(tables, facts)})
    report = build_report(replace(inputs, analyses={**inputs.analyses, "primary": bare}))
    assert "Exploratory" not in report.html
    assert "importance" not in report.figures
    assert "uniform_lower" in report.tables["figure_displays"]


def test_what_the_user_typed_is_only_ever_text() -> None:
    inputs = modifier_inputs()
    own = inputs.analyses["primary"].appraisals["modifiers"]
    words = ("label", "unit", "level", "first_label", "second_label", "first_level", "second_level", "target")
    tables: dict[str, pd.DataFrame] = {
        name: table.assign(**{word: HOSTILE for word in words if word in table}).assign(
            **({"name": [f"{HOSTILE}{i % 3}" for i in range(len(table))]} if "name" in table else {})
        )
        for name, table in own.tables.items()
    }
    facts = {**own.facts, "notices": [HOSTILE]}
    hostile = replace(inputs.analyses["primary"], appraisals={"modifiers": AppraisalInputs(tables, facts)})
    report = build_report(replace(inputs, analyses={**inputs.analyses, "primary": hostile}))
    assert "<script>alert" not in report.html
    assert "{{7*7}}" in report.html
    assert "\x00" not in report.html


def test_limits_hold_all_bands_but_what_is_many_times_wider_than_most() -> None:
    curve = pd.DataFrame(
        {"estimate": [0.1, -0.2, -0.8], "lower": [0.0, -0.3, -1.1], "upper": [0.2, -0.1, -0.5]}
    )
    assert spread(curve, None) == pytest.approx((-1.1, 0.2))
    banded = curve.assign(uniform_lower=[-0.1, -0.4, np.nan], uniform_upper=[0.3, 0.0, np.nan])
    assert spread(banded, -0.3) == pytest.approx((-1.1, 0.3))
    wild = curve.assign(uniform_lower=-90.0, uniform_upper=90.0)
    assert spread(wild, None) == pytest.approx((-1.3, 0.6))  # five times the median half-width of 0.1
