"""A simulated trial of known truth, and how it is to be analysed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from hetflow.nuisance.folds import draw_folds
from hetflow.seeds import generator
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FOLDS = 5
AVERAGE = 0.5


@dataclass(frozen=True)
class Setting:
    """What is simulated and how it is analysed.

    Attributes
    ----------
    units, covariates : int
    probability : float
        Of treatment, known by design.
    slope : float
        Of the effect in x1, beside an average of 0.5 and noise of standard deviation 1; 0 is the null.
    learner : str
        Of the outcome mean.
    bags, sequential_bags : int
        Little bags of four trees, of the forest of all units and of each sequential forest.
    engine : str
        Of the forests.
    binary : bool
        Whether the outcome is.
    """

    units: int = 400
    covariates: int = 6
    probability: float = 0.5
    slope: float = 0.0
    learner: str = "linear"
    bags: int = 25
    sequential_bags: int = 10
    engine: str = "econml"
    binary: bool = False


class Trial(NamedTuple):
    """Covariates (n, p), arm, outcome and true effect of n units, and their folds; weights and clusters, if any."""

    X: Floats
    treated: NDArray[np.int64]
    outcome: Floats
    effect: Floats
    fold: NDArray[np.int64]
    weight: Floats | None = None
    cluster: NDArray[np.int64] | None = None


def simulate(setting: Setting, seed: int) -> Trial:
    """X normal, W Bernoulli, Y = x1 + x2 + x3^2 / 2 + (W - e) effect + N(0, 1), effect = 0.5 + slope x1."""
    rng = generator(seed, "pipeline null", "trial")
    n = setting.units
    X = rng.normal(size=(n, setting.covariates))
    treated = (rng.random(n) < setting.probability).astype(np.int64)
    effect = AVERAGE + setting.slope * X[:, 0]
    baseline = X[:, 0] + X[:, 1] + X[:, 2] ** 2 / 2
    outcome = baseline + (treated - setting.probability) * effect + rng.normal(size=n)
    return Trial(X, treated, outcome, effect, draw_folds(np.arange(n), treated, None, None, FOLDS, seed))
