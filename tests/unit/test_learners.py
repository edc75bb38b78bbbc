"""Learners of the effect: what econml is asked, against the formulas by hand; folds, weights, gaps and blocks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hetflow.errors import Refused
from hetflow.forest.samples import sample_names
from hetflow.learners import bayesian
from hetflow.learners.effects import unit_effects
from hetflow.learners.methods import METHODS
from hetflow.learners.rows import BaseModel, Units, numbers
from hetflow.missingness.blockwise import submodels
from hetflow.nuisance.learners import fit_learner
from hetflow.seeds import integer_seed
from learner_worlds import draw
from needs import package

SAME = 1e-9
"""econml's steps are ours in another order of sums."""
N = 150
SEED = 3
CHEAP = tuple(name for name in METHODS if name != "bcf")


@pytest.fixture(scope="module")
def units() -> Units:
    """A weighted, clustered study with unequal propensities."""
    found = draw("A", N, 1, learner="linear").units
    rng = np.random.default_rng(2)
    return replace(found, weight=rng.uniform(0.5, 2, N), cluster=np.arange(N) // 3)


def predictor(
    units: Units, rows: np.ndarray, target: np.ndarray, base: str, weight: np.ndarray | None = None
):
    """A base learner by hand."""
    own = units.weight[rows] * (1.0 if weight is None else weight)
    return fit_learner(base, units.X[rows], target, own, units.cluster[rows], "regression", SEED)


@pytest.mark.parametrize("base", ["linear", "boosting"])
def test_the_x_learner_is_its_formula_with_the_given_propensity(units: Units, base: str) -> None:
    rows, new = np.arange(100), np.arange(100, N)
    arm, y = units.treated, units.outcome
    treated, control = rows[arm[rows] == 1], rows[arm[rows] == 0]
    mu1, mu0 = predictor(units, treated, y[treated], base), predictor(units, control, y[control], base)
    tau1 = predictor(units, treated, y[treated] - mu0(units.X[treated]), base)(units.X[new])
    tau0 = predictor(units, control, mu1(units.X[control]) - y[control], base)(units.X[new])
    e = units.propensity[new]
    found = METHODS["x"].fit(units, rows, base, SEED)(new)
    np.testing.assert_allclose(found, e * tau0 + (1 - e) * tau1, atol=SAME)
    by_arm = METHODS["t"].fit(units, rows, base, SEED)(new)
    np.testing.assert_allclose(by_arm, mu1(units.X[new]) - mu0(units.X[new]), atol=SAME)


def test_the_s_learner_changes_the_arm_and_its_products(units: Units) -> None:
    rows, new = np.arange(100), np.arange(100, N)

    def features(place: np.ndarray, arm: np.ndarray) -> np.ndarray:
        a = (arm - 0.5)[:, None]
        return np.hstack([units.X[place], a * units.X[place], a])

    model = fit_learner(
        "linear",
        features(rows, units.treated[rows]),
        units.outcome[rows],
        units.weight[rows],
        units.cluster[rows],
        "regression",
        SEED,
    )
    one, none = np.ones(len(new)), np.zeros(len(new))
    expected = model(features(new, one)) - model(features(new, none))
    np.testing.assert_allclose(METHODS["s"].fit(units, rows, "linear", SEED)(new), expected, atol=SAME)
    assert np.ptp(expected) > 0.1


@pytest.mark.parametrize("name", ["r", "linear"])
def test_the_r_learner_reads_the_given_residuals(units: Units, name: str) -> None:
    rows, new = np.arange(100), np.arange(100, N)
    treatment, outcome = units.treated - units.propensity, units.outcome - units.outcome_mean
    base = METHODS[name].base or "boosting"
    final = predictor(units, rows, (outcome / treatment)[rows], base, treatment[rows] ** 2)
    found = METHODS[name].fit(units, rows, base, SEED)(new)
    np.testing.assert_allclose(found, final(units.X[new]), atol=SAME)


def test_the_dr_learner_cross_fits_within_the_training_folds_and_keeps_the_propensity(units: Units) -> None:
    new = np.flatnonzero(units.fold == 5)
    rows = np.flatnonzero(units.fold < 5)
    arm, y, e = units.treated, units.outcome, units.propensity

    def mean(place: np.ndarray, value: np.ndarray, model) -> np.ndarray:
        a = (value - 0.5)[:, None]
        return model(np.hstack([units.X[place], a * units.X[place], a]))

    score = np.empty(N)
    for k in range(1, 5):
        train, out = rows[units.fold[rows] != k], rows[units.fold[rows] == k]
        a = (arm[train] - 0.5)[:, None]
        features = np.hstack([units.X[train], a * units.X[train], a])
        model = fit_learner(
            "linear", features, y[train], units.weight[train], units.cluster[train], "regression", SEED
        )
        mu1, mu0 = mean(out, np.ones(len(out)), model), mean(out, np.zeros(len(out)), model)
        score[out] = mu1 - mu0 + arm[out] * (y[out] - mu1) / e[out]
        score[out] -= (1 - arm[out]) * (y[out] - mu0) / (1 - e[out])
    expected = predictor(units, rows, score[rows], "linear")(units.X[new])
    np.testing.assert_allclose(METHODS["dr"].fit(units, rows, "linear", SEED)(new), expected, atol=SAME)


@pytest.mark.parametrize("name", CHEAP)
def test_no_effect_has_seen_its_fold_and_no_sequential_one_a_later_fold(units: Units, name: str) -> None:
    before = unit_effects(name, "linear", units, SEED)
    last = units.fold == 5
    moved = replace(units, outcome=np.where(last, units.outcome + 5 * units.treated, units.outcome))
    after = unit_effects(name, "linear", moved, SEED)
    np.testing.assert_array_equal(before.held_out[last], after.held_out[last])
    assert np.abs(before.held_out - after.held_out)[~last].max() > 0.01
    np.testing.assert_array_equal(before.sequential, after.sequential)
    assert np.isnan(before.sequential[units.fold == 1]).all()
    assert np.isfinite(before.sequential[units.fold > 1]).all()
    np.testing.assert_array_equal(before.sequential[last], before.held_out[last])


def test_effects_are_keyed_by_learner_and_sample(units: Units) -> None:
    seeds = {integer_seed(SEED, "learner", name, sample) for name in METHODS for sample in sample_names(5)}
    assert len(seeds) == len(METHODS) * len(sample_names(5))


def test_gaps_reach_the_base_learner_and_not_econml(units: Units) -> None:
    X = units.X.copy()
    X[::4, 0] = np.nan
    gaps = replace(units, X=X)
    for name in CHEAP:
        found = unit_effects(name, "boosting", gaps, SEED)
        assert np.isfinite(found.held_out).all(), name
    model = BaseModel(gaps, "linear", SEED).fit(numbers(np.arange(N)), units.outcome)
    assert np.isfinite(model.predict(numbers(np.arange(N)))).all()


def test_a_pattern_of_blocks_has_its_own_learner(units: Units) -> None:
    X = units.X.copy()
    X[::2, :2] = np.nan
    models = submodels(X, 50)
    assert len(models) == 2
    found = unit_effects("t", "linear", replace(units, X=X), SEED, models)
    lacking = np.isnan(X[:, 0])
    without = unit_effects("t", "linear", replace(units, X=X[:, 2:]), SEED)
    np.testing.assert_allclose(found.held_out[lacking], without.held_out[lacking], atol=SAME)
    assert np.isfinite(found.held_out).all()


def test_an_unknown_learner_and_a_missing_arm_are_refused(units: Units) -> None:
    with pytest.raises(Refused, match="one of linear, s, t, x, r, dr, bcf"):
        unit_effects("u", "linear", units, SEED)
    alone = replace(units, treated=np.where(units.fold == 1, units.treated, 0.0))
    with pytest.raises(Refused, match="both arms"):
        unit_effects("t", "linear", alone, SEED)


def test_bcf_without_stochtree_is_refused_by_name(units: Units, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bayesian, "stochtree_is_there", lambda: False)
    with pytest.raises(Refused, match="pip install stochtree"):
        unit_effects("bcf", "bcf", units, SEED)


def test_bcf_finds_a_linear_effect_and_reads_weights_and_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    package("stochtree")
    monkeypatch.setattr(bayesian, "DRAWS", 60)
    rng = np.random.default_rng(6)
    n = 400
    X = rng.normal(size=(n, 3))
    treated = rng.integers(0, 2, n).astype(float)
    effect = 1 + X[:, 0]
    outcome = X[:, 1] + treated * effect + 0.5 * rng.normal(size=n)
    X[::5, 2] = np.nan
    half = np.full(n, 0.5)
    study = Units(
        X, treated, outcome, X[:, 1] + effect / 2, half, rng.uniform(0.5, 2, n), None, np.ones(n, dtype=int)
    )
    rows, new = np.arange(300), np.arange(300, n)
    found = METHODS["bcf"].fit(study, rows, "bcf", 1)
    again = METHODS["bcf"].fit(study, rows, "bcf", 1)
    np.testing.assert_array_equal(found(new), again(new))
    assert np.corrcoef(found(new), effect[new])[0, 1] > 0.85
    assert abs(found(new).mean() - effect[new].mean()) < 0.3
    other = METHODS["bcf"].fit(replace(study, weight=np.ones(n)), rows, "bcf", 1)
    assert np.abs(other(new) - found(new)).max() > 0.01
