"""Missing outcomes: the completed outcome and the facts about it, against loops and closed forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import observed_world as worlds
import pandas as pd
import pytest
from hetflow.cohort.columns import Column
from hetflow.contracts import CONTRACTS
from hetflow.effects.scores import Scores, doubly_robust_score, make_scores
from hetflow.errors import Refused
from hetflow.files import canonical_json, read_table, write_table
from hetflow.nuisance.auxiliaries import auxiliary_columns, auxiliary_matrix, observation_groups
from hetflow.nuisance.folds import draw_folds
from hetflow.nuisance.nuisance import nuisance
from hetflow.nuisance.observation import Units, complete_outcome
from hetflow.nuisance.observed_shares import levels_of

ROUNDED = 1e-7  # learners round weights and targets to nine decimals
FLAT = {"strategy": "weighting", "learner": "mean", "auxiliary": [], "smallest": 0.02}


def _units(n: int = 90, lost: float = 0.3, seed: int = 1) -> Units:
    """Noise; a share without an outcome, and weights."""
    rng = np.random.default_rng(seed)
    treated = np.arange(n) % 2
    outcome = np.where(rng.random(n) < lost, np.nan, rng.normal(size=n))
    fold = draw_folds(np.arange(n), treated, None, None, 3, 1)
    return Units(rng.normal(size=(n, 2)), treated, outcome, fold, rng.uniform(0.5, 2, n))


def test_constant_models_are_the_shares_and_means_of_the_other_folds() -> None:
    units = _units()
    found = complete_outcome(units, FLAT, "mean", 1, ("shared",))
    for i in range(len(units.fold)):
        others = (units.treated == units.treated[i]) & (units.fold != units.fold[i])
        w, seen = units.weight, others & units.observed
        p, q = w[seen].sum() / w[others].sum(), w[seen] @ units.outcome[seen] / w[seen].sum()
        expected = q + (units.outcome[i] - q) / p if units.observed[i] else q
        assert found.probability[i] == pytest.approx(p, abs=ROUNDED)
        assert found.outcome[i] == pytest.approx(expected, abs=ROUNDED)


def test_small_probabilities_are_raised_and_counted() -> None:
    world = worlds.by_arm(np.random.default_rng(2), 400)
    table, facts = worlds.nuisance_of(world, smallest=0.4)
    assert table["observation_probability"].min() == 0.4
    clipped = sum(arm["clipped"] for arm in facts["observation"]["arms"])
    _, whole = worlds.nuisance_of(world, smallest=1e-9)
    assert clipped > 10
    assert f"0.4 for {clipped} units" in facts["observation"]["notices"][0]
    assert sum(arm["clipped"] for arm in whole["observation"]["arms"]) == 0
    assert whole["observation"]["notices"] == []


def test_the_score_is_the_weighted_residual_where_the_outcome_models_agree() -> None:
    """With q = m + (A - e) tau the score is tau + (R / p)(A - e)/(e (1 - e)) (Y - m - (A - e) tau)."""
    rng = np.random.default_rng(3)
    n, e = 50, 0.4
    arm, tau, m, p = rng.integers(0, 2, n), rng.normal(size=n), rng.normal(size=n), rng.uniform(0.2, 1, n)
    y, seen = rng.normal(size=n), rng.random(n) < p
    q = m + (arm - e) * tau
    completed = q + np.where(seen, y - q, 0) / p
    score = doubly_robust_score(tau, arm - e, completed - m, np.full(n, e))
    direct = tau + np.where(seen, (arm - e) / (e * (1 - e)) * (y - q), 0) / p
    assert np.abs(score - direct).max() < 1e-11


def test_without_a_missing_outcome_weighting_changes_nothing() -> None:
    world = worlds.by_arm(np.random.default_rng(4), 300)
    whole = worlds.World(world.X, world.treated, world.auxiliary, world.whole, world.whole, 1.0, 0.0)
    weighted, facts = worlds.nuisance_of(whole)
    plain, other = worlds.nuisance_of(whole, "complete_case")
    pd.testing.assert_frame_equal(
        weighted.drop(columns="observation_probability"),
        plain.drop(columns="observation_probability"),
        check_exact=True,
    )
    assert (weighted["observation_probability"] == 1).all()
    assert plain["observation_probability"].isna().all()
    assert "observation" not in other
    assert facts["observation"]["model"] == {}


def test_all_units_are_in_the_table_and_in_every_count(tmp_path: Path) -> None:
    world = worlds.by_arm(np.random.default_rng(5), 400)
    table, facts = worlds.nuisance_of(world)
    assert len(table) == 400
    assert np.array_equal(table["observed"] == 1, world.observed)
    write_table(table, tmp_path / "n.parquet", "nuisance")
    scores, _ = worlds.scores_of(world)
    assert scores.n == 400
    write_table(scores.to_frame(), tmp_path / "s.parquet", "scores")
    back = Scores.from_frame(read_table(tmp_path / "s.parquet", "scores"))
    assert np.array_equal(back.observed, scores.observed)
    canonical_json(facts)
    assert all(CONTRACTS[name].version == 2 for name in ("nuisance", "scores"))


def test_order_of_units_and_units_of_the_outcome() -> None:
    world = worlds.by_arm(np.random.default_rng(6), 300)
    fold = draw_folds(np.arange(300), world.treated, None, None, 5, 1)
    settings = {"outcome": "linear", "propensity": "design", "trim": None}

    def run(rows: np.ndarray, outcome: np.ndarray) -> pd.DataFrame:
        parts = [np.arange(300)[rows], world.X[rows], world.treated[rows], outcome[rows], fold[rows], None]
        design = {"probability": 0.5}
        return nuisance(*parts, design, settings, 1, ("shared",), missing_outcome=worlds.WEIGHTING)[0]

    rows = np.arange(300)
    plain = run(rows, world.outcome)
    pd.testing.assert_frame_equal(
        plain, run(np.random.default_rng(1).permutation(300), world.outcome), check_exact=True
    )
    scaled = run(rows, 3 + 4 * world.outcome)
    assert np.allclose(scaled["outcome_residual"], 4 * plain["outcome_residual"], atol=1e-8)


def test_a_gap_of_an_auxiliary_is_a_value_of_its_own() -> None:
    """Where the auxiliary was not recorded half stay; the model that is told of the gaps says so, to 5 errors."""
    world = worlds.by_auxiliary(np.random.default_rng(7), 2000, gaps=0.3)
    table, _ = worlds.nuisance_of(world)
    gap = np.isnan(world.auxiliary[:, 0])
    predicted = table["observation_probability"][gap].mean()
    assert abs(predicted - world.observed[gap].mean()) < 5 * 0.5 / np.sqrt(gap.sum())
    assert abs(world.observed[~gap].mean() - predicted) > 0.05


def test_facts_agree_with_loops() -> None:
    world = worlds.by_arm(np.random.default_rng(8), 400)
    site = np.where(world.X[:, 2] > 0, "North", "South").tolist()
    fold = draw_folds(np.arange(400), world.treated, None, None, 5, 1)
    table, facts = nuisance(
        np.arange(400),
        world.X,
        world.treated,
        world.outcome,
        fold,
        None,
        {"probability": 0.5},
        {"outcome": "linear", "propensity": "design", "trim": None},
        1,
        ("shared",),
        missing_outcome=worlds.WEIGHTING,
        groups={"site": site},
    )
    p = table["observation_probability"].to_numpy()
    for row in facts["observation"]["positivity"]:
        inside = (world.treated == (row["arm"] == "treated")) & (np.array(site) == row["level"])
        assert row["units"] == inside.sum()
        assert row["share"] == pytest.approx(world.observed[inside].mean())
    for row in facts["observation"]["arms"]:
        rows = world.treated == (row["arm"] == "treated")
        seen = rows & world.observed
        completed = table["outcome_residual"][rows] + table["outcome_mean"][rows]
        assert row["mean_completed"] == pytest.approx(completed.mean())
        assert row["mean_weighted"] == pytest.approx(np.average(world.outcome[seen], weights=1 / p[seen]))
        assert row["effective_size"] == pytest.approx((1 / p[seen]).sum() ** 2 / (1 / p[seen] ** 2).sum())
    assert sum(row["units"] for row in facts["observation"]["calibration"]) == 400


def test_groups_with_hardly_an_outcome_are_said() -> None:
    units = _units(600, 0.2)
    level = np.where(units.X[:, 0] > 1, "rare", "usual")
    outcome = np.where((level == "rare") & (np.arange(600) % 24 > 1), np.nan, units.outcome)
    frame = dict(
        zip(
            ("unit", "X", "treated", "outcome", "fold"),
            (np.arange(600), units.X, units.treated, outcome, units.fold),
            strict=True,
        )
    )
    _, facts = nuisance(
        **frame,
        weight=None,
        design={"probability": 0.5},
        settings={"outcome": "mean", "propensity": "design", "trim": None},
        seed=1,
        key=("shared",),
        missing_outcome=FLAT,
        groups={"kind": level.tolist()},
    )
    said = facts["observation"]["notices"]
    assert any("with kind rare in the treated arm fewer than 10%" in notice for notice in said)
    assert not any("usual" in notice for notice in said)


def test_a_fold_without_an_observed_outcome_in_an_arm_is_refused() -> None:
    units = _units()
    gone = (units.fold == 2) & (units.treated == 1)
    empty = Units(units.X, units.treated, np.where(gone, np.nan, units.outcome), units.fold, units.weight)
    with pytest.raises(Refused, match="observed outcomes: fold 2, arm 1"):
        complete_outcome(empty, FLAT, "mean", 1, ("shared",))


def test_scores_refuse_a_missing_outcome_without_a_probability() -> None:
    table, _ = worlds.nuisance_of(worlds.by_arm(np.random.default_rng(9), 300))
    with pytest.raises(Refused, match="neither"):
        make_scores(table.assign(observation_probability=np.nan), np.ones(300), better="higher")


def test_auxiliaries_as_numbers_and_levels() -> None:
    columns = [
        Column("later", "continuous", role="auxiliary", visit=1),
        Column("said", "binary", role="auxiliary", levels=("No", "Yes"), visit=1),
        Column("age", "continuous"),
    ]
    cohort = pd.DataFrame(
        {
            "later": [1.0, 2.0, 3.0, 4.0, np.nan],
            "said": [0.0, 1.0, np.nan, 1.0, 0.0],
            "stratum": ["a", "a", "b", "b", None],
        }
    )
    chosen = auxiliary_columns(columns, ["said", "later"])
    X, names = auxiliary_matrix(cohort, chosen)
    assert names == ["later", "said"]
    assert np.isnan(X).sum() == 2
    groups = observation_groups(cohort, chosen)
    assert groups["said"] == ["No", "Yes", "missing", "Yes", "No"]
    assert groups["later"] == ["part 1", "part 2", "part 3", "part 4", "missing"]
    assert groups["stratum"] == ["a", "a", "b", "b", "missing"]
    assert levels_of(pd.Series([np.nan, np.nan]), numeric=True) == ["missing", "missing"]
    with pytest.raises(Refused, match="age, which was left out"):
        auxiliary_columns(columns, ["age"])
