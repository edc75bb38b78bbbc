"""Learners, cross-fitting and its performance measures."""

from __future__ import annotations

import numpy as np
import pytest
from hetflow.errors import Refused
from hetflow.nuisance.crossfit import cross_fit
from hetflow.nuisance.folds import draw_folds
from hetflow.nuisance.learners import LEARNERS, fill_missing, find_learner, fit_learner
from hetflow.nuisance.performance import performance
from sklearn.metrics import log_loss, r2_score, roc_auc_score

EXACT = 1e-12  # the same sums in another order
BASE = ("mean", "linear", "boosting", "forest")


def _data(n: int = 160, p: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(6)
    X = rng.normal(size=(n, p))
    y = 2 * X[:, 0] + np.maximum(X[:, 1], 0) + rng.normal(size=n)
    treated = rng.integers(0, 2, n)
    return X, y, treated, draw_folds(np.arange(n), treated, None, None, 4, 1)


@pytest.mark.parametrize("name", BASE)
@pytest.mark.parametrize("kind", ["regression", "classification"])
def test_every_learner_takes_missing_values_weights_and_both_kinds(name: str, kind: str) -> None:
    X, y, _, _ = _data()
    X = np.where(np.random.default_rng(0).random(X.shape) < 0.2, np.nan, X)
    target = y if kind == "regression" else (y > 0).astype(float)
    weight = np.random.default_rng(1).uniform(0, 2, len(y))
    prediction = fit_learner(name, X, target, weight, None, kind, 3)(X)
    assert prediction.shape == y.shape
    assert np.isfinite(prediction).all()
    if kind == "classification":
        assert prediction.min() >= 0
        assert prediction.max() <= 1
    if name != "mean":
        assert np.corrcoef(prediction, target)[0, 1] > 0.5


@pytest.mark.parametrize("name", BASE)
def test_rows_of_weight_zero_are_not_learnt_from(name: str) -> None:
    X, y, _, _ = _data()
    weight = np.ones(len(y))
    weight[:40] = 0
    wild = np.where(weight == 0, 1e6, y)
    without = fit_learner(name, X[40:], y[40:], weight[40:], None, "regression", 3)(X)
    assert np.array_equal(fit_learner(name, X, wild, weight, None, "regression", 3)(X), without)


@pytest.mark.parametrize("name", BASE)
def test_weights_move_the_fit_to_the_heavy_rows(name: str) -> None:
    X, _, _, _ = _data()
    y = np.where(np.arange(len(X)) < 80, 0.0, 10.0)
    weight = np.where(y == 0, 1.0, 99.0)
    noise = np.random.default_rng(0).normal(size=X.shape)
    assert fit_learner(name, noise, y, weight, None, "regression", 3)(noise).mean() > 8


@pytest.mark.parametrize("name", BASE)
def test_a_constant_target_and_no_covariates_give_the_mean(name: str) -> None:
    X, y, _, _ = _data()
    assert (fit_learner(name, X, np.ones(len(y)), np.ones(len(y)), None, "classification", 1)(X) == 1.0).all()
    empty = fit_learner(name, X[:, :0], y, np.ones(len(y)), None, "regression", 1)(X[:, :0])
    assert empty == pytest.approx(np.full(len(y), y.mean()), abs=EXACT)


def test_fill_missing_learns_from_training_rows_only() -> None:
    train = np.array([[1.0, np.nan, 1.0], [3.0, np.nan, 2.0], [np.nan, np.nan, 9.0]])
    fill = fill_missing(train)
    new = np.array([[np.nan, 5.0, np.nan]])
    assert fill(new).tolist() == [[2.0, 5.0, 2.0, 1.0, 0.0]]
    assert fill(train).shape == (3, 5)


def test_unknown_learners_are_refused_with_what_there_is() -> None:
    with pytest.raises(Refused, match=r"(?s)boosting, forest, linear, mean, stack.*lasso"):
        find_learner("lasso", "regression")
    with pytest.raises(ValueError, match="crossfit"):
        fit_learner("stack", np.ones((2, 1)), np.arange(2.0), np.ones(2), None, "regression", 1)


@pytest.mark.parametrize("name", sorted(LEARNERS))
@pytest.mark.parametrize("kind", ["regression", "classification"])
def test_no_prediction_sees_its_own_fold(name: str, kind: str) -> None:
    """Changing a fold's targets and weights leaves that fold's predictions as they were, to the bit."""
    X, y, _, fold = _data()
    target = y if kind == "regression" else (y > 0).astype(float)
    own = fold == 2
    changed = np.where(own, 50 - target if kind == "regression" else 1 - target, target)
    first = cross_fit(X, target, fold, name, None, 1, ("t",), kind)
    second = cross_fit(X, changed, fold, name, np.where(own, 7.0, 1.0), 1, ("t",), kind)
    assert np.array_equal(first.prediction[own], second.prediction[own])
    assert not np.array_equal(first.prediction[~own], second.prediction[~own])


def test_a_stack_reports_members_weights_and_lies_between_its_members() -> None:
    X, y, _, fold = _data()
    result = cross_fit(X, y, fold, "stack", None, 1, ("t",), "regression")
    report = result.performance
    assert set(report["members"]) == set(BASE)
    for name in BASE:
        alone = cross_fit(X, y, fold, name, None, 1, ("t",), "regression")
        assert report["members"][name]["overall"] == alone.performance["overall"]
    for row in report["stack_weights"]:
        assert sum(row[name] for name in BASE) == pytest.approx(1.0, abs=EXACT)
    assert report["overall"]["r2"] > max(report["members"][name]["overall"]["r2"] for name in BASE) - 0.05
    assert [row["fold"] for row in report["folds"]] == [1, 2, 3, 4]


def test_seed_and_key_change_a_random_learner() -> None:
    X, y, _, fold = _data()
    base = cross_fit(X, y, fold, "forest", None, 1, ("t",), "regression").prediction
    assert not np.array_equal(base, cross_fit(X, y, fold, "forest", None, 2, ("t",), "regression").prediction)
    assert not np.array_equal(base, cross_fit(X, y, fold, "forest", None, 1, ("u",), "regression").prediction)


def test_performance_equals_scikit_learn() -> None:
    rng = np.random.default_rng(8)
    p, w, fold = rng.uniform(0.05, 0.95, 300), rng.uniform(0.5, 2, 300), rng.integers(1, 4, 300)
    t = (rng.random(300) < p).astype(float)
    got = performance(p, t, w, fold, "classification")
    assert got["overall"]["log_loss"] == pytest.approx(log_loss(t, p, sample_weight=w), abs=EXACT)
    assert got["overall"]["auc"] == pytest.approx(roc_auc_score(t, p, sample_weight=w), abs=EXACT)
    assert got["overall"]["r2"] == pytest.approx(r2_score(t, p, sample_weight=w), abs=EXACT)
    assert got["overall"]["calibration_slope"] == pytest.approx(1.0, abs=0.5)  # 3 standard errors
    y = 3 + 2 * p + rng.normal(size=300)
    got = performance(3 + p, y, w, fold, "regression")
    assert got["overall"]["r2"] == pytest.approx(r2_score(y, 3 + p, sample_weight=w), abs=EXACT)
    slope = np.polyfit(3 + p, y, 1, w=np.sqrt(w))[0]
    assert got["overall"]["calibration_slope"] == pytest.approx(slope, abs=1e-10)
    own = fold == 2
    assert got["folds"][1]["r2"] == pytest.approx(
        r2_score(y[own], 3 + p[own], sample_weight=w[own]), abs=EXACT
    )


def test_measures_that_do_not_exist_are_none() -> None:
    ones = np.ones(6)
    got = performance(ones * 0.5, ones, ones, ones.astype(int), "classification")["overall"]
    assert (got["r2"], got["auc"], got["calibration_slope"]) == (None, None, None)
    assert (
        performance(ones * 0.5, np.arange(6.0), ones, ones.astype(int), "regression")["overall"][
            "calibration_slope"
        ]
        is None
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": np.full(40, np.nan)}, "finite target"),
        ({"X": np.full((40, 2), np.inf)}, "finite covariates"),
        ({"kind": "classification"}, "target of 0 and 1"),
        ({"weight": np.full(40, -1.0)}, "weights that are finite and not negative"),
        ({"weight": np.where(np.arange(40) % 2 == 0, 1.0, 0.0)}, "none outside fold 1"),
        ({"learner": "stack"}, "at least 3 folds"),
        ({"fold": np.ones(40, int)}, "at least 2 folds"),
    ],
)
def test_nonsense_is_refused_by_name(change: dict, message: str) -> None:
    good = {
        "X": np.ones((40, 2)),
        "target": np.arange(40.0),
        "fold": np.arange(40) % 2 + 1,
        "learner": "linear",
    }
    given = good | {"weight": None, "seed": 1, "key": ("outcome", "shared"), "kind": "regression"} | change
    with pytest.raises(Refused, match=f"(?s)outcome/shared.*{message}"):
        cross_fit(**given)
