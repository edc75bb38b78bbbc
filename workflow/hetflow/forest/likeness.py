"""Whether a patient is like those whom the study has seen: an effect for others is an extrapolation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MOST_NAMED = 5
_COMBINATION = "unusual combination"


def unlike(
    X: Floats, studied: Floats, names: Sequence[str], nominal: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.bool_], list[str]]:
    """Flag units outside of what was studied.

    Parameters
    ----------
    X, studied : ndarray, shape (m, p) and (n, p)
        Covariates of new and of studied units, as the forest read them.
    names : sequence of str, length p
        Of the covariates.
    nominal : ndarray of bool, shape (p,), optional
        Columns that hold codes of categories.

    Returns
    -------
    flag : ndarray of bool, shape (m,)
        True where a covariate lies outside of the studied range, has a level that no studied unit had, is missing
        though no studied unit missed it, or where the numbers together lie further from their mean (Mahalanobis
        distance) than those of any studied unit.
    reason : list of str, length m
        Which, separated by commas; empty where there is none.
    """
    categories = np.zeros(X.shape[1], dtype=bool) if nominal is None else nominal
    outside = np.column_stack(
        [_outside(X[:, j], studied[:, j], bool(categories[j])) for j in range(X.shape[1])]
    )
    far = _far(X[:, ~categories], studied[:, ~categories])
    reason = []
    for row, beyond in zip(outside, far, strict=True):
        found = [names[int(j)] for j in np.flatnonzero(row)]
        more = [f"and {len(found) - _MOST_NAMED} more"] if len(found) > _MOST_NAMED else []
        alone = [_COMBINATION] if beyond and not found else []
        reason.append(", ".join([*found[:_MOST_NAMED], *more, *alone]))
    return outside.any(axis=1) | far, reason


def _outside(values: Floats, studied: Floats, nominal: bool) -> NDArray[np.bool_]:
    seen = studied[~np.isnan(studied)]
    missing = np.isnan(values)
    if not len(seen):
        return ~missing
    beyond = ~np.isin(values, seen) if nominal else (values < seen.min()) | (values > seen.max())
    return np.where(missing, not np.isnan(studied).any(), beyond)


def _far(X: Floats, studied: Floats) -> NDArray[np.bool_]:
    """Whether the distance to the studied mean exceeds that of every studied unit; gaps count as the mean."""
    if not studied.shape[1]:
        return np.zeros(len(X), dtype=bool)
    seen = ~np.isnan(studied)
    count = np.maximum(seen.sum(axis=0), 1)
    mean = np.where(seen, studied, 0.0).sum(axis=0) / count
    spread = np.sqrt(np.where(seen, (studied - mean) ** 2, 0.0).sum(axis=0) / count)
    spread[spread == 0] = 1.0
    own, new = (np.nan_to_num((values - mean) / spread, nan=0.0) for values in (studied, X))
    inverse = np.linalg.pinv(own.T @ own / len(own), hermitian=True, rcond=1e-8)
    distance = [np.einsum("ij,jk,ik->i", values, inverse, values) for values in (own, new)]
    return np.asarray(distance[1] > distance[0].max() * (1 + 1e-9))
