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
        400,
        {
            "AUTOC": 4,
            "sequential_AUTOC": 28,
            "independence_all": 21,
            "independence_named": 11,
            "independence_plain_all": 19,
            "independence_plain_named": 9,
            "score_residual_all": 20,
            "score_residual_named": 17,
            "calibration": 6,
            "projection": 9,
        },
    ),
    "uneven": Setting(
        SIZE,
        "a quarter treated",
        400,
        {
            "AUTOC": 7,
            "sequential_AUTOC": 21,
            "independence_all": 20,
            "independence_named": 19,
            "independence_plain_all": 18,
            "independence_plain_named": 17,
            "score_residual_all": 26,
            "score_residual_named": 27,
            "calibration": 11,
            "projection": 14,
        },
    ),
    "many": Setting(
        SIZE,
        "300 participants, 40 covariates",
        150,
        {
            "AUTOC": 3,
            "sequential_AUTOC": 11,
            "independence_all": 7,
            "independence_named": 6,
            "independence_plain_all": 10,
            "independence_plain_named": 8,
            "score_residual_all": 13,
            "score_residual_named": 8,
            "calibration": 2,
            "projection": 10,
        },
    ),
    "spread": Setting(
        SIZE,
        "noise whose spread depends on a covariate",
        400,
        {
            "AUTOC": 13,
            "sequential_AUTOC": 30,
            "independence_all": 14,
            "independence_named": 15,
            "independence_plain_all": 20,
            "independence_plain_named": 20,
            "score_residual_all": 14,
            "score_residual_named": 20,
            "calibration": 12,
            "projection": 19,
        },
    ),
    "tails": Setting(
        SIZE,
        "heavy-tailed outcome (Student t, 3 degrees of freedom)",
        400,
        {
            "AUTOC": 14,
            "sequential_AUTOC": 15,
            "independence_all": 13,
            "independence_named": 19,
            "independence_plain_all": 20,
            "independence_plain_named": 17,
            "score_residual_all": 16,
            "score_residual_named": 18,
            "calibration": 11,
            "projection": 18,
        },
    ),
    "missing": Setting(
        SIZE,
        "1,000 participants, half of 8 covariates with gaps at random, imputed",
        150,
        {
            "AUTOC": 3,
            "independence_all": 1,
            "independence_named": 1,
            "independence_plain_all": 2,
            "independence_plain_named": 1,
            "score_residual_all": 2,
            "score_residual_named": 1,
            "calibration": 4,
            "projection": 0,
        },
    ),
    "varied named": Setting(
        POWER,
        "effect rises with a named covariate, 0.4 noise sd per sd",
        100,
        {
            "AUTOC": 48,
            "sequential_AUTOC": 42,
            "independence_all": 72,
            "independence_named": 89,
            "independence_plain_all": 73,
            "independence_plain_named": 90,
            "score_residual_all": 54,
            "score_residual_named": 74,
            "calibration": 61,
            "projection": 94,
        },
    ),
    "varied other": Setting(
        POWER,
        "effect rises with a covariate that is not named, 0.4",
        100,
        {
            "AUTOC": 41,
            "sequential_AUTOC": 42,
            "independence_all": 76,
            "independence_named": 4,
            "independence_plain_all": 78,
            "independence_plain_named": 3,
            "score_residual_all": 55,
            "score_residual_named": 4,
            "calibration": 56,
            "projection": 4,
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
