"""The stored deployment imputer: plain arrays that complete new units, one by one the same as all at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort.columns import Column
from hetflow.errors import Refused
from hetflow.files import read_arrays, write_arrays
from hetflow.missingness.chained import ChainSettings
from hetflow.missingness.imputer import Imputer, from_arrays, to_arrays
from hetflow.missingness.new_units import complete_new_units
from hetflow.missingness.strategies import complete
from hetflow.missingness.task import Completed, Settings
from opt_frame import LABORATORY, opt_columns, opt_frame

SEED = 20260101
STRATEGY = "multiple_imputation"


@pytest.fixture(scope="module")
def done() -> Completed:
    return complete(opt_frame(), opt_columns(), STRATEGY, "deployment", 0, SEED)


def stored(done: Completed, folder: Path) -> Imputer:
    assert done.imputer is not None
    write_arrays(to_arrays(done.imputer), folder / "00.npz")
    return from_arrays(read_arrays(folder / "00.npz"), "00.npz")


def fill(new: pd.DataFrame, done: Completed, imputer: Imputer) -> pd.DataFrame:
    return complete_new_units(
        new, opt_frame(), done.frame, opt_columns(), STRATEGY, "new.csv", imputer=imputer, seed=SEED
    )


def test_new_units_are_completed_from_disk_with_values_of_the_study(done: Completed, tmp_path: Path) -> None:
    new = opt_frame()
    found = fill(new, done, stored(done, tmp_path))
    assert found.notna().all(axis=None)
    assert list(found.columns) == list(done.frame.columns)
    for column in opt_columns():
        given = new[column.name].notna()
        assert found.loc[given, column.name].equals(new.loc[given, column.name]), column.name
        assert set(found[column.name]) <= set(new[column.name].dropna()), column.name
        if column.applicable_if is not None:
            parent = column.applicable_if.split()[0]
            assert (found[column.applies] == found[parent]).all()
            assert (found.loc[found[column.applies] == 0, column.name] == 0).all()
    together = new[LABORATORY[0]].isna()
    donors = set(map(tuple, new.loc[~together, LABORATORY].to_numpy()))
    assert set(map(tuple, found.loc[together, LABORATORY].to_numpy())) <= donors


def test_a_unit_s_completion_depends_on_itself_alone(done: Completed, tmp_path: Path) -> None:
    imputer, new = stored(done, tmp_path), opt_frame()
    every = fill(new, done, imputer)
    rows = np.random.default_rng(1).permutation(len(new))[:60]
    turned = new.iloc[rows][new.columns[::-1]]
    pd.testing.assert_frame_equal(every.iloc[rows], fill(turned, done, imputer), check_exact=True)
    for row in rows[:5]:
        one = fill(new.iloc[[row]].reset_index(drop=True), done, imputer)
        alone = every.iloc[[row]].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, one, check_exact=True)


def test_gaps_that_the_study_never_had_are_completed(done: Completed, tmp_path: Path) -> None:
    """Age is complete in the study, and a laboratory value is never missing there without its block."""
    imputer, new = stored(done, tmp_path), opt_frame()
    assert new["Age"].notna().all()
    rows = new[LABORATORY[0]].notna()
    new = new[rows].assign(**{"Age": np.nan, LABORATORY[0]: np.nan, "Clinic": None})
    new["Clinic"] = new["Clinic"].astype(opt_frame()["Clinic"].dtype)
    found = fill(new, done, imputer)
    assert found.notna().all(axis=None)
    assert found["Age"].nunique() > 10
    assert found["Clinic"].nunique() == 4
    assert found[LABORATORY[1]].equals(opt_frame().loc[rows, LABORATORY[1]])


def test_a_helper_that_is_not_in_the_file_counts_as_missing() -> None:
    frame = opt_frame()
    columns = [
        Column(c.name, c.kind, role="auxiliary" if c.name == "Age" else "covariate", levels=c.levels)
        for c in opt_columns()
        if c.applicable_if is None
    ]
    done = complete(frame, columns, STRATEGY, "deployment", 0, SEED)
    new = frame[list(done.frame.columns)]
    found = complete_new_units(
        new, frame, done.frame, columns, STRATEGY, "new.csv", imputer=done.imputer, seed=SEED
    )
    assert found.notna().all(axis=None)


def test_what_nobody_in_the_study_has_is_refused_by_name(done: Completed, tmp_path: Path) -> None:
    imputer = stored(done, tmp_path)
    without = [step for step in imputer.steps if "BMI" not in step.names]
    halved = Imputer(imputer.names, imputer.levels, imputer.scales, tuple(without), imputer.rounds)
    with pytest.raises(Refused, match=r"BMI \(\d+\)"):
        fill(opt_frame(), done, halved)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("names", lambda a: a[:-1]),
        ("0.predictors", lambda a: a + 10_000),
        ("0.vectors", lambda a: a[:0]),
        ("0.fitted.points", lambda a: a[:-1]),
        ("0.fitted.pool", lambda a: a + 10_000),
        ("levels_of", lambda a: -a),
        ("engines", lambda a: np.full_like(a, "no")),
    ],
)
def test_arrays_that_do_not_fit_are_refused(done: Completed, name: str, change) -> None:
    arrays = to_arrays(done.imputer)
    with pytest.raises(Refused, match="start the prediction again"):
        from_arrays(arrays | {name: change(arrays[name])}, "00.npz")
    with pytest.raises(Refused, match="start the prediction again"):
        from_arrays({key: value for key, value in arrays.items() if key != name}, "00.npz")


def test_what_the_study_added_to_imputed_values_is_added_to_new_units_too(tmp_path: Path) -> None:
    frame, columns = opt_frame(), opt_columns()
    settings = Settings(ChainSettings(iterations=1, delta={"BMI": 1000.0}))
    done = complete(frame, columns, STRATEGY, "deployment", 0, SEED, settings=settings)
    found = fill(frame, done, stored(done, tmp_path))
    gaps = frame["BMI"].isna()
    assert gaps.sum() > 20
    assert (found.loc[gaps, "BMI"] > 1000).all()
    assert (found.loc[~gaps, "BMI"] < 1000).all()
    assert list(found.columns) == list(done.frame.columns)


def test_no_imputer_is_an_empty_one() -> None:
    assert from_arrays(to_arrays(None), "00.npz").steps == ()
