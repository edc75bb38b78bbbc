"""Trials in which imputed covariates can carry the outcome into forests and scores: settings X, Y, S and B.

X ~ normal with correlation 0.4, arm by randomisation with probability 1/2, outcome = b(X) + effect (A - 1/2) +
N(0, 1). The effect is 1 (null) or 1 + 0.8 X1, and X1 is incomplete.

X   n 1000, 8 covariates; X1, X3, X5, X7 each miss 35 %, given X8; b = X1 + X5
Y   the same, with missingness that depends on the outcome too
S   as X with b = 2 X1 + X5 and 50 % missing: the outcome nearly reveals X1
B   n 400, 16 covariates; X1 to X12 are one block, 50 % missing together, given X16; b = X1 + X13
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from hetflow.cohort.columns import Column
from hetflow.missingness.amputation import Influences, Strengths, amputate
from hetflow.seeds import generator, integer_seed
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CORRELATION = 0.4
AVERAGE = 1.0
SLOPE = 0.8


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes
    ----------
    name : str
    units, covariates : int
    baseline : tuple of (int, float)
        Covariate (1 is the first) and its coefficient in b.
    missing : tuple of int
        Incomplete covariates.
    rate : float
    driver : int
        Covariate on which missingness depends.
    mechanism : str
    outcome_log_odds : float
        Of missingness, per standard deviation of the outcome.
    """

    name: str
    units: int = 1000
    covariates: int = 8
    baseline: tuple[tuple[int, float], ...] = ((1, 1.0), (5, 1.0))
    missing: tuple[int, ...] = (1, 3, 5, 7)
    rate: float = 0.35
    driver: int = 8
    mechanism: str = "MAR-UP"
    outcome_log_odds: float = 0.0

    def with_units(self, units: int) -> Setting:
        """The same with another number of units."""
        return replace(self, units=units)


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("X"),
        Setting("Y", outcome_log_odds=1.0),
        Setting("S", baseline=((1, 2.0), (5, 1.0)), rate=0.5),
        Setting(
            "B",
            400,
            16,
            ((1, 1.0), (13, 1.0)),
            tuple(range(1, 13)),
            rate=0.5,
            driver=16,
            mechanism="MAR-SS-B",
        ),
    )
}


@dataclass(frozen=True)
class Trial:
    """One trial; `frame` has gaps, `complete` has none."""

    frame: pd.DataFrame
    complete: pd.DataFrame
    columns: list[Column]
    arm: NDArray[np.int8]
    outcome: Floats
    effect: Floats


def draw(setting: Setting, slope: float, seed: int) -> Trial:
    """Draw one trial with effect ``1 + slope X1``."""
    n, p = setting.units, setting.covariates
    rng = generator(seed, "leak", setting.name, "trial")
    shared = np.sqrt(CORRELATION) * rng.standard_normal((n, 1))
    X = shared + np.sqrt(1 - CORRELATION) * rng.standard_normal((n, p))
    arm = rng.permutation(np.arange(n) % 2).astype(np.int8)
    effect = AVERAGE + slope * X[:, 0]
    baseline = sum(coefficient * X[:, place - 1] for place, coefficient in setting.baseline)
    outcome = baseline + effect * (arm - 0.5) + rng.standard_normal(n)
    names = [f"X{place + 1}" for place in range(p)]
    complete = pd.DataFrame(X, columns=names)
    made = amputate(
        complete,
        [f"X{place}" for place in setting.missing],
        setting.mechanism,
        seed=integer_seed(seed, "leak", setting.name, "masks"),
        rate=setting.rate,
        drivers=[f"X{setting.driver}"],
        strengths=Strengths(values=1.0),
        influences=Influences(outcome=outcome, outcome_log_odds=setting.outcome_log_odds),
    )
    unit = pd.DataFrame({"unit": np.arange(n, dtype=np.int64)})
    columns = [Column(name, "continuous") for name in names]
    return Trial(
        pd.concat([unit, made.frame], axis=1),
        pd.concat([unit, complete], axis=1),
        columns,
        arm,
        outcome,
        effect,
    )
