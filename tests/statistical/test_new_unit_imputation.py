"""New units are imputed as the study imputed its own: its own units, taken as new ones, get draws of the same law.

For each imputation every statistic of the imputed cells (mean, standard deviation, correlation with other columns) is
computed twice, from the study's deployment file and from its units completed afresh by the stored imputer. Over
imputations the differences have mean 0 if the laws agree: one t test a statistic, false alarm `FALSE_ALARM` for all of
a world together by Bonferroni. That the tests bite is shown by imputers whose coefficients were set to 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort.columns import Column
from hetflow.missingness.imputer import Imputer
from hetflow.missingness.new_units import complete_new_units
from hetflow.missingness.strategies import complete
from opt_frame import opt_columns, opt_frame
from scipy.stats import ttest_1samp
from trial_simulation import simulate_trial

IMPUTATIONS = 16
FALSE_ALARM = 1e-4
FEWEST = 20
"""Cells that must have been imputed for a column to be looked at."""
SEED = 3


@cache
def world(name: str) -> tuple[pd.DataFrame, list[Column]]:
    if name == "opt":
        return opt_frame(), opt_columns()
    trial = simulate_trial(np.random.default_rng(8), n=600)
    return trial.frame, trial.columns


def broken(imputer: Imputer) -> Imputer:
    """The same with coefficients of 0."""
    steps = [
        replace(
            step,
            fitted=replace(
                step.fitted,
                drawn=step.fitted.drawn * np.r_[1.0, np.zeros(len(step.fitted.drawn) - 1)][:, None],
            ),
        )
        for step in imputer.steps
    ]
    return replace(imputer, steps=tuple(steps))


def statistics(frame: pd.DataFrame, original: pd.DataFrame, columns: list[Column]) -> np.ndarray:
    """Means, standard deviations and correlations of the imputed cells with two columns each."""
    found: list[float] = []
    numeric = [column.name for column in columns if column.kind != "nominal"]
    for place, name in enumerate(numeric):
        gaps = original[name].isna().to_numpy()
        if gaps.sum() < FEWEST:
            continue
        cells = frame.loc[gaps, name].to_numpy(dtype=float)
        found += [cells.mean(), cells.std()]
        for other in (numeric[place - 1], numeric[(place + 3) % len(numeric)]):
            beside = frame.loc[gaps, other].to_numpy(dtype=float)
            spread = cells.std() * beside.std()
            found.append(
                np.mean((cells - cells.mean()) * (beside - beside.mean())) / spread if spread else 0.0
            )
    return np.array(found)


def least_p(name: str, change: Callable[[Imputer], Imputer]) -> float:
    """The least p-value over all statistics, times their number."""
    frame, columns = world(name)
    differences = []
    for imputation in range(IMPUTATIONS):
        done = complete(frame, columns, "multiple_imputation", "deployment", imputation, SEED)
        assert done.imputer is not None
        afresh = complete_new_units(
            frame, frame, done.frame, columns, "multiple_imputation", "new.csv",
            imputer=change(done.imputer), seed=SEED, imputation=imputation,
        )  # fmt: skip
        differences.append(statistics(afresh, frame, columns) - statistics(done.frame, frame, columns))
    table = np.array(differences)
    table = table[:, table.std(axis=0) > 0]
    assert table.shape[1] >= 16
    return float(ttest_1samp(table, 0.0).pvalue.min() * table.shape[1])


@pytest.mark.parametrize("name", ["trial", "opt"])
def test_own_units_afresh_are_drawn_from_the_same_law(name: str) -> None:
    """False alarm at most 1e-4 a world."""
    assert least_p(name, lambda imputer: imputer) > FALSE_ALARM


def test_lost_coefficients_are_found() -> None:
    """Correlations of .4 that shrink to 0: power above .999."""
    assert least_p("trial", broken) < FALSE_ALARM
