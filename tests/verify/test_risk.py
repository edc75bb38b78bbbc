"""Size and power of what is printed by baseline risk, and coverage of groups: full size, figures printed.

`make verify` prints a table; docs/validation.md quotes it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from confounded_world import Confounded
from hetflow.effects.omitted import bound, elements, squared_error
from rates import assert_rate_at_least, assert_rate_at_most
from risk_world import risk_trial

pytestmark = pytest.mark.verify

REPLICATES = 2000
WORLDS = {
    "no effect": {},
    "no effect, clusters": {"clusters": 100},
    "constant odds ratio": {"log_odds": -0.7},
    "constant difference": {"difference": 0.1},
    "constant shift, continuous": {"log_odds": 0.5, "binary": False},
    "interaction": {"log_odds": -0.5, "interaction": 0.5},
}
#: Which tests have a null that holds exactly in which world.
NULL = {
    "no effect": ("risk_groups_difference", "risk_trend", "interaction"),
    "no effect, clusters": ("risk_groups_difference", "risk_trend", "interaction"),
    "constant difference": ("risk_groups_difference", "risk_trend"),
    "constant shift, continuous": ("risk_groups_difference", "risk_trend"),
}
#: Asymptotic tests at 500 units: what the size is allowed to be.
LARGEST = 0.065


@pytest.mark.parametrize("name", WORLDS)
def test_sizes_and_powers(name: str) -> None:
    rng, rejected = np.random.default_rng(17), {}
    for _ in range(REPLICATES):
        trial = risk_trial(rng, 500, **WORLDS[name])
        found = trial.appraised(external=trial.index).tables["effects"].dropna(subset=["p"])
        for row in found.itertuples():
            rejected.setdefault((row.model, row.estimand), []).append(row.p < 0.05)
    counts = pd.Series({key: sum(values) for key, values in rejected.items()})
    print(
        f"\n{name}, 500 units, {REPLICATES} replicates, rejections at 5 %\n{(counts / REPLICATES).to_string()}"
    )
    for (_, estimand), count in counts.items():
        if estimand in NULL.get(name, ()):
            assert_rate_at_most(int(count), REPLICATES, LARGEST)


@pytest.mark.parametrize("slope", [0.0, 0.8])
def test_coverage_of_the_region_of_bounds(slope: float) -> None:
    world = Confounded(on_treatment=1.5, on_outcome=1.0, slope=slope)
    known, rng, covered = world.truth(), np.random.default_rng(19), {"worst": 0, "own": 0, "none": 0}
    for _ in range(REPLICATES):
        scores, outcome = world.scores(rng, 1000)
        sets = [elements(scores, "ATE", squared_error(scores, outcome))]
        for label, (c_y, c_t, rho) in {
            "worst": (known.c_y, known.c_t, 1.0),
            "own": (known.c_y, known.c_t, known.rho),
            "none": (0.0, 0.0, 1.0),
        }.items():
            one = bound(sets, c_y, c_t, rho, 0.95)
            covered[label] += one.lower <= known.effect <= one.upper
    print(f"\nslope {slope}: {known}; covered { ({key: n / REPLICATES for key, n in covered.items()}) }")
    for label in ("worst", "own"):
        assert_rate_at_least(covered[label], REPLICATES, 0.95)
