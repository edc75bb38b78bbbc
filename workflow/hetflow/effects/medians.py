"""Many splits made one answer: medians of estimates, of interval ends and of p-values.

Chernozhukov, Demirer, Duflo and Fernandez-Val (arXiv:1712.04802), section 5 ("variational inference").
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def lower_median(values: Vector) -> float:
    """The smallest value at or below which lie half of the values (quantile of type 1 at one half)."""
    return float(np.sort(values)[(len(values) - 1) // 2])


def upper_median(values: Vector) -> float:
    """The mirror of `lower_median`: the largest value at or above which lie half of the values."""
    return float(np.sort(values)[len(values) // 2])


def median_estimate(estimate: Vector) -> float:
    """Median over the splits that give an estimate; NaN if none does."""
    known = estimate[np.isfinite(estimate)]
    return float(np.median(known)) if known.size else np.nan


def median_interval(lower: Vector, upper: Vector) -> tuple[float, float]:
    """Upper median of the lower ends, lower median of the upper ends.

    Intervals of level ``1 - alpha`` make one of level ``1 - 2 alpha``. A split that says nothing has the interval from
    minus to plus infinity. Ends that cross, as those of unlike splits can, change places.
    """
    ends = upper_median(lower), lower_median(upper)
    return min(ends), max(ends)


def median_p(p: Vector) -> float:
    """Twice the upper median of the splits' p-values, at most 1.

    A p-value under the null whatever the dependence of the splits: if more than half of them fall below ``a``, the
    mean share of those below does so with probability ``2 a`` at most (Markov's inequality).
    """
    return min(1.0, 2.0 * upper_median(p))
