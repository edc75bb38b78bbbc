"""Imputed covariates moved by a fixed amount: what moves, by how much, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort.columns import Column
from hetflow.missingness.chained import ChainSettings
from hetflow.missingness.delta import LACKS, delta_problems, tilts, with_lacks
from hetflow.missingness.delta import moved as shifted
from hetflow.missingness.matching import _tilted as choose_tilted
from hetflow.missingness.strategies import complete
from hetflow.missingness.task import Settings
from trial_simulation import Trial, simulate_trial


@pytest.fixture(scope="module")
def trial() -> Trial:
    return simulate_trial(np.random.default_rng(3), n=300)


def completed(trial: Trial, mode: str, columns: list[Column], **delta: float):
    more = {"arm": trial.arm, "outcome": trial.outcome} if mode == "inference" else {}
    return complete(
        trial.frame,
        columns,
        "multiple_imputation",
        mode,
        0,
        5,
        settings=Settings(chain=ChainSettings(delta=delta)),
        **more,
    ).frame


@pytest.mark.parametrize("mode", ["deployment", "inference"])
def test_one_incomplete_column_moves_by_its_delta_and_nothing_else_does(trial: Trial, mode: str) -> None:
    """Its models learn from observed values, so that with no other gap nothing answers to the move."""
    columns = [column for column in trial.columns if column.name not in ("X3", "X5", "X7")]
    plain, moved = completed(trial, mode, columns), completed(trial, mode, columns, X1=2.5)
    gap = trial.frame["X1"].isna().to_numpy()
    np.testing.assert_allclose(moved["X1"][gap], plain["X1"][gap] + 2.5, rtol=1e-12)
    assert moved.drop(columns="X1").equals(plain.drop(columns="X1"))
    assert np.array_equal(moved["X1"][~gap], trial.frame["X1"][~gap])
    assert not [name for name in moved.columns if name.endswith(LACKS)]


def test_other_columns_answer_to_the_move(trial: Trial) -> None:
    plain, moved = (completed(trial, "deployment", trial.columns, **delta) for delta in ({}, {"X1": 3.0}))
    assert not moved["X3"].equals(plain["X3"])
    assert all(moved[name].equals(plain[name]) for name in ("X2", "X4", "X6", "X8"))


def test_who_lacks_a_moved_column_is_offered_to_the_others(trial: Trial) -> None:
    typed, columns = with_lacks(trial.frame, trial.columns, {"X1": 1.0, "X2": 1.0, "X3": 0.0})
    added = columns[len(trial.columns) :]
    assert [column.name for column in added] == ["X1" + LACKS]
    assert np.array_equal(typed["X1" + LACKS], trial.frame["X1"].isna())


def test_unknown_columns_and_kinds_without_amounts_are_refused() -> None:
    columns = [
        Column("age", "continuous"),
        Column("smoker", "binary"),
        Column("site", "nominal", levels=("a", "b")),
    ]
    assert not delta_problems(columns, {"age": 1.0, "smoker": 1.0})
    found = delta_problems(columns, {"site": 1.0, "height": 1.0})
    assert [problem.where for problem in found] == ["missingness.delta.height", "missingness.delta.site"]


UNITS, SHIFT = 6000, 0.7
#: Of an imputed log odds or log rate: five standard errors of 3,000 draws, and what donors of finite number take away.
FIVE, FROM_DONORS = 5.0, 0.06


def _tilted(kind: str, engine: str, delta: float) -> np.ndarray:
    """Imputed values of one column that goes with nothing, missing in half of the units."""
    rng = np.random.default_rng(8)
    values = rng.poisson(2.0, UNITS) if kind == "count" else (rng.random(UNITS) < 0.3).astype(float)
    frame = pd.DataFrame(
        {"unit": np.arange(UNITS), "other": rng.normal(size=UNITS), "it": values.astype(float)}
    )
    gap = np.arange(UNITS) % 2 == 0
    frame.loc[gap, "it"] = np.nan
    columns = [Column("other", "continuous"), Column("it", kind)]
    chain = ChainSettings(delta={"it": delta}, engine=engine)
    done = complete(
        frame, columns, "multiple_imputation", "deployment", 0, 5, settings=Settings(chain=chain)
    ).frame
    assert np.array_equal(done.loc[~gap, "it"], frame.loc[~gap, "it"])
    return done.loc[gap, "it"].to_numpy()


@pytest.mark.parametrize("engine", ["pmm", "tree"])
def test_a_binary_column_s_log_odds_and_a_count_s_log_rate_are_moved(engine: str) -> None:
    plain, moved = (_tilted("binary", engine, delta).mean() for delta in (0.0, SHIFT))
    error = np.sqrt(sum(1 / (share * (1 - share)) for share in (plain, moved)) / (UNITS / 2))
    odds = [np.log(share / (1 - share)) for share in (plain, moved)]
    assert odds[1] - odds[0] == pytest.approx(SHIFT, abs=FIVE * error + FROM_DONORS)
    plain, moved = (_tilted("count", engine, delta).mean() for delta in (0.0, SHIFT / 2))
    error = np.sqrt((1 / plain + 1 / moved) / (UNITS / 2))
    assert np.log(moved / plain) == pytest.approx(SHIFT / 2, abs=FIVE * error + FROM_DONORS)


def test_tilted_donors_are_drawn_as_by_brute_force() -> None:
    """Cumulative shares against probabilities worked out one by one, for a line of uniform numbers."""
    rng = np.random.default_rng(2)
    tilt = rng.normal(size=(1, 7))
    expected = np.exp(tilt[0]) / np.exp(tilt[0]).sum()
    uniform = (np.arange(100_000) + 0.5) / 100_000
    drawn = np.bincount(choose_tilted(np.repeat(tilt, len(uniform), axis=0), uniform), minlength=7)
    np.testing.assert_allclose(drawn / len(uniform), expected, atol=2e-5)


def test_no_tilt_leaves_the_draw_as_it_was() -> None:
    columns = [Column("a", "binary"), Column("b", "continuous")]
    vectors = np.array([[0.0, 5.0], [1.0, 6.0]])
    assert tilts(vectors, columns, {"b": 1.0}) is None
    assert np.array_equal(tilts(vectors, columns, {"a": 2.0, "b": 1.0}), [0.0, 2.0])
    assert np.array_equal(shifted(vectors, columns, {"a": 2.0, "b": 1.0}), [[0.0, 6.0], [1.0, 7.0]])
