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
MEASURED: dict[str, Setting] = {}
