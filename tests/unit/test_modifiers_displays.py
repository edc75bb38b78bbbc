"""Displays of named covariates: levels, curves and cells; and the ranking of covariates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort.columns import Column
from hetflow.cohort.matrix import covariate_codes, covariate_matrix
from hetflow.effects import curves, importance
from hetflow.effects.groups import group_effects
from hetflow.effects.linear import cluster_codes
from hetflow.effects.modifiers import column_groups, evidence_of, rank_modifiers, show_modifiers
from hetflow.effects.smoothing import (
    weighted_quantiles,
)
from modifier_simulation import scores_of
from numpy.typing import NDArray

ROUNDING = 1e-10


ENTRIES = Column("entries", "nominal", levels=("a", "b", "c"))


LAB = [Column(f"lab{j}", "continuous", block="panel") for j in range(2)]


def _study(n: int = 400) -> tuple[pd.DataFrame, list[Column], NDArray]:
    rng = np.random.default_rng(9)
    frame = pd.DataFrame(
        {
            "unit": np.arange(n),
            "age": rng.normal(50, 10, n),
            "entries": np.array(["a", "b", "c"])[np.minimum(rng.integers(0, 40, n) // 19, 2)],
            "smokes": rng.integers(0, 2, n).astype(float),
            "packs": np.zeros(n),
            "packs__applies": np.zeros(n),
            "lab0": rng.normal(size=n),
            "lab1": rng.normal(size=n),
        }
    )
    frame["packs__applies"] = frame["smokes"]
    frame["packs"] = np.where(frame["smokes"] == 1, rng.gamma(2, size=n), 0.0)
    columns = [
        Column("age", "continuous", label="Age", unit="years"),
        ENTRIES,
        Column("smokes", "binary", levels=("No", "Yes")),
        Column("packs", "continuous", applicable_if="smokes == 'Yes'"),
        *LAB,
    ]
    return frame, columns, rng.normal(size=n) + (frame["age"].to_numpy() - 50) / 10


def _evidence(minimum: int = 10, **more: object) -> curves.Evidence:
    frame, columns, score = _study()
    known = {"confidence": 0.95, "minimum": minimum, "target": "as patients are seen", "seed": 4}
    return evidence_of([scores_of(score)], [frame], columns, None, **(known | more))  # type: ignore[arg-type]


def test_a_level_is_told_by_its_mean_and_only_with_enough_units() -> None:
    evidence = _evidence()
    table = curves.display(evidence, "smokes")
    scores, frame = evidence.sets[0], evidence.frames[0]
    terms = group_effects(scores, frame["smokes"].astype(int).to_numpy(), ("No", "Yes"), "display", "smokes")
    np.testing.assert_allclose(table["estimate"], terms.estimate)
    np.testing.assert_allclose(table["se"], np.sqrt(np.diag(terms.covariance)))
    assert table["n"].sum() == len(frame)
    assert set(curves.display(evidence, "entries")["level"]) == {"a", "b", "c"}
    few = int((frame["entries"] == "c").sum())
    assert set(curves.display(_evidence(few + 1), "entries")["level"]) == {"a", "b"}


def test_those_to_whom_a_covariate_does_not_apply_stand_beside_the_curve() -> None:
    evidence = _evidence()
    table = curves.display(evidence, "packs")
    away = table[table["kind"] == curves.GROUP]
    apply = evidence.frames[0]["smokes"].to_numpy() == 1
    assert away["level"].tolist() == ["not applicable"]
    assert away["estimate"].item() == pytest.approx(evidence.sets[0].score[~apply].mean())
    curve = table[table["kind"] == curves.CURVE]
    assert curve["n"].max() <= apply.sum()
    assert (curve["uniform_lower"] <= curve["lower"]).all()


def test_cells_are_means_of_scores_and_small_ones_are_left_out() -> None:
    evidence = _evidence()
    table = curves.cells(evidence, "age", "smokes")
    frame, score = evidence.frames[0], evidence.sets[0].score
    assert len(table) == 6
    assert table["n"].sum() == len(frame)
    cuts = weighted_quantiles(frame["age"].to_numpy(), np.ones(len(frame)), (1 / 3, 2 / 3))
    held = (frame["age"].to_numpy() <= cuts[0]) & (frame["smokes"].to_numpy() == 1)
    assert table["estimate"][1] == pytest.approx(score[held].mean(), rel=1e-2)
    fewest = int(table["n"].min())
    assert (curves.cells(_evidence(fewest + 1), "age", "smokes")["n"] > fewest).all()


def test_a_covariate_with_gaps_is_not_displayed_and_the_reason_is_told() -> None:
    frame, columns, score = _study()
    frame.loc[3, "age"] = np.nan
    evidence = evidence_of(
        [scores_of(score)], [frame], columns, None, confidence=0.95, minimum=10, target="", seed=4
    )
    displays, cells, notices = show_modifiers(evidence, ["age", "smokes"], [["age", "smokes"]])
    assert set(displays["covariate"]) == {"smokes"}
    assert cells.empty
    assert len(notices) == 2
    assert all("age" in notice and "missing values" in notice for notice in notices)


def test_columns_of_a_covariate_and_of_a_block_are_taken_together() -> None:
    frame, columns, _ = _study()
    for encode in (covariate_matrix, covariate_codes):
        names = encode(frame, columns)[1]
        groups = {group.name: group for group in column_groups(frame, columns, encode)}
        held = [name for name, inside in zip(names, groups["entries"].columns, strict=True) if inside]
        assert held == (
            ["entries=a", "entries=b", "entries=c"] if encode is covariate_matrix else ["entries"]
        )
        packs = [name for name, inside in zip(names, groups["packs"].columns, strict=True) if inside]
        assert packs == ["packs", "packs__applies"]
        assert groups["panel"].kind == importance.BLOCK
        assert groups["panel"].members == 2
        assert groups["panel"].columns.sum() == 2
        assert sum(group.columns.sum() for group in groups.values() if group.kind == "covariate") == len(
            names
        )


def test_the_covariate_that_moves_the_effect_ranks_first_and_above_its_reference() -> None:
    frame, columns, score = _study()
    asked = {"draws": 3, "trees": 20, "most_units": 1000, "top": 1}
    found = rank_modifiers([scores_of(score)], [frame], columns, asked, 3, 4)
    table = found.table[found.table["kind"] == "covariate"]
    for measure in (importance.PERMUTATION, importance.SHAPLEY):
        rows = table[table["measure"] == measure].set_index("name")
        assert rows.loc["age", "rank"] == 1
        assert rows.loc["age", "top"] > 0.9
        assert rows.loc["age", "lower"] > rows.loc["age", "null_upper"]
        assert sorted(rows["rank"]) == list(range(1, 7))
    assert 0.2 < found.facts["explained"] < 0.5  # the age part is half of the score's variance
    assert found.facts["additivity_gap"] < ROUNDING


def test_thinning_keeps_whole_clusters_and_all_units_where_they_fit() -> None:
    cluster = cluster_codes(np.repeat(np.arange(50), 4))
    kept = importance.thinned(cluster, 60, 1)
    assert len(kept) == 60
    assert (np.bincount(cluster[kept])[np.unique(cluster[kept])] == 4).all()
    np.testing.assert_array_equal(importance.thinned(cluster, 200, 1), np.arange(200))
