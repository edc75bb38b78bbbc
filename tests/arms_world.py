"""Simulated trials of several arms with known effects, for the tests of the forest room."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from forest_world import LABEL
from hetflow.forest.arms import arm_effects
from hetflow.forest.grow import grow_shard

Z = 1.96


class ArmsTrial(NamedTuple):
    """Covariates, residuals of treatment (n, d) and outcome, and true effects (n, d) of n units."""

    X: np.ndarray
    treatment: np.ndarray
    outcome: np.ndarray
    effect: np.ndarray


def arms_trial(n: int, arms: int = 3, p: int = 4, seed: int = 0, noise: float = 1.0) -> ArmsTrial:
    """Arms of known, unequal probabilities, the k-th with effect k (x_k - 1/2) + 1/k, and true nuisances."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(size=(n, p))
    share = np.append(1.5, np.ones(arms - 1)) / (arms + 0.5)
    arm, numbers = rng.choice(arms, n, p=share), np.arange(1, arms)
    treatment = (arm[:, None] == numbers) - share[1:]
    effect = numbers * (X[:, : arms - 1] - 0.5) + 1 / numbers
    outcome = (treatment * effect).sum(axis=1) + rng.normal(0, noise, n)
    return ArmsTrial(X, treatment, outcome, effect)


def interval_coverage(
    replicates: int, n: int, trees: int, arms: int = 3, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Whether intervals at a fixed point outside the sample cover, and its errors, both of shape (replicates, arms):
    for each contrast with the reference arm, then for that between the last two arms.
    """
    covered, error = np.empty((replicates, arms), bool), np.empty((replicates, arms))
    between = np.vstack([np.eye(arms - 1), np.eye(arms - 1)[-1] - np.eye(arms - 1)[-2]])
    for number in range(replicates):
        data = arms_trial(n, arms, seed=seed + number)
        X = np.vstack([data.X, np.full((1, data.X.shape[1]), 0.5)])
        sums = grow_shard(
            X,
            np.vstack([data.treatment, np.zeros((1, arms - 1))]),
            np.append(data.outcome, 0.0),
            None,
            None,
            np.arange(n + 1) < n,
            number,
            LABEL,
            0,
            trees // 4 - 1,
            {"engine": "histogram"},
        )
        cate, variance = arm_effects(sums, between)
        error[number] = cate[n] - between @ (1 / np.arange(1, arms))
        covered[number] = np.abs(error[number]) < Z * np.sqrt(variance[n])
    return covered, error
