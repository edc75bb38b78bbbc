"""What tells a suppressed count beside the counts: the flow, sizes of groups, shares, areas, slopes and notices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hetflow.publish.log import Log
from hetflow.publish.lost import shifts_of_parts
from hetflow.publish.public import outside_shares
from hetflow.publish.risk import performance
from hetflow.publish.sizes import rounded_sizes, told_levels
from hetflow.publish.structure import AREA_PLACES, as_printed, without_differences, without_few
from hetflow.report.frames_cohort import flow_table
from hetflow.report.inputs import AnalysisInputs, AppraisalInputs
from hetflow.report.prose_mechanism import mechanism_notices
from hetflow.report.words import words
from published_attack import ALLOWED, THRESHOLD
from published_rules import flow, public
from report_fixture import settings


def _printed(end: int, lost: list[int]) -> str:
    own = words(settings() | {"minimum_cell_count": THRESHOLD}, [], "primary")
    return str(flow_table(flow(end, lost), own, THRESHOLD)[1].to_csv())


@pytest.mark.parametrize("more", [[], [25], [3], [0]])
@pytest.mark.parametrize("end", range(840, 850))
def test_no_box_of_the_flow_tells_how_few_were_left_out(end: int, more: list[int]) -> None:
    printed: dict[str, list[int]] = {}
    for few in range(1, THRESHOLD):
        printed.setdefault(_printed(end, [few, *more]), []).append(few)
        printed.setdefault(_printed(end, [*more, few]), []).append(few)
    assert min(map(len, printed.values())) >= ALLOWED
    assert f",{end + 25}," in _printed(end, [25])  # where enough were left out, all is told


LOSSES = {"East": 4, "West": 12, "Old wing": 0}
"""How many of a ward have no outcome; of 60, 50 and 40."""


def _wards() -> tuple[AnalysisInputs, pd.DataFrame, dict[str, dict[str, int]]]:
    """An analysis of those with an outcome, by ward, and the baseline table's levels."""
    counts = {"East": 60, "West": 50, "Old wing": 40}
    arms = pd.DataFrame(
        {
            "variable": "ward",
            "kind": "nominal",
            "level": list(counts),
            "missing_treated": 0,
            "missing_control": 0,
            "count_treated": [count // 2 for count in counts.values()],
            "count_control": [count - count // 2 for count in counts.values()],
        }
    )
    sizes = {ward: counts[ward] - LOSSES[ward] for ward in counts}
    groups = pd.DataFrame({"group": list(sizes), "n": list(sizes.values())})
    gap = pd.DataFrame({"group": ["West minus East"], "n": [sizes["West"] + sizes["East"]]})
    estimates = pd.concat(
        [
            pd.DataFrame({"group": ["all"], "n": [sum(sizes.values())], "term": "effect", "estimand": "ATE"}),
            groups.assign(term="by_ward", estimand="rule_groups"),
            gap.assign(term="by_ward", estimand="rule_groups_difference"),
        ],
        ignore_index=True,
    )
    displays = groups.rename(columns={"group": "level"}).assign(covariate="ward")
    cells = pd.DataFrame(
        {
            "first": "age",
            "second": "ward",
            "first_level": ["<= 50", "> 50"],
            "second_level": ["East", "East"],
            "n": [27, 29],
        }
    )
    found = AppraisalInputs({"displays": displays, "cells": cells}, {})
    one = AnalysisInputs(displays=displays, appraisals={"modifiers": found})
    return one, estimates, told_levels(arms, {})


def _all_sizes(one: AnalysisInputs, estimates: pd.DataFrame) -> list[pd.DataFrame]:
    tables = one.appraisals["modifiers"].tables
    return [estimates[estimates["term"] == "by_ward"], one.displays, tables["displays"], tables["cells"]]


def test_sizes_of_groups_do_not_tell_how_few_of_a_level_lack_the_outcome() -> None:
    one, estimates, levels = _wards()
    assert levels == {"ward": {"East": 60, "West": 50, "Old wing": 40}}
    rules = {"by_ward": {"covariate": "ward"}}
    log = Log()
    public, published = rounded_sizes(one, estimates, rules, levels, THRESHOLD, "primary", log)
    for table in _all_sizes(public, published):
        assert (table["n"] % THRESHOLD == 0).all()
    assert published["n"].tolist() == [134, 60, 50, 40, 110]  # of the baseline table alone, but for everybody
    assert log.totals() == {"rounded": 1}
    # Its power: as they were, one subtraction told the loss.
    assert [levels["ward"]["East"] - n for n in estimates["n"][estimates["group"] == "East"]] == [4]


def test_sizes_stay_as_they_are_where_nobody_or_enough_are_lost() -> None:
    one, estimates, levels = _wards()
    estimates = estimates.assign(n=estimates["n"].where(estimates["group"] != "East", 60))
    displays = one.displays.assign(n=one.displays["n"].where(one.displays["level"] != "East", 60))
    one = replace(one, displays=displays, appraisals={})
    log = Log()
    public, published = rounded_sizes(
        one, estimates, {"by_ward": {"covariate": "ward"}}, levels, THRESHOLD, "primary", log
    )
    assert published.equals(estimates)
    assert public is one
    assert not log.rows


def test_levels_of_a_covariate_with_gaps_or_covered_counts_are_not_compared() -> None:
    """An imputed level's group holds others than the baseline table's."""
    rows = pd.DataFrame(
        {
            "variable": ["a", "a", "b", "b", "age"],
            "kind": ["binary"] * 4 + ["continuous"],
            "level": ["No", "Yes", "No", "Yes", ""],
            "missing_treated": [0, 0, 1, 1, 0],
            "missing_control": 0,
            "count_treated": [20, 3, 20, 20, 0],
            "count_control": [20, 30, 20, 20, 0],
        }
    )
    assert told_levels(rows, {("a", "Yes", "treated"): "<10"}) == {"a": {"No": 40}}


def test_a_share_of_an_arm_near_certainty_of_treatment_tells_no_few_units() -> None:
    """Times the arm's size it is a count: 3 of 400 have a propensity below 0.05 or above 0.95."""
    sizes = [{"arm": "treated", "number": 400}, {"arm": "control", "number": 500}]
    rows = [
        {"arm": "treated", "low": 0.05, "high": 0.95, "share": 3 / 400},
        {"arm": "control", "low": 0.05, "high": 0.95, "share": 50 / 500},
        {"arm": "control", "low": 0.01, "high": 0.99, "share": 0.0},
    ]
    log = Log()
    overlap = {"effective_sample_size": sizes, "outside": rows}
    shares = [row["share"] for row in outside_shares(overlap, THRESHOLD, "overlap", log)]
    assert shares == [9 / 400, 0.1, 0.0]
    assert log.totals() == {"small count": 1}


def _counts_that_agree(area: float, units: int, candidates: range, places: int = 15) -> list[int]:
    """Numbers of units with the event for which an area under the curve, with these places, can be what it is."""
    found = []
    for events in candidates:
        pairs = 2 * events * (units - events)
        nearest = round(area * pairs) / pairs
        if abs(nearest - area) <= 0.5 * 10.0**-places + 1e-13:
            found.append(events)
    return found


def test_no_area_under_a_curve_tells_how_many_miss_a_value_or_had_an_event() -> None:
    """A variable that 63 of 240 miss, nested around one that 60 miss: its row goes, and its number is rounded."""
    area = (2 * 7561 + 1) / (2 * 63 * 177)
    candidates = range(60, 60 + THRESHOLD)
    assert _counts_that_agree(area, 240, candidates) == [
        63
    ]  # the power: at full precision it tells the three
    labels = pd.DataFrame(
        {"mask": [1], "auc": [area], "nats": [0.123456789], "structure_nats": [float("nan")]}
    )
    (told,) = as_printed(labels)["auc"].tolist()
    assert len(_counts_that_agree(told, 240, candidates, AREA_PLACES)) == THRESHOLD
    assert as_printed(labels)["nats"].tolist() == [0.123]
    table = pd.DataFrame(
        {
            "measure": ["auc", "r2"],
            "estimate": [area, area],
            "se": [0.0123456, 0.1],
            "lower": 0.6543,
            "upper": 0.7,
        }
    )
    log = Log()
    out = performance(table, replace(public(), log=log), "risk")
    assert out["estimate"].tolist() == [told, area]
    assert out.loc[0, ["se", "lower"]].tolist() == [0.012, 0.65]
    assert log.totals() == {"rounded": 1}


def _shifted(lost: int, treated: int, n: int, share: float) -> pd.DataFrame:
    """Estimates of a group under shifts of the treated, as `hetflow.effects.shifts` has them under even odds."""
    slope = share + 2 * (lost - share * treated) / n
    rows = [
        {
            "assumption": "shift",
            "arms": "treated",
            "delta": delta,
            "shift": delta,
            "estimate": 0.3 + slope * delta,
        }
        for delta in (-1.0, 0.0, 1.0)
    ]
    frame = pd.DataFrame(rows).assign(se=0.1, df=float("nan"), lower=0.0, upper=1.0, fmi=0.0, p=0.0123, n=n)
    return pd.concat(
        [frame.assign(estimand=estimand) for estimand in ("ATE", "rule_groups", "projection")],
        ignore_index=True,
    )


def _lost_by_slope(shifts: pd.DataFrame, treated: int, share: float) -> float:
    """How many of the group's treated have no outcome: the attacker knows how many there are, and the arm's share."""
    group = shifts[shifts["estimand"] == "rule_groups"].set_index("delta")
    slope = group["estimate"].get(1.0, float("nan")) - group["estimate"].get(0.0, float("nan"))
    n = group["n"].iloc[0] if len(group) else float("nan")
    return float(share * treated + n * (slope - share) / 2)


def test_how_an_estimate_moves_with_the_shift_tells_no_group_s_lost_outcomes() -> None:
    shifts = _shifted(lost=4, treated=50, n=110, share=0.2)
    assert abs(_lost_by_slope(shifts, 50, 0.2) - 4) < 1e-9  # the power: the team's table tells the count
    log = Log()
    public_form = shifts_of_parts(shifts, "weighted", log)
    assert np.isnan(_lost_by_slope(public_form, 50, 0.2))
    moved = public_form[(public_form["estimand"] != "ATE") & (public_form["delta"] != 0)]
    assert moved[["estimate", "se", "lower", "upper"]].isna().all(axis=None)
    assert set(moved["p"]) == {0.05}  # still counted as tests that were made
    kept = ["estimate", "se", "p"]
    everybody = shifts["estimand"] == "ATE"
    assert public_form.loc[everybody, kept].equals(shifts.loc[everybody, kept])
    assert log.totals() == {"lost outcomes": 4}
    without = shifts_of_parts(shifts.assign(p=float("nan")), "weighted", Log())
    assert len(without) == len(shifts) - 4


def test_where_missing_differs_most_tells_no_few_by_the_other_group_s_share() -> None:
    """Of 145 who miss a value, 27 % of 500 do in one group: few are left for the other."""
    ends = {"lowest": {"level": "No", "missing": 8, "applicable": 320}}
    ends |= {"highest": {"level": "Yes", "missing": 137, "applicable": 500}}
    fine = {"lowest": {"level": "MS", "missing": 0, "applicable": 192}, "highest": ends["highest"]}
    nearly = {"lowest": fine["lowest"], "highest": {"level": "NY", "missing": 170, "applicable": 174}}
    log = Log()
    assert without_few({"groups": [ends, fine, nearly], "units": 820}, THRESHOLD, log) == {
        "groups": [fine],
        "units": 820,
    }
    assert log.totals() == {"complementary": 2}
    assert without_few({}, THRESHOLD, log) == {}


def test_no_notice_tells_counts_by_arm_that_are_covered() -> None:
    """Of 23 who miss a value 20 are treated, of 120 in each arm: +14.2 points, and the 23, tell the 3."""
    mask = {"mask": 1, "columns": ["glucose"], "difference": 17 / 120, "p_adjusted": 0.0004}
    other = mask | {"mask": 2, "columns": ["lab0", "lab1"], "difference": 0.5}
    facts = {"arm": [mask, other], "contradictions": [mask], "units": 240}
    own = words(settings(), [], "primary")
    assert round((23 + 0.142 * 120) / 2) == 20  # the attack on what the study team reads
    assert sum("+14.2" in text for text in mechanism_notices(facts, own)) == 1
    log = Log()
    public_form = without_differences(facts, {"glucose"}, log)
    said = mechanism_notices(public_form, own)
    assert not any("14.2" in text for text in said)
    assert "goes with the arm (p\u00a0=\u00a00.001 adjusted" in said[0].replace("\u202f", "\u00a0")
    assert any("+50.0 percentage points" in text for text in said)
    alone = mechanism_notices(without_differences({"arm": [mask]}, {"glucose"}, log), own)
    assert "goes with the arm: it was not settled" in alone[0]
    assert log.totals() == {"complementary": 3}
