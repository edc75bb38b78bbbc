"""Setups A to D of Nie and Wager (2021) with their baselines, a null, and learners' errors in them.

Boosted nuisances are cross-fitted; the propensity is estimated as in the paper, in every setup.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import nie_wager
import numpy as np
from hetflow.effects.compared_learners import compare
from hetflow.effects.learners import CONSTANT, FOREST, STACK
from hetflow.effects.scores import Scores, make_scores
from hetflow.effects.stacked import Candidate, constant_effect, stack
from hetflow.forest.effects import effects
from hetflow.forest.grow import grow_shard
from hetflow.forest.samples import held_out_sample, sequential_sample, units_of
from hetflow.learners.effects import unit_effects
from hetflow.learners.methods import METHODS
from hetflow.learners.rows import Units
from hetflow.nuisance.crossfit import cross_fit
from hetflow.nuisance.folds import draw_folds
from score_world import nuisance_frame

FOLDS = 5
COVARIATES = 6
TREES = 200
CLIP = 0.01
BOOSTED = ("s", "t", "x", "r")
PUBLISHED = {
    "A": {"s": 0.12, "t": 0.20, "x": 0.08, "r": 0.06},
    "B": {"s": 0.33, "t": 0.48, "x": 0.27, "r": 0.33},
    "C": {"s": 0.46, "t": 0.97, "x": 0.23, "r": 0.15},
    "D": {"s": 0.55, "t": 0.53, "x": 0.57, "r": 0.66},
}
"""Mean squared errors at n = 500, d = 6, sigma = 1, boosting, as printed in the paper's tables."""


@dataclass(frozen=True)
class Draw:
    """Units, the first `n` of which are learnt from, and true effects."""

    units: Units
    effect: np.ndarray
    n: int


def baseline(setup: str, X: np.ndarray) -> np.ndarray:
    """b(x), the mean of both arms' means."""
    x = X.T
    if setup == "A":
        return np.sin(np.pi * x[0] * x[1]) + 2 * (x[2] - 0.5) ** 2 + x[3] + 0.5 * x[4]
    if setup == "B":
        return np.maximum.reduce([x[0] + x[1], x[2], np.zeros(len(X))]) + np.maximum(x[3] + x[4], 0)
    if setup == "C":
        return 2 * np.log1p(np.exp(x[0] + x[1] + x[2]))
    if setup == "D":
        return 0.5 * (np.maximum(x[0] + x[1] + x[2], 0) + np.maximum(x[3] + x[4], 0))
    return np.maximum(x[2], 0)


def draw(setup: str, n: int, seed: int, test: int = 0, learner: str = "boosting") -> Draw:
    """A study of n units with cross-fitted nuisances, and test units behind them."""
    rng = np.random.default_rng([seed, nie_wager.SETUPS.index(setup)])
    shape = (n + test, COVARIATES)
    X = rng.uniform(size=shape) if setup == "A" else rng.normal(size=shape)
    propensity, effect = nie_wager._propensity(setup, X), nie_wager._effect(setup, X)
    treated = (rng.uniform(size=n + test) < propensity).astype(float)
    outcome = baseline(setup, X) + (treated - 0.5) * effect + rng.normal(size=n + test)
    fold = draw_folds(np.arange(n), treated[:n], None, None, FOLDS, seed)
    m, e = np.zeros(n + test), np.full(n + test, 0.5)
    m[:n] = cross_fit(X[:n], outcome[:n], fold, learner, None, seed, ("outcome",), "regression").prediction
    if setup not in ("null",):
        fitted = cross_fit(X[:n], treated[:n], fold, learner, None, seed, ("propensity",), "classification")
        e[:n] = np.clip(fitted.prediction, CLIP, 1 - CLIP)
        # Of test units, which the X-learner weighs its two effects by: a model of all units.
        if test:
            e[n:] = np.clip(_new(X, treated, n, learner, seed), CLIP, 1 - CLIP)
    units = Units(X, treated, outcome, m, e, np.ones(n + test), None, np.r_[fold, np.ones(test, dtype=int)])
    return Draw(units, effect, n)


def _new(X: np.ndarray, treated: np.ndarray, n: int, learner: str, seed: int) -> np.ndarray:
    from hetflow.nuisance.learners import fit_learner

    return fit_learner(learner, X[:n], treated[:n], np.ones(n), None, "classification", seed)(X[n:])


def errors_at_new_units(
    setup: str, n: int, seed: int, names: tuple[str, ...] = BOOSTED, test: int = 1000
) -> dict[str, float]:
    """Mean squared error of each learner's effect at new units, learnt from n."""
    study = draw(setup, n, seed, test)
    rows, new = np.arange(n), np.arange(n, n + test)
    return {
        name: float(
            np.mean(
                (
                    METHODS[name].fit(study.units, rows, METHODS[name].base or "boosting", seed)(new)
                    - study.effect[new]
                )
                ** 2
            )
        )
        for name in names
    }


def forest_effects(units: Units, seed: int) -> Candidate:
    """Held-out and sequential effects of the histogram forest."""
    n, folds = len(units.treated), int(units.fold.max())
    found = Candidate(np.full(n, np.nan), np.full(n, np.nan))
    common: dict[str, Any] = {
        "treatment_residual": units.treated - units.propensity,
        "outcome_residual": units.outcome - units.outcome_mean,
        "weight": units.weight,
        "cluster": units.cluster,
        "unit": np.arange(n, dtype=np.int64),
        "nominal": np.zeros(units.X.shape[1], dtype=bool),
        "seed": seed,
        "first_bag": 0,
        "last_bag": TREES // 4 - 1,
        "settings": {"engine": "histogram", "bag_trees": 4},
    }
    names = {held_out_sample(k) for k in range(1, folds + 1)}
    names |= {sequential_sample(k, folds) or "" for k in range(1, folds + 1)} - {""}
    for sample in sorted(names):
        inside = units_of(sample, units.fold)
        values = effects(
            grow_shard(units.X, in_sample=inside, label=("all", 0, sample), **common), intervals=False
        )[0]
        for k in range(1, folds + 1):
            own = units.fold == k
            if sample == held_out_sample(k):
                found.held_out[own] = values[own]
            if sample == sequential_sample(k, folds):
                found.sequential[own] = values[own]
    return found


def score_set(units: Units, forest: Candidate, better: str = "higher") -> Scores:
    """Scores with the forest's effects, out of fold also in place of the out-of-bag ones."""
    frame = nuisance_frame(
        units.treated.astype(np.int8), units.outcome - units.outcome_mean, units.propensity, units.fold
    ).assign(outcome_mean=units.outcome_mean, weight=units.weight)
    return make_scores(
        frame,
        forest.held_out,
        better=better,
        held_out=forest.held_out,
        sequential=forest.sequential,
        cluster=units.cluster,
    )


SETTINGS = {
    "better": "higher",
    "groups": 4,
    "ranking_draws": 50,
    "confidence": 0.95,
    "randomised": True,
    "stack": True,
}


def compared(setup: str, n: int, seed: int, names: tuple[str, ...]) -> dict[str, Any]:
    """True errors of all candidates, and what the comparison says of them."""
    study = draw(setup, n, seed)
    forest = forest_effects(study.units, seed)
    scores = score_set(study.units, forest)
    learners = {
        name: Candidate(found.held_out, found.sequential)
        for name in names
        for found in [unit_effects(name, "boosting", study.units, seed)]
    }
    candidates = {CONSTANT: constant_effect(scores), FOREST: forest, **learners}
    stacked, weights = stack(scores, candidates)
    every = candidates | {STACK: stacked}
    return {
        "mse": {k: float(np.mean((v.held_out - study.effect) ** 2)) for k, v in every.items()},
        "later": {
            k: float(np.mean((v.sequential - study.effect)[scores.fold > 1] ** 2)) for k, v in every.items()
        },
        "weights": weights.groupby("learner")["weight"].mean().to_dict(),
        "comparison": compare([scores], learners, SETTINGS, seed).comparison,
    }
