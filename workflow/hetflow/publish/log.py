"""What was suppressed, and why: gathered while the public form is made, told to the user and published with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

#: Rule to its reason, in the reader's words.
REASONS = {
    "small count": "fewer units than the threshold",
    "complementary": "it would tell a small count by subtraction",
    "rare level": "fewer units than the threshold have it; levels stand together instead",
    "rounded": "exact, it would tell a small count by subtraction",
    "thinned": "two neighbouring points would tell the mean of fewer units than the threshold",
    "small group": "an estimate of fewer units than the threshold",
    "complementary group": "with the average, it would tell the estimate of a small group",
    "cut two ways": "with another table that cuts the same covariate nearby, it would tell the mean of few units",
    "lost outcomes": "few units of an arm lack the outcome, have its event or lack it, and this would tell how many",
    "decision tree": "its leaves may describe few units closely; publish.trees allows it",
    "unit-level": "a file of units: never published",
    "data path": "where the data lie is of no concern to a reader",
    "order statistic": "a minimum or maximum is one unit's value",
    "value about the data": "it may name levels of few units; which key deviates is told",
    "named file": "the name of the data file may tell who is in it",
}


@dataclass(slots=True)
class Log:
    """Suppressions, in the order in which they were made.

    Attributes
    ----------
    rows : list of dict
        ``where`` (artefact or variable), ``rule`` (a key of `REASONS`), ``number`` (cells, rows or files).
    review : list of str
        What no rule decides and a person should look at.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    review: list[str] = field(default_factory=list)

    def add(self, where: str, rule: str, number: int = 1) -> None:
        """Note that something was suppressed; nothing is noted for a number of 0."""
        if number:
            self.rows.append({"where": where, "rule": rule, "number": int(number), "why": REASONS[rule]})

    def table(self) -> pd.DataFrame:
        """where, rule, number, why: a row each, rules of one place together."""
        frame = pd.DataFrame(self.rows, columns=["where", "rule", "number", "why"])
        together = frame.groupby(["where", "rule", "why"], sort=False)["number"].sum()
        return together.reset_index()

    def totals(self) -> dict[str, int]:
        """Number by rule."""
        found: dict[str, int] = {}
        for row in self.rows:
            found[row["rule"]] = found.get(row["rule"], 0) + row["number"]
        return found
