"""Every interval of the estimates table covers, in a few trials with imputed covariates; in full in `make verify`."""

from __future__ import annotations

from interval_coverage import coverage
from rates import assert_rate_at_least, detectable_at_least

TRIALS = 12
NOMINAL = 0.9


def test_every_interval_covers_in_a_few_trials() -> None:
    """False alarm 1e-6 a row: an interval that hardly ever covers would be seen, and a row that is not there."""
    found = coverage(0.8, TRIALS)
    assert detectable_at_least(TRIALS, NOMINAL) > 0.1
    assert {"ATE", "projection", "rule_groups", "sequential_groups", "AUTOC", "QINI"} <= set(
        found["estimand"]
    )
    for row in found.to_dict("records"):
        assert row["replicates"] == TRIALS, row
        assert_rate_at_least(row["covered"], TRIALS, NOMINAL)
