"""Estimates and tables of two runs, set against each other: what moved beyond its error, and what is rounding."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from compared_runs import Made, compared, made_up, said
from hetflow.compare.cells import DIFFERENT, ROUNDING, SAME, alike, table_change
from hetflow.compare.estimates import BEYOND, ONLY_A, ONLY_B
from hetflow.compare.page import comparison_page


def test_estimates_are_set_against_their_errors(tmp_path: Path, base: Made) -> None:
    moved = made_up(ate=0.386 + 0.0257)
    found = compared(tmp_path, base, moved)
    first = next(one for one in found.estimates if one.label == "ATE" and one.analysis == "primary")
    assert first.state == DIFFERENT
    assert first.in_errors == pytest.approx(1.0)
    assert first.beyond is None
    same = [one for one in found.estimates if one.label.startswith("AUTOC")]
    assert {one.state for one in same} == {SAME}
    assert "the most by 1.00 standard errors" in said(found)


def _stability(variance: float) -> bytes:
    rows = [("monte_carlo", variance), ("folds", 3 * variance)]
    text = "".join(f"ATE,all,effect,{source},{value}\n" for source, value in rows)
    return f"estimand,group,term,source,variance\n{text}".encode()


@pytest.mark.parametrize(("other_folds", "factor"), [(False, 1.0), (True, 4.0)])
def test_monte_carlo_error_holds_the_folds_where_they_were_drawn_anew(
    tmp_path: Path, base: Made, other_folds: bool, factor: float
) -> None:
    variance = 1e-4
    sd = math.sqrt(2 * variance * factor)
    files = {"tables/stability_components.csv": _stability(variance)}
    units = {"primary/scores/shared.parquet": b"others"} | (
        {"folds.parquet": b"others"} if other_folds else {}
    )
    for place, (times, beyond) in enumerate(((0.99 * BEYOND, False), (1.01 * BEYOND, True))):
        moved = made_up(ate=0.386 + times * sd)
        found = compared(tmp_path / str(place), base, moved, {"files": files}, files=files, units=units)
        first = found.estimates[0]
        assert (first.label, first.analysis) == ("ATE", "primary")
        assert first.monte_carlo == pytest.approx(sd)
        assert first.beyond is beyond
        assert found.estimates[1].beyond is None
    assert "by more than it explains" in said(found)


@pytest.mark.parametrize("same_scores", [True, False])
def test_imputations_are_all_the_chance_there_is_only_where_the_scores_are_the_same(
    tmp_path: Path, base: Made, same_scores: bool
) -> None:
    units = {} if same_scores else {"primary/scores/shared.parquet": b"others"}
    found = compared(tmp_path, base, made_up(gap=0.6), units=units)
    slopes = [one for one in found.estimates if one.key[3] == "projection"]
    assert {one.analysis for one in slopes} == {"primary", "indicator"}
    for one in slopes:
        known = same_scores and one.analysis == "primary"  # the other analysis' scores are not listed
        assert one.beyond is (False if known else None)
        if known:
            assert one.monte_carlo == pytest.approx(0.1 * math.hypot(one.se_a, one.se_b))


def test_estimates_of_one_run_only_are_told(tmp_path: Path, base: Made) -> None:
    text = base[1].tables["estimates"]
    fewer = text[text["analysis"] == "primary"]
    files = {"tables/estimates.csv": fewer.to_csv(index=False).encode()}
    for place, state in enumerate((ONLY_B, ONLY_A)):
        runs = ({"files": files}, {}) if state == ONLY_B else ({}, {"files": files})
        found = compared(tmp_path / str(place), base, base, runs[0], **runs[1])
        assert sum(one.state == state for one in found.estimates) == len(text) - len(fewer)
        assert found.number_changed
        assert f"in {state[-1]} only" in comparison_page(found)


def test_rounding_is_no_change(tmp_path: Path, base: Made) -> None:
    table = base[1].tables["estimates"].copy()
    table["estimate"] *= 1 + 1e-12
    files = {"tables/estimates.csv": table.to_csv(index=False).encode()}
    found = compared(tmp_path, base, base, files=files)
    assert {one.state for one in found.estimates} <= {SAME, ROUNDING}
    assert ROUNDING in {one.state for one in found.estimates}
    assert not found.number_changed
    assert "by rounding at most" in said(found)


@pytest.mark.parametrize(
    ("a", "b", "scale", "expected"),
    [
        ("1.0", "1.0", 0.0, SAME),
        ("1.0", "1", 0.0, SAME),
        ("1.0", "1.0000000001", 0.0, ROUNDING),
        ("1.0", "1.00001", 0.0, DIFFERENT),
        ("1e-14", "-1e-14", 0.0, DIFFERENT),
        ("1e-14", "-1e-14", 0.02, ROUNDING),
        ("", "1.0", 0.0, DIFFERENT),
        ("nan", "1", 0.0, DIFFERENT),
        ("<10", "10", 0.0, DIFFERENT),
    ],
)
def test_cells_agree_by_value(a: str, b: str, scale: float, expected: str) -> None:
    assert alike(a, b, scale) == expected


def test_tables_are_compared_cell_by_cell_or_row_by_row() -> None:
    a = pd.DataFrame({"x": ["1", "2"], "label": ["old", "same"]})
    words = table_change("t", a, a.assign(label=["new", "same"]))
    assert (words.differ, words.counted, words.numbers) == (1, "cells", False)
    numbers = table_change("t", a, a.assign(x=["1", "3"]))
    assert (numbers.differ, numbers.numbers) == (1, True)
    counts = pd.DataFrame({"n": ["430 (52 %)"]})
    assert table_change("t", counts, pd.DataFrame({"n": ["431 (52 %)"]})).numbers
    longer = table_change("t", a, pd.concat([a, a.tail(1)]))
    assert (longer.differ, longer.counted, longer.numbers) == (1, "rows", True)
    assert table_change("t", a, a[["label", "x"]]).differ
    assert table_change("t", a, None).numbers
    assert table_change("t", a, a).same


def test_missing_values_and_flow_are_compared_by_arm(tmp_path: Path, base: Made) -> None:
    missing = base[1].tables["missing"].copy()
    missing.loc[0, "treated"] = "999 (99 %)"
    files = {"tables/missing.csv": missing.to_csv(index=False).encode()}
    found = compared(tmp_path, base, base, files=files, data={"sha256": "e" * 64})
    ((variable, was, now),) = found.data.missing
    assert variable == missing.loc[0, "variable"]
    assert "999 (99 %)" in now
    assert "999" not in was
    assert not found.data.flow
    assert "Missing values that differ" in comparison_page(found)
