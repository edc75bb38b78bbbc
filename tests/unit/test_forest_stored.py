"""Stored trees: the same effects, few bytes, and nothing that a damaged or foreign archive could do."""

from __future__ import annotations

import numpy as np
import pytest
from forest_world import LABEL, trial
from hetflow.errors import Refused
from hetflow.files import read_arrays, write_arrays
from hetflow.forest.grow import grow_shard, open_forest
from hetflow.forest.likeness import unlike
from hetflow.forest.stored import from_arrays, score, store

N, STUDIED, BAGS = 300, 250, 12
NOMINAL = np.array([True, False, False, False])
BYTES_A_NODE = 25


@pytest.fixture(scope="module")
def data():
    data = trial(N, noise=0.5)
    data.X[:, 0] = np.floor(data.X[:, 0] * 7)
    data.X[::5, 1] = np.nan
    return data


def arguments(data):
    return {
        "X": data.X,
        "treatment_residual": data.treatment,
        "outcome_residual": data.outcome,
        "weight": None,
        "cluster": None,
        "in_sample": np.arange(N) < STUDIED,
        "seed": 3,
        "label": LABEL,
        "settings": {"engine": "histogram"},
        "nominal": NOMINAL,
    }


def stored(data, first=0, last=BAGS - 1):
    forest = open_forest(**arguments(data))
    bags = (forest.grow(bag)[0] for bag in range(first, last + 1))
    return store(bags, forest.covariates.bins, forest.grid, first)


def test_units_outside_the_sample_get_the_same_sums_from_the_archive(data, tmp_path):
    shards = []
    for first, last in ((0, 4), (5, BAGS - 1)):
        path = tmp_path / f"{first}.npz"
        write_arrays(stored(data, first, last).to_arrays(), path)
        shards.append(from_arrays(read_arrays(path), str(path)))
    scored = score(shards, data.X[STUDIED:])
    grown = grow_shard(**arguments(data), first_bag=0, last_bag=BAGS - 1)
    for name in ("bags", "first", "tree_products", "bag_products"):
        np.testing.assert_array_equal(
            getattr(scored, name), getattr(grown, name)[..., STUDIED:], err_msg=name
        )
    assert scored.grid == grown.grid


def test_a_node_takes_under_25_bytes(data):
    X = np.random.default_rng(0).normal(size=(20_000, 5))
    treatment = np.arange(20_000) % 2 - 0.5
    outcome = treatment * X[:, 0] + X[:, 1]
    forest = open_forest(
        X, treatment, outcome, None, None, np.ones(20_000, bool), 1, LABEL, {"engine": "histogram"}
    )
    kept = store((forest.grow(bag)[0] for bag in range(3)), forest.covariates.bins, forest.grid, 0)
    size = sum(array.nbytes for array in kept.to_arrays().values())
    assert size < BYTES_A_NODE * len(kept.kind)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("child", lambda a: a + 10_000),
        ("child", lambda a: a * 0),
        ("feature", lambda a: a + 9),
        ("kind", lambda a: a + 1),
        ("masks", lambda a: a[:0]),
        ("start", lambda a: a + 1),
        ("averages", lambda a: a[:1]),
        ("facts", lambda a: a[:3]),
    ],
)
def test_an_archive_whose_nodes_lead_astray_is_refused(data, name, change):
    arrays = stored(data, 0, 1).to_arrays()
    with pytest.raises(Refused, match="lead outside"):
        from_arrays(arrays | {name: change(arrays[name])}, "x.npz")
    with pytest.raises(Refused, match="hetflow has stored"):
        from_arrays({"a": np.zeros(1)}, "x.npz")


def test_patients_unlike_the_studied_ones_are_flagged_and_told_why():
    rng = np.random.default_rng(1)
    first = rng.normal(size=400)
    studied = np.column_stack([first, first + 0.1 * rng.normal(size=400), rng.integers(0, 3, 400)])
    studied[:5, 1] = np.nan
    new = np.array(
        [[0.0, 0.0, 1], [9.0, 0.0, 1], [0.0, 0.0, 7], [-1.5, 1.5, 0], [0.0, np.nan, 0], [np.nan, 0, 0]]
    )
    flag, reason = unlike(new, studied, ["a", "b", "c"], np.array([False, False, True]))
    assert list(flag) == [False, True, True, True, False, True]
    assert reason == ["", "a", "c", "unusual combination", "", "a"]
    assert not unlike(studied, studied, ["a", "b", "c"], np.array([False, False, True]))[0].any()
