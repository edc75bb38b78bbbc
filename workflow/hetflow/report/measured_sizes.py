"""Sizes and powers of the global tests, as they were measured: what the page shows beside a p-value.

Counts of rejections at a nominal 5 % in simulated trials of known truth, by the whole analysis; made by
`tests/verify/test_global_tests.py`, which prints them and fails where they no longer hold. See docs/validation.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

SIZE, POWER = "size", "power"
#: The tests, in the order of the counts below.
TESTS = (
    *("AUTOC", "sequential_AUTOC", "independence_all", "independence_named"),
    *("independence_plain_all", "independence_plain_named", "score_residual_all", "score_residual_named"),
    *("calibration", "projection", "BLP"),
)


@dataclass(frozen=True, slots=True)
class Setting:
    """A simulated setting: whether nothing is there to find (`SIZE`) or something is (`POWER`), and what it is.

    Attributes
    ----------
    measures : str
    text : str
        As the page says it.
    rejected : dict of str to int
        Rejections by test; a test that was not made there is left out.
    replicates : dict of str to int
        Trials by test.
    """

    measures: str
    text: str
    rejected: dict[str, int]
    replicates: dict[str, int]

    @property
    def trials(self) -> int:
        """Of most tests; others, which take long, have fewer."""
        return max(self.replicates.values())

    def rate(self, test: str) -> float | None:
        """Share of trials that a test rejects."""
        count = self.rejected.get(test)
        return None if count is None else count / self.replicates[test]

    def error(self, test: str) -> float | None:
        """Its Monte Carlo standard error."""
        rate = self.rate(test)
        return None if rate is None else sqrt(rate * (1 - rate) / self.replicates[test])


def _setting(measures: str, text: str, trials: int, counts: tuple[int | None, ...], **fewer: int) -> Setting:
    """Counts in the order of `TESTS`, None where a test is not made; `fewer`: trials of tests that have fewer."""
    rejected = {test: count for test, count in zip(TESTS, counts, strict=True) if count is not None}
    return Setting(measures, text, rejected, {test: fewer.get(test, trials) for test in rejected})


#: By name of the world in tests/evidence_null.py; the settings of a power begin with "varied ".
MEASURED: dict[str, Setting] = {
    "plain": _setting(
        SIZE,
        "400 participants, 6 covariates, normal noise",
        400,
        (4, 21, 21, 11, 19, 9, 20, 17, 6, 9, 0),
        BLP=100,
    ),
    "uneven": _setting(
        SIZE,
        "a quarter treated",
        400,
        (7, 7, 20, 19, 18, 17, 26, 27, 11, 14, 1),
        sequential_AUTOC=200,
        BLP=50,
    ),
    "many": _setting(
        SIZE,
        "300 participants, 40 covariates",
        150,
        (3, 4, 7, 6, 10, 8, 13, 8, 2, 10, 0),
        sequential_AUTOC=100,
        BLP=40,
    ),
    "spread": _setting(
        SIZE,
        "noise whose spread depends on a covariate",
        400,
        (13, 13, 14, 15, 20, 20, 14, 20, 12, 19, 0),
        sequential_AUTOC=200,
        BLP=50,
    ),
    "tails": _setting(
        SIZE,
        "heavy-tailed outcome (Student t, 3 degrees of freedom)",
        400,
        (14, 4, 13, 19, 20, 17, 16, 18, 11, 18, 0),
        sequential_AUTOC=200,
        BLP=50,
    ),
    "binary": _setting(
        SIZE,
        "600 participants, binary outcome, the same risk difference for all",
        100,
        (8, 5, 5, 7, 5, 6, 7, 6, 8, 9, 0),
    ),
    "weights": _setting(
        SIZE,
        "weights that go by a covariate, from 0.4 to 2.5 for nine in ten",
        150,
        (5, 2, None, None, None, None, 2, 4, 4, 6, 0),
    ),
    "clusters": _setting(
        SIZE, "60 clusters of 8, assigned whole", 150, (3, 8, None, None, None, None, 6, 3, 4, 7, 0)
    ),
    "few": _setting(
        SIZE, "20 clusters of 20, assigned whole", 150, (0, 6, None, None, None, None, 6, 6, 0, 11, 0)
    ),
    "missing": _setting(
        SIZE,
        "1,000 participants, half of 8 covariates with gaps at random, imputed",
        150,
        (3, None, 1, 1, 2, 1, 2, 1, 4, 0, 0),
        BLP=50,
    ),
    "varied named": _setting(
        POWER,
        "effect rises with a named covariate, 0.4 noise sd per sd",
        100,
        (48, 38, 72, 89, 73, 90, 54, 74, 61, 94, 18),
        BLP=40,
    ),
    "varied other": _setting(
        POWER,
        "effect rises with a covariate that is not named, 0.4",
        100,
        (41, 39, 76, 4, 78, 3, 55, 4, 56, 4, 18),
        BLP=40,
    ),
    "varied curved": _setting(
        POWER, "effect is a curve in a covariate (square), 0.8", 45, (43, 25, 0, 2, 1, 3, 0, 1, 43, 2, 43)
    ),
    "varied many": _setting(
        POWER,
        "300 participants, 40 covariates, rises with a named one, 0.6",
        8,
        (2, 0, 1, 8, 1, 8, 1, 8, 3, 8, 0),
    ),
    "varied missing": _setting(
        POWER, "gaps imputed, rises with a named one, 0.3", 24, (6, None, 11, 16, 11, 15, 9, 11, 10, 18, 5)
    ),
    "varied binary": _setting(
        POWER,
        "binary outcome, risk difference rises with a named covariate, 0.1 per sd",
        40,
        (15, 7, 17, 27, 16, 23, 18, 31, 14, 30, 8),
    ),
    "varied clusters": _setting(
        POWER,
        "60 clusters of 8, rises with a named covariate, 0.4",
        50,
        (11, 12, None, None, None, None, 15, 25, 11, 35, 6),
    ),
}
