"""P-values adjusted for their number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def holm(p: FloatArray) -> FloatArray:
    """Adjusted for the chance of any false finding (Holm 1979), shape (k,); NaN stay NaN and do not count."""
    out = np.full(len(p), np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    out[order] = np.minimum(1.0, np.maximum.accumulate(factors * p[order]))
    return out


def benjamini_hochberg(p: FloatArray) -> FloatArray:
    """Adjusted for the share of false findings (Benjamini and Hochberg 1995), shape (k,); NaN stay NaN."""
    out = np.full(len(p), np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(-p[known], kind="stable")]
    factors = len(order) / np.arange(len(order), 0, -1)
    out[order] = np.minimum(1.0, np.minimum.accumulate(factors * p[order]))
    return out
