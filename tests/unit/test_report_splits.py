"""The page on repeated sample splits: numbers as computed, no claim beyond a test, small groups hidden."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape

import pytest
from hetflow.report.page import build_report
from hetflow.report.splits import groups_parts, shown, slope_parts
from hetflow.report.splits_prose import gap_sentence, slope_sentence
from hetflow.report.words import words
from report_fixture import report_inputs
from report_fixture_splits import split_inputs, with_splits

FEWEST = 10


def test_the_page_holds_sentences_tables_and_figure() -> None:
    inputs = with_splits(split_inputs())
    report = build_report(inputs)
    own = words(inputs.settings, inputs.cohort["columns"], "primary")
    for text in (slope_sentence(split_inputs(), own), "Learnt on one half, judged by the other"):
        assert escape(text) in report.html
    assert "Best linear predictor of the effect" in report.html
    assert "Who is in the outer groups" in report.html
    assert "splits_groups" in report.figures
    assert {"splits_blp", "splits_gates", "splits_clan", "splits_proxies", "figure_splits_groups"} <= set(
        report.tables
    )
    assert "Clinic: MN, %" in report.html
    assert "Tobacco use, Yes, %" in report.html


def test_without_splits_the_page_is_silent_and_says_why_where_the_design_forbids_them() -> None:
    inputs = report_inputs()
    own = words(inputs.settings, inputs.cohort["columns"], "primary")
    assert groups_parts(inputs, own, FEWEST) == []
    assert slope_parts(inputs, own, FEWEST) == [("text", "")]
    assert not shown(inputs, own, FEWEST).tables
    observed = report_inputs(kind="observational")
    methods = observed.settings["methods"] | {
        "primary": observed.settings["methods"]["primary"] | {"splits": {"analyses": ["primary"]}}
    }
    observed = replace(observed, settings=dict(observed.settings) | {"methods": methods})
    own = words(observed.settings, observed.cohort["columns"], "primary")
    assert "left out" in slope_parts(observed, own, FEWEST)[0][1]


@pytest.mark.parametrize(("slope", "claimed"), [(1.5, True), (0.0, False)])
def test_a_sentence_claims_what_its_test_shows(slope: float, claimed: bool) -> None:
    found = split_inputs(slope)
    inputs = with_splits(found)
    own = words(inputs.settings, inputs.cohort["columns"], "primary")
    assert ("They tell participants apart" in slope_sentence(found, own)) == claimed
    assert ("not shown to tell who gains more" in slope_sentence(found, own)) != claimed
    assert ("those predicted to gain most gained more" in gap_sentence(found, own)) == claimed
    assert "one-sided p" in slope_sentence(found, own)


def test_groups_below_the_minimum_are_not_shown() -> None:
    found = split_inputs()
    inputs = with_splits(found)
    own = words(inputs.settings, inputs.cohort["columns"], "primary")
    least = int(found.tables["gates"]["n"].min())
    out = shown(inputs, own, least + 1)
    rows = {table.name: table.rows for table in out.tables}
    hidden = [row for row in rows["splits_groups"] if row.cells[1] == f"<{least + 1}"]
    assert hidden
    assert all(row.cells[2] == "not shown" for row in hidden)
    assert (out.exported["splits_gates"]["n"] > least).all()
    assert out.exported["splits_clan"].empty
    assert "splits_who" not in rows
    assert all(least not in table["n"].to_numpy() for name, table in out.exported.items() if "n" in table)


def test_no_split_that_tells_is_said_and_needs_no_number() -> None:
    found = split_inputs()
    blp = found.tables["blp"].copy()
    slope = blp["term"] == "slope"
    blp.loc[slope, ["estimate", "lower", "upper"]] = [float("nan"), -float("inf"), float("inf")]
    blp.loc[slope & blp["p"].notna(), "p"] = 1.0
    silent = replace(
        found, tables=dict(found.tables) | {"blp": blp}, facts=dict(found.facts) | {"silent": {"linear": 5}}
    )
    page = build_report(with_splits(silent)).html
    assert "gave no slope in 5 splits" in page
    assert not re.search(r"\b(nan|inf)\b", page.lower())


def test_a_level_of_few_participants_is_not_shown() -> None:
    """Four in a hundred of 82 are three: the share would tell a small count."""
    found = split_inputs()
    clan = found.tables["clan"].copy()
    smokers = clan["covariate"] == "Use.Tob"
    for group, share in (("least", 0.04), ("greatest", 0.4), ("difference", 0.36)):
        clan.loc[smokers & (clan["group"] == group), "estimate"] = share
    inputs = with_splits(replace(found, tables=dict(found.tables) | {"clan": clan}))
    own = words(inputs.settings, inputs.cohort["columns"], "primary")
    out = shown(inputs, own, FEWEST)
    assert "Use.Tob" not in set(out.exported["splits_clan"]["covariate"])
    assert "Age" in set(out.exported["splits_clan"]["covariate"])
    who = next(table for table in out.tables if table.name == "splits_who")
    assert not any("Tobacco" in row.cells[0] for row in who.rows)
