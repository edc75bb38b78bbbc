"""The scale on which a column is modelled: logarithmic when that makes it clearly less skewed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
SKEWED = 1.0
"""Skewness above which a logarithmic scale is tried."""
OFFSET_QUANTILE = 0.05
"""A column with zeros is moved up by half this quantile of its positive values before the logarithm."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A monotone scale followed by centring and scaling to unit variance.

    Attributes
    ----------
    offset : float or None
        None: as it is; otherwise log(value + offset).
    centre, spread : float
        Mean and standard deviation of the observed values on that scale; a spread of 0 marks a constant
        column.
    """

    offset: float | None
    centre: float
    spread: float

    def apply(self, values: FloatArray) -> FloatArray:
        """Values on this scale; a constant column becomes 0."""
        if self.spread == 0.0:
            return np.zeros_like(values)
        moved = values if self.offset is None else np.log(values + self.offset)
        return (moved - self.centre) / self.spread


def skewness(values: FloatArray) -> float:
    """Third standardised moment; 0 for a constant."""
    centred = values - values.mean()
    spread = float(np.sqrt(np.mean(centred**2)))
    return float(np.mean((centred / spread) ** 3)) if spread > 0 else 0.0


def fit_scale(observed: FloatArray, *, may_log: bool) -> Scale:
    """Choose the scale of a column from its observed values.

    Parameters
    ----------
    observed : ndarray, shape (n,)
        Observed values, without missing ones.
    may_log : bool
        Whether a logarithm makes sense (continuous columns and counts).

    Returns
    -------
    Scale
        Logarithmic if no value is negative, the skewness exceeds `SKEWED` and the logarithm at least halves
        it.
    """
    offset = _offset(observed) if may_log else None
    moved = observed if offset is None else np.log(observed + offset)
    if len(moved) == 0:
        return Scale(None, 0.0, 0.0)
    spread = float(moved.std())
    negligible = spread <= 1e-12 * max(1.0, float(np.abs(moved).max()))
    return Scale(offset, float(moved.mean()), 0.0 if negligible else spread)


def _offset(observed: FloatArray) -> float | None:
    """What is added before the logarithm, or None when the column is better left as it is."""
    if len(observed) < 3 or observed.min() < 0 or skewness(observed) <= SKEWED:
        return None
    positive = observed[observed > 0]
    offset = 0.0 if observed.min() > 0 else 0.5 * float(np.quantile(positive, OFFSET_QUANTILE))
    return offset if abs(skewness(np.log(observed + offset))) <= 0.5 * skewness(observed) else None
