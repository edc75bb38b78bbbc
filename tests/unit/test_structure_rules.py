"""Conditions of absence: planted ones are found in the study file's words, chance ones not; the dictionary weighed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort.applicability import applies_to
from hetflow.cohort.columns import Column
from hetflow.missingness.masks import cells
from hetflow.missingness.structure.conditions import applies_elsewhere, disjunction
from hetflow.missingness.structure.predictors import BINS, binned, predictors
from hetflow.missingness.structure.rules import absence, declarations, find_rules, rules_table
from hetflow.missingness.structure.tree import best_split, lay_out
from hetflow.study.expressions import condition, parse

COLUMNS = [
    Column("sex", "binary", levels=("female", "male")),
    Column("site", "nominal", levels=("A", "B", "C", "D")),
    Column("age", "continuous"),
    Column("visits", "count"),
    Column("x", "continuous"),
]


def frame(rng: np.random.Generator, n: int = 600) -> pd.DataFrame:
    """A cohort of five covariates without a gap."""
    return pd.DataFrame(
        {
            "unit": np.arange(n),
            "treated": rng.integers(0, 2, n).astype(np.int8),
            "cluster": np.arange(n),
            "weight": 1.0,
            "stratum": "all",
            "sex": rng.integers(0, 2, n).astype(float),
            "site": rng.choice(np.array(["A", "B", "C", "D"], dtype=object), n),
            "age": rng.normal(50, 12, n).round(3),
            "visits": rng.poisson(4, n).astype(float),
            "x": rng.normal(size=n),
        }
    )


def table(data: pd.DataFrame, columns: list[Column] = COLUMNS) -> pd.DataFrame:
    """The rules of a cohort."""
    masks = absence(cells(data, columns))
    found = find_rules(masks, predictors(data, columns), np.random.default_rng(0))
    return rules_table(masks, found, declarations(data, columns))


@pytest.mark.parametrize(
    ("where", "text", "suggestion"),
    [
        (lambda d: d["sex"] == 0, "sex == 'female'", "sex == 'male'"),
        (lambda d: d["site"].isin(["B", "D"]), "site in ['B', 'D']", "site in ['A', 'C']"),
        (lambda d: d["visits"] <= 2, "visits <= 2", "visits > 2"),
        (
            lambda d: (d["sex"] == 1) & (d["visits"] > 4),
            "sex == 'male' and visits > 4",
            "sex == 'female' or visits <= 4",
        ),
    ],
)
def test_planted_conditions_are_found(where: Any, text: str, suggestion: str) -> None:
    rng = np.random.default_rng(1)
    data = frame(rng)
    gone = where(data).to_numpy()
    data.loc[gone | (rng.random(len(data)) < 0.1), "x"] = np.nan
    found = table(data)
    assert found[["columns", "condition", "status", "suggestion"]].values.tolist() == [
        ["x", text, "undeclared", suggestion]
    ]
    row = found.loc[0]
    assert (row["units"], row["absent"], row["unknown"]) == (gone.sum(), gone.sum(), 0)
    assert row["absent_elsewhere"] == data["x"].isna().sum() - gone.sum()


def test_the_suggestion_is_an_expression_that_applies_exactly_elsewhere() -> None:
    data = frame(np.random.default_rng(2))
    data = data.rename(columns={"age": "the age", "site": "it's"})
    columns = [
        Column("the age", "continuous"),
        Column("it's", "nominal", levels=("A", "B", "C", "D")),
        COLUMNS[4],
    ]
    gone = ((data["the age"] > 61.5) | (data["it's"] == "C")).to_numpy()
    data.loc[gone, "x"] = np.nan
    row = table(data, columns).loc[0]
    spelled = Column("x", "continuous", applicable_if=row["suggestion"])
    holds = applies_to(data, spelled, {column.name: column for column in columns})
    assert ((holds == 0) == gone).all()
    assert (condition(parse(row["condition"]), data) == gone).all()


def test_the_cut_of_a_number_is_sharp_beyond_the_bins() -> None:
    data = frame(np.random.default_rng(3), 5000)
    assert data["age"].nunique() > 10 * BINS
    cut = float(np.sort(data["age"])[3217])
    data.loc[data["age"] > cut, "x"] = np.nan
    row = table(data).loc[0]
    assert (row["absent"], row["absent_elsewhere"]) == (data["x"].isna().sum(), 0)


def test_bins_keep_order_and_take_the_unknown_apart() -> None:
    values = np.random.default_rng(4).normal(size=1000)
    values[::7] = np.nan
    bins = binned(values)
    known = ~np.isnan(values)
    assert (bins[~known] == -1).all()
    order = np.argsort(values[known])
    assert (np.diff(bins[known][order]) >= 0).all()
    assert np.bincount(bins[known]).min() > 0.5 * known.sum() / BINS


def test_the_split_is_the_one_of_greatest_gain_over_all_splits() -> None:
    rng = np.random.default_rng(5)
    data = frame(rng, 200)
    absent = rng.random(200) < np.where(data["site"].isin(["A", "D"]), 0.7, 0.2)
    known = predictors(data, COLUMNS)
    rows = np.arange(200)
    literal = best_split(lay_out(known), absent, rows, rows)
    assert literal is not None

    def information(inside: np.ndarray) -> float:
        parts = [absent[inside], absent[~inside]]
        loss = 0.0
        for part in parts:
            p = part.mean()
            loss -= len(part) * sum(q * np.log(q) for q in (p, 1 - p) if q > 0)
        return loss

    best = min(
        information(np.isin(data["site"], levels))
        for levels in (["A"], ["B"], ["C"], ["D"], ["A", "B"], ["A", "C"], ["A", "D"])
    )
    assert literal.predictor.name == "site"
    assert information(literal.holds()) == pytest.approx(best)


def test_units_of_which_the_condition_is_unknown_are_counted_apart() -> None:
    rng = np.random.default_rng(6)
    data = frame(rng)
    data.loc[(data["sex"] == 0) | (rng.random(600) < 0.05), "x"] = np.nan
    lost = rng.random(600) < 0.1
    data.loc[lost, "sex"] = np.nan
    row = table(data).query("columns == 'x'").iloc[0]
    assert row["condition"] == "sex == 'female'"
    assert row["unknown"] == lost.sum()


def test_columns_of_one_block_are_no_rules_for_one_another() -> None:
    rng = np.random.default_rng(7)
    data = frame(rng)
    gone = rng.random(600) < 0.4
    data.loc[gone, ["age", "visits", "x"]] = np.nan
    assert table(data).empty


def test_false_alarms_are_rarer_than_stated() -> None:
    # 80 cohorts whose gaps depend on nothing; at most 1 % of them may show a rule. A rate of 1 % gives more than 4 of
    # 80 with probability 0.0014.
    alarms = 0
    for seed in range(80):
        rng = np.random.default_rng([8, seed])
        data = frame(rng, 150)
        for name, rate in (("age", 0.5), ("visits", 0.9), ("x", 0.8)):
            data.loc[rng.random(150) < rate, name] = np.nan
        alarms += len(table(data)) > 0
    assert alarms <= 4


def declared(text: str = "sex == 'male'") -> list[Column]:
    return [*COLUMNS[:4], Column("x", "continuous", applicable_if=text)]


def conditional(rng: np.random.Generator, wrong: int = 0, text: str = "sex == 'male'") -> pd.DataFrame:
    """x exists for males alone, a tenth of whom miss it; some values are recorded nevertheless."""
    data = frame(rng)
    holds = applies_to(data, declared(text)[4], {column.name: column for column in COLUMNS})
    data["x__applies"] = holds
    data.loc[(holds == 1) & (rng.random(600) < 0.1), "x"] = np.nan
    data.loc[holds == 0, "x"] = 0.0
    places = np.flatnonzero(holds == 0)[:wrong]
    data.loc[places, "x"] = 1.5
    data.loc[places, "x__applies"] = 1.0
    return data


def test_the_dictionary_is_confirmed() -> None:
    row = table(conditional(np.random.default_rng(9)), declared()).loc[0]
    assert row[["condition", "declared", "status", "contradictions"]].tolist() == [
        *("sex == 'female'", "sex == 'male'", "confirmed", 0)
    ]
    assert row["suggestion"] == ""


def test_the_dictionary_is_contradicted_by_a_single_value() -> None:
    row = table(conditional(np.random.default_rng(10), wrong=1), declared()).loc[0]
    assert (row["status"], row["contradictions"]) == ("contradicted", 1)


def test_a_condition_beside_the_declared_one_is_shown() -> None:
    data = conditional(np.random.default_rng(11))
    data.loc[(data["site"] == "B") & (data["x__applies"] == 1), "x"] = np.nan
    row = table(data, declared()).loc[0]
    assert row["status"] == "beside"
    assert "site == 'B'" in row["condition"]


def test_a_condition_that_excludes_few_is_declared_only() -> None:
    text = "visits < 12"
    data = conditional(np.random.default_rng(12), text=text)
    assert 0 < (data["x__applies"] == 0).sum() < 5
    assert table(data, declared(text))["status"].tolist() == ["declared"]


def test_a_condition_whose_parent_was_constant_is_taken_as_it_stands() -> None:
    data = conditional(np.random.default_rng(17))
    columns = [*COLUMNS[:4], Column("x", "continuous", applicable_if="sex == 'male' and gone == 'Yes'")]
    row = table(data, columns).loc[0]
    assert (row["status"], row["units"]) == ("confirmed", (data["x__applies"] == 0).sum())


def test_arm_may_make_a_condition_but_no_suggestion() -> None:
    data = frame(np.random.default_rng(13))
    data.loc[data["treated"] == 0, "x"] = np.nan
    row = table(data).loc[0]
    assert (row["condition"], row["suggestion"]) == ("arm == 'control'", "")


def test_columns_of_later_visits_make_no_conditions() -> None:
    late = [*COLUMNS[:4], Column("late", "continuous", role="auxiliary", visit=3)]
    data = frame(np.random.default_rng(14)).assign(late=1.0)
    assert "late" not in {one.name for one in predictors(data, late)}


def test_large_cohorts_are_searched_in_part_and_counted_in_full() -> None:
    rng = np.random.default_rng(15)
    data = frame(rng, 25_000)
    data.loc[data["site"] == "C", "x"] = np.nan
    row = table(data).loc[0]
    assert (row["condition"], row["units"]) == ("site == 'C'", (data["site"] == "C").sum())


def test_conjunctions_and_their_opposites_are_bracketed() -> None:
    data = frame(np.random.default_rng(16))
    sex, site = predictors(data, COLUMNS[:2])[:2]
    from hetflow.missingness.structure.conditions import Literal

    female, c = Literal(sex, frozenset({0})), Literal(site, frozenset({2}))
    assert (
        disjunction([(female, c), (female.opposite(),)])
        == "(sex == 'female' and site == 'C') or sex == 'male'"
    )
    assert applies_elsewhere([(female, c), (c,)]) == "(sex == 'male' or site != 'C') and site != 'C'"
