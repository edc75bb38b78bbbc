"""Masks whose structure is known: unstructured, in blocks, nested, in two files."""

from __future__ import annotations

import numpy as np
from hetflow.missingness.masks import Cells, Masks, compress
from numpy.typing import NDArray
from scipy.stats import norm

BoolArray = NDArray[np.bool_]


def as_cells(missing: BoolArray, applies: BoolArray | None = None) -> Cells:
    """Columns x000, x001, ..."""
    names = tuple(f"x{place:03d}" for place in range(missing.shape[1]))
    return Cells(names, missing, np.ones_like(missing) if applies is None else applies)


def as_masks(missing: BoolArray, applies: BoolArray | None = None) -> Masks:
    """Distinct masks of the columns."""
    return compress(as_cells(missing, applies))


def unstructured(rng: np.random.Generator, n: int, k: int, sick: float = 1.0, rare: float = 0.8) -> BoolArray:
    """Logit P(M_ij = 1) = s_i + v_j: unequal rows and columns, and nothing else.

    Parameters
    ----------
    sick, rare : float
        Standard deviations of the unit's and of the column's effect.
    """
    rows = rng.normal(0.0, sick, size=(n, 1))
    columns = rng.normal(-1.2, rare, size=(1, k))
    return rng.random((n, k)) < 1 / (1 + np.exp(-(rows + columns)))


def weak_blocks(
    rng: np.random.Generator, n: int, sizes: tuple[int, ...], correlation: float = 0.6, rate: float = 0.3
) -> tuple[BoolArray, NDArray[np.int64]]:
    """Gaussian copula masks with one latent factor a block; returns masks and each column's block."""
    block = np.repeat(np.arange(len(sizes)), sizes)
    shared = rng.normal(size=(n, len(sizes)))[:, block]
    own = rng.normal(size=(n, len(block)))
    latent = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own
    cuts = norm.isf(np.clip(rng.normal(rate, 0.05, size=len(block)), 0.1, 0.6))
    return latent > cuts, block


def exact_blocks(
    rng: np.random.Generator, n: int, sizes: tuple[int, ...], rate: float = 0.3
) -> tuple[BoolArray, NDArray[np.int64]]:
    """Columns of a block share one mask."""
    block = np.repeat(np.arange(len(sizes)), sizes)
    return (rng.random((n, len(sizes))) < rate)[:, block], block


def drop_out(rng: np.random.Generator, n: int, visits: int, hazard: float = 0.15) -> BoolArray:
    """Whoever misses a visit misses all that follow: column v is missing if drop-out came by then."""
    left = rng.geometric(hazard, size=n)
    return left[:, None] <= np.arange(1, visits + 1)[None, :]


def adjusted_rand(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """Adjusted Rand index (Hubert and Arabie 1985) of two partitions."""
    table = np.zeros((int(first.max()) + 1, int(second.max()) + 1))
    np.add.at(table, (first, second), 1)

    def pairs(counts: NDArray[np.float64]) -> float:
        return float((counts * (counts - 1) / 2).sum())

    together, a, b = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    expected = a * b / pairs(np.array([float(len(first))]))
    most = (a + b) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)
