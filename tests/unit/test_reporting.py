"""Checklists: every place exists, nothing is claimed that was not done, and the public form names nothing rare."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hetflow.publish.log import Log
from hetflow.publish.public import public_inputs
from hetflow.report.inputs import ReportInputs
from hetflow.report.page import build_report
from hetflow.report.reporting.bibliography import cited
from hetflow.report.reporting.run import FILES
from hetflow.report.tarmos import PLACES
from html_page import HtmlPage
from report_fixture import report_inputs
from report_fixture_reporting import (
    KINDS,
    bare,
    built,
    checklist,
    cohort,
    lost,
    policy,
    said,
    trial,
    with_methods,
    with_parts,
)
from report_fixture_risk import risk_appraisal

LISTS = {
    "trial": {"consort2025", "path", "iceman", "tarmos"},
    "bare": {"consort2025", "path", "iceman", "tarmos"},
    "cohort": {"strobe", "path", "iceman", "tarmos"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_place_of_every_item_exists(kind: str) -> None:
    report = built(kind)
    ids = HtmlPage(report.html).ids
    pointed = 0
    for name in LISTS[kind]:
        for where in checklist(report, name)["where"]:
            for place in filter(None, where.split("; ")):
                pointed += 1
                if place.startswith("report.html#"):
                    assert place.removeprefix("report.html#") in ids, place
                elif place.startswith("tables/"):
                    assert place.removeprefix("tables/").removesuffix(".csv") in report.tables
                else:
                    assert place in FILES
    assert pointed > 30


def test_files_that_items_point_to_are_written_by_every_run() -> None:
    own = {name.removeprefix("reporting/") for name in FILES if name.startswith("reporting/")}
    assert own <= set(built("trial").reporting)


@pytest.mark.parametrize("kind", KINDS)
def test_a_trial_has_consort_and_a_cohort_strobe(kind: str) -> None:
    files = built(kind).reporting
    assert {name for name in files if name.endswith(".csv")} == {
        f"checklist_{name}.csv" for name in LISTS[kind]
    }
    assert {"checklists.md", "methods.md", "results.md", "references.bib"} <= set(files)


def test_the_statements_items_are_all_there() -> None:
    consort = {re.sub(r"\D", "", number) for number in checklist(built("trial"), "consort2025").index}
    assert consort == {str(number) for number in range(1, 31)}
    strobe = {re.sub(r"\D", "", number) for number in checklist(built("cohort"), "strobe").index}
    assert strobe == {str(number) for number in range(1, 23)}
    assert {"1", "2", "3", "4", "5"} <= set(checklist(built("trial"), "iceman").index)


@pytest.mark.parametrize("kind", KINDS)
def test_reported_names_a_place_and_every_other_status_is_one_of_three(kind: str) -> None:
    for name in LISTS[kind]:
        for row in checklist(built(kind), name).to_dict("records"):
            assert row["status"] in ("reported", "for the authors") or row["status"].startswith(
                "not applicable: "
            )
            assert row["where"] or row["status"] != "reported", row


def _status(inputs: ReportInputs, name: str, item: str) -> str:
    return str(checklist(build_report(inputs), name).loc[item, "status"])


def test_effects_by_risk_are_claimed_only_where_they_were_made() -> None:
    items = ["4", "8", "9", "11", "12"]
    with_risk = checklist(built("trial"), "path")["status"]
    without = checklist(built("bare"), "path")["status"]
    assert set(with_risk[items]) == {"reported"}
    assert set(without[items]) == {"for the authors"}
    few = risk_appraisal(binary=False)
    few = replace(few, facts=dict(few.facts) | {"groups": 3})
    assert _status(with_parts(report_inputs(), risk=few), "path", "9") == "for the authors"


def test_an_outside_score_and_a_ratio_are_claimed_only_where_they_are() -> None:
    outside = with_parts(report_inputs(), risk=risk_appraisal(external=True))
    assert _status(outside, "path", "6") == "reported"
    assert _status(outside, "path", "10") == "reported"
    assert checklist(built("trial"), "path").loc["6", "status"] == "for the authors"
    assert checklist(built("trial"), "path").loc["10", "status"].startswith("not applicable")


def test_harm_is_claimed_only_where_a_second_outcome_was_judged() -> None:
    harm = with_parts(report_inputs(), policy=policy(harm=True))
    assert _status(harm, "path", "2") == "reported"
    assert checklist(built("trial"), "path").loc["2", "status"] == "for the authors"
    assert checklist(built("trial"), "path").loc["20", "status"] == "reported"
    assert checklist(built("bare"), "path").loc["20", "status"] == "for the authors"


def test_bias_by_confounding_is_claimed_only_where_it_was_asked() -> None:
    assert checklist(built("cohort"), "strobe").loc["9", "status"] == "reported"
    assert _status(with_parts(cohort()), "strobe", "9") == "for the authors"


def test_losses_are_complete_only_where_nobody_is_lost() -> None:
    assert checklist(built("bare"), "consort2025").loc["22b", "status"] == "reported"
    assert checklist(built("trial"), "consort2025").loc["22b", "status"] == "for the authors"
    assert _status(lost(cohort(), 0, 0), "strobe", "12d").startswith("not applicable")


def test_tarmos_does_not_apply_where_nothing_is_missing() -> None:
    assert checklist(built("bare"), "tarmos")["status"].str.startswith("not applicable").all()
    trial_items = checklist(built("trial"), "tarmos")["status"]
    assert (trial_items == "reported").sum() > 5
    assert trial_items["3c"] == "for the authors"  # missing outcomes were not shifted


def test_every_word_for_a_place_of_tarmos_is_known() -> None:
    rows = checklist(built("trial"), "tarmos")
    assert (rows.loc[["1a", "2a", "2d"], "where"] != "").all()
    assert set(PLACES.values()) >= {"#question", "#missing", "#methods"}


def test_iceman_speaks_of_suggested_modifiers_only() -> None:
    rows = checklist(built("trial"), "iceman")
    assert rows.loc["3", "status"] == "reported"
    assert "Mean probing depth at baseline" in rows.loc["3", "note"]
    assert "Age" not in rows.loc["3", "note"]
    quiet = report_inputs()
    table = quiet.estimates.copy()
    table.loc[table["estimand"] == "projection", "p"] = 0.4
    assert _status(replace(quiet, estimates=table), "iceman", "3").startswith(
        "not applicable: no named covariate"
    )
    none = table[table["estimand"] != "projection"]
    assert _status(replace(quiet, estimates=none), "iceman", "3").startswith(
        "not applicable: the study file names"
    )
    unknown = table.assign(p=np.where(table["estimand"] == "projection", np.nan, table["p"]))
    assert "no p-value" in _status(replace(quiet, estimates=unknown), "iceman", "3")


def test_cut_points_of_the_study_file_are_told() -> None:
    cuts = {"depth": {"covariate": "BL.PD.avg", "quantiles": None, "cuts": [3.0], "levels": None}}
    inputs = with_methods(report_inputs(), estimates={"rules": cuts})
    note = checklist(build_report(inputs), "iceman").loc["5", "note"]
    assert "say why" in note
    assert "say why" not in checklist(built("trial"), "iceman").loc["5", "note"]


PLANNED = {
    "state": "followed",
    "date": "2026-12-01",
    "document_sha256": "1" * 64,
    "sha256": "2" * 64,
    "amendments": [],
    "outcomes_read_before": False,
    "hashed": False,
    "deviations": 0,
    "uncovered": 0,
    "primary": 0,
    "other": 0,
}


def test_what_was_planned_is_claimed_only_where_a_plan_was_frozen_in_time() -> None:
    for plan, expected in (
        ({}, "for the authors"),
        ({"state": "no plan"}, "for the authors"),
        (PLANNED, "reported"),
        (PLANNED | {"outcomes_read_before": True}, "for the authors"),
    ):
        report = build_report(replace(report_inputs(), plan=plan))
        assert checklist(report, "tarmos").loc["1e", "status"] == expected
        frozen = "date" in plan
        assert (checklist(report, "consort2025").loc["10", "status"] == "reported") == frozen
        assert ("report.html#planned" in checklist(report, "consort2025").loc["3", "where"]) == frozen
        assert ("#planned" in checklist(report, "iceman").loc["1", "where"]) == frozen
        text = said(report, "methods.md")
        assert ("The analysis plan was frozen on 1 December 2026" in text) == frozen
        assert ("No analysis plan was frozen" in text) == (plan.get("state") == "no plan")


def test_small_counts_are_not_told() -> None:
    table = trial().estimates.copy()
    small = (table["estimand"] == "rule_groups") & (table["group"] == "> 28")
    table.loc[small, "n"] = 7
    text = said(build_report(replace(lost(trial(), 7, 87), estimates=table)), "results.md")
    assert "fewer than 10" in text
    assert "> 28" not in text
    assert "2.0 %" not in text  # 7 of 346


def test_the_public_form_has_its_own_and_names_no_rare_level_and_no_covered_count() -> None:
    inputs = lost(trial(), 7, 87)
    baseline = inputs.baseline.copy()
    rare = (baseline["variable"] == "Clinic") & (baseline["level"] == "KY")
    baseline.loc[rare, ["count_treated", "count_control"]] = [3, 4]
    table = inputs.estimates.copy()
    group = (table["estimand"] == "rule_groups") & (table["group"] == "> 28")
    table.loc[group, ["group", "n"]] = ["KY", 7]
    slope = (table["estimand"] == "projection") & (table["term"] == "Use.Tob")
    table.loc[slope, "term"] = "Clinic=KY"
    depends = dict(inputs.mechanism_tables)
    depends["dependence"] = depends["dependence"].assign(columns="OPG1")
    inputs = replace(inputs, baseline=baseline, estimates=table, mechanism_tables=depends)
    team = build_report(inputs)
    assert "KY" in team.reporting["results.md"] + team.reporting["checklist_iceman.csv"] + team.html
    public, named = public_inputs(inputs, 10, Log())
    assert named["Clinic"] == ["KY"]
    report = build_report(public)
    for name, text in report.reporting.items():
        assert not re.search(r"\bKY\b", text), name
    assert "soiland2022" in cited(report.reporting["methods.md"])
    assert "soiland2022" not in cited(team.reporting["methods.md"])
    kept = table.loc[group, "estimate"].iloc[0]
    assert f"KY: {kept:.2f}" not in said(report, "results.md")
    page = HtmlPage(report.html)
    assert {one[1:] for one in page.references if one.startswith("#")} <= set(page.ids)


def test_the_page_shows_every_item_and_both_texts() -> None:
    report = built("trial")
    page = report.html
    ids = HtmlPage(page).ids
    assert {"reporting", *(f"table-checklist_{name}" for name in LISTS["trial"])} <= set(ids)
    place = page.index('id="reporting"')
    assert page.index('id="analyses"') < place < page.index('id="methods"')
    assert page.count("for the authors</td>") == sum(
        (checklist(report, name)["status"] == "for the authors").sum() for name in LISTS["trial"]
    )
    assert "Methods (reporting/methods.md)" in page
    assert "Individual effects came from an honest causal forest" in page[place:]


def test_the_same_run_gives_the_same_files() -> None:
    assert build_report(bare()).reporting == built("bare").reporting
