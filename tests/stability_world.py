"""Studies whose variance components are known, and forests of other seeds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from hetflow.effects.components import between, jackknife_variance
from hetflow.effects.enough import advice
from hetflow.effects.estimates import settle_plan
from hetflow.effects.refits import GROUPS, bag_groups, headline_variants, refit_effects
from hetflow.effects.scores import Scores, make_scores
from hetflow.effects.stability import MONTE_CARLO, SEED, Sizes
from hetflow.forest.grow import grow_shard
from hetflow.forest.sums import Sums
from score_world import nuisance_frame

UNITS, TREES = 200, 80
KEY = ("AUTOC", "all", "out of bag")
SETTINGS = {
    "average": ["ATE"],
    "groups": 2,
    "rules": {},
    "projection": [],
    "ranking_draws": 50,
    "confidence": 0.95,
    "better": "higher",
    "randomised": True,
}


def nested(
    replicates: int, runs: int, groups: int, component: float, noise: float
) -> Iterator[tuple[float, float]]:
    """Mean squares between runs and of the noise within: run means with `component` and `noise`, noise from groups."""
    rng = np.random.default_rng([replicates, runs, groups])
    for _ in range(replicates):
        run = rng.normal(scale=np.sqrt(component), size=runs)
        parts = run[:, None] + rng.normal(scale=np.sqrt(noise * groups), size=(runs, groups))
        means = parts.mean(axis=1)
        own = [
            jackknife_variance(mean, (row.sum() - row) / (groups - 1), np.ones(groups))
            for mean, row in zip(means, parts, strict=True)
        ]
        yield between(means), float(np.mean(own))


def _trial() -> tuple[Scores, np.ndarray]:
    rng = np.random.default_rng(11)
    X = rng.normal(size=(UNITS, 4))
    treated = rng.integers(0, 2, UNITS)
    residual = (treated - 0.5) * (1 + 0.8 * X[:, 0]) + rng.normal(size=UNITS)
    fold = np.arange(UNITS) % 3 + 1
    nuisance = nuisance_frame(treated, residual, np.full(UNITS, 0.5), fold)
    return make_scores(nuisance, np.zeros(UNITS), better="higher"), X


def autoc(seed: int, trees: int) -> np.ndarray:
    """AUTOC of a forest of so many trees, and without each group of bags, shape (1 + GROUPS,)."""
    scores, X = _trial()
    settings = {"engine": "histogram", "bag_trees": 4, "min_leaf": 5}

    def grow(sample: str, imputation: int, first: int, last: int) -> Sums:
        inside = np.ones(UNITS, dtype=bool)
        label = ("deployment", imputation, sample)
        t, y = scores.treatment_residual, scores.outcome_residual
        return grow_shard(X, t, y, None, None, inside, seed, label, first, last, settings)

    bags = {"all": trees // 4, "sequential": 0}
    cate, before = refit_effects(grow, scores.unit, scores.fold, bags, 1)
    plan = settle_plan([scores], [], [], SETTINGS, 1, None, [])
    return headline_variants([scores], cate, before, [], plan)[KEY]


def seed_variances(seeds: int, trees: int) -> tuple[float, float]:
    """Variance of AUTOC between seeds, and the mean of their jackknife variances."""
    values = [autoc(seed, trees) for seed in range(seeds)]
    sizes = np.array([last - first + 1.0 for first, last in bag_groups(trees // 4)])
    within = [jackknife_variance(own[0], own[1:], sizes) for own in values]
    return between(np.array([own[0] for own in values])), float(np.mean(within))


def advised(seeds: int) -> tuple[float, float, int]:
    """Error of AUTOC over seeds with the trees that are advised, the permitted error, and these trees."""
    sizes = Sizes(TREES, 40, 1, TREES, 40, 1, 4)
    own = [autoc(seed, TREES) for seed in range(1000, 1006)]
    noise = np.mean([jackknife_variance(v[0], v[1:], sizes.groups("AUTOC")) for v in own])
    permitted = 0.5 * np.sqrt(noise)
    rows = [{"source": source, "variance": noise, "share": noise} for source in (SEED, MONTE_CARLO)]
    table = pd.DataFrame(rows).assign(estimand=KEY[0], group=KEY[1], term=KEY[2], se=1.0)
    trees = advice(table, sizes, permitted)["trees"]
    found = np.std([autoc(seed, trees)[0] for seed in range(seeds)], ddof=1)
    return float(found), float(permitted), trees


assert GROUPS <= TREES // 4
