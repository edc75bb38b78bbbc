"""What a plan's document says, and what counts as a change of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hetflow.prespecified.changes import changes
from hetflow.prespecified.document import plan_text
from hetflow.prespecified.markdown import code, text
from planned_study import ANALYSES, planned, study
from small_project import small_data

CHANGED = {
    "more trees": ({"forest": {"trees": 120}}, {("forest.trees", "primary analysis")}),
    "another engine of imputation": (
        {"missingness": {"engine": "pmm"}},
        {("missingness.engine", "primary analysis")},
    ),
    "another analysis": (
        {"analyses": ANALYSES | {"leaves": {"forest": {"min_leaf": 9}}}},
        {("analyses.leaves", "other analyses")},
    ),
    "an analysis changed": (
        {"analyses": ANALYSES | {"complete_variables": {"forest": {"min_leaf": 9}}}},
        {("forest.min_leaf", "other analyses"), ("missingness.strategy", "other analyses")},
    ),
    "what is shown": ({"minimum_cell_count": 12}, {("minimum_cell_count", "no")}),
    "the seed": ({"seed": 6}, {("seed", "primary analysis")}),
    "who is eligible": (
        {"eligibility": [{"label": "Adults", "expression": "age >= 18"}]},
        {("eligibility.rules", "primary analysis")},
    ),
    "the outcome": (
        {"outcomes": {"change": {"expression": "y1 - 2 * y0", "label": "Change", "better": "higher"}}},
        {("outcomes.change.expression", "primary analysis")},
    ),
    "a covariate": (
        {"dictionary": {"age": {"role": "covariate", "kind": "count"}}},
        {("columns.age.kind", "primary analysis")},
    ),
    "labels": ({"title": "T", "treatment": {"treated_label": "Drug"}}, set()),
    "how jobs are cut": ({"splits": {"job_splits": 2}, "forest": {"shard_bags": 5}}, set()),
    "report and publishing": ({"report": {"summary": "S"}, "publish": {"threshold": 20}}, set()),
}


@pytest.mark.parametrize("change", CHANGED)
def test_a_change_is_told_with_what_it_touches(tmp_path: Path, change: str) -> None:
    changed, expected = CHANGED[change]
    found = changes(planned(tmp_path), planned(tmp_path, study(**changed)))
    settings = {(one.key, one.touches) for one in found if not one.key.startswith("tests: ")}
    assert settings == expected


def test_the_same_setting_said_elsewhere_is_no_change(tmp_path: Path) -> None:
    """What is compared is the resolved study: an override that repeats the study's own key changes nothing."""
    said = ANALYSES | {"complete_variables": ANALYSES["complete_variables"] | {"forest": {"trees": 80}}}
    assert changes(planned(tmp_path), planned(tmp_path, study(analyses=said))) == []


def test_columns_are_compared_as_the_dictionary_reads_them(tmp_path: Path) -> None:
    header = list(small_data(4).columns)
    first = planned(tmp_path)
    assert changes(first, planned(tmp_path, header=header[::-1])) == []
    found = changes(first, planned(tmp_path, header=[*header, "lab9", "notes"]))
    assert {(one.key, one.touches) for one in found} == {
        ("columns.lab9", "primary analysis"),
        ("columns.notes", "no"),
    }


def test_tests_follow_from_the_settings(tmp_path: Path) -> None:
    first = planned(tmp_path)
    found = changes(first, planned(tmp_path, study(estimates={"projection": []})))
    tests = {(one.key, one.now) for one in found if one.key.startswith("tests: ")}
    assert ("tests: joint projection", "not there") in tests
    assert ("tests: evidence independence_named", "not there") in tests
    named = {(test["stage"], test["test"]) for test in first["tests"] if test["analysis"] == "primary"}
    assert {("estimates", "AUTOC"), ("splits", "BLP"), ("evidence", "calibration")} <= named


def test_an_observational_study_plans_no_test_of_heterogeneity(tmp_path: Path) -> None:
    design = {"kind": "observational", "probability": None}
    cohort = study(design=design, nuisance={"propensity": "stack"})
    tests = {test["test"] for test in planned(tmp_path, cohort)["tests"] if test["analysis"]}
    assert tests == {"ATE", "ATT", "ATC", "ATO"}


def test_a_document_escapes_what_others_wrote(tmp_path: Path) -> None:
    hostile = study(title="<script>alert(1)</script> | *bold* [x](y)", estimand={"population": "a|b\n# c"})
    page = plan_text(planned(tmp_path, hostile))
    assert "<script>" not in page
    assert "\n# c" not in page
    assert text("a|b\n# c") == "a\\|b \\# c"
    assert code("a`b|c") == "`` a`b\\|c ``"


def test_a_document_says_what_counts_as_the_event_and_leaves_out_what_is_open(tmp_path: Path) -> None:
    cured = {
        "column": "y1",
        "kind": "binary",
        "levels": ["ill", "cured"],
        "label": "Cured",
        "better": "higher",
    }
    page = plan_text(planned(tmp_path, study(outcomes={"cured": cured}, outcome="cured")))
    assert "binary: `ill` counts 0, `cured` counts 1" in page
    assert '`{"older":{"covariate":"age","cuts":[50.0]}}`' in page
    assert '| effect modifiers | `["age"]` |' in page  # those of the projection, as none are named
    assert "Global tests of heterogeneity, for `primary`" in page
    weighted = study(missing_outcome={"strategy": "weighting"})
    assert "Global tests of heterogeneity: none" in plan_text(planned(tmp_path, weighted))
