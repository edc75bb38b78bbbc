"""Appraisals in public: each of their tables attacked as a reader could, without the rule and with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from disclosure_attack import Attack
from hetflow.publish import lost
from hetflow.publish.appraisals import public_appraisal
from hetflow.publish.crossed import crossed
from hetflow.publish.declarations import analysis
from hetflow.publish.declared import Declared, kinds
from hetflow.publish.followed import bounded_groups, of_published_estimates, outer_groups, published_headlines
from hetflow.publish.groups import FAMILY, without_small_groups
from hetflow.publish.log import Log
from hetflow.publish.residual import without_near
from hetflow.publish.risk import public_risk
from hetflow.publish.rules import by_declaration, covered_text, public_facts
from hetflow.report.inputs import AnalysisInputs
from published_rules import public
from report_fixture_risk import risk_appraisal


def _groups(*sizes: int) -> pd.DataFrame:
    names = [f"level {place}" for place in range(len(sizes))]
    return pd.DataFrame({"group": names, "n": sizes, "estimand": "rule_groups", "term": "ward"})


def test_units_in_no_group_are_told_by_the_whole_unless_another_group_goes() -> None:
    """Three levels of 237 in all: the fourth has 3, whose mean the whole would tell."""
    whole = np.full(3, 240.0)
    kept = without_small_groups(_groups(71, 85, 81), FAMILY, "group", 10, "x", Log(), whole)
    assert kept["n"].tolist() == [85, 81]
    assert 240 - kept["n"].sum() >= 10
    assert len(without_small_groups(_groups(71, 85, 84), FAMILY, "group", 10, "x", Log(), whole)) == 3
    assert len(without_small_groups(_groups(71, 85, 40), FAMILY, "group", 10, "x", Log(), whole)) == 3


def test_sizes_rounded_over_imputations_are_no_group_of_few_units() -> None:
    declared = analysis.TABLES["displays"]
    table = pd.DataFrame({"covariate": "age", "level": ["a", "b", "c"], "n": [80, 80, 79], "imputations": 5})
    assert len(by_declaration(table, declared, public(), "displays")) == 3
    once = table.assign(imputations=1)
    assert len(by_declaration(once, declared, public(), "displays")) == 2  # one unit in none of them
    assert len(by_declaration(table, declared, public(rare={"age": ["d"]}), "displays")) == 2


def test_a_statistic_of_nearly_all_units_is_no_group_of_a_whole() -> None:
    table = pd.DataFrame({"estimand": ["sequential_AUTOC"], "group": ["all"], "n": [236], "imputations": [1]})
    assert len(by_declaration(table, analysis.TABLES["estimates"], public(), "estimates")) == 1


def _risk(events: list[float], n: list[int]) -> dict[str, pd.DataFrame]:
    names = [f"{place + 1}" for place in range(len(n))]
    groups = pd.DataFrame(
        {"model": "internal", "group": names, "n": [2 * size for size in n], "predicted": 0.3}
    )
    for arm in ("control", "treated"):
        groups[f"n_{arm}"] = n
        groups[f"events_{arm}"] = events if arm == "control" else [size / 2 for size in n]
        groups[f"observed_{arm}"] = groups[f"events_{arm}"] / groups[f"n_{arm}"]
    effects = pd.DataFrame(
        [
            {"model": "internal", "estimand": estimand, "group": name, "estimate": 0.1}
            for estimand in ("risk_groups", "arm_means", "odds_ratio")
            for name in names
        ]
    )
    bars = pd.DataFrame(
        {"model": "internal", "lower": [0.0, 0.2, 0.4], "upper": [0.2, 0.4, 0.6], "n": [6, 30, 80]}
    )
    return {"groups": groups, "effects": effects, "distribution": bars.assign(n_control=1, n_treated=1)}


def test_few_events_are_not_told_by_the_events_of_an_arm_and_the_other_groups() -> None:
    tables = _risk([4, 30, 25, 20], [30, 60, 60, 60])
    group = tables["groups"]
    told = group["events_control"].sum() - (group["observed_control"] * group["n_control"])[1:].sum()
    assert told == pytest.approx(4)  # the attack, without the rule
    out = public_risk(tables, public(units=420.0), "risk")
    shown = out["groups"]["observed_control"].notna()
    assert shown.tolist() == [False, False, True, True]  # 4, and the smallest other
    assert out["groups"].loc[~shown, ["n_control", "events_control"]].isna().all(axis=None)
    assert out["groups"]["observed_treated"].notna().all()
    left = out["effects"]
    assert set(left.loc[left["estimand"] == "arm_means", "group"]) == {"3", "4"}
    assert set(left.loc[left["estimand"] == "risk_groups", "group"]) == {"1", "2", "3", "4"}
    assert out["distribution"]["n"].tolist() == [
        80
    ]  # 6 and the smallest other: the number of all tells neither


def test_few_without_the_event_are_protected_as_well() -> None:
    out = public_risk(_risk([26, 30, 25, 20], [30, 60, 60, 60]), public(units=420.0), "risk")
    assert out["groups"]["observed_control"].notna().tolist() == [False, False, True, True]


def test_numbers_by_arm_go_where_an_arm_lost_few_outcomes() -> None:
    out = public_risk(_risk([15, 30, 25, 20], [30, 60, 60, 60]), public(units=420.0, few_lost=True), "risk")
    assert out["groups"][["n_control", "n_treated", "observed_control"]].isna().all(axis=None)


def test_the_risk_of_a_real_appraisal_keeps_its_shape() -> None:
    found = risk_appraisal()
    out = public_appraisal("primary: risk", "risk", found, public(units=float(found.facts["units"])))
    assert list(out.tables) == list(found.tables)
    for name, table in found.tables.items():
        assert list(out.tables[name].columns) == list(table.columns)
    assert len(out.tables["groups"]) > 0


def _cells(counts: list[list[int]]) -> pd.DataFrame:
    rows = [
        {"first": "age", "second": "sex", "first_level": f"r{row}", "second_level": f"c{column}", "n": count}
        for row, line in enumerate(counts)
        for column, count in enumerate(line)
    ]
    return pd.DataFrame(rows).assign(estimate=0.1)


def _width(counts: list[list[int]], kept: pd.DataFrame) -> float:
    """How many counts the first cell may have, sums of rows and columns being known."""
    shown = kept.set_index(["first_level", "second_level"])["n"].to_dict()
    attack = Attack()
    rows, columns = range(len(counts)), range(len(counts[0]))
    for row in rows:
        for column in columns:
            attack.cell((row, column), shown.get((f"r{row}", f"c{column}"), "not shown"), 10)
        attack.total([(row, column) for column in columns], sum(counts[row]), 10)
    for column in columns:
        attack.total([(row, column) for row in rows], sum(line[column] for line in counts), 10)
    return attack.width((0, 0))


def test_a_small_cell_is_not_told_by_its_row_and_column() -> None:
    counts = [[4, 40, 36], [38, 30, 32], [28, 20, 12]]
    kept = crossed(_cells(counts), public(), "cells")
    assert _width(counts, kept) >= 5
    assert _width(counts, _cells(counts).query("n >= 10")) == 1  # the power: only the small cell taken out
    assert len(crossed(_cells([[40, 40], [50, 110]]), public(), "cells")) == 4
    lacking = _cells(counts).iloc[1:]  # left out by the stage already: 4 of 240 are told by the rest
    again = crossed(lacking, public(), "cells")
    assert len(again) < len(lacking)


def _clan(**shares: float) -> pd.DataFrame:
    rows = [
        {
            "by": "sequential forests",
            "learner": "",
            "covariate": name.replace("__", "="),
            "group": group,
            "n": 40,
        }
        | {"estimate": share}
        for name, share in shares.items()
        for group in ("least", "greatest", "difference")
    ]
    return pd.DataFrame(rows)


def test_shares_of_levels_in_outer_groups_go_together() -> None:
    clan = _clan(ward__East=0.5, ward__West=0.45, ward__Old=0.05, site__North=0.5, site__South=0.5, age=0.1)
    kept = outer_groups(clan.replace({"age": "age"}), public(), "clan")
    assert set(kept["covariate"]) == {
        "site=North",
        "site=South",
    }  # 2 of 40 in Old, and 4 of 40 of a covariate in 0 to 1
    older = clan.assign(estimate=clan["estimate"].where(clan["covariate"] != "age", 51.0))
    assert "age" in set(outer_groups(older, public(), "clan")["covariate"])
    rare = outer_groups(_clan(ward__East=0.5, ward__West=0.5), public(rare={"ward": ["West"]}), "clan")
    assert rare.empty  # East alone would tell the rest


def test_what_is_said_of_an_estimate_goes_with_it() -> None:
    table = pd.DataFrame(
        {
            "estimand": ["ATE", "rule_groups", "rule_groups"],
            "group": ["all", "East", "Zanzibarith"],
            "term": ["effect", "by_ward", "by_ward"],
        }
    )
    assert of_published_estimates(table, public(), "refits")["group"].tolist() == ["all", "East"]
    told = published_headlines(
        {"ATE": 1, "rule_groups:by_ward:Zanzibarith": 2, "rule_groups:by_ward:East": 3}, public()
    )
    assert set(told) == {"ATE", "rule_groups:by_ward:East"}


def test_a_group_of_nearly_the_same_units_in_two_analyses_stands_once() -> None:
    frame = pd.DataFrame(
        {
            "analysis": ["primary", "primary", "weighted", "weighted", "weighted"],
            "estimand": ["ATE", "rule_groups", "ATE", "rule_groups", "rule_groups"],
            "group": ["all", "West", "all", "West", "East"],
            "n": [224, 65, 230, 70, 70],
        }
    )
    kept = without_near(frame, 10, Log())
    assert kept[["analysis", "group"]].to_numpy().tolist() == [
        ["primary", "all"],
        ["primary", "West"],
        ["weighted", "all"],  # left to a person, who is told of it
        ["weighted", "East"],
    ]


def test_ranges_of_the_propensity_that_leave_out_few_go() -> None:
    table = pd.DataFrame(
        {
            "estimand": ["ATE", "trimmed ATE", "trimmed ATE", "trimmed ATE", "rule_groups", "rule_groups"],
            "group": ["all", "0.01 to 0.99", "0.05 to 0.95", "0.1 to 0.9", "a", "b"],
            "term": ["effect"] * 4 + ["rule"] * 2,
            "n": [240, 236, 220, 215, 4, 236],
        }
    )
    kept = bounded_groups(table, public(), "robustness")
    assert kept["group"].tolist() == ["all", "0.05 to 0.95"]


def test_outcomes_that_an_arm_lost_few_of_are_told_by_nothing() -> None:
    cohort = {
        "outcomes": {
            "few": {"missing_treated": 3, "missing_control": 40},
            "none": {"missing_treated": 0, "missing_control": 40},
        }
    }
    assert lost.few_lost(cohort, 10) == {"few"}
    told = lost.without_lost(cohort, {"few"}, Log())["outcomes"]
    assert told["few"]["by_arm"] is False
    assert "by_arm" not in told["none"]
    rows = pd.DataFrame({"n": [1]})
    observation = {"strategy": "weighting", "arms": []}
    one = AnalysisInputs(
        nuisance={"observation": observation}, shifts=rows, plane=rows, sensitivity={"lost": 3}
    )
    bare = lost.analysis_without_lost(one, "primary", Log())
    assert "observation" not in bare.nuisance
    assert bare.shifts.empty
    assert bare.plane.empty
    assert not bare.sensitivity


def test_few_events_of_an_arm_are_not_told_by_its_mean_outcome() -> None:
    def held(mean: float) -> AnalysisInputs:
        return AnalysisInputs(nuisance={"observation": {"arms": [{"observed": 94, "mean_observed": mean}]}})

    assert lost.few_events(held(3 / 94), True, 10)
    assert lost.few_events(held(91 / 94), True, 10)
    assert not lost.few_events(held(40 / 94), True, 10)
    assert not lost.few_events(held(0.0), True, 10)
    assert not lost.few_events(held(3 / 94), False, 10)


def test_extremes_give_way_to_quantiles_and_sentences_hide_small_numbers() -> None:
    declared = analysis.FACTS["nuisance"]
    arm = {"units": 2000, "largest": 41.7, "q0.99": 3.2}
    facts = {"observation": {"arms": [arm, arm | {"units": 300}], "notices": ["7 units were clipped"]}}
    log = Log()
    out = public_facts(facts, declared, public(log=log), "overlap")["observation"]
    assert [row["largest"] for row in out["arms"]] == [None, None]
    assert [row["q0.99"] for row in out["arms"]] == [3.2, None]  # of 300, three lie beyond it
    assert out["notices"] == ["<10 units were clipped"]
    assert log.totals() == {"order statistic": 3, "small count": 1}
    table = Declared(kinds(setting="measure", extreme="largest"))
    frame = pd.DataFrame({"measure": ["age"], "largest": [117.3]})
    assert by_declaration(frame, table, public(), "x")["largest"].isna().all()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("left out: 3 units without a value", "left out: <10 units without a value"),
        ("in 4 of the participants", "in <10 of the participants"),
        ("12 units, 0 rows", "12 units, 0 rows"),
        ("3 of the 240 participants lack it", "<10 of the 240 participants lack it"),
        ("in 3 of 1\u202f003 participants", "in <10 of 1\u202f003 participants"),
        ("1\u202f003 units, 2,004 units, 1003 units", "1\u202f003 units, 2,004 units, 1003 units"),
        ("version 3 of the rule, 2.5 units wide", "version 3 of the rule, 2.5 units wide"),
    ],
)
def test_numbers_of_units_in_sentences(text: str, said: str) -> None:
    assert covered_text(text, public(), "notices") == said
