"""Groups, curves, nested gaps, rare levels, settings, and the last look before anything leaves."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hetflow.errors import Refused
from hetflow.publish.content import refuse_what_is_not_allowed, settings_files
from hetflow.publish.covariates import OTHER_LEVELS, covered_counts, pooled_levels
from hetflow.publish.groups import FAMILY, thinned, without_small_groups
from hetflow.publish.last_look import refuse_units
from hetflow.publish.log import Log
from hetflow.publish.residual import complete_cases, named_in_settings, to_review
from hetflow.publish.structure import coarse, nested_outside, public_structure
from hetflow.report.inputs import MISSING
from hetflow.report.ledger import ledger
from report_fixture import report_inputs


def _groups(*sizes: int) -> pd.DataFrame:
    names = [f"level {place}" for place in range(len(sizes))]
    frame = pd.DataFrame({"group": names, "n": sizes}).assign(
        estimand="rule_groups", term="ward", analysis="primary"
    )
    gap = {
        "group": f"{names[-1]} minus {names[0]}",
        "n": sizes[0] + sizes[-1],
        "estimand": "rule_groups_difference",
    }
    return pd.concat(
        [frame, pd.DataFrame([gap | {"term": "ward", "analysis": "primary"}])], ignore_index=True
    )


@pytest.mark.parametrize(
    ("sizes", "kept"),
    [
        ((50, 60, 70), {"level 0", "level 1", "level 2", "level 2 minus level 0"}),
        ((3, 60, 70), {"level 2"}),  # with 60, the average would tell the three
        ((6, 7, 60, 70), {"level 2", "level 3"}),  # 13 together: their mean is no small group's
    ],
)
def test_a_whole_less_its_other_groups_tells_no_small_one(sizes: tuple[int, ...], kept: set[str]) -> None:
    out = without_small_groups(_groups(*sizes), FAMILY, "group", 10, "estimates", Log())
    assert set(out["group"]) == kept


def test_the_mean_of_a_dropped_group_cannot_be_solved_for() -> None:
    """The attack itself: sums of scores of the published groups, against the sum of all."""
    random = np.random.default_rng(3)
    sizes = [4, 20, 33, 50]
    scores = [random.normal(size=size) for size in sizes]
    total = sum(part.sum() for part in scores)
    naive = (total - sum(part.sum() for part in scores[1:])) / 4
    assert naive == pytest.approx(scores[0].mean())  # without complementary suppression it succeeds
    out = without_small_groups(_groups(*sizes), FAMILY, "group", 10, "estimates", Log())
    told = [
        part
        for part, name in zip(scores, _groups(*sizes)["group"], strict=False)
        if name in set(out["group"])
    ]
    assert sum(sizes) - sum(len(part) for part in told) >= 10  # what is left is the mean of 24


def test_neighbouring_points_of_a_curve_differ_by_the_threshold() -> None:
    curve = pd.DataFrame({"n": [4, 33, 40, 47, 53, 95, 100], "curve": "TOC"})
    assert thinned(curve, ("curve",), 10, "curves", Log())["n"].tolist() == [33, 47, 100]
    sizes = thinned(pd.DataFrame({"n": range(1, 500)}), (), 10, "curves", Log())["n"].to_numpy()
    assert np.diff(sizes).min() >= 10
    assert sizes[0] >= 10


def test_gaps_within_gaps_that_differ_by_few_are_found() -> None:
    patterns = pd.DataFrame(
        {"units": [26, 1, 40, 300], "columns": ["tobacco, cigarettes", "cigarettes", "serum", ""]}
    )
    assert nested_outside(patterns, ["cigarettes", "serum", "tobacco"], 10) == {"cigarettes"}
    assert (
        nested_outside(patterns.assign(units=[26, 12, 40, 300]), ["cigarettes", "serum", "tobacco"], 10)
        == set()
    )


def test_p_values_that_would_tell_small_counts_are_raised_to_a_level() -> None:
    given = report_inputs()
    public = public_structure(given, {"BMI"}, 10, Log())
    assert public.structure_tables["network"]["p"].tolist() == [0.001, 0.01, 0.05, 0.001]
    assert public.mechanism_tables["dependence"]["p"].tolist() == [
        0.2,
        0.01,
        0.6,
        0.07,
    ]  # BMI is the second mask's
    labels = public.mechanism_tables["labels"]
    np.testing.assert_array_equal(labels["structure_p"], [0.01, 0.5, 0.05, 0.001, np.nan])
    np.testing.assert_array_equal(labels["order_p"], [np.nan, np.nan, np.nan, 0.05, np.nan])
    assert public.mechanism["attrition"]["p"] == 0.001
    assert coarse(pd.Series([0.0, 0.001, 0.5, 0.51, 1.0])).tolist() == [0.001, 0.001, 0.5, 1.0, 1.0]
    assert len(ledger(public)) == len(ledger(given))


def test_rare_levels_stand_together_and_the_covariate_s_own_facts_stay() -> None:
    frame = pd.DataFrame({"variable": "ward", "level": ["a", "b", "c", "d"], "kind": "nominal"})
    for arm, counts in (("treated", [50, 2, 30, 1]), ("control", [40, 3, 30, 1])):
        frame[f"count_{arm}"], frame[f"share_{arm}"] = counts, np.array(counts) / sum(counts)
    frame["standardised_difference"] = [0.2, np.nan, np.nan, np.nan]
    out, rare = pooled_levels(frame, 10, Log())
    assert rare == {"ward": ["b", "d"]}
    assert out["level"].tolist() == ["a", "c", OTHER_LEVELS]
    assert out["count_treated"].tolist() == [50, 30, 3]
    assert out["standardised_difference"].iloc[0] == 0.2


SCORES = pd.DataFrame({"score": np.random.default_rng(1).normal(size=50)})
LEAKS = {
    "an identifier": b"<p>PATIENT-0007 was treated</p>",
    "a rare level": b"By ward: Zanzibarith, 0.3",
    "an array of units": ",".join(map(repr, SCORES["score"].tolist())).encode(),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_the_last_look_refuses_what_names_or_lists_units_and_quotes_nothing(leak: str) -> None:
    files = {"report.html": LEAKS[leak], "tables/fine.csv": b"n,estimate\n40,0.25\n"}
    with pytest.raises(Refused) as refused:
        refuse_units(files, ["PATIENT-0007", "12", "Anna"], {"ward": ["Zanzibarith"]}, [SCORES])
    (problem,) = refused.value.problems
    assert problem.where == "crate/report.html"
    assert "PATIENT-0007" not in str(refused.value)
    assert "Zanzibarith" not in str(refused.value)


def test_the_last_look_passes_what_is_aggregated() -> None:
    files = {"tables/fine.csv": b"n,estimate\n12,0.2512345678\n", "report.html": b"Anna 12"}
    refuse_units(files, ["PATIENT-0007", "12", "Anna"], {"ward": ["Zanzibarith"]}, [SCORES])


@pytest.mark.parametrize(
    "name", ["cohort.parquet", "primary/scores/shared.parquet", "tables/x.parquet", "../x.csv"]
)
def test_what_no_kind_allows_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        refuse_what_is_not_allowed({name: b"", "report.html": b""})


def test_settings_lose_the_path_of_the_data_and_nothing_else() -> None:
    log = Log()
    given = {
        "settings/cohort.json": {"data": {"file": "/home/me/secret.csv", "unit": "id"}},
        "a/settings/x.json": {"b": 1},
    }
    files = settings_files(given, log)
    assert json.loads(files["settings/cohort.json"]) == {"data": {"unit": "id"}}
    assert set(files) == {"settings/cohort.json", "settings/a/x.json"}
    assert log.totals() == {"data path": 1}


def test_analyses_of_nearly_the_same_units_are_named_for_review() -> None:
    frame = pd.DataFrame(
        {"analysis": ["a", "b", "c"], "estimand": "ATE", "group": "all", "n": [655, 659, 823]}
    )
    (said,) = to_review(frame, 10)
    assert "a and b" in said
    assert "the analysis c leaves out fewer than 10" in to_review(frame, 10, 830.0)[-1]
    assert len(to_review(frame, 10, 823.0)) == 1


def test_a_rare_level_that_the_study_file_names_is_left_to_a_person_and_not_quoted() -> None:
    settings = {"settings/cohort.json": b'{"levels":["East","Zanzibarith"]}'}
    (said,) = named_in_settings(settings, {"ward": ["Zanzibarith"], "site": ["South"]})
    assert "ward" in said
    assert "Zanzibarith" not in said


def test_a_level_is_not_told_by_the_covariate_that_it_depends_on() -> None:
    """16 treated have diabetes: 11 of type II would tell 5 of type I."""
    columns = {
        "variable": "type",
        "level": ["I", "II"],
        "kind": "binary",
        "units_treated": 413,
        "units_control": 410,
    }
    frame = pd.DataFrame(columns).assign(applicable_treated=16, applicable_control=30)
    frame = frame.assign(missing_treated=0, missing_control=0, observed_treated=16, observed_control=30)
    frame = frame.assign(count_treated=[5, 11], count_control=[14, 16])
    groups = {
        "column": "type",
        "group": ["all", "treated", "control"],
        "units": [823, 413, 410],
        "missing": 0,
    }
    covered = covered_counts(frame, pd.DataFrame(groups), 10, Log())
    assert covered == {("type", "I", "treated"): "<10", ("type", "II", "treated"): "hidden"}


def test_an_analysis_of_complete_cases_is_named_where_few_miss_a_value() -> None:
    methods = {
        "primary": {"missingness": {"strategy": "multiple_imputation"}},
        "complete": {"missingness": {"strategy": "complete_case"}},
    }
    (said,) = complete_cases(
        methods, {("pulse", MISSING, "treated"): "<10", ("ward", "East", "treated"): "<10"}
    )
    assert said.startswith("the analysis complete is of complete cases")
    assert "miss pulse, whose" in said
    assert complete_cases(methods, {("ward", "East", "treated"): "<10"}) == []
