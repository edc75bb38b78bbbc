"""What must not change a completed file: rerun, more imputations, order of columns, codes for missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hetflow.missingness.strategies import complete
from opt_frame import opt_arm, opt_columns, opt_frame, opt_outcome
from trial_simulation import simulate_trial

SEED = 20260101
MODES: list[tuple[str, dict[str, Any]]] = [
    ("deployment", {}),
    ("inference", {"arm": opt_arm(), "outcome": opt_outcome()}),
]


def same(one: pd.DataFrame, two: pd.DataFrame) -> None:
    """Equal to the last bit, whatever the order of the columns."""
    pd.testing.assert_frame_equal(one, two[one.columns], check_exact=True)


@pytest.mark.parametrize(("mode", "more"), MODES)
def test_rerun_is_bit_identical_and_imputations_do_not_depend_on_one_another(
    mode: str, more: dict[str, Any]
) -> None:
    frame, columns = opt_frame(), opt_columns()
    files = {
        k: complete(frame, columns, "multiple_imputation", mode, k, SEED, **more).frame for k in (0, 1, 2)
    }
    same(files[1], complete(opt_frame(), opt_columns(), "multiple_imputation", mode, 1, SEED, **more).frame)
    assert not files[0].equals(files[1])
    assert not files[1].equals(files[2])


@pytest.mark.parametrize(("mode", "more"), MODES)
def test_order_of_columns(mode: str, more: dict[str, Any]) -> None:
    frame, columns = opt_frame(), opt_columns()
    straight = complete(frame, columns, "multiple_imputation", mode, 0, SEED, **more).frame
    turned = complete(
        frame[frame.columns[::-1]], columns[::-1], "multiple_imputation", mode, 0, SEED, **more
    ).frame
    same(straight, turned)


@pytest.mark.parametrize(("mode", "more"), MODES)
def test_columns_that_are_not_named_are_not_read(mode: str, more: dict[str, Any]) -> None:
    frame, columns = opt_frame(), opt_columns()
    straight = complete(frame, columns, "multiple_imputation", mode, 0, SEED, **more).frame
    wider = frame.assign(noise=np.random.default_rng(0).normal(size=len(frame)), treated=opt_arm())
    same(straight, complete(wider, columns, "multiple_imputation", mode, 0, SEED, **more).frame)


def test_how_missing_was_written_and_the_index_do_not_matter() -> None:
    trial = simulate_trial(np.random.default_rng(4), n=300)
    straight = complete(trial.frame, trial.columns, "multiple_imputation", "deployment", 0, SEED).frame
    coded = trial.frame.fillna(-99.0)
    again = coded.mask(coded == -99.0).assign(unit=trial.frame["unit"])
    again.index = again.index[::-1]
    same(straight, complete(again, trial.columns, "multiple_imputation", "deployment", 0, SEED).frame)


def test_an_affine_change_of_unit_changes_imputed_values_alike() -> None:
    trial = simulate_trial(np.random.default_rng(4), n=300)
    inches = trial.frame.assign(X1=trial.frame["X1"] * 4.0)
    more = {"arm": trial.arm, "outcome": trial.outcome}
    one = complete(trial.frame, trial.columns, "multiple_imputation", "inference", 0, SEED, **more).frame
    two = complete(inches, trial.columns, "multiple_imputation", "inference", 0, SEED, **more).frame
    same(one.assign(X1=one["X1"] * 4.0), two)
