"""Checklists, methods, results and references: every place exists, and nothing is claimed that was not done."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hetflow.publish.log import Log
from hetflow.publish.public import public_inputs
from hetflow.report import reporting
from hetflow.report.inputs import Report, ReportInputs
from hetflow.report.page import build_report
from hetflow.report.reporting.bibliography import cited, works
from hetflow.report.reporting.escapes import first_in_line, latex, markdown
from hetflow.report.reporting.run import FILES
from hetflow.report.tarmos import PLACES
from hostile_report import HOSTILE, hostile_inputs
from needs import package
from report_fixture import estimates, report_inputs
from report_fixture_reporting import (
    bare,
    built,
    checklist,
    cohort,
    lost,
    policy,
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
KINDS = tuple(LISTS)


class _Ids(HTMLParser):
    """Ids and references of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.references: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        self.ids.add(held.get("id") or "")
        self.references.add(held.get("href") or "")


def said(report: Report, name: str) -> str:
    """A file's text with plain blanks and signs."""
    text = report.reporting[name]
    return text.replace("\u00a0", " ").replace("\u202f", " ").replace("\u2212", "-")


@pytest.mark.parametrize("kind", KINDS)
def test_every_place_of_every_item_exists(kind: str) -> None:
    report = built(kind)
    ids = _Ids(report.html).ids
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


def test_results_tell_the_numbers_of_the_estimates() -> None:
    assert "0.39 mm higher" in said(built("trial"), "results.md")
    assert "95 % CI 0.34 to 0.44; p < 0.001" in said(built("trial"), "results.md")
    other = said(build_report(report_inputs(ate=0.512, gap=0.71)), "results.md")
    assert "0.51 mm higher" in other
    assert "95 % CI 0.46 to 0.56" in other
    assert "a gap in benefit of 0.71 mm (95 % CI 0.55 to 0.87)" in other
    rows = estimates().query("analysis == 'primary' and estimand == 'rule_groups'")
    for value in rows["estimate"]:
        assert f": {value:.2f} mm" in said(built("trial"), "results.md")


def test_results_claim_no_more_than_the_tests() -> None:
    weak = report_inputs(autoc_p=0.3, rate_p=0.4, gap=0.05, ate=0.01, ate_p=0.7)
    table = weak.estimates.copy()
    table.loc[table["estimand"] == "projection", "p"] = 0.4
    primary = replace(weak.analyses["primary"], joint=pd.DataFrame())
    nothing = replace(weak, estimates=table, analyses={"primary": primary})
    text = said(build_report(nothing), "results.md")
    assert "The interval includes no effect" in text
    assert "were not shown to gain more" in text
    assert "graded by the rules of the report: none" in text
    assert "graded by the rules of the report: strong" not in text


def test_methods_state_the_resolved_settings() -> None:
    text = said(built("trial"), "methods.md")
    for piece in (
        "5-fold",
        "2 000 trees",
        "little bags of 4",
        "200 trees grown",
        "10 completed data sets",
        "20260101",
    ):
        assert piece in text, piece
    forest = {"trees": 4800, "engine": "histogram", "min_leaf": 7, "held_out_trees": 90}
    other = with_methods(trial(), forest=forest, missingness={"imputations": 33, "iterations": 9})
    changed = said(build_report(other), "methods.md")
    for piece in (
        "4 800 trees",
        "at least 7 participants",
        "90 trees grown",
        "33 completed data sets",
        "9 rounds",
    ):
        assert piece in changed, piece
    assert "battocchi2019" in text
    assert "econml's trees" not in changed


def test_a_sentence_about_an_appraisal_stands_only_where_it_was_made() -> None:
    marks = {
        "policy": ("athey2021policy", "## What a rule would gain"),
        "risk": ("Effects by baseline risk", "## By baseline risk"),
        "stability": ("going through the analysis again", "## Stability"),
        "splits": ("Over 5 random halves", "The predictions were those of"),
        "evidence": ("studentised permutation test", "scores against all covariates"),
    }
    whole, empty = built("trial"), built("bare")
    for method, result in marks.values():
        assert method in said(whole, "methods.md")
        assert result in said(whole, "results.md")
        assert method not in said(empty, "methods.md")
        assert result not in said(empty, "results.md")
    bounds = built("cohort")
    assert "cinelli2020" in said(bounds, "methods.md")
    assert "robustness value" in said(bounds, "results.md")
    assert "cinelli2020" not in said(whole, "methods.md")


def test_withheld_trees_are_still_said_to_have_been_learnt() -> None:
    made = policy()
    none = replace(made, facts={**made.facts, "trees": []}, tables={**made.tables, "trees": pd.DataFrame()})
    for depths, learnt in (([1, 2], True), ([], False)):
        inputs = with_methods(with_parts(report_inputs(), policy=none), policy={"depths": depths})
        assert ("zhou2023" in cited(build_report(inputs).reporting["methods.md"])) == learnt


@pytest.mark.parametrize("kind", KINDS)
def test_keys_of_the_methods_and_of_the_references_are_the_same(kind: str) -> None:
    report = built(kind)
    entries = re.findall(r"^@\w+\{([a-z0-9]+),$", report.reporting["references.bib"], re.MULTILINE)
    assert entries == sorted(set(entries))
    assert entries == cited(report.reporting["methods.md"])
    assert not cited(report.reporting["results.md"])
    assert "hetflow" in entries
    assert ("hopewell2025" in entries) == (kind != "cohort")
    assert ("vonelm2007" in entries) == (kind == "cohort")


def test_every_work_can_be_cited_and_every_citation_is_a_work() -> None:
    (folder,) = reporting.__path__
    source = "".join(file.read_text() for file in sorted(Path(folder).glob("*.py")))
    named = set(re.findall(r'"([a-z]+(?:19|20)\d\d[a-z]*)"', source)) - {"consort2025"}
    assert named == set(works())
    for key, entry in works().items():
        assert entry.count("{") == entry.count("}"), key
        assert "year = {" in entry


def test_rules_of_rubin_are_cited_only_where_something_is_pooled() -> None:
    assert "vonhippel2020" in cited(built("trial").reporting["methods.md"])
    assert "vonhippel2020" not in cited(built("bare").reporting["methods.md"])
    assert "mitra2023" not in cited(built("bare").reporting["methods.md"])


def _rendered(text: str) -> tuple[set[str], str]:
    """Tags and visible text of Markdown."""
    renderer = package("markdown_it").MarkdownIt("commonmark", {"html": True}).enable("table")
    html = renderer.render(text)
    tags: set[str] = set()
    words: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.add(tag)

        def handle_data(self, data: str) -> None:
            words.append(data)

    Reader().feed(html)
    return tags, "".join(words)


NASTY = (
    "# heading\n- item | [link](javascript:x) ![i](y) <b>bold</b> *a* _b_ `c` $d$ ~~e~~ [@rubin1987] {#id} "
    "&amp; \\ ^f^ 1. 'q' \"r\" @work"
)


def test_what_a_user_typed_is_text_in_markdown() -> None:
    tags, words = _rendered(first_in_line(markdown(NASTY)))
    assert tags == {"p"}
    assert words.strip() == NASTY.replace("\n", " ")
    for start in ("1. one", "12) two", "> three", "=== four", "--- five", "+ six", ": seven"):
        assert _rendered(first_in_line(markdown(start))) == ({"p"}, f"{start}\n")


@pytest.mark.parametrize("word", [HOSTILE, NASTY, "=1+1", "| a | b |"])
def test_a_hostile_study_makes_plain_files(word: str) -> None:
    files = build_report(hostile_inputs(word)).reporting
    for name in ("methods.md", "results.md", "checklists.md"):
        tags, words = _rendered(files[name])
        allowed = {"h1", "h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "a"}
        assert tags <= allowed - (set() if name == "checklists.md" else {"a", "table"}), name
        assert word.replace("\x00", "\ufffd").replace("\n", " ").strip() in words
    assert cited(files["methods.md"]) == re.findall(
        r"^@\w+\{([a-z0-9]+),$", files["references.bib"], re.MULTILINE
    )
    for name, text in files.items():
        assert "\x00" not in text
        if name.endswith(".csv"):
            cells = re.findall(r'(?:^|,)"?([^",\n]*)', text, re.MULTILINE)
            assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]


def test_what_a_user_typed_is_text_in_bibtex() -> None:
    typed = '50 % of {A & B} \\input{/etc/passwd} $x_1^2$ #1 ~ "q"\n@misc{evil, title={x}}'
    settings = {
        **report_inputs().settings,
        "report": {**report_inputs().settings["report"], "citation": typed},
    }
    bib = build_report(replace(report_inputs(), settings=settings)).reporting["references.bib"]
    entry = bib[bib.index("@misc{studydata") :].split("\n\n")[0]
    assert len(re.findall(r"^@", entry, re.MULTILINE)) == 1
    assert "\\input" not in entry
    assert "@misc{evil" not in entry
    known = r"\\(?:textbackslash|textasciitilde|textasciicircum)\{\}|\\[{}%&$#_]|\{\\char64\}"
    bare_signs = re.sub(known, "", latex(typed))
    assert not set(bare_signs) & set('\\{}%&$#_~^"@')


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
    ids = _Ids(report.html)
    assert {one[1:] for one in ids.references if one.startswith("#")} <= ids.ids


def test_the_page_shows_every_item_and_both_texts() -> None:
    report = built("trial")
    page = report.html
    ids = _Ids(page).ids
    assert {"reporting", *(f"table-checklist_{name}" for name in LISTS["trial"])} <= ids
    place = page.index('id="reporting"')
    assert page.index('id="analyses"') < place < page.index('id="methods"')
    assert page.count("for the authors</td>") == sum(
        (checklist(report, name)["status"] == "for the authors").sum() for name in LISTS["trial"]
    )
    assert "Methods (reporting/methods.md)" in page
    assert "Individual effects came from an honest causal forest" in page[place:]


def test_the_same_run_gives_the_same_files() -> None:
    assert build_report(bare()).reporting == built("bare").reporting
