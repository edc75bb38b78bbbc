"""How masks go together: inclusion that holds nearly always, and dependence that observed values do not explain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom, norm

from hetflow.multiplicity import holm

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
INCLUDED = 0.98
"""Share of one mask's units that another must hold for inclusion."""
LEVEL = 0.01
"""Level, after Holm's adjustment, at which a relation between masks is called found."""
MATERIAL = 0.002
"""Nats below which a dependence between two masks is too small to be called structure."""
DETERMINISTIC = 0.985
"""Area under the ROC curve above which a mask is called a deterministic function of observed values."""


@dataclass(frozen=True, slots=True)
class Relations:
    """Pairs of masks, shape (k, k) each, and communities.

    Attributes
    ----------
    within : ndarray of bool
        [j, i] True where mask j lies within mask i (all its units but 2 %, or but one), more than by chance.
    weak : ndarray of bool
        Symmetric: dependence beyond observed values is found and material.
    p : ndarray
        P-values of that dependence, adjusted over all pairs; NaN on the diagonal and where either mask is a
        deterministic function of observed values, given which nothing is left to depend.
    nats : ndarray
        Half the squared partial correlation: the information of one mask on the other given the values.
    community : ndarray of int, shape (k,)
        Connected masks share a number, from 0, in order of their first mask.
    """

    within: BoolArray
    weak: BoolArray
    p: FloatArray
    nats: FloatArray
    community: NDArray[np.int64]


def find_relations(M: FloatArray, probability: FloatArray, areas: FloatArray) -> Relations:
    """Relate all pairs of masks.

    Parameters
    ----------
    M : ndarray, shape (n, k)
        Distinct masks, 0 or 1.
    probability : ndarray, shape (n, k)
        Out-of-fold probabilities of the masks given observed values.
    areas : ndarray, shape (k,)
        Their areas under the ROC curve.
    """
    within = inclusion(M)
    p, nats = dependence_given_values(M - probability)
    told = areas > DETERMINISTIC
    p[told, :], p[:, told] = np.nan, np.nan
    upper = np.triu_indices(len(p), 1)
    adjusted = np.full(p.shape, np.nan)
    adjusted[upper] = holm(p[upper])
    adjusted = np.fmax(adjusted, adjusted.T)
    weak = (adjusted < LEVEL) & (nats >= MATERIAL)
    return Relations(within, weak, adjusted, nats, components(within | within.T | weak))


def inclusion(M: FloatArray) -> BoolArray:
    """Masks that lie within others, shape (k, k): all units but 2 % or one, and more often than chance allows.

    Chance is the hypergeometric distribution of the overlap of two masks of these sizes, Holm's adjustment over all
    ordered pairs, level 0.01.
    """
    n, k = M.shape
    overlap = np.rint(M.T @ M)
    size = np.diag(overlap)
    outside = size[:, None] - overlap
    inside = (outside <= np.maximum((1 - INCLUDED) * size, 1)[:, None]) & ~np.eye(k, dtype=bool)
    j, i = np.nonzero(inside)
    p = np.ones((k, k))
    p[j, i] = hypergeom.sf(overlap[j, i] - 1, n, size[i], size[j])
    adjusted = holm(p[~np.eye(k, dtype=bool)])
    out = np.zeros((k, k), dtype=bool)
    out[~np.eye(k, dtype=bool)] = adjusted < LEVEL
    return np.asarray(out & inside)


def dependence_given_values(R: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Do residuals of two masks go together? The generalised covariance measure, for all pairs at once.

    Parameters
    ----------
    R : ndarray, shape (n, k)
        Mask less its probability given observed values.

    Returns
    -------
    p : ndarray, shape (k, k)
        Two-sided; the mean product of residuals over its standard error is normal when the masks are independent
        given the values and both probabilities are estimated well (their errors' product must be small beside
        n^(-1/2); Shah and Peters, Ann. Stat. 48:1514, 2020). NaN on the diagonal.
    nats : ndarray, shape (k, k)
        Half the squared correlation of the residuals.
    """
    n = len(R)
    product, squares = R.T @ R, (R**2).T @ (R**2)
    spread = np.sqrt(np.maximum(squares - product**2 / n, 1e-300))
    scale = np.sqrt(np.maximum(np.diag(product), 1e-300))
    p = 2 * norm.sf(np.abs(product / spread))
    np.fill_diagonal(p, np.nan)
    return p, 0.5 * np.minimum(product / np.outer(scale, scale), 1.0) ** 2


def components(linked: BoolArray) -> NDArray[np.int64]:
    """Connected components of a symmetric relation, numbered in the order of their first member."""
    label = np.arange(len(linked))
    changed = True
    while changed:
        least = np.where(linked | np.eye(len(linked), dtype=bool), label[None, :], len(linked)).min(axis=1)
        changed = bool((least != label).any())
        label = least
    return np.asarray(np.unique(label, return_inverse=True)[1], dtype=np.int64)
