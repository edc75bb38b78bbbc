"""Every interval that appraisals print covers, in a few trials with imputed covariates; in full in `make verify`.

All trials are counted together: most intervals have 30, those of relative effects 6, judged by an exact binomial tail
with a false alarm of 1e-6 at a coverage of .9. Of 30 a coverage of .43 is then caught with probability .9.
"""

from __future__ import annotations

import pandas as pd
from appraisal_coverage import coverage
from appraisal_worlds import WORLDS
from rates import assert_rate_at_least, assert_rate_at_most, detectable_at_least

TRIALS = 6
NOMINAL = 0.9
KINDS = {
    *(
        "AUTOC",
        "QINI",
        "TOC",
        "ranking",
        "values",
        "curves",
        "risk_groups",
        "curve",
        "cells",
        "splits",
        "learners",
    ),
    *("arm_means", "ratio", "odds_ratio", "odds_ratio_difference", "interaction"),
}


def test_every_interval_of_the_appraisals_covers_in_a_few_trials() -> None:
    found = pd.concat([coverage(world, TRIALS) for world in WORLDS])
    counts = found.groupby("interval")[["covered", "replicates"]].sum()
    assert detectable_at_least(TRIALS * len(WORLDS), NOMINAL) > 0.43
    assert {name.split(":")[0].split(" ")[0] for name in counts.index} >= KINDS
    for name, row in counts.iterrows():
        assert row["replicates"] % TRIALS == 0, name
        assert_rate_at_least(int(row["covered"]), int(row["replicates"]), NOMINAL)


def test_bounds_on_a_confounder_cover_where_the_plain_interval_does_not() -> None:
    found = coverage("confounded", TRIALS).set_index("interval")["covered"]
    for name in ("bounds, worst case", "bounds, true correlation"):
        assert_rate_at_least(int(found[name]), TRIALS, NOMINAL)
    assert_rate_at_most(int(found["no confounder supposed"]), TRIALS, 0.1)
