"""Naive twins of fast code in `hetflow.effects`: all half-samples at once, one outer product a unit, one column a time.

They are the formulas as they read, and what the benchmark's ratios compare with.
"""

from __future__ import annotations

import numpy as np
from hetflow.effects.linear import LEVERAGE_TOLERANCE, cluster_codes
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CELLS = 2_000_000


def areas_of_draws(
    benefit: Floats,
    priority: Floats,
    weight: Floats,
    cluster: NDArray[np.int64],
    draws: NDArray[np.bool_],
    grid: Floats,
) -> tuple[Floats, Floats, Floats]:
    """AUTOC (draws,), QINI (draws,) and TOC (draws, q) of half-samples; all weights positive."""
    codes = cluster_codes(cluster)
    order = np.lexsort((-weight, -priority))
    ranked = priority[order]
    starts = np.flatnonzero(np.r_[True, np.diff(ranked) != 0])
    value, share = benefit[order], weight[order]
    value = value - share @ value / share.sum()
    chunk = max(1, CELLS // value.size)
    parts = [
        _areas(value, draws[first : first + chunk][:, codes[order]] * share, starts, grid)
        for first in range(0, draws.shape[0], chunk)
    ]
    autoc, qini, toc = (np.concatenate(part) for part in zip(*parts, strict=True))
    return autoc, qini, toc


def _areas(
    value: Floats, weight: Floats, starts: NDArray[np.int64], grid: Floats
) -> tuple[Floats, Floats, Floats]:
    rows, n = weight.shape
    moment = weight * value
    if starts.size < n:
        sums = np.add.reduceat(moment, starts, axis=1)
        mass = np.add.reduceat(weight, starts, axis=1)
        means = np.divide(sums, mass, out=np.zeros_like(sums), where=mass > 0)
        moment = weight * np.repeat(means, np.diff(np.r_[starts, n]), axis=1)
    mass, sums = np.cumsum(weight, axis=1), np.cumsum(moment, axis=1)
    total = mass[:, -1:]
    mean = sums[:, -1:] / total
    toc = np.divide(sums, mass, out=np.zeros_like(sums), where=mass > 0) - mean
    autoc = (weight * toc).sum(axis=1) / total[:, 0]
    qini = (mass * weight * toc).sum(axis=1) / total[:, 0] ** 2
    curve = np.empty((rows, grid.size))
    for r in range(rows):
        wanted = grid * total[r, 0]
        reached = np.interp(wanted, np.r_[0.0, mass[r]], np.r_[0.0, sums[r]])
        curve[r] = np.where(grid == 1, 0.0, reached / wanted - mean[r, 0])
    return autoc, qini, curve


def sums_by_cluster(values: Floats, codes: NDArray[np.int64]) -> Floats:
    """Sums over the units of each cluster."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    return np.add.reduceat(values[order], starts, axis=0)


def hc3(X: Floats, bread: Floats, residual: Floats, weight: Floats, codes: NDArray[np.int64]) -> Floats:
    """Clustered HC3 from every unit's outer product."""
    outer = X[:, :, None] * X[:, None, :]
    plain = sums_by_cluster(outer, codes)
    weighted = sums_by_cluster(weight[:, None, None] * outer, codes)
    first = sums_by_cluster((weight * residual)[:, None] * X, codes)
    second = sums_by_cluster((weight**2 * residual)[:, None] * X, codes)
    chol = np.linalg.cholesky(bread)
    assert np.linalg.eigvalsh(chol.T @ weighted @ chol).max() <= 1 - LEVERAGE_TOLERANCE
    gap = np.linalg.inv(bread) - weighted
    score = first + (plain @ np.linalg.solve(gap, second[:, :, None]))[:, :, 0]
    return bread @ (score.T @ score) @ bread


def independent_columns(X: Floats, tolerance: float) -> list[int]:
    """Columns that the columns before them do not determine, one after the other."""
    kept: list[int] = []
    basis = np.empty((X.shape[0], 0))
    for j in range(X.shape[1]):
        rest = X[:, j] - basis @ (basis.T @ X[:, j])
        rest -= basis @ (basis.T @ rest)
        length = float(np.linalg.norm(rest))
        if length > tolerance * max(float(np.linalg.norm(X[:, j])), np.finfo(float).tiny):
            basis = np.column_stack([basis, rest / length])
            kept.append(j)
    return kept
