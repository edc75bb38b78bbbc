"""Plasmodes keep a real file's covariates and gaps together, and know the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hetflow.errors import Refused
from hetflow.missingness.plasmode import resample_masks
from opt_frame import opt_columns, opt_frame
from plasmodes import actg_plasmode, actg_source, opt_effect, opt_plasmode

NAMES = [column.name for column in opt_columns()]


@pytest.mark.parametrize("units", [823, 1500])
def test_rows_of_opt_keep_their_values_and_their_gaps(units: int) -> None:
    made, source = opt_plasmode(3, units), opt_frame()
    original = source[NAMES].iloc[made.row].reset_index(drop=True)
    assert made.frame[NAMES].equals(original)
    assert made.complete[NAMES].notna().all(axis=None)
    assert made.complete[NAMES].where(original.notna()).equals(original), "observed cells, bit for bit"
    assert len(set(made.row)) == 823 or units > 823
    assert made.frame["unit"].tolist() == list(range(units))
    truth = opt_effect(made.complete)
    assert np.array_equal(made.effect, truth)
    assert truth.mean() == pytest.approx(1.0)


def test_the_effect_is_in_the_outcome() -> None:
    """Five standard errors of a difference of means: false alarm 6e-7."""
    made = opt_plasmode(4, 5000)
    arms = [made.outcome[made.arm == value] for value in (1, 0)]
    error = np.sqrt(sum(y.var() / len(y) for y in arms))
    assert abs(arms[0].mean() - arms[1].mean() - 1.0) < 5 * error
    assert error < 0.1


def test_drop_out_of_actg_stays_with_arm_and_covariates() -> None:
    made = actg_plasmode(1)
    frame, arm, gone = actg_source()
    assert np.array_equal(np.isnan(made.outcome), gone[made.row])
    assert np.array_equal(made.arm, arm[made.row])
    for value in (0, 1):
        inside, there = made.arm == value, arm == value
        assert np.isnan(made.outcome[inside]).mean() == pytest.approx(gone[there].mean())
    assert not np.array_equal(actg_plasmode(2).outcome, made.outcome, equal_nan=True)
    assert frame["age"].mean() == pytest.approx(made.frame["age"].mean())


def test_masks_are_resampled_by_row() -> None:
    source = opt_frame()
    patterns = {tuple(row) for row in source[NAMES].isna().to_numpy()}
    masks = resample_masks(source, NAMES, 500, seed=1)
    assert masks.shape == (500, len(NAMES))
    assert {tuple(row) for row in masks.to_numpy()} <= patterns
    assert masks["BL.DNA"].equals(masks["BL.PG"]), "the laboratory block stays whole"


def test_masks_follow_what_they_are_matched_on() -> None:
    """The clinic decides who has laboratory data; a target with clinics of its own gets masks by clinic."""
    source = opt_frame()
    dummies = pd.get_dummies(source["Clinic"]).astype(float)
    by_clinic = source["BL.DNA"].isna().groupby(source["Clinic"]).mean()
    target = dummies.sample(4000, replace=True, random_state=1).reset_index(drop=True)
    matched = resample_masks(source, ["BL.DNA"], 4000, 1, like=(dummies, target))["BL.DNA"]
    free = resample_masks(source, ["BL.DNA"], 4000, 1)["BL.DNA"]
    clinic = target.idxmax(axis=1)
    spread = by_clinic.max() - by_clinic.min()
    assert spread > 0.15
    found = matched.groupby(clinic).mean()
    assert found.idxmax() == by_clinic.idxmax()
    assert found.max() - found.min() > 0.5 * spread
    assert free.groupby(clinic).mean().pipe(lambda share: share.max() - share.min()) < 0.25 * spread


def test_refusals() -> None:
    source = opt_frame()
    with pytest.raises(Refused, match="complete columns"):
        resample_masks(source, ["BMI"], 823, 1, like=(source[["BMI"]], source[["Age"]]))
    with pytest.raises(Refused, match="complete columns"):
        resample_masks(source, ["BMI"], 823, 1, like=(source[["BMI"]], source[["BMI"]]))
