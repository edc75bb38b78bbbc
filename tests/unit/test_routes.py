"""Strategies for missing covariates: what is kept, imputed, left missing, and which model does without."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort.columns import Column
from hetflow.errors import Refused
from hetflow.forest.effects import effects
from hetflow.forest.grow import grow_shard
from hetflow.forest.submodels import grow_submodels
from hetflow.missingness.blockwise import availability, pattern_notices, submodels, whole_blocks
from hetflow.missingness.guards import observed_cells_unchanged
from hetflow.missingness.kept import keep_masks, mark_new_units
from hetflow.missingness.strategies import STRATEGIES, complete
from hetflow.missingness.task import Settings
from hetflow.nuisance.crossfit import cross_fit
from hetflow.nuisance.submodels import cross_fit_submodels
from hetflow.study.routes import ESTIMANDS, ROUTES, Strategy
from route_world import World, trial, unfixed

ROUND_OFF = 1e-9
"""Of least squares with some ten columns."""
GRID = 1e-6
"""Two grids of the forests' fixed-point sums differ by rounding to 2**-30 of their bounds."""


def world(setting: str, n: int = 200, seed: int = 3) -> World:
    return trial(np.random.default_rng(seed), setting, 0.8, n)


def made(of: World, strategy: str, mode: str = "deployment", k: int = 0, **settings: object):
    given = {"arm": of.arm, "outcome": of.outcome} if mode == "inference" else {}
    more = Settings(**settings)  # type: ignore[arg-type]
    return complete(of.frame, of.columns, strategy, mode, k, 1, settings=more, **given)


def test_every_strategy_has_facts_and_a_function() -> None:
    assert set(get_args(Strategy)) == set(ROUTES) == set(STRATEGIES)
    for route in ROUTES.values():
        assert set(route.answers) == set(ESTIMANDS)
        assert route.assumption.endswith(".")
        assert route.unconfounded_despite <= bool(route.observational)
        assert (STRATEGIES[route.name].modes == ("deployment", "inference")) == route.several


def test_an_indicator_stands_for_masks_fixed_before_randomisation_and_nothing_else() -> None:
    own = world("X")
    fixed = made(own, "indicator").frame
    masked = own.frame["X1"].isna()
    assert fixed["X1__missing"].equals(masked.astype(float))
    assert (fixed.loc[masked, "X1"] == own.frame["X1"].median()).all()
    loose = made(unfixed(own), "indicator")
    assert not [name for name in loose.frame if name.endswith("__missing")]
    assert "no indicator for X1, X3, X5, X7" in loose.notices[0]


def test_gaps_without_an_indicator_do_not_show_the_mask() -> None:
    """They hold donors' values, each of them observed elsewhere, not one constant that a tree can find."""
    own = unfixed(world("X"))
    filled = made(own, "indicator").frame
    masked = own.frame["X1"].isna()
    drawn = filled.loc[masked, "X1"]
    assert drawn.nunique() > 0.3 * masked.sum()
    assert set(drawn) <= set(own.frame["X1"].dropna())
    assert filled.equals(made(own, "indicator", "inference").frame), "neither arm nor outcome is read"


def test_with_indicators_the_constant_is_immaterial() -> None:
    """Zhao and Ding: the fully interacted least-squares estimate of the average effect is the same for any constant."""
    own = world("X")
    frame = made(own, "indicator").frame.drop(columns="unit")
    other = frame.copy()
    for name in ("X1", "X3", "X5", "X7"):
        other.loc[own.frame[name].isna(), name] = 7.5
    found = []
    for one in (frame, other):
        Z = one.to_numpy() - one.to_numpy().mean(axis=0)
        design = np.column_stack([np.ones(len(Z)), own.arm, Z, Z * own.arm[:, None]])
        found.append(np.linalg.lstsq(design, own.outcome, rcond=None)[0][1])
    assert found[0] == pytest.approx(found[1], abs=ROUND_OFF)
    bare = [one.drop(columns=[c for c in one if c.endswith("__missing")]) for one in (frame, other)]
    fits = [
        np.linalg.lstsq(np.column_stack([np.ones(len(b)), own.arm, b]), own.outcome, rcond=None)[0][1]
        for b in bare
    ]
    assert abs(fits[0] - fits[1]) > 100 * ROUND_OFF, "without indicators it is not"


def test_selective_keeps_the_masks_named_and_imputes_the_others_in_two_modes() -> None:
    own = world("X")
    deployment, inference = (
        made(own, "selective", mode, keep_mask=("X3", "X1")).frame for mode in ("deployment", "inference")
    )
    for frame in (deployment, inference):
        for name in ("X1", "X3"):
            masked = own.frame[name].isna()
            assert (frame.loc[masked, name] == own.frame[name].median()).all()
            assert frame[f"{name}__missing"].equals(masked.astype(float))
        assert "X5__missing" not in frame
        assert frame.notna().all(axis=None)
        observed_cells_unchanged(own.frame, frame, own.columns)
    assert not deployment["X5"].equals(inference["X5"])
    assert not deployment["X5"].equals(made(own, "selective", k=1, keep_mask=("X1", "X3")).frame["X5"])
    backwards = replace(own, columns=own.columns[::-1])
    again = made(backwards, "selective", keep_mask=("X1", "X3")).frame
    pd.testing.assert_frame_equal(again[deployment.columns], deployment, check_exact=True)


def test_a_kept_gap_of_which_it_was_unknown_whether_the_column_applies_gets_the_constant_too() -> None:
    rng = np.random.default_rng(2)
    n = 120
    gate = pd.Series((rng.random(n) < 0.5).astype(float)).mask(rng.random(n) < 0.2)
    amount = pd.Series(rng.integers(1, 9, n).astype(float)).mask(rng.random(n) < 0.2)
    amount = amount.mask(gate.isna()).mask(gate == 0, 0.0)
    frame = pd.DataFrame({"unit": np.arange(n), "gate": gate, "amount": amount, "amount__applies": gate})
    frame["z"] = rng.normal(size=n)
    columns = [
        Column("gate", "binary", levels=("No", "Yes")),
        Column("amount", "count", applicable_if="gate == 'Yes'"),
        Column("z", "continuous"),
    ]
    settings = Settings(keep_mask=("amount",))
    found = complete(frame, columns, "selective", "deployment", 0, 1, settings=settings).frame
    typical = amount[(gate == 1) & amount.notna()].median()
    gap = amount.isna()
    assert (found.loc[gap & (found["gate"] == 1), "amount"] == typical).all()
    assert (found.loc[gap & (found["gate"] == 0), "amount"] == 0).all(), (
        "a value that does not exist is not made up"
    )
    assert (gap & gate.isna() & (found["gate"] == 1)).any()
    assert found.notna().all(axis=None)


def test_new_units_get_the_studys_constants_and_indicators() -> None:
    own = world("X")
    kept = keep_masks(own.frame, own.columns, ["X1"])
    new = own.frame.head(30)
    got = mark_new_units(new, own.frame, own.columns, ["X1"], ["X1__missing"])
    pd.testing.assert_frame_equal(
        got[["X1", "X1__missing"]], kept.frame[["X1", "X1__missing"]].head(30), check_exact=True
    )
    assert got["X3"].isna().any()


def test_blocks_that_were_not_measured_stay_missing_and_single_cells_are_imputed() -> None:
    own = world("B")
    lone = own.frame.copy()
    lone.loc[lone["X1"].notna().to_numpy().nonzero()[0][:5], "X1"] = np.nan
    lone.loc[:9, "X13"] = np.nan
    own = replace(own, frame=lone)
    lacking = own.frame["X2"].isna()
    for mode in ("deployment", "inference"):
        found = made(own, "blockwise", mode)
        panel = [f"X{place}" for place in range(1, 13)]
        assert found.frame.loc[lacking, panel].isna().all(axis=None)
        assert found.frame.loc[~lacking].notna().all(axis=None)
        assert found.frame["X13"].notna().all()
        observed_cells_unchanged(own.frame, found.frame, own.columns)
        assert (
            f"the block panel (12 covariates) was not measured in {int(lacking.sum())} of 200"
            in found.notices[0]
        )


def test_blocks_are_declared_or_found_and_loose_masks_make_none() -> None:
    own = world("B")
    undeclared = [replace(column, block=None) for column in own.columns]
    assert [block.name for block in whole_blocks(own.frame, undeclared)] == ["X1"]
    with pytest.raises(Refused, match=r"blockwise(.|\n)*mask_fixed_before_randomisation"):
        whole_blocks(own.frame, unfixed(own).columns)


def naive_submodel(X: np.ndarray, row: int, minimum: int) -> tuple[frozenset[int], frozenset[int]]:
    """Columns and learners of one unit's model, by brute force over blocks given up one at a time."""
    masks = {j: frozenset(np.flatnonzero(np.isnan(X[:, j]))) for j in range(X.shape[1])}
    blocks = sorted(
        {mask for mask in masks.values() if mask},
        key=lambda m: np.packbits(np.isin(np.arange(len(X)), list(m))).tobytes(),
    )
    has = [mask for mask in blocks if row not in mask]

    def learners(chosen: list[frozenset[int]]) -> frozenset[int]:
        return frozenset(range(len(X))) - frozenset().union(*chosen)

    while has and len(learners(has)) < minimum:
        gain = [len(learners([m for m in has if m is not out])) for out in has]
        has.remove(has[gain.index(max(gain))])
    return frozenset(j for j, mask in masks.items() if not mask or mask in has), learners(has)


@pytest.mark.parametrize("minimum", [1, 15, 25, 60])
def test_submodels_are_those_of_brute_force(minimum: int) -> None:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(60, 9))
    for place in range(3):
        X[np.ix_(rng.random(60) < 0.5, range(2 * place, 2 * place + 2))] = np.nan
    models = submodels(X, minimum)
    assert (sum(model.judges.astype(int) for model in models) == 1).all()
    for model in models:
        for row in np.flatnonzero(model.judges):
            columns, learns = naive_submodel(X, int(row), minimum)
            assert frozenset(np.flatnonzero(model.columns)) == columns
            assert frozenset(np.flatnonzero(model.learns)) == learns
        assert not np.isnan(X[model.learns][:, model.columns]).any()
    order = rng.permutation(9)
    for one, other in zip(models, submodels(X[:, order], minimum), strict=True):
        assert (one.columns[order] == other.columns).all()
        assert (one.judges == other.judges).all()


def test_sources_never_measured_together_have_models_of_their_own() -> None:
    own = world("M")
    X = own.frame.drop(columns="unit").to_numpy()
    models = submodels(X, 20)
    assert len(models) == 2
    for model in models:
        assert (model.learns == model.judges).all()
        assert model.columns.sum() == 8
    assert len(submodels(X, 150)) == 1, "too few: everybody is judged by what all have"
    known = availability(whole_blocks(own.frame, own.columns), own.columns)
    assert [m.judges.sum() for m in submodels(known, 20)] == [m.judges.sum() for m in models]
    assert any("have a block that their model does not read" in text for text in pattern_notices(X, 150))


def test_a_submodel_s_predictions_and_effects_are_those_of_its_units_alone() -> None:
    own = world("B")
    X = own.frame.drop(columns="unit").to_numpy()
    models = submodels(X, 40)
    fold, n = own.folds["fold"].to_numpy(), len(X)
    facts = ("linear", np.ones(n), 1, ("outcome", "shared"), "regression")
    found = cross_fit_submodels(models, X, own.outcome, fold, *facts)
    t, y = own.arm - 0.5, own.outcome - own.outcome.mean()
    common = {
        "seed": 1,
        "label": ("deployment", 0, "all"),
        "first_bag": 0,
        "last_bag": 9,
        "settings": {"engine": "histogram"},
    }
    everybody, unit = np.ones(n, dtype=bool), np.arange(n)
    whole = effects(
        grow_submodels(models, X, None, everybody, unit, None, t, y, np.ones(n), **common), intervals=False
    )[0]
    for model in models:
        rows = np.flatnonzero(model.learns)
        judged = model.judges[rows]
        part = (X[rows][:, model.columns], own.outcome[rows], fold[rows], "linear", np.ones(len(rows)))
        alone = cross_fit(*part, 1, facts[3], "regression")
        assert (found.prediction[rows[judged]] == alone.prediction[judged]).all()
        grown = grow_shard(X[rows][:, model.columns], t[rows], y[rows], None, None, everybody[rows], **common)
        np.testing.assert_allclose(whole[rows[judged]], effects(grown, intervals=False)[0][judged], atol=GRID)
    assert [one["judges"] for one in found.performance["patterns"]] == [int(m.judges.sum()) for m in models]


@pytest.mark.parametrize("engine", ["histogram", "econml"])
def test_trees_are_evaluated_at_other_covariates_than_they_learn_from(engine: str) -> None:
    rng = np.random.default_rng(4)
    X, n = rng.normal(size=(120, 3)), 120
    t = rng.permutation(np.tile([-0.5, 0.5], 60))
    y = 2 * t * (X[:, 0] > 0) + 0.1 * rng.normal(size=n)
    common = (
        t,
        y,
        None,
        None,
        np.ones(n, dtype=bool),
        1,
        ("deployment", 0, "all"),
        0,
        24,
        {"engine": engine},
    )
    same = effects(grow_shard(X, *common, evaluated=X), intervals=False)[0]
    np.testing.assert_array_equal(same, effects(grow_shard(X, *common), intervals=False)[0])
    turned = effects(grow_shard(X, *common, evaluated=-X), intervals=False)[0]
    assert np.corrcoef(turned, X[:, 0] > 0)[0, 1] < -0.5, "judged by the covariates handed over"
    assert np.corrcoef(same, X[:, 0] > 0)[0, 1] > 0.5
