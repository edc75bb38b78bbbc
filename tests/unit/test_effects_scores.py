"""The scores contract: building, reading, refusing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hetflow.effects.average import average_effect
from hetflow.effects.calibration import calibration
from hetflow.effects.scores import Scores, doubly_robust_score, make_scores, require
from hetflow.effects.sequential import sequential_autoc
from hetflow.errors import Refused
from hetflow.files import read_table, write_table
from hetflow.seeds import generator
from score_world import linear_trial, nuisance_frame

ROUNDING = 1e-12


@pytest.fixture
def nuisance() -> pd.DataFrame:
    rng = generator(1, "nuisance")
    return nuisance_frame(rng.integers(0, 2, 30), rng.normal(size=30), rng.uniform(0.2, 0.8, 30))


def test_effects_are_averaged_before_they_enter_the_score(nuisance: pd.DataFrame) -> None:
    rng = generator(2, "effects")
    cate, variance = rng.normal(size=(30, 4)), rng.uniform(size=(30, 4))
    scores = make_scores(nuisance, cate, variance, better="lower", held_out=cate + 1)
    np.testing.assert_allclose(scores.cate, cate.mean(axis=1), atol=ROUNDING)
    np.testing.assert_allclose(scores.cate_variance, variance.mean(axis=1), atol=ROUNDING)
    np.testing.assert_allclose(scores.cate_between_imputations, cate.var(axis=1, ddof=1), atol=ROUNDING)
    np.testing.assert_allclose(scores.cate_held_out, cate.mean(axis=1) + 1, atol=ROUNDING)
    assert np.array_equal(scores.priority, -scores.cate)
    assert scores.lacks("cate_sequential")
    columns = (nuisance[name].to_numpy() for name in ("treatment_residual", "outcome_residual", "propensity"))
    np.testing.assert_allclose(scores.score, doubly_robust_score(scores.cate, *columns), atol=ROUNDING)


def test_a_single_imputation_has_no_variance_between(nuisance: pd.DataFrame) -> None:
    scores = make_scores(nuisance, np.zeros(30), better="higher")
    assert scores.lacks("cate_between_imputations")
    assert scores.lacks("cate_variance")
    assert np.array_equal(scores.cluster, scores.unit)


def test_rows_come_sorted_by_unit(nuisance: pd.DataFrame) -> None:
    order = generator(3, "order").permutation(30)
    cate = generator(4, "cate").normal(size=30)
    straight = make_scores(nuisance, cate, better="higher")
    shuffled = make_scores(nuisance.iloc[order], cate[order], better="higher")
    pd.testing.assert_frame_equal(straight.to_frame(), shuffled.to_frame())


def test_the_contract_carries_everything(tmp_path: Path) -> None:
    scores = linear_trial(generator(1, "trial"), 50, 1.0)[0]
    write_table(scores.to_frame(), tmp_path / "scores.parquet", "scores")
    back = Scores.from_frame(read_table(tmp_path / "scores.parquet", "scores"))
    pd.testing.assert_frame_equal(back.to_frame(), scores.to_frame())
    assert np.isnan(back.cate_sequential[back.fold == 1]).all()


def test_impossible_input_is_refused(nuisance: pd.DataFrame) -> None:
    with pytest.raises(Refused, match="strictly between 0 and 1"):
        make_scores(nuisance.assign(propensity=1.0), np.zeros(30), better="higher")
    with pytest.raises(Refused, match="30 rows"):
        make_scores(nuisance, np.zeros(29), better="higher")
    with pytest.raises(Refused, match="`higher` or `lower`"):
        make_scores(nuisance, np.zeros(30), better="more")
    with pytest.raises(Refused, match="one contrast"):
        make_scores(nuisance.assign(contrast=["a", "b"] * 15), np.zeros(30), better="higher")
    with pytest.raises(Refused, match="every unit once"):
        make_scores(nuisance.assign(unit=1), np.zeros(30), better="higher")
    with pytest.raises(Refused, match="weight"):
        make_scores(nuisance, np.zeros(30), better="higher", weight=np.full(30, -1.0))
    with pytest.raises(Refused, match="0 and 1"):
        make_scores(nuisance.assign(treated=2), np.zeros(30), better="higher")


def test_a_column_must_be_whole_or_null(nuisance: pd.DataFrame) -> None:
    held_out = np.ones(30)
    held_out[3] = np.nan
    with pytest.raises(Refused, match="cate_held_out"):
        make_scores(nuisance, np.zeros(30), better="higher", held_out=held_out)
    sequential = np.where(np.arange(30) < 10, np.nan, 1.0)
    folds = np.repeat([1, 2, 3], 10)
    assert make_scores(nuisance, np.zeros(30), better="higher", sequential=sequential, fold=folds).n == 30
    with pytest.raises(Refused, match="cate_sequential"):
        make_scores(nuisance, np.zeros(30), better="higher", sequential=sequential, fold=folds[::-1].copy())


def test_what_is_null_is_refused_by_name() -> None:
    scores = linear_trial(generator(1, "trial"), 50, 1.0)[0]
    null = np.full(50, np.nan)
    without = replace(scores, outcome_residual=null, cate_sequential=null)
    with pytest.raises(Refused, match=r"ATT\n.*expected.*\n.*no outcome_residual"):
        average_effect(without, "ATT")
    with pytest.raises(Refused, match="calibration"):
        calibration(without)
    with pytest.raises(Refused, match="no cate_sequential"):
        sequential_autoc(without, "higher", 50, 1)
    with pytest.raises(Refused, match="one of ATE, ATT, ATC, ATO"):
        average_effect(scores, "LATE")
    require(scores, "anything", "score")


def test_overlap_effect_of_an_even_trial_is_the_difference_of_means() -> None:
    """With a constant propensity the slope is the difference of arm means, and HC3 is that of two samples."""
    rng = generator(1, "ato")
    treated, outcome = rng.integers(0, 2, 40), rng.normal(size=40)
    scores = make_scores(nuisance_frame(treated, outcome, np.full(40, 0.5)), np.zeros(40), better="higher")
    terms = average_effect(scores, "ATO")
    arms = [outcome[treated == arm] for arm in (0, 1)]
    assert terms.estimate[0] == pytest.approx(arms[1].mean() - arms[0].mean(), abs=1e-12)
    hc3 = sum(((y - y.mean()) ** 2).sum() / (y.size - 1) ** 2 for y in arms)
    assert terms.covariance[0, 0] == pytest.approx(hc3, abs=1e-12)


def test_overlap_effect_weighs_by_overlap() -> None:
    """Residuals without noise: the slope through the origin weighs effects by squared treatment residuals."""
    rng = generator(2, "ato")
    e = rng.uniform(0.1, 0.9, 4000)
    treated = (rng.uniform(size=4000) < e).astype(int)
    tau = 1 + e
    scores = make_scores(nuisance_frame(treated, (treated - e) * tau, e), np.zeros(4000), better="higher")
    expected = (e * (1 - e) * tau).sum() / (e * (1 - e)).sum()
    terms = average_effect(scores, "ATO")
    assert abs(terms.estimate[0] - expected) < 5 * np.sqrt(terms.covariance[0, 0])


def test_sequential_statistic_is_the_sum_of_t_over_the_root_of_folds() -> None:
    scores = linear_trial(generator(1, "trial"), 300, 0.5)[0]
    result = sequential_autoc(scores, "higher", 100, 9)
    t = result.autoc / result.autoc_se
    assert t.size == 4
    assert result.estimate / result.se == pytest.approx(t.sum() / 2, abs=1e-10)
    assert min(result.autoc) <= result.estimate <= max(result.autoc)


def test_a_fold_with_equal_predictions_says_nothing() -> None:
    scores = linear_trial(generator(1, "trial"), 300, 0.5)[0]
    flat = replace(scores, cate_sequential=np.where(scores.fold == 3, 0.0, scores.cate_sequential))
    result, whole = (sequential_autoc(s, "higher", 100, 9) for s in (flat, scores))
    t = np.divide(whole.autoc, whole.autoc_se)
    assert result.estimate / result.se == pytest.approx(t[[0, 2, 3]].sum() / 2, abs=1e-10)
    silent = replace(scores, cate_sequential=np.where(scores.fold == 1, np.nan, 0.0))
    assert sequential_autoc(silent, "higher", 100, 9).estimate == 0


def test_the_score_is_that_of_inverse_probability_weighting_about_the_arms_means() -> None:
    """The textbook form: the difference of the arms' means, and each unit's error in its own arm over its chance."""
    rng = generator(2, "textbook")
    e, low, high = rng.uniform(0.1, 0.9, 50), rng.normal(size=50), rng.normal(2.0, 1.0, 50)
    treated, outcome = rng.integers(0, 2, 50), rng.normal(size=50)
    textbook = high - low + treated / e * (outcome - high) - (1 - treated) / (1 - e) * (outcome - low)
    mean = e * high + (1 - e) * low
    found = doubly_robust_score(high - low, treated - e, outcome - mean, e)
    np.testing.assert_allclose(found, textbook, rtol=1e-12, atol=1e-12)
