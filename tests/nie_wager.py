"""Simulated studies with known effects: the setups A to D of Nie and Wager (2021), a ranking design, and a null.

Each gives covariates, residuals of the true nuisance functions and true effects; see
https://doi.org/10.1093/biomet/asaa076, section 6.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

SETUPS = ("A", "B", "C", "D", "rate", "null")


class World(NamedTuple):
    """Covariates, residuals and the true effect of n units."""

    X: np.ndarray
    treatment: np.ndarray
    outcome: np.ndarray
    effect: np.ndarray


def world(setup: str, n: int, seed: int, p: int = 6, noise: float = 1.0) -> World:
    """Draw a study of n units and p covariates."""
    rng = np.random.default_rng([seed, SETUPS.index(setup)])
    X = rng.uniform(size=(n, p)) if setup in ("A", "rate") else rng.normal(size=(n, p))
    propensity, effect = _propensity(setup, X), _effect(setup, X)
    treatment = (rng.uniform(size=n) < propensity) - propensity
    # With the true outcome mean b + (e - 1/2) tau, the outcome's residual is (w - e) tau + noise.
    return World(X, treatment, treatment * effect + rng.normal(0, noise, n), effect)


def _propensity(setup: str, X: np.ndarray) -> np.ndarray:
    if setup == "A":
        return np.clip(np.sin(np.pi * X[:, 0] * X[:, 1]), 0.1, 0.9)
    if setup == "C":
        return 1 / (1 + np.exp(X[:, 1] + X[:, 2]))
    if setup == "D":
        return 1 / (1 + np.exp(-X[:, 0]) + np.exp(-X[:, 1]))
    return np.full(len(X), 0.5)


def _effect(setup: str, X: np.ndarray) -> np.ndarray:
    if setup == "A":
        return (X[:, 0] + X[:, 1]) / 2
    if setup == "B":
        return X[:, 0] + np.log1p(np.exp(X[:, 1]))
    if setup == "C":
        return np.ones(len(X))
    if setup == "D":
        return np.maximum(X[:, :3].sum(axis=1), 0) - np.maximum(X[:, 3] + X[:, 4], 0)
    if setup == "rate":
        return np.maximum(2 / 0.5 - 2 * X[:, 0] / 0.5**2, 0)
    return np.zeros(len(X))
