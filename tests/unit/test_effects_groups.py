"""Groups by a rule and by predicted benefit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort.columns import Column
from hetflow.effects.groups import (
    group_differences,
    group_effects,
    held_out_groups,
    sequential_groups,
    weighted_cuts,
)
from hetflow.effects.linear import cluster_codes, least_squares, weighted_mean
from hetflow.effects.rules import NOT_APPLICABLE, membership, rule_groups, settle_rule
from hetflow.effects.scores import Scores
from hetflow.errors import Refused
from hetflow.seeds import generator
from hypothesis import given, settings
from hypothesis import strategies as st
from score_world import linear_trial

ROUNDING = 1e-10
AGE = Column("age", "continuous")
SITE = Column("site", "nominal", levels=("A", "B", "C", "never seen"))
SEX = Column("sex", "binary", levels=("female", "male"))
STAGE = Column("stage", "ordinal", levels=("I", "II", "III"))
MARKER = Column("marker", "continuous", applicable_if="sex == 'male'")
COLUMNS = [AGE, SITE, SEX, STAGE, MARKER]


@pytest.fixture
def scores() -> Scores:
    rng = generator(1, "groups")
    made = linear_trial(rng, 200, 0.5)[0]
    return replace(made, weight=rng.uniform(0.5, 2, 200), cluster=rng.integers(0, 40, 200))


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = generator(2, "frame")
    sex = rng.integers(0, 2, 200).astype(float)
    return pd.DataFrame(
        {
            "age": rng.integers(20, 80, 200).astype(float),
            "site": rng.choice(["A", "B", "C"], 200),
            "sex": sex,
            "stage": rng.integers(0, 3, 200).astype(float),
            "marker": np.where(sex == 1, rng.normal(size=200), 0.0),
            "marker__applies": sex,
        }
    )


def settle(terms: dict, frames: list[pd.DataFrame], observed: pd.DataFrame | None = None):
    return settle_rule("rule", terms, COLUMNS, frames, np.ones(len(frames[0])), observed)


def test_cuts_part_into_equal_groups() -> None:
    values = generator(1, "cuts").permutation(np.arange(12.0))
    assert weighted_cuts(values, np.ones(12), 4).tolist() == [2, 5, 8]


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), min_size=2, max_size=30).filter(
        lambda rows: sum(w for _, w in rows) > 0
    ),
    st.integers(2, 6),
)
@settings(max_examples=200, deadline=None)
def test_cuts_of_weighted_units_are_those_of_repeated_units(rows: list[tuple[int, int]], groups: int) -> None:
    """Also as the definition reads: the smallest value at or below which lies the share."""
    values, weight = (np.array(part, dtype=float) for part in zip(*rows, strict=True))
    repeated = np.repeat(values, weight.astype(int))
    naive = {
        min(v for v in repeated if groups * (repeated <= v).sum() >= k * repeated.size)
        for k in range(1, groups)
    }
    expected = sorted(v for v in naive if v < repeated.max())
    assert weighted_cuts(values, weight, groups).tolist() == expected
    assert weighted_cuts(repeated, np.ones(repeated.size), groups).tolist() == expected


def test_means_and_variances_are_those_of_each_group_alone(scores: Scores) -> None:
    codes = generator(3, "codes").integers(0, 3, 200)
    terms = group_effects(scores, codes, ["a", "b", "c"], "rule_groups", "rule")
    for g in range(3):
        rows = codes == g
        mean, se = weighted_mean(scores.score[rows], scores.weight[rows], cluster_codes(scores.cluster[rows]))
        assert terms.estimate[g] == pytest.approx(mean, abs=ROUNDING)
        assert terms.covariance[g, g] == pytest.approx(se**2, abs=ROUNDING)
    assert terms.n == tuple(np.bincount(codes).tolist())


def test_covariance_is_the_cluster_sandwich_of_the_saturated_regression(scores: Scores) -> None:
    codes = generator(3, "codes").integers(0, 2, 200)
    X = (codes[:, None] == np.arange(2)).astype(float)
    terms = group_effects(scores, codes, ["a", "b"], "rule_groups", "rule")
    fit = least_squares(X, scores.score, scores.weight)
    meat = np.zeros((2, 2))
    for g in np.unique(scores.cluster):
        rows = scores.cluster == g
        score = X[rows].T @ (scores.weight * fit.residual)[rows]
        meat += np.outer(score, score)
    counts = [np.unique(scores.cluster[codes == g]).size for g in range(2)]
    factor = np.sqrt([c / (c - 1) for c in counts])
    expected = fit.bread @ meat @ fit.bread * np.outer(factor, factor)
    np.testing.assert_allclose(terms.covariance, expected, atol=ROUNDING)


def test_difference_carries_the_covariance(scores: Scores) -> None:
    terms = group_effects(scores, np.arange(200) % 3, ["a", "b", "c"], "rule_groups", "rule")
    difference = group_differences(terms, [(2, 0)], tested=True)
    c = terms.covariance
    assert difference.estimate[0] == terms.estimate[2] - terms.estimate[0]
    assert difference.covariance[0, 0] == pytest.approx(c[0, 0] + c[2, 2] - 2 * c[0, 2], abs=ROUNDING)
    assert difference.groups == ("c minus a",)


def test_a_group_of_one_cluster_is_refused_by_name(scores: Scores) -> None:
    with pytest.raises(Refused, match=r"rule_groups rule: group b"):
        group_effects(scores, (scores.cluster == 3).astype(int), ["a", "b"], "rule_groups", "rule")


def test_cuts_given(frame: pd.DataFrame) -> None:
    rule = settle({"covariate": "age", "cuts": [40, 60]}, [frame])
    assert rule.labels == ("<= 40", "(40, 60]", "> 60")
    tested = pd.DataFrame({"age": [39.0, 40.0, 40.5, 60.0, 61.0]})
    assert membership(rule, tested).tolist() == [0, 0, 1, 1, 2]


def test_quantiles_are_cut_once_on_what_was_observed(frame: pd.DataFrame) -> None:
    observed = frame.assign(age=frame["age"].where(np.arange(200) % 3 > 0))
    shifted = frame.assign(age=frame["age"] + 100)
    rule = settle({"covariate": "age", "quantiles": 4}, [shifted], observed)
    expected = weighted_cuts(observed["age"].dropna().to_numpy(), np.ones(observed["age"].notna().sum()), 4)
    assert rule.cuts is not None
    assert rule.cuts.tolist() == expected.tolist()
    assert set(membership(rule, shifted)) == {3}


def test_quantiles_without_observed_values_are_cut_on_the_pool(frame: pd.DataFrame) -> None:
    shifted = frame.assign(age=frame["age"] + 100)
    rule = settle({"covariate": "age", "quantiles": 2}, [frame, shifted])
    assert rule.cuts is not None
    assert rule.cuts.tolist() == [frame["age"].max()]


def test_levels_of_a_nominal_covariate_against_the_first(frame: pd.DataFrame, scores: Scores) -> None:
    rule = settle({"covariate": "site", "levels": True}, [frame])
    assert rule.labels == ("A", "B", "C")
    effects, differences = rule_groups(scores, frame, rule)
    assert differences.groups == ("B minus A", "C minus A")
    at_b = frame["site"].to_numpy() == "B"
    expected = np.average(scores.score[at_b], weights=scores.weight[at_b])
    assert effects.estimate[1] == pytest.approx(expected, abs=ROUNDING)


@pytest.mark.parametrize(("column", "labels"), [("sex", ("female", "male")), ("stage", ("I", "II", "III"))])
def test_levels_of_coded_covariates(frame: pd.DataFrame, column: str, labels: tuple[str, ...]) -> None:
    rule = settle({"covariate": column, "levels": True}, [frame])
    assert rule.labels == labels
    assert membership(rule, frame).tolist() == frame[column].astype(int).tolist()


def test_those_to_whom_a_covariate_does_not_apply_are_a_group_apart(
    frame: pd.DataFrame, scores: Scores
) -> None:
    rule = settle({"covariate": "marker", "quantiles": 2}, [frame])
    assert rule.labels[-1] == NOT_APPLICABLE
    codes = membership(rule, frame)
    assert np.array_equal(codes == 2, frame["sex"].to_numpy() == 0)
    applicable = frame.loc[frame["sex"] == 1, "marker"]
    assert rule.cuts is not None
    assert rule.cuts[0] == weighted_cuts(applicable.to_numpy(), np.ones(applicable.size), 2)[0]
    difference = rule_groups(scores, frame, rule)[1]
    assert difference.groups == (f"{rule.labels[1]} minus {rule.labels[0]}",)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"covariate": "aeg", "cuts": [1]}, "a covariate of the study"),
        ({"covariate": "site", "cuts": [1]}, "nominal"),
        ({"covariate": "age", "levels": True}, "binary, ordinal or nominal"),
    ],
)
def test_rules_that_do_not_suit_are_refused(frame: pd.DataFrame, terms: dict, message: str) -> None:
    with pytest.raises(Refused, match=message):
        settle(terms, [frame])


def test_missing_values_and_constants_are_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(Refused, match="missing values"):
        settle({"covariate": "age", "cuts": [40]}, [frame.assign(age=np.nan)])
    with pytest.raises(Refused, match="at least two groups"):
        settle({"covariate": "age", "quantiles": 3}, [frame.assign(age=1.0)])
    with pytest.raises(Refused, match="at least two levels"):
        settle({"covariate": "sex", "levels": True}, [frame.assign(sex=1.0)])


def test_a_level_that_not_all_imputations_hold_is_refused(frame: pd.DataFrame) -> None:
    other = frame.assign(site=frame["site"].replace("C", "A"))
    rule = settle({"covariate": "site", "levels": True}, [frame, other])
    assert rule.labels == ("A", "B")
    with pytest.raises(Refused, match="a group for every value of site"):
        membership(rule, frame)


def test_held_out_groups_are_cut_within_folds(scores: Scores) -> None:
    """A shift of one fold's predictions changes nothing."""
    before = held_out_groups(scores, 4, "higher")
    shifted = replace(scores, cate_held_out=scores.cate_held_out + 100.0 * (scores.fold == 2))
    after = held_out_groups(shifted, 4, "higher")
    np.testing.assert_allclose(before[0].estimate, after[0].estimate, atol=ROUNDING)
    assert not before[0].interval
    assert not before[1].tested


def test_sequential_groups_leave_the_first_fold_out(scores: Scores) -> None:
    effects, difference = sequential_groups(scores, 4, "higher")
    assert sum(effects.n) == (scores.fold > 1).sum()
    assert effects.interval
    assert not difference.tested
    later = scores.subset(scores.fold > 1)
    by_hand = held_out_groups(replace(later, cate_held_out=later.cate_sequential), 4, "higher")
    np.testing.assert_allclose(effects.estimate, by_hand[0].estimate, atol=ROUNDING)


def test_where_lower_is_better_the_greatest_benefit_is_the_lowest_effect(scores: Scores) -> None:
    plain = replace(scores, weight=np.ones(200))
    higher, lower = (held_out_groups(plain, 2, better)[0] for better in ("higher", "lower"))
    np.testing.assert_allclose(higher.estimate, lower.estimate[::-1], atol=ROUNDING)


def test_predictions_that_are_equal_make_no_groups(scores: Scores) -> None:
    with pytest.raises(Refused, match="part the fold into 4 groups"):
        held_out_groups(replace(scores, cate_held_out=np.ones(200)), 4, "higher")
    with pytest.raises(Refused, match="no cate_sequential"):
        sequential_groups(replace(scores, cate_sequential=np.full(200, np.nan)), 4, "higher")
