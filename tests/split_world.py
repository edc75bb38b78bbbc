"""Trials for tests of repeated sample splits: everything about them is known."""

from __future__ import annotations

from typing import Any

import numpy as np
from hetflow.effects.one_split import Trial
from numpy.typing import NDArray


def trial(
    X: NDArray[np.float64],
    treated: NDArray[Any],
    outcome: NDArray[Any],
    propensity: NDArray[np.float64] | float = 0.5,
    **more: Any,
) -> Trial:
    """A trial of units 0, 1, ..., described by its own covariates."""
    n = len(outcome)
    known: dict[str, Any] = {
        "unit": np.arange(n),
        "X": X,
        "treated": treated.astype(np.int64),
        "outcome": outcome.astype(np.float64),
        "propensity": np.full(n, propensity) if np.isscalar(propensity) else propensity,
        "weight": np.ones(n),
        "cluster": None,
        "stratum": None,
        "binary": False,
        "values": X,
        "names": [f"x{j + 1}" for j in range(X.shape[1])],
        "sign": 1.0,
    }
    return Trial(**known | more)


def published(rng: np.random.Generator, n: int = 1000) -> Trial:
    """A draw of the example of the R package GenericML (its README): effect 2 z1 + sign(z2 - 1/2), no noise.

    The published numbers are of one draw by R's generator, which no other can repeat. The coefficients of the outcome
    without treatment are exponential draws.
    """
    Z = rng.uniform(size=(n, 3))
    effect = 2 * Z[:, 0] + np.where(Z[:, 1] >= 0.5, 1.0, -1.0)
    treated = rng.integers(0, 2, n)
    return trial(Z, treated, Z @ rng.exponential(size=3) + treated * effect)


def noisy(
    rng: np.random.Generator, n: int, slope: float, covariates: int = 5, propensity: float = 0.5
) -> Trial:
    """Outcome ``x1 + x2^2 / 2 + W (1 + slope x1)`` and noise of unit variance; no heterogeneity where slope is 0."""
    X = rng.normal(size=(n, covariates))
    treated = rng.random(n) < propensity
    mean = X[:, 0] + X[:, 1] ** 2 / 2
    return trial(X, treated, mean + treated * (1 + slope * X[:, 0]) + rng.normal(size=n), propensity)


def clustered(rng: np.random.Generator, clusters: int, size: int, shift: float) -> Trial:
    """Whole clusters randomised, with a random effect and an effect of treatment of their own, no covariate matters."""
    cluster = np.repeat(np.arange(clusters), size)
    arm = rng.permutation(np.arange(clusters) % 2)
    X = rng.normal(size=(clusters, 2))[cluster] + 0.3 * rng.normal(size=(clusters * size, 2))
    noise = shift * rng.normal(size=clusters)[cluster] + rng.normal(size=clusters * size)
    return trial(X, arm[cluster], arm[cluster] + noise, cluster=cluster)


SETTINGS: dict[str, Any] = {
    "better": "higher",
    "confidence": 0.95,
    "minimum_cell_count": 10,
    "splits": {
        "strategy": "regression",
        "groups": 4,
        "learners": ["linear", "causal_forest"],
        "covariates": ["x1"],
        "leading": 2,
    },
}
