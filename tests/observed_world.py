"""Trials and cohorts with drop-out whose truth is known, and what the nuisance stage and the scores make of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from hetflow.effects.average import average_effect
from hetflow.effects.groups import group_differences, group_effects, sequential_groups
from hetflow.effects.projection import best_linear_projection
from hetflow.effects.scores import Scores, make_scores
from hetflow.forest.grow import grow_shard
from hetflow.forest.merge import effects_of_shards
from hetflow.forest.samples import ALL, sequential_sample, units_of
from hetflow.nuisance.folds import draw_folds
from hetflow.nuisance.nuisance import nuisance
from numpy.typing import NDArray
from scipy.special import expit

COVARIATES = 5
FOLDS = 5
Z = 1.959964
TARGETS = ("ATE", "ATT", "ATC", "ATO")
EFFECT, SLOPE = 1.0, 0.8
WEIGHTING: dict[str, Any] = {"strategy": "weighting", "learner": "linear", "auxiliary": [], "smallest": 0.02}


@dataclass(frozen=True)
class World:
    """One draw: covariates, arm, auxiliary recorded after treatment began, outcome (whole, and as observed)."""

    X: NDArray
    treated: NDArray
    auxiliary: NDArray
    whole: NDArray
    outcome: NDArray
    effect: float
    contrast: float
    slope: float = SLOPE
    propensity: float | None = 0.5
    weight: NDArray | None = None
    cluster: NDArray | None = None

    @property
    def observed(self) -> NDArray:
        return np.isfinite(self.outcome)


def _covariates(rng: np.random.Generator, n: int) -> NDArray:
    """Five standard normal covariates with correlations of 0.3."""
    return np.sqrt(0.7) * rng.normal(size=(n, COVARIATES)) + np.sqrt(0.3) * rng.normal(size=(n, 1))


def _contrast(slope: float) -> float:
    """Effect of the upper half by a standard normal covariate minus that of the lower half."""
    return 2 * slope * float(np.sqrt(2 / np.pi))


def _lose(outcome: NDArray, chance: NDArray, rng: np.random.Generator) -> NDArray:
    return np.where(rng.random(len(outcome)) < chance, outcome, np.nan)


def by_arm(rng: np.random.Generator, n: int = 2000, slope: float = SLOPE) -> World:
    """A trial whose drop-out depends on x1, the other way round in each arm; some 40 % have no outcome.

    The effect is 1 + slope x1.
    """
    X, arm = _covariates(rng, n), rng.permutation(np.arange(n) % 2)
    whole = X[:, 0] + 0.5 * X[:, 1] + arm * (EFFECT + slope * X[:, 0]) + rng.normal(size=n)
    chance = expit(0.5 + (2 * arm - 1) * 0.85 * X[:, 0])
    outcome = _lose(whole, chance, rng)
    return World(X, arm, np.zeros((n, 0)), whole, outcome, EFFECT, _contrast(slope), slope)


def by_auxiliary(rng: np.random.Generator, n: int = 2000, gaps: float = 0.0) -> World:
    """A trial whose drop-out depends on what was recorded after treatment began, with a share of gaps of its own.

    The auxiliary is raised by treatment and raises the outcome; who has a high value leaves the treated arm and stays
    in the other. Where it was not recorded, half stay.
    """
    X, arm = _covariates(rng, n), rng.permutation(np.arange(n) % 2)
    later = 0.5 * X[:, 0] + 0.5 * arm + rng.normal(size=n)
    whole = X[:, 0] + later + arm * (0.5 + SLOPE * X[:, 0]) + rng.normal(size=n)
    gap = rng.random(n) < gaps
    chance = np.where(gap, 0.5, expit(0.6 + (1 - 2 * arm) * 1.2 * (later - 0.5 * arm)))
    outcome = _lose(whole, chance, rng)
    auxiliary = np.where(gap, np.nan, later)[:, None]
    return World(X, arm, auxiliary, whole, outcome, EFFECT, _contrast(SLOPE))


def observational(rng: np.random.Generator, n: int = 2000) -> World:
    """A cohort treated by x1 and x2, with the drop-out of `by_arm`."""
    world = by_arm(rng, n)
    X = world.X
    arm = (rng.random(n) < expit(0.6 * X[:, 0] - 0.6 * X[:, 1])).astype(int)
    whole = X[:, 0] + 0.5 * X[:, 1] + arm * (EFFECT + SLOPE * X[:, 0]) + rng.normal(size=n)
    outcome = _lose(whole, expit(0.5 + (2 * arm - 1) * 0.85 * X[:, 0]), rng)
    return replace(world, treated=arm, whole=whole, outcome=outcome, propensity=None)


def clustered(rng: np.random.Generator, clusters: int = 150, size: int = 8) -> World:
    """A trial of villages randomised as a whole, which share a deviation of outcome and of drop-out, with weights.

    Weights grow with x2, on which the effect does not depend.
    """
    n = clusters * size
    cluster = np.repeat(np.arange(clusters), size)
    arm = rng.permutation(np.arange(clusters) % 2)[cluster]
    X = _covariates(rng, n)
    deviation = rng.normal(scale=0.5, size=(clusters, 2))[cluster]
    whole = X[:, 0] + deviation[:, 0] + arm * (EFFECT + SLOPE * X[:, 0]) + rng.normal(size=n)
    chance = expit(0.5 + deviation[:, 1] + (2 * arm - 1) * 0.85 * X[:, 0])
    weight = np.exp(0.5 * X[:, 1])
    effect = EFFECT + SLOPE * 0.3 * 0.5  # the mean of x1 in the weighted population is cov(x1, x2) times 0.5
    outcome = _lose(whole, chance, rng)
    lost = World(X, arm, np.zeros((n, 0)), whole, outcome, effect, _contrast(SLOPE))
    return replace(lost, weight=weight, cluster=cluster)


def nuisance_of(
    world: World, strategy: str = "weighting", auxiliary: bool = True, seed: int = 1, **section: Any
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The nuisance stage's table and facts, with the linear learner throughout."""
    n = len(world.treated)
    fold = draw_folds(np.arange(n), world.treated, None, world.cluster, FOLDS, seed)
    rows = np.ones(n, dtype=bool) if strategy == "weighting" else world.observed
    several = auxiliary and world.auxiliary.shape[1] > 0
    more = {
        "missing_outcome": WEIGHTING | {"auxiliary": ["later"] if several else []} | section,
        "auxiliary": world.auxiliary if several else None,
    }
    return nuisance(
        np.arange(n)[rows],
        world.X[rows],
        world.treated[rows],
        world.outcome[rows],
        fold[rows],
        None if world.weight is None else world.weight[rows],
        {"probability": world.propensity},
        {"outcome": "linear", "propensity": "design" if world.propensity else "linear", "trim": None},
        seed,
        ("shared",),
        cluster=None if world.cluster is None else world.cluster[rows],
        **(more if strategy == "weighting" else {}),
    )


def scores_of(
    world: World, strategy: str = "weighting", auxiliary: bool = True, seed: int = 1, **section: Any
) -> tuple[Scores, NDArray]:
    """Scores, and the covariates of the scored units.

    Effects are predicted by least squares of the transformed outcome on the covariates: leaving the unit out (as out
    of bag), leaving its fold out, and from the folds before it.
    """
    table, _ = nuisance_of(world, strategy, auxiliary, seed, **section)
    X = world.X[table["unit"]]
    return _scores(table, X, None if world.cluster is None else world.cluster[table["unit"]]), X


def forest_scores(world: World, seed: int, bags: int = 25, sequential_bags: int = 10) -> Scores:
    """Scores of a trial by weighting, with the effects of histogram forests: out of bag, and of the folds before."""
    table, _ = nuisance_of(world, seed=seed)
    fold = table["fold"].to_numpy()

    def grown(sample: str, last: int) -> NDArray:
        sums = grow_shard(
            world.X,
            table["treatment_residual"],
            table["outcome_residual"],
            None,
            None,
            units_of(sample, fold),
            seed,
            ("deployment", 0, sample),
            0,
            last - 1,
            {"engine": "histogram"},
        )
        return effects_of_shards([sums.to_frame()])["cate"].to_numpy()

    sequential = np.full(len(fold), np.nan)
    for k in range(2, FOLDS + 1):
        sequential[fold == k] = grown(str(sequential_sample(k, FOLDS)), sequential_bags)[fold == k]
    return make_scores(table, grown(ALL, bags), better="higher", sequential=sequential)


def _scores(table: pd.DataFrame, X: NDArray, cluster: NDArray | None) -> Scores:
    e, a, y = (table[name].to_numpy() for name in ("propensity", "treatment_residual", "outcome_residual"))
    root = np.sqrt(table["weight"].to_numpy() * e * (1 - e))
    transformed = a / (e * (1 - e)) * y
    fold = table["fold"].to_numpy()
    Z = np.column_stack([np.ones(len(X)), X])

    def fit(rows: NDArray) -> NDArray:
        return np.linalg.lstsq(Z[rows] * root[rows, None], transformed[rows] * root[rows], rcond=None)[0]

    scaled = Z * root[:, None]
    hat = np.einsum("ij,jk,ik->i", scaled, np.linalg.inv(scaled.T @ scaled), scaled)
    everyone = Z @ fit(np.ones(len(X), dtype=bool))
    left_out = (everyone - hat * transformed) / (1 - hat)
    held_out, sequential = np.empty(len(X)), np.full(len(X), np.nan)
    for k in np.unique(fold):
        rows = fold == k
        held_out[rows] = Z[rows] @ fit(~rows)
        if k > 1:
            sequential[rows] = Z[rows] @ fit(fold < k)
    return make_scores(
        table, left_out, better="higher", held_out=held_out, sequential=sequential, cluster=cluster
    )


@dataclass(frozen=True)
class Found:
    """Estimates minus the truth, and their standard errors, by estimand: shape (replicates,) each."""

    error: dict[str, NDArray]
    se: dict[str, NDArray]

    def bias(self, name: str) -> float:
        return float(self.error[name].mean())

    def standard_errors(self, name: str) -> float:
        """Mean error in Monte Carlo standard errors."""
        values = self.error[name]
        return float(values.mean() / (values.std(ddof=1) / np.sqrt(len(values))))

    def covered(self, name: str) -> int:
        return int((np.abs(self.error[name]) < Z * self.se[name]).sum())

    def text(self, name: str) -> str:
        values = self.error[name]
        return (
            f"bias {values.mean():+.3f} ({values.std(ddof=1) / np.sqrt(len(values)):.3f}) "
            f"coverage {self.covered(name) / len(values):.3f} sd {values.std(ddof=1):.3f} se {self.se[name].mean():.3f}"
        )


def unadjusted(world: World) -> tuple[float, float]:
    """Difference of the means of those observed, and its standard error."""
    arms = [world.outcome[world.observed & (world.treated == arm)] for arm in (0, 1)]
    return float(arms[1].mean() - arms[0].mean()), float(np.sqrt(sum(y.var(ddof=1) / len(y) for y in arms)))


def read(world: World, scores: Scores, X: NDArray) -> dict[str, tuple[float, float]]:
    """Error and standard error of averages, of contrasts between groups, and of the slope on x1.

    `contrast` is that of the halves by x1; `groups` that of the extreme thirds by the effect that the folds before
    predict, whose truth is the mean effect of those who are in them.
    """
    found = {}
    for target in TARGETS if world.propensity else TARGETS[:1]:  # in a cohort the others are other effects
        terms = average_effect(scores, target)
        found[target] = (float(terms.estimate[0]) - world.effect, float(np.sqrt(terms.covariance[0, 0])))
    codes = (X[:, 0] > 0).astype(np.int64)
    groups = group_effects(scores, codes, ["lower", "upper"], "rule_groups", "x1")
    contrast = group_differences(groups, [(1, 0)], tested=True)
    found["contrast"] = (
        float(contrast.estimate[0]) - world.contrast,
        float(np.sqrt(contrast.covariance[0, 0])),
    )
    found["groups"] = _sequential(scores, EFFECT + world.slope * X[:, 0])
    slope = best_linear_projection(scores, X[:, :1], ["x1"])
    found["slope"] = (float(slope.estimate[1]) - world.slope, float(np.sqrt(slope.covariance[1, 1])))
    return found


def _sequential(scores: Scores, effect: NDArray) -> tuple[float, float]:
    """Greatest minus least predicted benefit in thirds, against the true effects of the same groups."""
    found = sequential_groups(scores, 3, "higher")[1]
    truth = sequential_groups(replace(scores, score=effect), 3, "higher")[1]
    return float(found.estimate[0] - truth.estimate[0]), float(np.sqrt(found.covariance[0, 0]))


def gathered(rows: list[dict[str, tuple[float, float]]]) -> Found:
    """Replicates put together."""
    names = rows[0]
    return Found(
        {name: np.array([row[name][0] for row in rows]) for name in names},
        {name: np.array([row[name][1] for row in rows]) for name in names},
    )
