"""Ledger and answers: every test counted, adjusted by hand-checked rules, and no sentence beyond its test."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hetflow.multiplicity import benjamini_hochberg, holm
from hetflow.report import grading
from hetflow.report.answers import answers, screen
from hetflow.report.grading import NONE, UNTESTED
from hetflow.report.inputs import AppraisalInputs, ReportInputs
from hetflow.report.ledger import counted, family, ledger, ledger_table
from hetflow.report.ledger_rows import NAMES
from hetflow.report.measured_sizes import MEASURED, POWER, SIZE
from hetflow.report.page import build_report
from hetflow.report.picks import INTERCEPT
from hetflow.report.words import words
from markupsafe import escape
from rates import assert_rate_at_most
from report_fixture import report_inputs
from report_fixture_evidence import evidence_inputs
from report_fixture_stability import stability_inputs
from statsmodels.stats.multitest import multipletests


def own(inputs: ReportInputs):
    return words(inputs.settings, inputs.cohort["columns"], "primary")


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ").replace("\u2212", "-")


@pytest.mark.parametrize(("adjust", "method"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
def test_adjusted_p_values_are_those_of_statsmodels(adjust, method: str) -> None:
    p = np.random.default_rng(1).random(30) ** 3
    p[3] = p[7]
    np.testing.assert_allclose(adjust(p), multipletests(p, method=method)[1], rtol=1e-12)
    assert adjust(np.empty(0)).size == 0
    assert np.isnan(adjust(np.array([0.1, np.nan]))[1])


def test_every_line_of_the_ledger_says_in_words_which_test_it_is() -> None:
    """A slope is not called the test of all slopes, and two rankings by one rule say against which others."""
    ranking = pd.DataFrame(
        {
            "rule": "effect",
            "against": ["", "risk", "risk", "age"],
            "measure": "AUTOC",
            "basis": ["out of bag", "sequential", "fixed", "sequential"],
            "p": 0.5,
            "alternative": "two-sided",
        }
    )
    inputs = evidence_inputs(more={"policy": AppraisalInputs({"ranking": ranking}, {})})
    cells = [row.cells for row in ledger_table(ledger(inputs), own(inputs), {}).rows]
    assert len({row[:3] for row in cells}) == len(cells)
    assert not [row[1] for row in cells if "_" in row[1]]
    slopes = {row[2] for row in cells if row[1] == "each slope of the projection"}
    assert {row[2] for row in cells if row[1] == NAMES["projection"]} == {"all slopes"}
    assert {"Age", "Tobacco use"} <= slopes
    assert ("ranking by a rule of treatment", "effect, against age, sequential") in {
        row[1:3] for row in cells
    }


def test_the_intercept_of_a_projection_is_counted_with_averages() -> None:
    """It is the effect of those whose covariates are zero, and tells nothing of how effects differ."""
    inputs = evidence_inputs()
    slope = inputs.estimates[
        (inputs.estimates["estimand"] == "projection") & inputs.estimates["p"].notna()
    ].iloc[:1]
    inputs = replace(inputs, estimates=pd.concat([slope, slope.assign(term=INTERCEPT)]))
    table = ledger(inputs)
    asked = table[(table["stage"] == "estimates") & (table["test"] == "projection")]["question"]
    assert asked.tolist() == ["specific", "average"]


def test_ledger_counts_every_p_value_of_the_run() -> None:
    inputs = evidence_inputs()
    table = ledger(inputs)
    estimates = int(inputs.estimates["p"].notna().sum())
    joint = int(inputs.analyses["primary"].joint["p"].notna().sum())
    columns = {
        "mcar": ["p"], "dependence": ["p"], "labels": ["structure_p", "order_p"],
        "compared": ["hotelling_p", "crude_p", "adjusted_p"],
    }  # fmt: skip
    told = {name: inputs.mechanism_tables[name][columns[name]].notna().to_numpy().sum() for name in columns}
    assert all(told.values())
    missing = sum(told.values()) + len(inputs.structure_tables["network"]) + 2  # loss by arm, drop-out
    assert len(table) == estimates + joint + 7 + missing
    assert table["p"].notna().all()
    assert f"This run made {len(table)} tests" in counted(table)
    assert len(build_report(inputs).tables["ledger"]) == len(table)


def test_the_page_gives_many_tests_of_one_kind_one_line_and_the_table_lists_them() -> None:
    inputs = evidence_inputs()
    pairs = pd.DataFrame({"first": 1, "second": range(2, 32), "p": np.linspace(0.9, 0.004, 30)})
    table = ledger(replace(inputs, structure_tables={"network": pairs}))
    assert (table["test"] == "pair of masks").sum() == 30
    shown = ledger_table(table, own(inputs), {})
    lines = [row.cells for row in shown.rows if row.cells[1] == "pair of masks"]
    assert [(line[2], plain(line[5])) for line in lines] == [("30 tests; the smallest p is", "0.004")]
    assert len([row for row in shown.rows if row.cells[1] in NAMES.values()]) >= 9
    assert f"({len(table)})" in shown.caption


def test_family_is_the_global_tests_of_the_primary_analysis() -> None:
    table = ledger(evidence_inputs())
    own_family = family(table)
    assert own_family["test"].tolist() == [name for name in NAMES if name != "BLP"]
    assert set(own_family["analysis"]) == {"primary"}
    np.testing.assert_allclose(
        own_family["p_holm"], multipletests(own_family["p"], method="holm")[1], rtol=1e-12
    )
    np.testing.assert_allclose(
        own_family["p_bh"], multipletests(own_family["p"], method="fdr_bh")[1], rtol=1e-12
    )
    outside = table[table["in_family"] == 0]
    assert outside[["p_holm", "p_bh"]].isna().all(axis=None)
    assert {"independence_plain_all", "independence_plain_named"} <= set(outside["test"])


def test_where_no_global_test_was_made_none_is_introduced() -> None:
    inputs = evidence_inputs()
    estimates = inputs.estimates.assign(p=np.nan)
    primary = replace(
        inputs.analyses["primary"], joint=inputs.analyses["primary"].joint.assign(p=np.nan), appraisals={}
    )
    report = build_report(
        replace(inputs, estimates=estimates, analyses=inputs.analyses | {"primary": primary})
    )
    assert "Several tests ask whether the effect varies at all" not in report.html
    assert 'id="table-measured_sizes"' not in report.html
    assert 'id="table-measured_sizes"' in build_report(inputs).html


def test_p_values_of_other_appraisals_are_counted_and_named_exploratory() -> None:
    blp = pd.DataFrame(
        {
            "learner": ["forest", "linear"], "strategy": "regression", "term": "slope", "chosen": [1, 0],
            "alternative": "greater", "p": [0.004, 0.3],
        }
    )  # fmt: skip
    table = ledger(evidence_inputs(more={"splits": AppraisalInputs({"blp": blp}, {})}))
    rows = table[table["stage"] == "splits"]
    assert rows["test"].tolist() == ["BLP", "splits: blp"]
    assert rows["plan"].tolist() == ["pre-specified", "exploratory"]
    assert rows["in_family"].tolist() == [1, 0]


def test_observational_studies_have_no_family_and_claim_nothing() -> None:
    inputs = report_inputs(kind="observational", autoc_p=float("nan"), rate_p=float("nan"))
    assert family(ledger(inputs)).empty
    found = answers(inputs, own(inputs))
    assert found.grades[0].strength == UNTESTED
    assert found.varies.headline == "Not tested"
    assert found.again.headline == "Not asked"


def test_first_page_answers_the_average_and_three_questions() -> None:
    inputs = evidence_inputs()
    found = answers(inputs, own(inputs))
    rows = screen(found)
    assert [row["ask"] for row in rows] == [
        "On average, does it help?",
        "Is there heterogeneity?",
        "For whom?",
        "Would we find it again?",
    ]
    assert [row["strength"] for row in rows] == ["", *["Evidence: strong"] * 3]
    text = plain(found.varies.text)
    assert (
        "Of 8 tests that ask whether the effect varies at all, all find that it does; adjusted for their number, all"
        in text
    )
    assert "The other analysis of this outcome that ranks participants agrees" in found.again.text
    assert "only another study can tell" in found.again.text


@pytest.mark.parametrize(
    ("p", "said"),
    [
        ([0.9] * 5, "at all, none finds that it does."),
        ([0.004, *[0.9] * 4], "at all, 1 finds that it does; adjusted for their number, it still does."),
        ([0.02, *[0.9] * 4], "1 finds that it does; adjusted for their number, none still does."),
        ([0.004, 0.02, *[0.9] * 3], "2 find that it does; adjusted for their number, 1 still does."),
    ],
)  # fmt: skip
def test_the_count_of_tests_is_told_as_it_is(p: list[float], said: str) -> None:
    names = ("independence_all", "independence_named", "score_residual_all", "score_residual_named")
    chosen = dict(zip((*names, "calibration_predicted effects"), p, strict=True))
    inputs = evidence_inputs(chosen, autoc_p=0.4, rate_p=0.6)
    joint = inputs.analyses["primary"].joint.assign(p=0.8)
    analyses = inputs.analyses | {"primary": replace(inputs.analyses["primary"], joint=joint)}
    inputs = replace(inputs, analyses=analyses)
    found = answers(inputs, own(inputs))
    assert "Of 8 tests that ask whether the effect varies" in found.varies.text
    assert said in found.varies.text
    assert ("Absence of evidence" in found.varies.text) == (p[0] == 0.9)


def test_a_reversed_ranking_claims_no_heterogeneity_and_is_not_found_again() -> None:
    p = dict.fromkeys(
        ("independence_all", "independence_named", "score_residual_all", "score_residual_named"), 0.8
    )
    inputs = evidence_inputs(
        p | {"calibration_predicted effects": 0.9}, autoc=-0.1, autoc_p=0.99, rate=-0.2, rate_p=0.01
    )
    joint = inputs.analyses["primary"].joint.assign(p=0.8)
    inputs = replace(
        inputs, analyses=inputs.analyses | {"primary": replace(inputs.analyses["primary"], joint=joint)}
    )
    found = answers(inputs, own(inputs))
    assert found.grades[0].strength == NONE
    assert found.grades[2].strength == NONE
    assert "gained less" in found.again.text


def test_stability_is_told_only_where_it_was_asked() -> None:
    assert "sampling variance" not in answers(evidence_inputs(), own(evidence_inputs())).again.text
    inputs = evidence_inputs(more={"stability": stability_inputs()})
    assert "some 31 % (95 % interval 16 % to 93 %)" in plain(answers(inputs, own(inputs)).again.text)


def test_the_page_shows_tests_sizes_ledger_and_rules() -> None:
    report = build_report(evidence_inputs())
    for name in ("global_tests", "measured_sizes", "ledger", "grades"):
        assert f'id="table-{name}"' in report.html
    row = re.search(r"<tr[^>]*><th[^>]*>Scores against all covariates</th>(.*?)</tr>", report.html, re.DOTALL)
    assert row is not None
    assert re.findall(r"<td[^>]*>(.*?)</td>", row[1])[1] == "0.003"
    for asked, grades in grading.QUESTIONS.items():
        assert asked in report.html
        assert all(str(escape(one.rule)) in report.html for one in grades)


def test_every_printed_test_has_a_measured_size_and_power() -> None:
    """A p-value stands only where the size was simulated, under weights and in clusters too if it stands there."""
    for name in NAMES:
        for measures in (SIZE, POWER):
            assert any(name in one.rejected for one in MEASURED.values() if one.measures == measures), name
        refused = name.startswith("independence")  # asks for units that count alike and are independent
        for world in ("weights", "clusters", "few"):
            assert (name in MEASURED[world].rejected) != refused, (name, world)


def test_measured_sizes_hold_their_level_where_the_test_counts() -> None:
    """Of the constants themselves: none of the tests that count rejects more often than 5 % allows at 1e-4."""
    for one in MEASURED.values():
        for test, count in one.rejected.items():
            if one.measures == SIZE and not test.startswith("independence_plain"):
                assert_rate_at_most(count, one.replicates[test], 0.05, 1e-4)
