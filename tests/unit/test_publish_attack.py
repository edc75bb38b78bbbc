"""The attacker: counts and means of few units are sought by integer programming and by linear combination, with what is
published and, for the power of the attack, with primary suppression alone.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from disclosure_attack import Attack, covariate_attack, told_sets
from hetflow.cohort.baseline import baseline_table
from hetflow.cohort.columns import columns_from_json
from hetflow.missingness.describe import by_variable
from hetflow.publish.covariates import OTHER_LEVELS, covered_counts, pooled_levels
from hetflow.publish.crossed import crossed
from hetflow.publish.groups import FAMILY, thinned, without_small_groups
from hetflow.publish.log import Log
from hetflow.publish.risk import untold
from hetflow.publish.rules import Public
from hetflow.report.frames_baseline import baseline_tables
from hetflow.report.frames_missing import missing_table
from hetflow.report.words import words
from report_fixture import settings

THRESHOLD = 10
ALLOWED = math.ceil((THRESHOLD - 1) / 2)
"""Fewest counts that a suppressed one must be left to be."""
LEVELS = ["a", "b", "c", "d", "e"]


def _column(name: str, kind: str, levels: list[str] | None) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind,
        "role": "covariate",
        "label": name,
        "unit": "",
        "levels": levels,
        "block": None,
        "visit": 0,
        "applicable_if": None,
        "not_applicable": "not applicable" if kind == "nominal" else 0.0,
        "mask_fixed_before_randomisation": False,
    }


COLUMNS = [
    _column("ward", "nominal", LEVELS),
    _column("sex", "binary", ["No", "Yes"]),
    _column("age", "continuous", None),
]


def _cohort(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Two arms; a covariate of five levels, some of them rare, and gaps, some of them few."""
    random = np.random.default_rng(seed)
    units = int(random.integers(120, 400))
    arm = random.integers(0, 2, units)
    shares = random.dirichlet([3, 2, 1, 0.2, 0.1])
    frame = pd.DataFrame(
        {
            "ward": random.choice(np.array(LEVELS, dtype=object), units, p=shares),
            "sex": (random.random(units) < random.choice([0.03, 0.5, 0.97])).astype(float),
            "age": random.normal(50, 9, units).round(1),
        }
    )
    for name in frame:
        frame.loc[random.random(units) < random.choice([0.0, 0.02, 0.05, 0.2]), name] = np.nan
    return frame, arm


def _published(
    seed: int, secondary: bool
) -> tuple[dict[str, list[dict[str, str]]], dict[str, dict[str, str]], Any]:
    """Tables as they are exported, by covariate, and the true counts."""
    frame, arm = _cohort(seed)
    known = columns_from_json(COLUMNS)
    baseline = baseline_table({name: frame[name].to_numpy() for name in frame}, known, arm)
    variables = by_variable(frame, known, arm)
    pooled, rare = pooled_levels(baseline, THRESHOLD, Log())
    covered = covered_counts(pooled, variables, THRESHOLD, Log())
    if not secondary:
        covered = {key: text for key, text in covered.items() if text.startswith("<")}
    touched = {name for name, _, _ in covered}
    shown = pooled.copy()
    shown.loc[shown["variable"].isin(touched), [f"share_{one}" for one in ("treated", "control")]] = np.nan
    own = words(settings() | {"minimum_cell_count": THRESHOLD}, COLUMNS, "primary")
    exported = baseline_tables(shown, set(), own, THRESHOLD, covered)[1].astype(str)
    gaps = missing_table(variables, COLUMNS, own, THRESHOLD, covered)[1].astype(str)
    rows = {
        str(name): list(part.to_dict("records")) for name, part in exported.groupby("variable", sort=False)
    }
    return rows, {row["variable"]: row for row in gaps.to_dict("records")}, (frame, arm, rare)


def _true(
    frame: pd.DataFrame, arm: np.ndarray, rare: dict[str, list[str]], name: str
) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    codes = {0.0: "No", 1.0: "Yes"}
    for which, label in ((1, "treated"), (0, "control")):
        own = frame.loc[arm == which, name]
        counts["missing", label] = int(own.isna().sum())
        for value in own.dropna():
            level = {"ward": str(value), "sex": codes.get(value, "")}.get(name, "observed")
            level = OTHER_LEVELS if level in rare.get(name, []) else level
            counts[level, label] = counts.get((level, label), 0) + 1
    return counts


def _widths(seed: int, secondary: bool) -> list[float]:
    """How many counts each small cell may have, to a reader of the two tables who knows the arms' sizes."""
    rows, gaps, (frame, arm, rare) = _published(seed, secondary)
    sizes = {"treated": int((arm == 1).sum()), "control": int((arm == 0).sum())}
    found = []
    for name, own in rows.items():
        attack = covariate_attack(own, gaps.get(name), sizes, THRESHOLD)
        for cell, count in _true(frame, arm, rare, name).items():
            if cell in attack.low and 0 < count < THRESHOLD:
                low, high = attack.interval(cell)
                assert low <= count <= high, "the attack has read a table wrongly"
                found.append(high - low + 1)
    return found


def test_no_small_count_of_a_covariate_is_told_by_the_tables_that_hold_it() -> None:
    protected = [width for seed in range(25) for width in _widths(seed, True)]
    assert len(protected) > 50
    assert min(protected) >= ALLOWED
    naive = [width for seed in range(25) for width in _widths(seed, False)]
    assert sum(width < ALLOWED for width in naive) > 10  # the power: `<10` alone does not do


def _rate_widths(seed: int, secondary: bool) -> list[float]:
    """Events of an arm by group of risk: rates and sizes are printed, and the events of the whole arm are known."""
    random = np.random.default_rng(seed)
    n = random.integers(20, 60, 4)
    events = random.binomial(n, np.sort(random.choice([0.05, 0.1, 0.2, 0.3, 0.5, 0.9], 4)))
    few = (events > 0) & (events < THRESHOLD) | (events < n) & (n - events < THRESHOLD)
    hidden = untold(events.astype(float), n.astype(float), THRESHOLD) if secondary else few
    attack = Attack()
    for group in range(4):
        printed = "hidden" if hidden[group] else events[group]
        attack.cell((group, "event"), printed, THRESHOLD)
        attack.cell((group, "none"), "hidden" if hidden[group] else n[group] - events[group], THRESHOLD)
        attack.total([(group, "event"), (group, "none")], n[group], THRESHOLD)
    attack.total([(group, "event") for group in range(4)], events.sum(), THRESHOLD)
    if hidden.all() and (events.sum() < THRESHOLD or (n - events).sum() < THRESHOLD):
        return []  # the whole arm has few: that is the outcome's own count, which other tables have to cover
    cells = {(group, "event"): events[group] for group in range(4)}
    cells |= {(group, "none"): n[group] - events[group] for group in range(4)}
    return [attack.width(cell) for cell, count in cells.items() if 0 < count < THRESHOLD]


def test_no_few_events_are_told_by_rates_and_the_arm_s_total() -> None:
    protected = [width for seed in range(40) for width in _rate_widths(seed, True)]
    assert len(protected) > 40
    assert min(protected) >= ALLOWED
    naive = [width for seed in range(40) for width in _rate_widths(seed, False)]
    assert min(naive) == 1


def _crossed_widths(seed: int, secondary: bool) -> list[float]:
    random = np.random.default_rng(seed)
    counts = random.choice([3, 6, 9, 14, 25, 40], (3, int(random.integers(2, 4))))
    if (counts.sum(axis=0) < THRESHOLD).any() or (counts.sum(axis=1) < THRESHOLD).any():
        return []
    places = list(np.ndindex(counts.shape))
    table = pd.DataFrame(
        [
            {
                "first": "x",
                "second": "y",
                "first_level": f"r{row}",
                "second_level": f"c{column}",
                "n": counts[row, column],
            }
            for row, column in places
        ]
    )
    public = Public(THRESHOLD, {}, Log(), pd.DataFrame(), float(counts.sum()))
    kept = crossed(table, public, "cells") if secondary else table[table["n"] >= THRESHOLD]
    shown = kept.set_index(["first_level", "second_level"])["n"].to_dict()
    attack = Attack()
    for row, column in places:
        attack.cell((row, column), shown.get((f"r{row}", f"c{column}"), "not shown"), THRESHOLD)
    for row in range(counts.shape[0]):
        attack.total([place for place in places if place[0] == row], counts[row].sum(), THRESHOLD)
    for column in range(counts.shape[1]):
        attack.total([place for place in places if place[1] == column], counts[:, column].sum(), THRESHOLD)
    return [attack.width(place) for place in places if counts[place] < THRESHOLD]


def test_no_small_cell_of_two_covariates_crossed_is_told_by_its_margins() -> None:
    protected = [width for seed in range(30) for width in _crossed_widths(seed, True)]
    assert len(protected) > 40
    assert min(protected) >= ALLOWED
    naive = [width for seed in range(30) for width in _crossed_widths(seed, False)]
    assert min(naive) == 1


def test_the_linear_attack_finds_what_differences_tell_and_nothing_else() -> None:
    everybody = frozenset(range(40))
    half, more = frozenset(range(20)), frozenset(range(23))
    assert told_sets([everybody, half], 9) == []
    assert told_sets([everybody, half, more], 9) == [frozenset({20, 21, 22})]
    third = frozenset(range(3, 40))
    assert told_sets([everybody, third], 9) == [frozenset({0, 1, 2})]
    assert told_sets([half, third], 9) == []  # overlapping sets alone: three unknown means, two equations


@pytest.mark.parametrize("seed", range(12))
def test_means_of_groups_and_curves_of_one_whole_tell_no_few_units(seed: int) -> None:
    """Groups by level with few in some, and a curve along an order: what is published after suppression."""
    random = np.random.default_rng(seed)
    units = int(random.integers(150, 400))
    level = random.choice(6, units, p=[0.4, 0.3, 0.2, 0.06, 0.03, 0.01])
    groups = [frozenset(np.flatnonzero(level == one).tolist()) for one in range(6)]
    order = random.permutation(units).tolist()
    curve = pd.DataFrame({"n": sorted({*random.integers(1, units, 60).tolist(), units}), "curve": "TOC"})
    everybody = frozenset(range(units))

    def published(secondary: bool) -> list[frozenset[int]]:
        named = [one for one in groups if one]
        table = pd.DataFrame(
            {"group": [str(place) for place in range(len(named))], "n": [len(one) for one in named]}
        )
        table = table.assign(estimand="rule_groups", term="ward")
        if secondary:
            kept = without_small_groups(
                table, FAMILY, "group", THRESHOLD, "x", Log(), np.full(len(table), units)
            )
            points = thinned(curve, ("curve",), THRESHOLD, "x", Log())["n"]
        else:
            kept = table[table["n"] >= THRESHOLD]
            points = curve["n"][curve["n"] >= THRESHOLD]
        tops = [frozenset(order[:size]) for size in points]
        return [everybody, *(named[int(place)] for place in kept["group"]), *tops]

    assert told_sets(published(True), THRESHOLD - 1, atoms_together=2) == []
    assert told_sets(published(False), THRESHOLD - 1, atoms_together=1) != []


def test_attack_on_every_table_of_two_small_rows_by_listing() -> None:
    """The integer programme against a list of all tables that agree."""
    attack = Attack()
    for cell, printed in (("a", "<5"), ("b", "hidden"), ("c", "<5")):
        attack.cell(cell, printed, 5)
    attack.total(["a", "b", "c"], 12, 5)
    attack.total(["a", "b"], 9, 5)
    agreeing = [
        (a, b, c)
        for a, b, c in itertools.product(range(1, 5), range(13), range(1, 5))
        if a + b + c == 12 and a + b == 9
    ]
    for place, cell in enumerate("abc"):
        values = [one[place] for one in agreeing]
        assert attack.interval(cell) == (min(values), max(values))
