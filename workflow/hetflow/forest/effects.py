"""From sums to effects per unit and their variance by the bootstrap of little bags.

The effect θ and the intercept β solve J̄ (θ, β) = Ā, with Ā and J̄ averaged over the trees of the bags that
the unit is out of. With c the first row of J̄⁻¹, the score of a tree is s = c'(A - J (θ, β)), which is
linear in its leaf averages. The variance of θ is the variance between bags of the bags' mean score, less
what the finite number of trees in a bag adds, debiased by an objective Bayes argument so that it is positive
(Athey, Tibshirani and Wager 2019, section 4.1; as econml's `predict_and_var`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx

from hetflow.forest.sums import Sums

Floats = NDArray[np.float64]

SINGULAR = 1e-12
"""A Jacobian whose determinant is this small beside the product of its diagonal identifies no effect."""


def effects(sums: Sums, intervals: bool | None = None) -> tuple[Floats, Floats]:
    """Effects per unit and their variances.

    Parameters
    ----------
    sums : Sums
        Over all bags of a forest of two arms; for more see `hetflow.forest.arms.arm_effects`.
    intervals : bool, optional
        Whether to give variances; by default where the engine's hold for the design
        (``sums.grid.intervals``).

    Returns
    -------
    cate : ndarray, shape (n,)
        Treated minus control, in the outcome's units: out of bag for units of the forest's sample, out of
        sample for the others. NaN where no bag leaves the unit out or its leaves do not tell the arms apart.
    variance : ndarray, shape (n,)
        Of `cate`, in squared units of the outcome; NaN as `cate`, where fewer than two bags leave the unit
        out, and everywhere without `intervals`.
    """
    moments = sums.moments()
    with np.errstate(divide="ignore", invalid="ignore"):
        average = moments[0] / (sums.bags.astype(np.float64) * sums.grid.bag_trees)
        effect, score = _solve(average)
    variance = little_bags(sums, moments, average, score)
    if not (sums.grid.intervals if intervals is None else intervals):
        variance = np.full_like(variance, np.nan)
    exponent = sums.grid.outcome_exponent
    return np.ldexp(effect, exponent), np.ldexp(variance, 2 * exponent)


def little_bags(sums: Sums, moments: tuple[Floats, Floats, Floats], average: Floats, score: Floats) -> Floats:
    """Variance of an estimate from its score in a tree.

    Parameters
    ----------
    sums : Sums
        Over all bags.
    moments : tuple of ndarray
        What ``sums.moments()`` gives.
    average : ndarray, shape (components, n)
        Leaf averages, averaged over all trees.
    score : ndarray, shape (components, n)
        What each leaf average counts in a tree's score.

    Returns
    -------
    ndarray, shape (n,)
    """
    _, tree_products, bag_products = moments
    bags, trees, pairs = sums.bags.astype(np.float64), sums.grid.bag_trees, sums.grid.pairs
    with np.errstate(divide="ignore", invalid="ignore"):
        between = _quadratic(score, bag_products, pairs) / bags - np.sum(score * average, axis=0) ** 2
        total = _quadratic(score, tree_products, pairs) / (bags * trees)
        noise = (total - _quadratic(score, bag_products, pairs) / bags) / (trees - 1)
    return debiased_variance(between, noise, bags)


def _solve(average: Floats) -> tuple[Floats, Floats]:
    """The effect, and what each of the five leaf averages counts in a tree's score."""
    alpha_t, alpha_1, jacobian_tt, jacobian_t1, jacobian_11 = average
    determinant = jacobian_tt * jacobian_11 - jacobian_t1**2
    identified = determinant > SINGULAR * jacobian_tt * jacobian_11
    determinant = np.where(identified, determinant, np.nan)
    effect = (jacobian_11 * alpha_t - jacobian_t1 * alpha_1) / determinant
    intercept = (jacobian_tt * alpha_1 - jacobian_t1 * alpha_t) / determinant
    c_t, c_1 = jacobian_11 / determinant, -jacobian_t1 / determinant
    score = np.stack([c_t, c_1, -c_t * effect, -(c_t * intercept + c_1 * effect), -c_1 * intercept])
    return effect, score


def _quadratic(score: Floats, products: Floats, pairs: tuple[tuple[int, int], ...]) -> Floats:
    """score' M score for the symmetric matrices M whose upper triangles are the rows of `products`."""
    form = np.zeros(products.shape[1])
    for (j, k), product in zip(pairs, products, strict=True):
        form += (1.0 if j == k else 2.0) * score[j] * score[k] * product
    return form


def debiased_variance(between: Floats, noise: Floats, bags: Floats) -> Floats:
    """The variance of the bootstrap of little bags, freed of the noise of finite bags and positive.

    Parameters
    ----------
    between : ndarray, shape (n,)
        Variance between bags of the mean score.
    noise : ndarray, shape (n,)
        What the trees' variance within bags contributes to it: (variance of trees - of bags) / (trees a bag
        - 1).
    bags : ndarray, shape (n,)
        Number of bags.

    Returns
    -------
    ndarray, shape (n,)
        s + q φ(s/q) / Φ(s/q) with s = between - noise and q = max(between, noise) sqrt(2 / bags): the
        posterior mean of a variance known to be positive. NaN for fewer than two bags.

    Notes
    -----
    As econml's `BaseGRF._predict_point_and_var`. The ratio φ/Φ is computed by the scaled error function,
    which does not underflow where thousands of bags make s/q very negative.
    """
    naive = between - noise
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.maximum(between, noise) * np.sqrt(2.0 / bags)
        ratio = np.where(spread > 0, naive / spread, 0.0)
    mills = np.sqrt(2.0 / np.pi) / erfcx(-ratio / np.sqrt(2.0))
    debiased = naive + spread * mills
    return np.where((bags >= 2) & np.isfinite(naive), debiased, np.nan)
