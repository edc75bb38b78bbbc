"""The driver: what is evaluated once and what per imputation, which p-values are printed, what is left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from estimates_world import IMPUTATIONS, SETTINGS, UNITS, run, trial_completions, trial_scores
from hetflow.effects.average import average_effect
from hetflow.effects.projection import best_linear_projection
from hetflow.effects.registry import MEASURED, SEEN
from hetflow.effects.scores import Scores
from hetflow.errors import Refused
from hetflow.files import write_table
from hetflow.pooling import pool
from scipy import stats

ROUNDING = 1e-10
TESTED = {"ATE", "ATT", "ATC", "ATO", "projection", "rule_groups_difference", "AUTOC", "sequential_AUTOC"}


@pytest.fixture
def scores() -> Scores:
    return trial_scores()


@pytest.fixture
def completions() -> list[pd.DataFrame]:
    return trial_completions()


def row(table: pd.DataFrame, estimand: str, term: str | None = None, group: str | None = None) -> pd.Series:
    held = table["estimand"] == estimand
    if term is not None:
        held &= table["term"] == term
    if group is not None:
        held &= table["group"] == group
    assert held.sum() == 1
    return table[held].iloc[0]


def test_the_table_fulfils_its_contract(
    scores: Scores, completions: list[pd.DataFrame], tmp_path: Path
) -> None:
    result = run([scores], completions)
    write_table(result.table, tmp_path / "estimates.parquet", "estimates")
    assert result.notices == []
    assert not result.table.duplicated(["estimand", "group", "term"]).any()
    assert not result.table[["estimate", "se"]].isna().any(axis=None)


def test_a_shared_score_is_evaluated_once(scores: Scores, completions: list[pd.DataFrame]) -> None:
    table = run([scores], completions).table
    found = row(table, "ATE")
    terms = average_effect(scores, "ATE")
    assert found["estimate"] == terms.estimate[0]
    assert found["imputations"] == IMPUTATIONS
    assert np.isnan(found["fmi"])
    assert row(run([scores], completions, imputations=7).table, "ATE")["imputations"] == 7


def test_covariates_are_read_per_imputation_and_pooled(
    scores: Scores, completions: list[pd.DataFrame]
) -> None:
    sets = []
    for frame in completions:
        X = np.column_stack([frame["x1"], frame["site"] == "B", frame["site"] == "C"]).astype(float)
        sets.append(best_linear_projection(scores, X, ["x1", "site=B", "site=C"]))
    pooled = pool(
        np.stack([one.estimate for one in sets]),
        np.stack([np.diag(one.covariance) for one in sets]),
        UNITS - 4,
    )
    result = run([scores], completions)
    found = row(result.table, "projection", "x1")
    for name, value in (("estimate", pooled.estimate), ("df", pooled.df), ("fmi", pooled.fmi)):
        assert found[name] == pytest.approx(value[1], abs=ROUNDING)
    se = np.sqrt(pooled.total[1])
    reach = stats.t.ppf(0.95, pooled.df[1]) * se
    assert found["lower"] == pytest.approx(pooled.estimate[1] - reach, abs=ROUNDING)
    assert found["upper"] == pytest.approx(pooled.estimate[1] + reach, abs=ROUNDING)
    assert found["p"] == pytest.approx(2 * stats.t.sf(pooled.estimate[1] / se, pooled.df[1]), abs=ROUNDING)
    assert result.covariances["projection"].shape == (4, 4)
    assert result.covariances["projection"][1, 1] == pytest.approx(se**2, abs=ROUNDING)
    assert found["fmi"] > 0


def test_p_values_stand_only_where_the_size_is_known(scores: Scores, completions: list[pd.DataFrame]) -> None:
    table = run([scores], completions).table
    assert set(table.loc[table["p"].notna(), "estimand"]) == TESTED
    assert table.loc[table["estimand"].isin(TESTED), "p"].notna().all()
    one_sided = table[table["alternative"] == "greater"]
    assert set(one_sided["estimand"]) == {"AUTOC", "QINI"}
    assert one_sided["upper"].isna().all()
    autoc = row(table, "AUTOC")
    assert autoc["p"] == pytest.approx(stats.norm.sf(autoc["estimate"] / autoc["se"]), abs=ROUNDING)
    assert autoc["lower"] == pytest.approx(
        autoc["estimate"] - stats.norm.ppf(0.9) * autoc["se"], abs=ROUNDING
    )


def test_intervals_are_left_out_where_they_cover_too_seldom(
    scores: Scores, completions: list[pd.DataFrame]
) -> None:
    table = run([scores], completions).table
    held_out = table["estimand"].str.startswith("held_out")
    assert table.loc[held_out, ["lower", "upper", "p"]].isna().all(axis=None)
    assert table.loc[~held_out, "lower"].notna().all()


def test_observational_sets_are_pooled_and_heterogeneity_is_not_tested(
    scores: Scores, completions: list[pd.DataFrame]
) -> None:
    shifts = (-0.2, 0.0, 0.2)
    sets = [replace(scores, score=scores.score + shift) for shift in shifts]
    table = run(sets, completions, SETTINGS | {"randomised": False}).table
    assert set(table.loc[table["p"].notna(), "estimand"]) == {"ATE", "ATT", "ATC", "ATO"}
    found = row(table, "ATE")
    within = average_effect(scores, "ATE").covariance[0, 0]
    assert found["se"] ** 2 == pytest.approx(within + 4 / 3 * 0.04, abs=ROUNDING)
    assert found["fmi"] > 0
    assert set(table["imputations"]) == {IMPUTATIONS}
    assert set(table["target"]) == {"", MEASURED}


def test_targets(scores: Scores, completions: list[pd.DataFrame]) -> None:
    table = run([scores], completions).table.set_index("estimand")["target"]
    assert table["ATE"] == ""
    assert set(table["projection"]) == set(table["rule_groups"]) == {MEASURED}
    assert table["AUTOC"] == table["sequential_AUTOC"] == SEEN
    seen = run([scores], completions[:1], covariate_target=SEEN).table
    assert set(seen["target"]) == {"", SEEN}


def test_the_curve_ends_at_zero(scores: Scores, completions: list[pd.DataFrame]) -> None:
    curve = run([scores], completions).curves["toc"]
    assert curve["q"].iloc[-1] == 1
    assert curve["estimate"].iloc[-1] == curve["se"].iloc[-1] == 0
    assert curve["n"].iloc[-1] == UNITS
    assert curve["q"].is_monotonic_increasing


def test_lower_is_better_turns_benefits_and_leaves_effects(
    scores: Scores, completions: list[pd.DataFrame]
) -> None:
    """The same study with the outcome's sign changed: effects change sign, benefits and tests do not."""
    mirrored = replace(
        scores,
        **{
            name: -getattr(scores, name)
            for name in ("score", "cate", "cate_held_out", "cate_sequential", "outcome_residual")
        },
    )
    here = run([scores], completions).table
    there = run([mirrored], completions, SETTINGS | {"better": "lower"}).table
    turned = np.where(here["scale"] == "outcome", -1.0, 1.0)
    np.testing.assert_allclose(there["estimate"], here["estimate"] * turned, atol=ROUNDING)
    np.testing.assert_allclose(there["se"], here["se"], atol=ROUNDING)
    np.testing.assert_allclose(there["p"], here["p"], atol=ROUNDING)


def test_a_priority_that_contradicts_the_direction_is_refused(
    scores: Scores, completions: list[pd.DataFrame]
) -> None:
    with pytest.raises(Refused, match="priority"):
        run([scores], completions, SETTINGS | {"better": "lower"})


def test_what_was_not_grown_is_left_out_with_a_notice(
    scores: Scores, completions: list[pd.DataFrame]
) -> None:
    null = np.full(UNITS, np.nan)
    result = run([replace(scores, cate_held_out=null, cate_sequential=null)], completions)
    assert not result.table["estimand"].str.contains("held_out|sequential").any()
    assert len(result.notices) == 3
    assert all("left out" in notice for notice in result.notices)


def test_imputed_outcomes_leave_out_all_that_ranks_in_one_notice(
    scores: Scores, completions: list[pd.DataFrame]
) -> None:
    result = run([scores], completions, SETTINGS | {"imputed": True})
    assert "AUTOC" not in set(result.table["estimand"])
    (notice,) = result.notices
    for name in ("calibration", "held out groups", "ranking", "sequential"):
        assert name in notice.split(":")[1]


def test_incomplete_covariates_are_left_out_with_a_notice(
    scores: Scores, completions: list[pd.DataFrame]
) -> None:
    holes = completions[0].assign(x1=completions[0]["x1"].where(np.arange(UNITS) > 4))
    result = run([scores], [holes])
    assert "projection" not in set(result.table["estimand"])
    assert set(result.table.loc[result.table["estimand"] == "rule_groups", "term"]) == {"site"}
    assert len(result.notices) == 2
    absent = run([scores], [completions[0].drop(columns="x1")])
    assert len(absent.notices) == 2


def test_redundant_projection_terms_are_dropped_with_a_notice(
    scores: Scores, completions: list[pd.DataFrame]
) -> None:
    frames = [frame.assign(x2=2 * frame["x1"] - 1) for frame in completions]
    result = run([scores], frames, SETTINGS | {"projection": ["x1", "x2"]})
    terms = result.table.loc[result.table["estimand"] == "projection", "term"]
    assert terms.tolist() == ["intercept", "x1"]
    assert any("without x2" in notice for notice in result.notices)


def test_what_is_asked_by_name_and_cannot_be_had_is_refused_at_once(
    scores: Scores, completions: list[pd.DataFrame]
) -> None:
    settings = SETTINGS | {"projection": ["x9"], "rules": {"r": {"covariate": "z", "cuts": [1]}}}
    null = np.full(UNITS, np.nan)
    with pytest.raises(Refused) as refused:
        run([replace(scores, outcome_residual=null)], completions, settings)
    where = [problem.where for problem in refused.value.problems]
    assert where == ["ATT", "ATC", "ATO", "estimates.rules.r", "estimates.projection: x9"]
    with pytest.raises(Refused, match="at least one file"):
        run([scores], None)


def test_sets_that_do_not_belong_together_are_refused(
    scores: Scores, completions: list[pd.DataFrame]
) -> None:
    with pytest.raises(Refused, match="one file for each"):
        run([scores, scores], completions)
    with pytest.raises(Refused, match="same units"):
        run([scores, replace(scores, unit=scores.unit + 1)], completions)
    with pytest.raises(Refused, match="a row for every scored unit"):
        run([scores], [frame.iloc[10:] for frame in completions])


def test_completed_rows_are_matched_by_unit(scores: Scores, completions: list[pd.DataFrame]) -> None:
    shuffled = [frame.sample(frac=1, random_state=3) for frame in completions]
    pd.testing.assert_frame_equal(run([scores], completions).table, run([scores], shuffled).table)
    some = scores.subset(np.arange(UNITS) % 4 > 0)
    assert row(run([some], completions).table, "ATE")["n"] == UNITS * 3 // 4


def test_few_clusters_are_said(scores: Scores, completions: list[pd.DataFrame]) -> None:
    result = run([replace(scores, cluster=scores.unit % 20)], completions)
    assert any("only 20 clusters" in notice for notice in result.notices)


def test_overlap_projection_where_the_propensity_varies(
    scores: Scores, completions: list[pd.DataFrame]
) -> None:
    assert "projection_overlap" not in set(run([scores], completions).table["estimand"])
    varied = replace(scores, propensity=np.linspace(0.3, 0.7, UNITS))
    assert "projection_overlap" in set(run([varied], completions).table["estimand"])
    less = run([varied], completions, SETTINGS | {"average": ["ATE"]})
    assert "projection_overlap" not in set(less.table["estimand"])
