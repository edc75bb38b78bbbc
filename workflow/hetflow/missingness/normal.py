"""Draws from a normal linear model on the scale on which a column is modelled.

Van Buuren, Flexible Imputation of Missing Data, 2nd ed., section 3.2 (algorithm 3.1): coefficients and residual
variance are drawn from their posterior, values from the model. Values need not be among the observed ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from hetflow.missingness.chance import Chance
from hetflow.missingness.matching import draw_coefficients, predict
from hetflow.missingness.transform import Scale

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NormalModel:
    """A drawn model of one continuous column.

    Attributes
    ----------
    used, centre, drawn
        As in `hetflow.missingness.matching.Draw`.
    sigma : ndarray, shape (1,)
        Drawn residual standard deviation, on unit scale.
    scale : ndarray, shape (3,)
        Offset (NaN: no logarithm), centre and spread of the column's `Scale`.
    """

    used: NDArray[np.bool_]
    centre: FloatArray
    drawn: FloatArray
    sigma: FloatArray
    scale: FloatArray

    engine: ClassVar[str] = "normal"

    def impute(
        self, predictors: FloatArray, vectors: FloatArray, chance: Chance, tilt: FloatArray | None = None
    ) -> FloatArray:
        """See `hetflow.missingness.engines.Fitted`; a column that was constant among the donors stays so."""
        offset, centre, spread = self.scale
        if spread == 0.0:
            return np.repeat(vectors[:1], len(predictors), axis=0)
        mean = predict(predictors, self.used, self.centre, self.drawn)
        values = (mean + self.sigma * chance.normal(*mean.shape)) * spread + centre
        return values if np.isnan(offset) else np.maximum(np.exp(values) - offset, 0.0)

    def check(self, predictors: int, donors: int) -> None:
        """See `hetflow.missingness.engines.Fitted`."""
        used = int(self.used.sum())
        shapes = (self.used.shape, self.centre.shape, self.drawn.shape, self.sigma.shape, self.scale.shape)
        if shapes != ((predictors,), (used,), (1 + used, 1), (1,), (3,)):
            raise ValueError("coefficients that do not fit one another")


def fit_normal(
    predictors: FloatArray, scores: FloatArray, pool: int, rng: np.random.Generator, scale: Scale | None
) -> NormalModel:
    """Draw coefficients and residual variance.

    Parameters
    ----------
    predictors, scores : ndarray, shape (d, k), (d, 1)
        Of the donors, on unit scale.
    pool : int
        Not read.
    rng : Generator
        Random stream.
    scale : Scale
        From the column's values to unit scale.
    """
    if scale is None:
        raise ValueError("the normal model is one of a single continuous column")
    draw = draw_coefficients(predictors, scores, rng)
    offset = np.nan if scale.offset is None else scale.offset
    numbers = np.array([offset, scale.centre, scale.spread])
    return NormalModel(draw.used, draw.centre, draw.drawn, draw.sigma, numbers)
