"""Imputed covariates moved by a fixed amount: what moves, by how much, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hetflow.cohort.columns import Column
from hetflow.missingness.chained import ChainSettings
from hetflow.missingness.delta import LACKS, delta_problems, with_lacks
from hetflow.missingness.strategies import Settings, complete
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
    columns = [Column("age", "continuous"), Column("smoker", "binary")]
    assert not delta_problems(columns, {"age": 1.0})
    found = delta_problems(columns, {"smoker": 1.0, "height": 1.0})
    assert [problem.where for problem in found] == ["missingness.delta.height", "missingness.delta.smoker"]
