"""Masks within masks, and columns that are never seen together."""

from __future__ import annotations

import itertools

import numpy as np
from hetflow.missingness.structure.nesting import nested, nesting, reduced, sequences
from hetflow.missingness.structure.pairs import FEWEST_TOGETHER, SELDOM_ITSELF, file_matching
from hypothesis import given
from hypothesis import strategies as st
from mask_worlds import as_cells, as_masks, drop_out, unstructured


def test_drop_out_is_one_chain_in_the_order_of_visits() -> None:
    rng = np.random.default_rng(6)
    missing = drop_out(rng, 800, 6)
    masks = as_masks(missing)
    relation = nested(masks)
    edges = nesting(masks, relation)
    assert [(row["inner"], row["outer"]) for row in edges.to_dict("records")] == [
        (k + 1, k) for k in range(1, 6)
    ]
    assert (edges["share"] == 1).all()
    order = {f"x{visit:03d}": visit for visit in range(6)}
    for visits, said in (
        (order, "as visited"),
        ({}, "unknown"),
        ({name: 5 - v for name, v in order.items()}, "against visits"),
    ):
        table = sequences(masks, relation, visits)
        assert table["order"].tolist() == [said]
        assert table.loc[0, "columns"] == "x005, x004, x003, x002, x001, x000"


def test_blocks_and_unstructured_masks_are_not_nested() -> None:
    rng = np.random.default_rng(7)
    assert not nested(as_masks(unstructured(rng, 500, 30))).any()
    rare = rng.random((500, 40)) < 0.01  # masks of a few rows lie within others by chance
    common = rng.random((500, 5)) < 0.9
    assert not nested(as_masks(np.column_stack([rare, common]))).any()


def test_nesting_is_judged_where_the_outer_mask_applies() -> None:
    rng = np.random.default_rng(8)
    applies = np.ones((600, 2), dtype=bool)
    applies[:300, 1] = False
    inner = rng.random(600) < 0.1
    outer = (inner | (rng.random(600) < 0.3)) & applies[:, 1]
    missing = np.column_stack([inner, outer])
    assert as_masks(missing, applies).names == ("x001", "x000")
    assert nested(as_masks(missing, applies)).tolist() == [[False, False], [True, False]]
    assert not nested(as_masks(missing)).any()  # half of those who miss the inner one do not miss the outer


@given(st.integers(0, 10_000))
def test_transitive_reduction_is_the_smallest_relation_with_the_same_paths(seed: int) -> None:
    rng = np.random.default_rng(seed)
    relation = np.triu(rng.random((6, 6)) < 0.5, 1)
    small = reduced(relation)

    def reach(edges: np.ndarray) -> set[tuple[int, int]]:
        found = set(zip(*np.nonzero(edges), strict=True))
        while True:
            more = {(a, d) for (a, b), (c, d) in itertools.product(found, found) if b == c} - found
            if not more:
                return found
            found |= more

    assert reach(small) == reach(relation)
    for edge in zip(*np.nonzero(small), strict=True):
        fewer = small.copy()
        fewer[edge] = False
        assert reach(fewer) != reach(relation)


def test_two_files_are_flagged_in_full() -> None:
    rng = np.random.default_rng(9)
    first = rng.random(400) < 0.5
    missing = np.zeros((400, 9), dtype=bool)
    missing[:, 2:5] = first[:, None]
    missing[:, 5:9] = ~first[:, None]
    found = file_matching(as_cells(missing))
    assert found.to_dict("records") == [
        {
            "first": "x002, x003, x004",
            "second": "x005, x006, x007, x008",
            "pairs": 12,
            "together": 0,
            "applicable_together": 400,
            "why": "never observed together",
        }
    ]


def test_file_matching_is_that_of_brute_force() -> None:
    rng = np.random.default_rng(10)
    table = as_cells(rng.random((90, 12)) < rng.uniform(0.2, 0.75, 12))
    seen = table.observed
    expected = {
        frozenset((table.names[j], table.names[k]))
        for j, k in itertools.combinations(range(12), 2)
        if (seen[:, j] & seen[:, k]).sum() < FEWEST_TOGETHER
    }
    found = set()
    few = {table.names[j] for j in range(12) if seen[:, j].sum() < FEWEST_TOGETHER}
    rows = file_matching(table)
    assert {row["first"] for row in rows.to_dict("records") if row["why"] == SELDOM_ITSELF} == few
    for row in rows[rows["why"] != SELDOM_ITSELF].to_dict("records"):
        found |= {
            frozenset(pair) for pair in itertools.product(row["first"].split(", "), row["second"].split(", "))
        }
    assert found == {pair for pair in expected if not pair & few}
    assert len(found) > 3
    assert few


def test_columns_that_never_exist_together_are_told_apart_from_gaps() -> None:
    applies = np.ones((100, 2), dtype=bool)
    applies[:50, 0] = applies[50:, 1] = False
    found = file_matching(as_cells(np.zeros((100, 2), dtype=bool), applies))
    assert found["why"].tolist() == ["never exist together"]
