"""The methods and results sections say what the run did and found, no more, and cite what they name."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hetflow.report import reporting
from hetflow.report.page import build_report
from hetflow.report.reporting.bibliography import cited, works
from report_fixture import estimates, report_inputs
from report_fixture_reporting import (
    KINDS,
    built,
    policy,
    said,
    trial,
    with_methods,
    with_parts,
)


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
    assert "each fold's standard error was widened" in text
    assert "clusters less one" not in text
    settings = trial().settings | {"design": trial().settings["design"] | {"cluster": "Age"}}
    clustered = said(build_report(replace(trial(), settings=settings)), "methods.md")
    assert "t distributions with as many degrees of freedom as clusters less one" in clustered


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


def test_every_work_that_can_be_cited_has_what_an_entry_needs() -> None:
    entries = works()
    assert len(entries) > 40
    for key, entry in entries.items():
        fields = set(re.findall(r"^  (\w+) = \{.+\},?$", entry, re.MULTILINE))
        assert {"author", "title", "year"} <= fields, key
    found = re.findall(r"^  (?:doi|eprint) = \{(.+)\},?$", "\n".join(entries.values()), re.MULTILINE)
    assert len(set(found)) == len(found)
