"""Splits taken together: tables, silence, directions, and what must not change them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hetflow.effects.one_split import BLP, CLAN, COLUMNS, GATES, SLOPE, Trial, evaluate_split
from hetflow.effects.proxies import PROXIES, Half, proxies
from hetflow.effects.split_tables import (
    aggregate,
    facts,
    learners_table,
    sequential_description,
    split_tables,
)
from hetflow.errors import Refused
from scipy import stats
from score_world import linear_trial
from split_world import SETTINGS, noisy, trial

LEARNERS = ["linear", "causal_forest"]
ROUNDED = 1e-6
"""Learners round standardised outcomes to nine decimals, so that units of measurement change no split of a tree."""


def parts_of(given: Trial, number: int = 3, learners: list[str] | None = None, seed: int = 5) -> pd.DataFrame:
    splits = [evaluate_split(given, split, learners or LEARNERS, 4, seed) for split in range(number)]
    return pd.concat(splits, ignore_index=True)


@pytest.fixture(scope="module")
def parts() -> pd.DataFrame:
    return parts_of(noisy(np.random.default_rng(1), 300, 1.0))


def numbers(frame: pd.DataFrame, *estimands: str) -> np.ndarray:
    return frame[frame["estimand"].isin(estimands)]["estimate"].to_numpy()


def test_more_splits_add_rows_and_change_none(parts: pd.DataFrame) -> None:
    given = noisy(np.random.default_rng(1), 300, 1.0)
    more = parts_of(given, 5)
    pd.testing.assert_frame_equal(more[more["split"] < 3].reset_index(drop=True), parts)
    assert parts.columns.tolist() == list(COLUMNS)
    assert not np.array_equal(numbers(more[more["split"] == 3], BLP), numbers(more[more["split"] == 4], BLP))


def test_learners_beside_it_do_not_change_one(parts: pd.DataFrame) -> None:
    alone = parts_of(noisy(np.random.default_rng(1), 300, 1.0), learners=["causal_forest"])
    beside = parts[parts["learner"] == "causal_forest"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, beside)


def test_another_unit_of_the_outcome_changes_the_effects_and_not_the_slope(parts: pd.DataFrame) -> None:
    given = noisy(np.random.default_rng(1), 300, 1.0)
    scaled = parts_of(replace(given, outcome=7 + 4 * given.outcome))
    is_slope = parts["term"] == SLOPE
    np.testing.assert_allclose(
        scaled[is_slope]["estimate"], parts[is_slope]["estimate"], rtol=ROUNDED, atol=ROUNDED
    )
    np.testing.assert_allclose(numbers(scaled, GATES), 4 * numbers(parts, GATES), rtol=ROUNDED, atol=ROUNDED)
    np.testing.assert_allclose(numbers(scaled, CLAN), numbers(parts, CLAN), rtol=ROUNDED, atol=ROUNDED)


def test_where_lower_is_better_the_groups_are_turned_round(parts: pd.DataFrame) -> None:
    given = noisy(np.random.default_rng(1), 300, 1.0)
    turned = parts_of(replace(given, sign=-1.0))
    for learner in LEARNERS:
        one, other = (f[(f["learner"] == learner) & (f["estimand"] == GATES)] for f in (parts, turned))
        values = one["estimate"].to_numpy().reshape(-1, 4), other["estimate"].to_numpy().reshape(-1, 4)
        assert np.median(values[0][:, 0] - values[0][:, 3]) < 0 < np.median(values[1][:, 0] - values[1][:, 3])
    tables = split_tables(turned, given, pd.DataFrame(), SETTINGS | {"better": "lower"})
    gap = tables["gates"].query("chosen == 1").iloc[-1]
    assert gap["alternative"] == "less"
    assert gap["p"] < 0.05
    assert gap["estimate"] < 0
    inner = tables["gates"].query("chosen == 1").iloc[:4]
    assert (np.diff(inner["estimate_monotone"]) <= 0).all()
    assert (np.diff(inner["upper_monotone"]) <= 0).all()


@pytest.mark.parametrize("learner", list(PROXIES))
@pytest.mark.parametrize("binary", [False, True])
def test_every_learner_predicts_what_it_has_not_seen(learner: str, binary: bool) -> None:
    """Outcomes of the judging half change nothing; missing covariates are taken; predictions follow the effect."""
    rng = np.random.default_rng(2)
    given = noisy(rng, 600, 2.0)
    outcome = (given.outcome > 1).astype(float) if binary else given.outcome
    X = np.where(rng.random(given.X.shape) < 0.05, np.nan, given.X)
    learns = rng.permutation(600) < 300
    half = Half(given.unit, X, given.treated, outcome, given.propensity, given.weight, None, binary, learns)
    found = proxies(learner, half, 3, ("splits", 0))
    hidden = replace(half, outcome=np.where(learns, outcome, 1 - outcome))
    again = proxies(learner, hidden, 3, ("splits", 0))
    assert np.array_equal(found.effect, again.effect)
    assert np.array_equal(found.baseline, again.baseline)
    assert np.isfinite(found.effect).all()
    assert np.isfinite(found.baseline).all()
    assert np.corrcoef(found.effect, given.X[~learns, 0])[0, 1] > 0.3


def test_an_unknown_learner_is_refused() -> None:
    given = noisy(np.random.default_rng(2), 60, 0.0)
    with pytest.raises(Refused, match=r"splits\.learners"):
        evaluate_split(given, 0, ["oracle"], 4, 1)


def test_too_few_units_for_a_forest_are_refused_with_what_to_do() -> None:
    given = noisy(np.random.default_rng(2), 100, 0.0)
    with pytest.raises(Refused, match=r"take it out of `splits\.learners`"):
        evaluate_split(given, 0, ["causal_forest"], 4, 1)


def test_a_learner_that_says_nothing_counts_as_no_evidence() -> None:
    """No covariate varies, so that no prediction does: groups are random and the slope is unknown."""
    rng = np.random.default_rng(3)
    treated = rng.integers(0, 2, 200)
    given = trial(np.ones((200, 2)), treated, treated + rng.normal(size=200))
    parts = parts_of(given)
    tables = split_tables(parts, given, pd.DataFrame(), SETTINGS)
    slope = tables["blp"].query("chosen == 1 and term == 'slope'").iloc[0]
    assert slope["p"] == 1.0
    assert slope["informative"] == 0
    assert not np.isfinite(slope["lower"])
    told = facts(tables, given, SETTINGS)
    assert told["silent"]["linear"] == 3
    gates = tables["gates"].query("chosen == 1")
    assert np.isfinite(gates["estimate"]).all()
    assert gates.iloc[-1]["p"] > 0.01


def test_groups_too_small_for_an_effect_count_as_no_evidence() -> None:
    """Twenty units in ten groups: no group of a half has two of each arm."""
    rng = np.random.default_rng(4)
    given = trial(rng.normal(size=(40, 2)), np.tile([0, 1], 20), rng.normal(size=40))
    parts = pd.concat([evaluate_split(given, split, ["linear"], 10, 1) for split in range(5)])
    section = SETTINGS["splits"] | {"groups": 10, "learners": ["linear"]}
    tables = split_tables(parts, given, pd.DataFrame(), SETTINGS | {"splits": section})
    gap = tables["gates"].query("chosen == 1").iloc[-1]
    assert gap["informative"] == 0
    assert gap["p"] == 1.0
    assert np.isinf(gap["upper"])


def test_splits_are_put_together_as_the_paper_says() -> None:
    """Written out for five splits: intervals of level .975 make one of level .95; p is twice the median."""
    rng = np.random.default_rng(6)
    estimate, se, df = rng.normal(size=5), rng.uniform(0.5, 1, 5), np.full(5, 40.0)
    one = pd.DataFrame({"estimate": estimate, "se": se, "df": df, "n": 7})
    found = aggregate(one, 0.95, "greater")
    reach = stats.t.ppf(0.9875, 40) * se
    assert found["estimate"] == np.median(estimate)
    assert (found["lower"], found["upper"]) == (np.median(estimate - reach), np.median(estimate + reach))
    assert found["p"] == pytest.approx(min(1.0, 2 * np.median(stats.t.sf(estimate / se, 40))))
    assert aggregate(one, 0.95, "less")["p"] == pytest.approx(
        min(1.0, 2 * np.median(stats.t.cdf(estimate / se, 40)))
    )
    assert np.isnan(aggregate(one, 0.95)["p"])


def test_the_learner_that_tells_most_is_tested_and_no_other(parts: pd.DataFrame) -> None:
    given = noisy(np.random.default_rng(1), 300, 1.0)
    tables = split_tables(parts, given, pd.DataFrame(), SETTINGS)
    proxies_table = learners_table(parts)
    plain = proxies_table[proxies_table["strategy"] == "regression"].set_index("learner")
    assert plain["best_predictor"].sum() == 1
    assert plain["Lambda"].idxmax() == plain["best_predictor"].idxmax()
    assert plain["best_groups"].sum() == 1
    assert plain["Lambda_bar"].idxmax() == plain["best_groups"].idxmax()
    assert tables["blp"]["p"].notna().sum() == 1
    assert tables["gates"]["p"].notna().sum() == 1
    slopes = parts.query("learner == 'linear' and strategy == 'regression' and estimand == 'Lambda'")
    assert plain.loc["linear", "Lambda"] == np.median(slopes["estimate"])


def test_covariates_that_the_study_names_are_shown_with_the_leading_ones(parts: pd.DataFrame) -> None:
    given = noisy(np.random.default_rng(1), 300, 1.0)
    clan = split_tables(parts, given, pd.DataFrame(), SETTINGS)["clan"].query("learner == 'linear'")
    gap = clan.query("group == 'difference'").set_index("covariate")
    assert gap.loc["x1", "named"] == 1
    assert gap["shown"].sum() == 3
    assert gap.loc["x1", "rank"] == 1
    assert gap.loc["x1", "standardised"] > 1  # the effect goes by it
    least, greatest = (
        clan.query("group == @g").set_index("covariate")["estimate"] for g in ("least", "greatest")
    )
    assert gap.loc["x1", "estimate"] == pytest.approx(greatest["x1"] - least["x1"], abs=0.3)


def test_groups_of_the_sequential_forests_are_described_with_plain_intervals() -> None:
    scores, _, X = linear_trial(np.random.default_rng(7), 400, 1.0)
    names = [f"x{j + 1}" for j in range(X.shape[1])]
    found = sequential_description(X, names, scores, 4, "higher")
    later = scores.fold > 1
    codes = np.zeros(400, dtype=int)
    for fold in range(2, 6):
        rows = scores.fold == fold
        codes[rows] = pd.qcut(scores.cate_sequential[rows], 4, labels=False)
    first, last = X[later & (codes == 0), 0], X[later & (codes == 3), 0]
    gap = found.query("term == 'x1' and group == 'difference'").iloc[0]
    assert gap["estimate"] == pytest.approx(last.mean() - first.mean())
    given = noisy(np.random.default_rng(1), 300, 1.0)
    clan = split_tables(parts_of(given, 1), given, found, SETTINGS)["clan"].query(
        "by == 'sequential forests'"
    )
    row = clan.query("covariate == 'x1' and group == 'difference'").iloc[0]
    low, high = stats.ttest_ind(last, first, equal_var=False).confidence_interval(0.95)
    assert (row["lower"], row["upper"]) == (pytest.approx(low), pytest.approx(high))
    scores_without = replace(scores, cate_sequential=np.full(400, np.nan))
    assert sequential_description(X, names, scores_without, 4, "higher").empty
