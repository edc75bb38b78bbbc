"""What the nuisances may not depend on: units of the outcome, row order, scale of the weights, threads."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hetflow.nuisance.folds import draw_folds
from hetflow.nuisance.nuisance import nuisance

# Targets and weights are rounded before a learner sees them, so that splits do not move; what remains is the
# rounding of mean + spread * prediction, and of the ridge system.
ROUNDING = 1e-8


def _data(n: int = 150) -> dict:
    rng = np.random.default_rng(11)
    X = rng.normal(size=(n, 5))
    X[:, 3] = X[:, 3] > 0
    treated = (rng.random(n) < 1 / (1 + np.exp(-X[:, 0]))).astype(np.int64)
    outcome = X[:, 0] + np.maximum(X[:, 1], 0) + treated + rng.normal(size=n)
    cluster = rng.integers(0, 40, n)
    fold = draw_folds(np.arange(n), treated, None, cluster, 3, 1)
    weight = rng.uniform(0.5, 2.0, n)
    return {
        "unit": np.arange(n),
        "X": X,
        "treated": treated,
        "outcome": outcome,
        "fold": fold,
        "weight": weight,
        "cluster": cluster,
    }


def _run(data: dict, learner: str = "stack") -> tuple[pd.DataFrame, dict]:
    settings = {"outcome": learner, "propensity": learner, "trim": None}
    return nuisance(**data, design={}, settings=settings, seed=1, key=("shared",))


@pytest.fixture(scope="module")
def base() -> tuple[pd.DataFrame, dict]:
    return _run(_data())


def _digest(frame: pd.DataFrame) -> str:
    return hashlib.sha256(frame.select_dtypes("number").to_numpy(dtype=np.float64).tobytes()).hexdigest()


@pytest.mark.parametrize(("scale", "shift"), [(3.7, -12.0), (0.01, 1000.0)])
def test_affine_outcome(base: tuple[pd.DataFrame, dict], scale: float, shift: float) -> None:
    data = _data()
    frame, facts = _run(data | {"outcome": shift + scale * data["outcome"]})
    spread = scale * data["outcome"].std()
    expected = shift + scale * base[0]["outcome_mean"]
    assert np.abs(frame["outcome_mean"] - expected).max() < ROUNDING * (spread + abs(shift))
    assert np.array_equal(frame["propensity"], base[0]["propensity"])
    assert facts["outcome"]["overall"]["r2"] == pytest.approx(
        base[1]["outcome"]["overall"]["r2"], abs=ROUNDING
    )


def test_row_order_changes_no_bit(base: tuple[pd.DataFrame, dict]) -> None:
    order = np.random.default_rng(2).permutation(150)
    frame, facts = _run({name: values[order] for name, values in _data().items()})
    assert frame.equals(base[0])
    assert facts == base[1]


def test_rescaled_weights(base: tuple[pd.DataFrame, dict]) -> None:
    data = _data()
    frame, facts = _run(data | {"weight": 123.4 * data["weight"]})
    for name in ("outcome_mean", "propensity"):
        assert np.abs(frame[name] - base[0][name]).max() < ROUNDING
    before, after = (f["overlap"]["effective_sample_size"] for f in (base[1], facts))
    assert [row["overlap"] for row in after] == pytest.approx(
        [row["overlap"] for row in before], rel=ROUNDING
    )


def test_an_unweighted_run_is_a_run_of_equal_weights() -> None:
    data = _data()
    none, _ = _run(data | {"weight": None}, "boosting")
    ones, _ = _run(data | {"weight": np.ones(150)}, "boosting")
    assert none.equals(ones)


def digests() -> str:
    """Of a small stack, and of ridge regressions large enough for BLAS to use several threads if it could."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(600, 90))
    treated = np.arange(600) % 2
    fold = draw_folds(np.arange(600), treated, None, None, 3, 1)
    ridge = {"outcome": "linear", "propensity": "mean", "trim": None}
    outcome = X @ rng.normal(size=90)
    large, _ = nuisance(np.arange(600), X, treated, outcome, fold, None, {}, ridge, 1, ("shared",))
    return _digest(_run(_data())[0]) + _digest(large)


def test_threads_change_no_bit() -> None:
    here = Path(__file__).resolve()
    script = (
        f"import importlib.util as u; s = u.spec_from_file_location('t', {str(here)!r});"
        "m = u.module_from_spec(s); s.loader.exec_module(m); print(m.digests())"
    )
    seen = set()
    for threads in ("1", "2"):
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        path = os.pathsep.join([str(here.parents[2] / "workflow"), str(here.parents[1])])
        environment = os.environ | dict.fromkeys(names, threads) | {"PYTHONPATH": path}
        run = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        seen.add(run.stdout.strip())
    assert len(seen) == 1
