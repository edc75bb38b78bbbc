"""Sizes and powers of the global tests, as they were measured: what the page shows beside a p-value.

Counts of rejections at a nominal 5 % in simulated trials of known truth, by the whole analysis; made by
`tests/verify/test_global_tests.py`, which prints them and fails where they no longer hold. See docs/validation.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

SIZE, POWER = "size", "power"


@dataclass(frozen=True, slots=True)
class Setting:
    """A simulated setting: whether nothing is there to find (`SIZE`) or something is (`POWER`), and what it is.

    Attributes
    ----------
    measures : str
    text : str
        As the page says it.
    replicates : int
    rejected : dict of str to int
        Rejections by test; a test that was not made there is left out.
    """

    measures: str
    text: str
    replicates: int
    rejected: dict[str, int]

    def rate(self, test: str) -> float | None:
        """Share of trials that a test rejects."""
        count = self.rejected.get(test)
        return None if count is None else count / self.replicates

    def error(self, test: str) -> float | None:
        """Its Monte Carlo standard error."""
        rate = self.rate(test)
        return None if rate is None else sqrt(rate * (1 - rate) / self.replicates)


#: By name of the world in tests/evidence_null.py; the settings of a power begin with "varied ".
MEASURED: dict[str, Setting] = {
    "plain": Setting(
        SIZE,
        "400 participants, 6 covariates, normal noise",
        150,
        {
            "AUTOC": 0,
            "sequential_AUTOC": 10,
            "independence_all": 4,
            "independence_named": 5,
            "independence_plain_all": 4,
            "independence_plain_named": 3,
            "score_residual_all": 3,
            "score_residual_named": 3,
            "calibration": 1,
            "projection": 4,
        },
    ),
    "uneven": Setting(
        SIZE,
        "a quarter treated",
        90,
        {
            "AUTOC": 0,
            "sequential_AUTOC": 5,
            "independence_all": 2,
            "independence_named": 3,
            "independence_plain_all": 2,
            "independence_plain_named": 2,
            "score_residual_all": 5,
            "score_residual_named": 7,
            "calibration": 2,
            "projection": 1,
        },
    ),
    "many": Setting(
        SIZE,
        "300 participants, 40 covariates",
        16,
        {
            "AUTOC": 0,
            "sequential_AUTOC": 0,
            "independence_all": 0,
            "independence_named": 0,
            "independence_plain_all": 0,
            "independence_plain_named": 0,
            "score_residual_all": 1,
            "score_residual_named": 0,
            "calibration": 0,
            "projection": 1,
        },
    ),
    "spread": Setting(
        SIZE,
        "noise whose spread depends on a covariate",
        90,
        {
            "AUTOC": 1,
            "sequential_AUTOC": 8,
            "independence_all": 3,
            "independence_named": 1,
            "independence_plain_all": 4,
            "independence_plain_named": 4,
            "score_residual_all": 2,
            "score_residual_named": 5,
            "calibration": 0,
            "projection": 4,
        },
    ),
    "tails": Setting(
        SIZE,
        "heavy-tailed outcome (Student t, 3 degrees of freedom)",
        90,
        {
            "AUTOC": 4,
            "sequential_AUTOC": 3,
            "independence_all": 3,
            "independence_named": 4,
            "independence_plain_all": 5,
            "independence_plain_named": 4,
            "score_residual_all": 3,
            "score_residual_named": 4,
            "calibration": 5,
            "projection": 4,
        },
    ),
    "missing": Setting(
        SIZE,
        "1,000 participants, half of 8 covariates with gaps at random, imputed",
        36,
        {
            "AUTOC": 1,
            "independence_all": 0,
            "independence_named": 1,
            "independence_plain_all": 0,
            "independence_plain_named": 1,
            "score_residual_all": 0,
            "score_residual_named": 1,
            "calibration": 0,
            "projection": 0,
        },
    ),
    "varied named": Setting(
        POWER,
        "effect rises with a named covariate, 0.4 noise sd per sd",
        60,
        {
            "AUTOC": 26,
            "sequential_AUTOC": 28,
            "independence_all": 46,
            "independence_named": 54,
            "independence_plain_all": 45,
            "independence_plain_named": 54,
            "score_residual_all": 32,
            "score_residual_named": 46,
            "calibration": 38,
            "projection": 57,
        },
    ),
    "varied other": Setting(
        POWER,
        "effect rises with a covariate that is not named, 0.4",
        45,
        {
            "AUTOC": 20,
            "sequential_AUTOC": 20,
            "independence_all": 35,
            "independence_named": 2,
            "independence_plain_all": 35,
            "independence_plain_named": 1,
            "score_residual_all": 25,
            "score_residual_named": 3,
            "calibration": 27,
            "projection": 2,
        },
    ),
    "varied curved": Setting(
        POWER,
        "effect is a curve in a covariate (square), 0.8",
        45,
        {
            "AUTOC": 43,
            "sequential_AUTOC": 26,
            "independence_all": 0,
            "independence_named": 2,
            "independence_plain_all": 1,
            "independence_plain_named": 3,
            "score_residual_all": 0,
            "score_residual_named": 1,
            "calibration": 43,
            "projection": 2,
        },
    ),
    "varied many": Setting(
        POWER,
        "300 participants, 40 covariates, rises with a named one, 0.6",
        8,
        {
            "AUTOC": 2,
            "sequential_AUTOC": 0,
            "independence_all": 1,
            "independence_named": 8,
            "independence_plain_all": 1,
            "independence_plain_named": 8,
            "score_residual_all": 1,
            "score_residual_named": 8,
            "calibration": 3,
            "projection": 8,
        },
    ),
    "varied missing": Setting(
        POWER,
        "gaps imputed, rises with a named one, 0.3",
        24,
        {
            "AUTOC": 6,
            "independence_all": 11,
            "independence_named": 16,
            "independence_plain_all": 11,
            "independence_plain_named": 15,
            "score_residual_all": 9,
            "score_residual_named": 11,
            "calibration": 10,
            "projection": 18,
        },
    ),
}
