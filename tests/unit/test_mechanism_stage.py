"""The description of mechanisms on OPT and on cohorts whose mechanism is known."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hetflow.missingness.mechanism.label import NOT_IDENTIFIABLE, label_masks
from hetflow.missingness.mechanism.observed import observed_covariates
from hetflow.missingness.mechanism.stage import Mechanism, describe_mechanism
from hetflow.report.frames_mechanism import dropout_frame, labelled_masks, mechanism_table
from hetflow.report.prose_mechanism import attrition_text, mcar_text, mechanism_notices, values_text
from hetflow.report.words import Words
from mechanism_world import SETTINGS, made_up, opt_inputs
from opt_frame import LABORATORY, SERUM

WORDS = Words("Outcome", "", 1.0, "lower", "Active", "Placebo", True, 0.95, {}, {}, {})


@cache
def opt() -> Mechanism:
    return describe_mechanism(*opt_inputs(), SETTINGS)


@cache
def known(arm_effect: float = 0.0, fixed: bool = False) -> Mechanism:
    return describe_mechanism(*made_up(600, 3, arm_effect, fixed), SETTINGS)


def of(table: pd.DataFrame, name: str) -> pd.Series:
    return table[[name in row.split(", ") for row in table["columns"]]].iloc[0]


def test_no_mask_is_ever_called_at_random_or_not() -> None:
    labels = opt().labels
    assert set(labels["mechanism"]) == {NOT_IDENTIFIABLE}
    for name in labels.columns.drop("columns"):
        assert not labels[name].isin(["MCAR", "MAR", "MNAR"]).any()


def test_blocks_of_opt_are_strong_blocks() -> None:
    for name, rows, width in ((LABORATORY[0], 430, 18), (SERUM[0], 27, 15)):
        row = of(opt().labels, name)
        assert (row["rows"], row["width"], row["structure"], row["form"]) == (rows, width, "SS", "block")
        assert row["structure_confidence"] == "high"


def test_women_who_did_not_answer_on_habits_are_a_block() -> None:
    labels = opt().labels
    habits = [of(labels, name) for name in ("Use.Tob", "Use.Alc", "Drug.Add")]
    assert {row["community"] for row in habits} == {habits[0]["community"]}
    assert {(row["structure"], row["form"]) for row in habits} == {("SS", "block")}


def test_what_may_not_exist_is_told_by_the_dictionary() -> None:
    assert of(opt().labels, "BL.Cig.Day")["existence"] == "may not exist"
    assert of(opt().labels, "BMI")["existence"] == "exists"


def test_unequal_loss_of_the_outcome_is_reported() -> None:
    found = opt().facts["attrition"]
    assert found["missing"] == [93, 71]
    assert found["treated"] == pytest.approx(93 / 413)
    assert found["difference"] == pytest.approx(93 / 413 - 71 / 410, abs=0.002)  # within clinics
    assert found["unequal"]
    assert "+5.2 percentage points" in attrition_text(opt().facts, WORDS, 10)
    assert attrition_text(opt().facts, WORDS, 80) == ""  # 71 are too few to be shown then


def test_rare_masks_are_not_assessed() -> None:
    row = of(opt().labels, "N.prev.preg")
    assert row["rows"] == 5
    assert {row["relation"], row["structure"], row["confidence"]} == {"not assessed"}


def test_a_rule_is_deterministic_and_chance_is_not() -> None:
    labels = known().labels
    ruled, random = of(labels, "ruled"), of(labels, "random")
    assert (ruled["relation"], ruled["nature"], ruled["confidence"]) == (
        "observed values",
        "deterministic",
        "high",
    )
    assert ruled["auc"] > 0.985
    assert (random["relation"], random["nature"], random["structure"]) == ("none found", "none", "U")
    mcar = known().mcar.set_index("columns")
    assert mcar.loc["ruled", "p"] == pytest.approx(1 / 200)
    assert mcar.loc["random", "p"] > 0.01  # false alarm 1 %


def test_dependence_on_the_arm_contradicts_a_mask_fixed_before_randomisation() -> None:
    found = known(0.3, True).facts
    assert [one["columns"] for one in found["contradictions"]] == [["random"]]
    assert found["contradictions"][0]["difference"] == pytest.approx(0.3, abs=0.15)  # four standard errors
    assert mechanism_notices(found, WORDS)[0].startswith("Contradiction: the dictionary says")
    warned = known(0.3, False).facts
    assert (len(warned["arm"]), warned["contradictions"]) == (1, [])
    assert "goes with the arm" in mechanism_notices(warned, WORDS)[0]
    assert mechanism_notices(known().facts, WORDS) == []


def test_an_observational_study_has_no_contradiction() -> None:
    found = describe_mechanism(*made_up(600, 3, 0.3, True), SETTINGS | {"randomised": False}).facts
    assert found["contradictions"] == found["arm"] == []


def test_outcome_is_related_to_masks_but_not_to_its_own() -> None:
    table = known().dependence.set_index(["columns", "on"])
    assert table.loc[("ruled", "outcome"), "p"] < 1e-4  # the rule is in what the outcome depends on
    assert np.isnan(table.loc[("y", "outcome"), "p"])
    compared = known().compared.set_index("columns")
    assert np.isnan(compared.loc["y", "crude"])
    assert abs(compared.loc["ruled", "adjusted"]) < abs(compared.loc["ruled", "crude"])
    assert compared.loc["ruled", "asmd_max"] > 1.5
    assert compared.loc["random", "asmd_max"] < 0.5


def test_visits_give_curves() -> None:
    curves = known().dropout
    assert list(curves["visit"].unique()) == ["visit 2", "outcome"]
    frame = dropout_frame(curves, WORDS, 10)
    assert set(frame["arm"]) == {"Active", "Placebo"}
    assert frame.loc[frame["place"] == 0, "seen"].eq(1).all()
    assert dropout_frame(opt().dropout, WORDS, 10).empty  # one visit is no curve
    assert {row["term"] for row in known().facts["dropout_model"]} == {
        "treated",
        "last value",
        "treated x last value",
    }


def test_page_shows_words_and_no_small_counts() -> None:
    cohort = {"columns": [{"name": name} for name in ("a", "b", "ruled", "random", "late")]}
    masks = labelled_masks(known().labels, known().dependence, cohort, WORDS, 10)
    assert masks.iloc[0]["values"] == "by rule"
    assert "not in this" not in values_text(masks)
    assert "cannot be told from data" in values_text(masks)
    assert len(mechanism_table(masks, WORDS).rows) == len(masks)
    assert labelled_masks(known().labels, known().dependence, cohort, WORDS, 10_000).empty
    assert "Little's test" in mcar_text(known().mcar)


def test_filled_values_say_nothing_of_who_was_missing() -> None:
    cohort, _, columns = made_up(600, 4)
    rng = np.random.default_rng(5)
    cohort.loc[rng.permutation(600)[:20], "b"] = np.nan
    found = observed_covariates(cohort, columns, 1)
    assert found.filled == ("b",)
    assert found.left_out == ("random", "ruled")
    gaps = cohort["b"].isna().to_numpy()
    assert np.isin(found.X[gaps, 1], cohort["b"].dropna()).all()
    assert len(np.unique(found.X[gaps, 1])) > 10


def test_a_table_without_gaps_or_covariates_is_described() -> None:
    cohort, outcomes, columns = made_up(200, 6)
    whole = [column for column in columns if column.name in "ab"]
    found = describe_mechanism(cohort, outcomes.assign(y=1.0), whole, SETTINGS)
    assert len(found.labels) == len(found.dependence) == len(found.compared) == 0
    assert found.mcar["note"].str.len().gt(0).all()
    assert len(label_masks(np.random.default_rng(1).random((100, 3)) < 0.3, np.empty((100, 0)), seed=1)) == 3
