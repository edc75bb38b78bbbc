"""Trials with a known value of every policy: how often tests of rankings reject, and intervals of gains cover."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from hetflow.effects.policy.bins import make_bins
from hetflow.effects.policy.compared import areas, sequential_differences
from hetflow.effects.policy.learnt import learn, smallest_leaf
from hetflow.effects.policy.priorities import (
    FIXED,
    Priority,
    baseline_risk,
    out_of_bag_benefit,
    predicted_benefit,
    within_folds,
)
from hetflow.effects.policy.sampled import make_halves
from hetflow.effects.policy.tables import ranking_frame, sampled_frame
from hetflow.effects.policy.values import (
    QUANTITIES,
    Policy,
    above_cost,
    quantities,
    restricted,
    simple_policies,
    within_budget,
)
from hetflow.effects.scores import Scores, make_scores
from numpy.typing import NDArray
from score_world import nuisance_frame

FOLDS, P = 5, 5
#: Units on which a policy's true gain is taken; their own noise is below 0.003.
FRESH = 100_000


@dataclass(frozen=True)
class Trial:
    """A randomised trial and how its effects were predicted."""

    scores: Scores
    X: NDArray
    fold: NDArray
    slopes: dict[int, NDArray]  # of the effects that judge each fold but the first


def effect(X: NDArray, slope: float) -> NDArray:
    """``0.2 + slope (x1 + x2)``: some are harmed once the slope is large."""
    return 0.2 + slope * (X[:, 0] + X[:, 1])


def trial(rng: np.random.Generator, n: int, slope: float, prognosis: float = 1.0) -> Trial:
    """Outcome ``prognosis x1 + (W - 1/2) tau + N(0, 1)``; outcome mean and effect by least squares, out of fold.

    Out-of-bag effects are stood in for by leaving each unit out, sequential ones are learnt on the folds before.
    """
    X = rng.normal(size=(n, P))
    treated = rng.integers(0, 2, n)
    outcome = prognosis * X[:, 0] + (treated - 0.5) * effect(X, slope) + rng.normal(size=n)
    fold = rng.permutation(np.arange(n) % FOLDS) + 1
    Z = np.column_stack([np.ones(n), X])
    mean = np.empty(n)
    for k in range(1, FOLDS + 1):
        mean[fold == k] = Z[fold == k] @ np.linalg.lstsq(Z[fold != k], outcome[fold != k], rcond=None)[0]
    residual = outcome - mean
    transformed = 4 * (treated - 0.5) * residual
    hat = np.einsum("ij,ij->i", Z @ np.linalg.inv(Z.T @ Z), Z)
    everyone = Z @ np.linalg.lstsq(Z, transformed, rcond=None)[0]
    left_out = (everyone - hat * transformed) / (1 - hat)
    sequential, slopes = np.full(n, np.nan), {}
    for k in range(2, FOLDS + 1):
        slopes[k] = np.linalg.lstsq(Z[fold < k], transformed[fold < k], rcond=None)[0]
        sequential[fold == k] = Z[fold == k] @ slopes[k]
    nuisance = nuisance_frame(treated, residual, np.full(n, 0.5), fold).assign(outcome_mean=mean)
    scores = make_scores(nuisance, left_out, better="higher", sequential=sequential)
    return Trial(scores, X, fold, slopes)


def rankings(one: Trial, seed: int, draws: int = 200) -> pd.DataFrame:
    """The table of rankings, with two covariates as rules of the study."""
    scores = one.scores
    fixed = [
        baseline_risk([scores], "higher"),
        Priority("x1", "x1", FIXED, one.X[:, 0]),
        Priority("x2", "x2", FIXED, one.X[:, 1]),
    ]
    halves = make_halves(scores.weight, scores.cluster, draws, seed)
    found = areas(scores.score, [out_of_bag_benefit(scores), *fixed], halves)
    found += sequential_differences(scores, fixed, "higher", draws, seed)
    return ranking_frame([found], True, 0.95, 1)


def gains(
    one: Trial,
    slope: float,
    seed: int,
    depths: tuple[int, ...] = (1, 2),
    budget: float = 0.3,
    draws: int = 200,
) -> pd.DataFrame:
    """Gains of policies, with the truth: on fresh units, the fold's policies mixed as in the trial."""
    scores = one.scores
    later = np.flatnonzero(one.fold > 1)
    halves = make_halves(scores.weight[later], scores.cluster[later], draws, seed)
    effects = predicted_benefit(scores, "higher")
    ranked = within_folds(effects, scores.weight, one.fold)
    bins = make_bins(one.X, 64)
    learnt = [
        learn(
            bins, scores.score, scores.weight, one.fold, depth, lambda n: smallest_leaf("auto", n, 10), limit
        )
        for depth in depths
        for limit in (1.0, budget)
    ]
    policies = [
        *simple_policies(scores.n, budget),
        above_cost(effects, 0.0),
        *within_budget([ranked], budget),
    ]
    policies += [Policy(tree.name, tree.name, "sequential", treated=tree.treated) for tree in learnt]
    fresh = np.random.default_rng(seed + 1).normal(size=(FRESH, P))
    tau = effect(fresh, slope)
    truths = _truths(one, fresh, tau, budget) | {tree.name: _tree_truth(tree, fresh, tau) for tree in learnt}
    tables = []
    for policy in policies:
        frame = sampled_frame(
            [quantities(restricted(policy, later), scores.score[later], 0.0, halves)], policy.one_sided, 0.95
        )
        share, value = truths[policy.name]
        everybody = float(tau.mean())
        frame["truth"] = [share, value, value - everybody, value - share * everybody]
        tables.append(frame.assign(policy=policy.name, quantity=QUANTITIES))
    return pd.concat(tables, ignore_index=True)


def _truths(one: Trial, fresh: NDArray, tau: NDArray, budget: float) -> dict[str, tuple[float, float]]:
    Z = np.column_stack([np.ones(len(fresh)), fresh])
    predicted = [Z @ slopes for slopes in one.slopes.values()]
    above = [(p > 0).astype(float) for p in predicted]
    first = [(p > np.quantile(p, 1 - budget)).astype(float) for p in predicted]
    return {
        "none": (0.0, 0.0),
        "all": (1.0, float(tau.mean())),
        "random": (budget, budget * float(tau.mean())),
        "effect_above_cost": _mixed(above, tau),
        "effect_budget": (budget, _mixed(first, tau)[1]),
    }


def _tree_truth(tree, fresh: NDArray, tau: NDArray) -> tuple[float, float]:
    return _mixed([one.assign(fresh) for one in tree.earlier.values()], tau)


def _mixed(treated: list[NDArray], tau: NDArray) -> tuple[float, float]:
    return float(np.mean(treated)), float(np.mean([t @ tau / tau.size for t in treated]))


def covered(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether intervals hold the truth; a missing upper bound is none."""
    upper = frame["upper"].fillna(np.inf)
    slack = 1e-9
    return ((frame["lower"] - slack <= frame["truth"]) & (frame["truth"] <= upper + slack)).to_numpy()
