"""Counts of what is missing against brute force, published figures and planted structure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort.columns import Column
from hetflow.missingness.masks import Cells, cells, compress, intersections, mask_of
from hetflow.missingness.structure.alike import blocks, near
from hetflow.missingness.structure.flux import flux
from hetflow.missingness.structure.groups import UNKNOWN, group_levels, newcombe, shares
from hetflow.missingness.structure.reasons import NOT_STATED, by_reason
from mask_worlds import adjusted_rand, as_cells, as_masks, exact_blocks

NHANES_ROWS = [
    "0111",
    "0000",
    "0100",
    "0111",
    "0000",
    "0110",
    "0000",
    "0000",
    "0000",
    "0111",
    "0111",
    "0111",
    "0000",
    "0000",
    "0001",
    "0111",
    "0000",
    "0000",
    "0000",
    "0001",
    "0111",
    "0000",
    "0000",
    "0001",
    "0000",
]
"""Missing cells of the 25 rows of nhanes, as R mice ships it: age, bmi, hyp, chl."""
MICE = [
    ("age", 0.0, 1.0),
    ("bmi", 0.1643835616, 0.1111111111),
    ("hyp", 0.1232876712, 0.1481481481),
    ("chl", 0.2191780822, 0.1111111111),
]
"""Influx and outflux by R mice 3.15."""


def with_gaps(rng: np.random.Generator, n: int = 60, p: int = 7) -> Cells:
    """Cells some of which do not apply."""
    applies = rng.random((n, p)) < 0.8
    return as_cells((rng.random((n, p)) < 0.3) & applies, applies)


def test_distinct_masks_are_those_of_brute_force() -> None:
    rng = np.random.default_rng(1)
    missing = (rng.random((40, 5)) < 0.4)[:, [0, 1, 0, 2, 3, 1, 0, 4]]
    missing[:, 7] = False
    found = compress(as_cells(missing))
    assert {frozenset(group) for group in found.members} == {
        frozenset({"x000", "x002", "x006"}),
        frozenset({"x001", "x005"}),
        frozenset({"x003"}),
        frozenset({"x004"}),
    }
    assert found.widths.tolist() == [3, 2, 1, 1]
    for name, place in mask_of(found).items():
        assert (found.missing[:, place] == missing[:, int(name[1:])]).all()


def test_a_mask_applies_where_any_of_its_columns_does() -> None:
    missing = np.array([[1, 1], [0, 0], [0, 0], [0, 0]], dtype=bool)
    applies = np.array([[1, 1], [1, 0], [0, 1], [0, 0]], dtype=bool)
    assert as_masks(missing, applies).applies[:, 0].tolist() == [True, True, True, False]


def test_cells_take_conditions_and_outcomes_into_account() -> None:
    frame = pd.DataFrame({"a": [1.0, np.nan, 0.0, np.nan], "a__applies": [1.0, 1.0, 0.0, np.nan], "y": 1.0})
    columns = [Column("a", "count", applicable_if="b == 1"), Column("y", "continuous")]
    table = cells(frame, columns, pd.DataFrame({"unit": range(4), "y": [np.nan, 1.0, 1.0, 1.0]}))
    assert table.names == ("a", "y", "y (outcome)")
    assert table.missing[:, 0].tolist() == [False, True, False, True]
    assert table.applies[:, 0].tolist() == [True, True, False, True]
    assert table.observed[:, 0].tolist() == [True, False, False, False]
    assert table.missing[:, 2].tolist() == [True, False, False, False]


def test_intersections_are_counts_also_across_blocks_of_rows() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.random((70_000, 3)) < 0.5, rng.random((70_000, 2)) < 0.3
    expected = [[int((first[:, j] & second[:, k]).sum()) for k in range(2)] for j in range(3)]
    assert intersections(first, second).tolist() == expected


def test_newcombe_interval_is_the_published_one() -> None:
    # Newcombe 1998, Table II, contrast (a): 56/70 against 48/80; method 10 gives 0.0524 to 0.3339.
    d, lower, upper = newcombe(*(np.array([count]) for count in (56, 70, 48, 80)))
    assert d[0] == pytest.approx(0.2)
    assert (round(lower[0], 4), round(upper[0], 4)) == (0.0524, 0.3339)
    assert np.isnan(newcombe(*(np.array([count]) for count in (0, 0, 48, 80)))[1][0])


def test_shares_by_group_are_those_of_brute_force() -> None:
    rng = np.random.default_rng(3)
    table = with_gaps(rng)
    levels = rng.choice(np.array(["a", "b", "c"], dtype=object), 60)
    found = shares(table, {"site": levels})
    for row in found.to_dict("records"):
        place, inside = int(row["column"][1:]), levels == row["level"]
        gone, exists = table.missing[:, place], table.applies[:, place]
        assert (row["missing"], row["applicable"]) == ((gone & inside).sum(), (exists & inside).sum())
        others = (gone & ~inside).sum() / (exists & ~inside).sum()
        assert row["difference"] == pytest.approx(row["share"] - others)
        assert row["lower"] <= row["difference"] <= row["upper"]
    assert len(found) == 7 * 3
    assert shares(table, {"site": levels}, clustered=True)["lower"].isna().all()


def test_groups_are_named_columns_else_strata_and_few_clusters() -> None:
    frame = pd.DataFrame(
        {"treated": [1, 0, 1], "stratum": ["u", "v", "u"], "cluster": [0, 1, 1], "sex": [0, 1, np.nan]}
    )
    columns = [Column("sex", "binary", levels=("female", "male"))]
    named = group_levels(frame, columns, ["sex"], strata=True, clusters=True)
    assert {name: list(levels) for name, levels in named.items()} == {
        "arm": ["treated", "control", "treated"],
        "sex": ["female", "male", UNKNOWN],
        "cluster": ["0", "1", "1"],
    }
    assert list(group_levels(frame, columns, [], strata=True, clusters=False)) == ["arm", "stratum"]


def test_reasons_add_up_and_cells_that_do_not_apply_are_passed_over() -> None:
    missing = np.array([[1, 1], [1, 0], [1, 0], [0, 0]], dtype=bool)
    table = as_cells(missing)
    units = np.array([10, 11, 12, 13])
    said = pd.DataFrame({"unit": [10, 13, 11], "column": "x000", "reason": ["refused", "refused", "lost"]})
    arm = np.array(["t", "c", "t", "c"], dtype=object)
    found = by_reason(table, units, said, {"arm": arm}).set_index(["column", "reason", "by", "level"])[
        "missing"
    ]
    assert found.to_dict() == {
        ("x000", "lost", "all", "all"): 1,
        ("x000", "lost", "arm", "c"): 1,
        ("x000", NOT_STATED, "all", "all"): 1,
        ("x000", NOT_STATED, "arm", "t"): 1,
        ("x000", "refused", "all", "all"): 1,
        ("x000", "refused", "arm", "t"): 1,
        ("x001", NOT_STATED, "all", "all"): 1,
    }


def test_flux_is_that_of_r_mice() -> None:
    # R mice 3.15, flux(nhanes): the published example of van Buuren's book.
    missing = np.array([[digit == "1" for digit in row] for row in NHANES_ROWS])
    found = flux(Cells(("age", "bmi", "hyp", "chl"), missing, np.ones_like(missing))).set_index("column")
    for name, influx, outflux in MICE:
        assert found.loc[name, "influx"] == pytest.approx(influx, abs=1e-7)
        assert found.loc[name, "outflux"] == pytest.approx(outflux, abs=1e-7)


def test_flux_is_that_of_brute_force_where_cells_do_not_apply() -> None:
    table = with_gaps(np.random.default_rng(4))
    gone, seen = table.missing, table.observed
    found = flux(table).set_index("column")
    for j in range(7):
        into = sum(int((gone[:, j] & seen[:, k]).sum()) for k in range(7)) / seen.sum()
        out = sum(int((seen[:, j] & gone[:, k]).sum()) for k in range(7)) / gone.sum()
        assert found.loc[f"x{j:03d}", ["influx", "outflux"]].tolist() == pytest.approx([into, out])


def test_planted_blocks_are_found_exactly() -> None:
    missing, block = exact_blocks(np.random.default_rng(5), 300, (4, 1, 7, 2, 3))
    masks = as_masks(missing)
    place = mask_of(masks)
    label = np.array([place[f"x{column:03d}"] for column in range(len(block))])
    assert adjusted_rand(label, block) == 1.0
    table = blocks(masks, {f"x{column:03d}": "lab" if block[column] == 2 else None for column in range(17)})
    assert table["width"].tolist() == [7, 4, 3, 2]
    assert table["declared"].tolist() == ["as declared", "undeclared", "undeclared", "undeclared"]
    assert (table["kind"] == "exact").all()


def test_near_blocks_differ_in_a_fiftieth_of_their_rows_at_most() -> None:
    base = np.arange(1000) < 500
    missing = np.column_stack([base, base, base, np.arange(1000) >= 500])
    missing[:8, 1] = False  # Jaccard 492 / 500
    missing[:20, 2] = False  # 480 / 500 with the first, 480 / 492 with the second
    assert near(as_masks(missing)).tolist() == [0, 1, 0, 2]  # x000 and x003 have 500 rows, then x001, x002
    table = blocks(as_masks(missing), {})
    assert table.loc[0, ["kind", "columns", "all_missing", "any_missing"]].tolist() == [
        "near",
        "x000, x001",
        492,
        500,
    ]
    assert table.loc[0, "least_jaccard"] == 492 / 500
