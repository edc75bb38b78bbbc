"""Quantities with their replicates on the same half-samples, so that any difference between them has its own error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hetflow.effects.linear import Codes, Vector, cluster_codes, cluster_sums, reference_df
from hetflow.effects.ranking import evaluate_ranking, half_samples
from hetflow.errors import refuse
from hetflow.seeds import generator

#: Fewest clusters whose halves still vary.
_FEWEST_CLUSTERS = 4


@dataclass(frozen=True, slots=True)
class Sampled:
    """Quantities and their replicates.

    Attributes
    ----------
    estimate : ndarray, shape (k,)
    draws : ndarray, shape (draws, k)
        Their standard deviation is the standard error: a half-sample without replacement needs no rescaling.
    df : float
        Degrees of freedom of a t reference: clusters less one, or infinite.
    """

    estimate: Vector
    draws: NDArray[np.float64]
    df: float = np.inf

    def __add__(self, other: Sampled) -> Sampled:
        return Sampled(self.estimate + other.estimate, self.draws + other.draws, min(self.df, other.df))

    def __sub__(self, other: Sampled) -> Sampled:
        return self + other * -1.0

    def __mul__(self, factor: float | Vector) -> Sampled:
        return Sampled(self.estimate * factor, self.draws * factor, self.df)

    def times(self, other: Sampled) -> Sampled:
        """Product with another quantity, entry by entry."""
        return Sampled(self.estimate * other.estimate, self.draws * other.draws, min(self.df, other.df))

    @property
    def variance(self) -> Vector:
        """Squared standard errors, shape (k,)."""
        return np.asarray(self.draws.var(axis=0, ddof=1))

    @classmethod
    def joined(cls, parts: Sequence[Sampled]) -> Sampled:
        """Several side by side."""
        return cls(
            np.concatenate([part.estimate for part in parts]),
            np.concatenate([part.draws for part in parts], axis=1),
            min(part.df for part in parts),
        )


@dataclass(frozen=True, slots=True)
class Halves:
    """Units, and the half-samples of their clusters on which everything is evaluated.

    Attributes
    ----------
    weight : ndarray, shape (n,)
        Positive.
    cluster : ndarray of int, shape (n,)
    codes : ndarray of int, shape (n,)
        Clusters numbered from 0.
    half : ndarray of bool, shape (draws, clusters)
    """

    weight: Vector
    cluster: NDArray[np.int64]
    codes: Codes
    half: NDArray[np.bool_]

    @property
    def df(self) -> float:
        """Clusters less one where units share clusters; infinite without clusters."""
        return reference_df(self.cluster, self.weight)

    def means(self, values: NDArray[np.float64]) -> Sampled:
        """Weighted means of the columns of values, shape (n, k)."""
        sums = cluster_sums(self.weight[:, None] * values, self.codes)
        mass = cluster_sums(self.weight, self.codes)
        half = self.half.astype(np.float64)
        return Sampled(sums.sum(axis=0) / mass.sum(), (half @ sums) / (half @ mass)[:, None], self.df)

    def gains(self, values: Vector, priority: Vector, grid: Vector) -> Sampled:
        """Sum over the first share q by priority, per unit of the whole: ``q (TOC(q) + mean)``, for q in grid."""
        ranked = evaluate_ranking(values, priority, self.weight, self.cluster, self.half, grid=grid)
        mean = self.means(values[:, None])
        return Sampled(grid * (ranked.toc + mean.estimate), grid * (ranked.toc_draws + mean.draws), self.df)


def make_halves(weight: Vector, cluster: NDArray[np.int64], draws: int, seed: int) -> Halves:
    """The half-samples that also serve AUTOC and QINI among the estimates.

    Raises
    ------
    Refused
        If there are fewer than four clusters.
    """
    codes = cluster_codes(cluster)
    clusters = int(codes.max()) + 1
    if clusters < _FEWEST_CLUSTERS:
        refuse("policy", f"at least {_FEWEST_CLUSTERS} clusters", str(clusters), "leave the policy out")
    rng = generator(seed, "ranking", "half-samples")
    return Halves(weight, cluster, codes, half_samples(clusters, draws, rng))
