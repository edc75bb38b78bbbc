"""Components of the variance of an estimate between runs that differ in one thing, by the method of moments.

A mean square between runs holds the component that is looked for and a noise that was estimated by itself; their
difference estimates the component (Searle, Casella and McCulloch 1992, chapter 3). It is truncated at zero. Bounds are
those of the modified large-sample method for a difference of two mean squares (Ting et al. 1990; Burdick and Graybill
1992, section 3.3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Component:
    """A variance component.

    Attributes
    ----------
    variance : float
        Not negative.
    lower, upper : float
        Two-sided bounds.
    df : float
        Degrees of freedom of the mean square that it was read from.
    truncated : bool
        Whether the estimate was negative and is given as 0.
    """

    variance: float
    lower: float
    upper: float
    df: float
    truncated: bool


def mean_square(square: float, df: float, level: float) -> Component:
    """A mean square that estimates a variance by itself, with the bounds of the chi-squared distribution."""
    low, high = stats.chi2.ppf([(1 + level) / 2, (1 - level) / 2], df)
    return Component(square, square * df / low, square * df / high, df, False)


def difference(square: float, df: float, noise: float, noise_df: float, level: float) -> Component:
    """The component that a mean square holds beside a noise.

    Parameters
    ----------
    square, noise : float
        Independent mean squares; the component is `square - noise`.
    df, noise_df : float
        Their degrees of freedom.
    level : float
        Confidence of the bounds.

    Returns
    -------
    Component
        With bounds at or above 0; both are 0 where both mean squares are.
    """
    if noise <= 0:
        return mean_square(square, df, level)
    tail = (1 - level) / 2
    ratio = stats.f.ppf(1 - tail, df, noise_df), stats.f.ppf(tail, df, noise_df)
    g = 1 - df / stats.chi2.ppf(1 - tail, df), 1 - noise_df / stats.chi2.ppf(1 - tail, noise_df)
    h = df / stats.chi2.ppf(tail, df) - 1, noise_df / stats.chi2.ppf(tail, noise_df) - 1
    down = ((ratio[0] - 1) ** 2 - (g[0] * ratio[0]) ** 2 - h[1] ** 2) / ratio[0]
    up = ((1 - ratio[1]) ** 2 - (h[0] * ratio[1]) ** 2 - g[1] ** 2) / ratio[1]
    cross = square * noise
    below = (g[0] * square) ** 2 + (h[1] * noise) ** 2 + down * cross
    above = (h[0] * square) ** 2 + (g[1] * noise) ** 2 + up * cross
    found = square - noise
    lower, upper = found - np.sqrt(max(below, 0.0)), found + np.sqrt(max(above, 0.0))
    return Component(max(found, 0.0), max(float(lower), 0.0), max(float(upper), 0.0), df, found < 0)


def scaled(component: Component, factor: float) -> Component:
    """The component of an estimate whose variance is `factor` times as great."""
    variance, lower, upper = (
        factor * value for value in (component.variance, component.lower, component.upper)
    )
    return Component(variance, lower, upper, component.df, component.truncated)


def jackknife_variance(whole: float, left_out: Floats, sizes: Floats) -> float:
    """Variance of an estimate from independent pieces, by leaving groups of them out.

    Parameters
    ----------
    whole : float
        The estimate from all pieces.
    left_out : ndarray, shape (g,)
        The estimate without the pieces of each group.
    sizes : ndarray, shape (g,)
        Pieces of each group; they may differ.

    Returns
    -------
    float
        With h = pieces / size and pseudo-values h whole - (h - 1) left_out about their jackknife estimate, the mean of
        their squares over (h - 1) (Busing, Meijer and van der Leeden 1999).
    """
    h = sizes.sum() / sizes
    pseudo = h * whole - (h - 1) * left_out
    centre = sizes.size * whole - ((1 - 1 / h) * left_out).sum()
    return float(np.mean((pseudo - centre) ** 2 / (h - 1)))


def between(values: Floats) -> float:
    """Mean square between runs: the variance with one degree of freedom less than runs."""
    return float(np.var(values, ddof=1))
