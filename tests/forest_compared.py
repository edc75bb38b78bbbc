"""Two engines on the same replicates, and intervals under clusters, for the statistical tests of the forest room."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from forest_world import LABEL
from hetflow.forest.effects import effects
from hetflow.forest.grow import grow_shard
from nie_wager import world

ENGINES = ("econml", "histogram")
Z = 1.96


class Compared(NamedTuple):
    """Root mean squared errors and coverages, shape (replicates, engines)."""

    errors: np.ndarray
    coverage: np.ndarray


def compared(setup: str, n: int, replicates: int, trees: int) -> Compared:
    """Both engines at the default settings on the same residuals, half-samples included."""
    errors, coverage = np.empty((replicates, 2)), np.empty((replicates, 2))
    for number in range(replicates):
        data, everyone = world(setup, n, 100 + number), np.ones(n, bool)
        for column, name in enumerate(ENGINES):
            sums = grow_shard(
                data.X,
                data.treatment,
                data.outcome,
                None,
                None,
                everyone,
                number,
                LABEL,
                0,
                trees // 4 - 1,
                {"engine": name},
            )
            cate, variance = effects(sums)
            errors[number, column] = np.sqrt(np.mean((cate - data.effect) ** 2))
            coverage[number, column] = np.mean(np.abs(cate - data.effect) < Z * np.sqrt(variance))
    return Compared(errors, coverage)


def clustered_coverage(
    replicates: int, seed: int, clusters: int = 80, size: int = 20, trees: int = 200
) -> tuple[np.ndarray, np.ndarray]:
    """Whether the interval at a fixed point covers its effect, with clusters drawn whole and with clusters ignored.

    The covariate belongs to the cluster and so does a deviation of the effect, with mean zero, that the covariate does
    not explain: units of a cluster are alike, and twice as many of them are not twice the information.
    """
    n = clusters * size
    cluster = np.repeat(np.arange(clusters), size)
    covered = np.empty((2, replicates), bool)
    for number in range(replicates):
        rng = np.random.default_rng([seed, number])
        X = np.column_stack([rng.uniform(size=clusters)[cluster], rng.uniform(size=n)])
        deviation = rng.normal(0, 1.0, clusters)[cluster]
        treatment = rng.integers(0, 2, n) - 0.5
        outcome = treatment * (X[:, 0] + deviation) + rng.normal(size=n)
        X, treatment, outcome = np.vstack([X, [0.5, 0.5]]), np.append(treatment, 0.0), np.append(outcome, 0.0)
        labels, sample = np.append(cluster, clusters), np.arange(n + 1) < n
        for row, given in enumerate((labels, None)):
            sums = grow_shard(
                X,
                treatment,
                outcome,
                None,
                given,
                sample,
                number,
                LABEL,
                0,
                trees // 4 - 1,
                {"engine": "histogram"},
            )
            cate, variance = effects(sums)
            covered[row, number] = abs(cate[n] - 0.5) < Z * np.sqrt(variance[n])
    return covered[0], covered[1]
