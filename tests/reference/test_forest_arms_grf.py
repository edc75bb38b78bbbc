"""Several arms in the histogram engine beside R grf 2.6.1, from the same nuisances on the same 2,000 units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hetflow.forest.arms import arm_effects
from hetflow.forest.grow import grow_shard

DATA = Path(__file__).parent / "data" / "grf"
BAGS = 500
# Two implementations of one method with other random draws, as in test_forest_histogram_grf.py. Measured with 2,000
# trees and three seeds, B - A and C - A: error .917 to .919 and .935 to .938 times grf's, correlation .9973 and .9979,
# standard errors 1.08 to 1.10 times grf's, coverage .897 to .900 and .822 to .826. The seed is fixed: nothing here
# fails by chance.
ERROR_RATIO = 1.02
CORRELATION = 0.995
STANDARD_ERROR_RATIO = 1.15
ARMS = ("B", "C")
Z = 1.96


@pytest.fixture(scope="module")
def table():
    return pd.read_csv(DATA / "multi_arm.csv.gz")


@pytest.fixture(scope="module")
def truth(table):
    """The effects that the outcomes were made with; a regression of y on x by arm gives them back (see below)."""
    return np.column_stack([table["X2"], 0.5 - table["X3"]])


@pytest.fixture(scope="module")
def grown(table):
    X = table[[f"X{i}" for i in range(1, 6)]].to_numpy()
    treatment = np.column_stack([(table["w"] == arm) - table[f"e_{arm}"] for arm in ARMS])
    outcome = (table["y"] - table["Y1"]).to_numpy()
    sample, label = np.ones(len(table), bool), ("deployment", 0, "all")
    sums = grow_shard(
        X, treatment, outcome, None, None, sample, 1, label, 0, BAGS - 1, {"engine": "histogram"}
    )
    return arm_effects(sums)


def test_the_effects_are_those_that_made_the_outcomes(table, truth):
    # y - x1 - effect is standard normal noise, whatever x and arm: 4 standard errors, false alarm .002 over all.
    arm = np.column_stack([table["w"] == name for name in ARMS]).astype(float)
    noise = (table["y"] - table["X1"] - (arm * truth).sum(axis=1)).to_numpy()
    X = np.column_stack([np.ones(len(table)), table[[f"X{i}" for i in range(1, 6)]]])
    design = np.hstack([X, *(X * column[:, None] for column in arm.T)])
    beta, inverse = np.linalg.lstsq(design, noise, rcond=None)[0], np.linalg.inv(design.T @ design)
    assert np.all(np.abs(beta) < 4 * np.sqrt(np.diag(inverse)))
    assert abs(noise.var() - 1) < 4 * np.sqrt(2 / len(noise))


def test_effects_agree_with_grf(table, grown):
    cate, variance = grown
    for column, arm in enumerate(ARMS):
        assert np.corrcoef(cate[:, column], table[f"tau_{arm}"])[0, 1] > CORRELATION
        ratio = np.sqrt(variance[:, column]).mean() / np.sqrt(table[f"var_{arm}"]).mean()
        assert 1 / STANDARD_ERROR_RATIO < ratio < STANDARD_ERROR_RATIO


def test_effects_are_as_near_to_the_truth_as_grfs(table, truth, grown):
    for column, arm in enumerate(ARMS):
        ours, theirs = (
            np.sqrt(np.mean((cate - truth[:, column]) ** 2))
            for cate in (grown[0][:, column], table[f"tau_{arm}"])
        )
        assert ours < ERROR_RATIO * theirs


def test_intervals_cover_no_less_than_grfs(table, truth, grown):
    for column, arm in enumerate(ARMS):
        ours, theirs = (
            np.mean(np.abs(cate - truth[:, column]) < Z * np.sqrt(variance))
            for cate, variance in (
                (grown[0][:, column], grown[1][:, column]),
                (table[f"tau_{arm}"], table[f"var_{arm}"]),
            )
        )
        assert ours >= theirs
