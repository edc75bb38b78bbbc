"""The histogram engine beside R grf 2.6.1, from the same nuisances on the same 2,000 units."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hetflow.forest.effects import effects
from hetflow.forest.grow import grow_shard
from hetflow.forest.histogram_engine import HistogramEngine
from hetflow.forest.importance import split_frequencies, variable_importance
from hetflow.forest.settings import ForestSettings

DATA = Path(__file__).parent / "data" / "grf"
BAGS = 500
# Two implementations of one method with other random draws. The error is at most 1.02 times grf's: measured with
# 2,000 trees and six seeds 0.933 to 0.944 plain, 0.916 to 0.941 clustered, 0.985 to 0.988 with missing covariates.
# It is smaller for smaller leaves (with 5 units on either side of the mean treatment, as grf has them, and a Poisson
# number of covariates, 1.00 to 1.02 times). The intervals cover no less: 0.924 to 0.938, 0.933 to 0.942, 0.730 to
# 0.747. The seed is fixed: nothing here fails by chance.
ERROR_RATIO = 1.02
CORRELATION = 0.995
STANDARD_ERROR_RATIO = 1.15
COVERAGE = {"plain": 0.909, "clustered": 0.916, "missing": 0.705}
COLUMN = {"plain": "", "clustered": "_c", "missing": "_missing"}


@pytest.fixture(scope="module")
def table():
    return pd.read_csv(DATA / "causal_forest.csv.gz")


@pytest.fixture(scope="module", params=list(COLUMN))
def grown(request, table):
    kind = request.param
    nuisance = "_c" if kind == "clustered" else ""
    name = "xm" if kind == "missing" else "x"
    X = table[[f"{name}{i}" for i in range(1, 7)]].to_numpy()
    treatment = (table["w"] - table[f"w_hat{nuisance}"]).to_numpy()
    outcome = (table["y"] - table[f"y_hat{nuisance}"]).to_numpy()
    weight = table["weight"].to_numpy() if nuisance else None
    cluster = table["cluster"].to_numpy() if nuisance else None
    sample, label = np.ones(len(table), bool), ("deployment", 0, "all")
    sums = grow_shard(
        X, treatment, outcome, weight, cluster, sample, 1, label, 0, BAGS - 1, {"engine": "histogram"}
    )
    return kind, *effects(sums)


def test_effects_agree_with_grf(table, grown):
    kind, cate, variance = grown
    theirs = table[f"tau_hat{COLUMN[kind]}"], table[f"tau_var{COLUMN[kind]}"]
    assert np.corrcoef(cate, theirs[0])[0, 1] > CORRELATION
    ratio = np.sqrt(variance).mean() / np.sqrt(theirs[1]).mean()
    assert 1 / STANDARD_ERROR_RATIO < ratio < STANDARD_ERROR_RATIO


def test_effects_are_as_near_to_the_truth_as_grfs(table, grown):
    kind, cate, _ = grown
    error = np.sqrt(np.mean((cate - table["tau_true"]) ** 2))
    column = f"tau_hat{COLUMN[kind]}"
    reference = np.sqrt(np.mean((table[column] - table["tau_true"]) ** 2))
    given = json.loads((DATA / "estimates.json").read_text())["rmse"][list(COLUMN).index(kind)]
    assert reference == pytest.approx(given, rel=1e-12)
    assert error < ERROR_RATIO * reference


def test_intervals_cover_no_less_than_grfs(table, grown):
    kind, cate, variance = grown
    assert np.mean(np.abs(cate - table["tau_true"]) < 1.96 * np.sqrt(variance)) >= COVERAGE[kind]


def test_importance_is_grfs_formula_and_ranks_the_covariates_alike(table):
    # x1 to x3 as in grf; the other three are noise, and alike.
    expected = json.loads((DATA / "estimates.json").read_text())
    theirs = np.array(expected["importance"])
    np.testing.assert_allclose(variable_importance(np.array(expected["split_freq"])), theirs, rtol=1e-12)
    X = table[[f"x{i}" for i in range(1, 7)]].to_numpy()
    treatment, outcome = (table["w"] - table["w_hat"]).to_numpy(), (table["y"] - table["y_hat"]).to_numpy()
    engine, rng = HistogramEngine(), np.random.default_rng(0)
    covariates = engine.prepare(X, np.arange(len(X)), None)
    halves = [np.sort(rng.choice(len(X), len(X) // 2, replace=False)) for _ in range(100)]
    bags = (
        engine.grow(covariates, treatment, outcome, None, half, ForestSettings("histogram"), bag)
        for bag, half in enumerate(halves)
    )
    ours = variable_importance(split_frequencies(bags, 6))
    assert list(np.argsort(-ours)[:3]) == list(np.argsort(-theirs)[:3]) == [0, 1, 2]
    assert np.ptp(ours[3:]) < 0.1 * ours[2] + 0.02
