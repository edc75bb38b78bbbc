"""Rankings compared keep their size, intervals of gains cover: a part of what `make verify` repeats at full size."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from policy_world import covered, gains, rankings, trial
from rates import assert_rate_at_least, assert_rate_at_most, detectable_at_least, detectable_at_most
from scipy.stats import norm

N, REPLICATES, DRAWS = 300, 40, 100
LEVEL = 0.05
#: What the halves of 100 draws and estimated standard errors add to the nominal error at 300 units.
SLACK = 0.03


@pytest.fixture(scope="module")
def null() -> pd.DataFrame:
    """Rankings where every effect is the same."""
    return pd.concat(
        [rankings(trial(np.random.default_rng((1, r)), N, 0.0), r, DRAWS) for r in range(REPLICATES)]
    )


def test_two_sided_tests_of_fixed_rules_and_sequential_differences_keep_their_size(
    null: pd.DataFrame,
) -> None:
    """Of 40 replicates the rates of one test detect 0.57 with power 0.9; full size runs in `make verify`."""
    assert detectable_at_most(REPLICATES, LEVEL + SLACK) < 0.6
    tested = null[null["p"].notna()]
    groups = tested.groupby(["rule", "against", "basis"])
    assert len(groups) == 10
    for _, rows in groups:
        assert len(rows) == REPLICATES
        assert_rate_at_most(int((rows["p"] < LEVEL).sum()), REPLICATES, LEVEL + SLACK)


def test_a_ranking_that_finds_those_who_gain_more_is_told_from_one_that_does_not() -> None:
    """tau = 0.2 + 0.5 (x1 + x2): predicted effects against x1 alone, which carries half of the variance."""
    table = rankings(trial(np.random.default_rng(5), 3000, 0.5), 1, DRAWS)
    row = table[(table["basis"] == "sequential") & (table["against"] == "x1")].iloc[0]
    assert row["estimate"] > 0
    assert row["p"] < 1e-4


@pytest.mark.parametrize("slope", [0.0, 0.5])
def test_intervals_of_gains_cover_the_value_of_the_policies_learnt(slope: float) -> None:
    found = pd.concat(
        [
            gains(trial(np.random.default_rng((2, r)), N, slope), slope, r, depths=(2,), draws=DRAWS).assign(
                replicate=r
            )
            for r in range(REPLICATES)
        ]
    )
    assert detectable_at_least(REPLICATES, 0.95 - SLACK) > 0.4
    for (policy, quantity), rows in found.groupby(["policy", "quantity"]):
        if quantity == "share":
            continue
        print(policy, quantity)
        assert_rate_at_least(int(covered(rows).sum()), REPLICATES, 0.95 - SLACK)


def test_a_learnt_tree_comes_near_the_best_policy() -> None:
    """tau = 0.2 + 0.5 (x1 + x2): the best policy gains 0.388, everybody 0.2; trees of 3,200 units and fewer."""
    one = trial(np.random.default_rng(9), 4000, 0.5)
    found = gains(one, 0.5, 1, budget=0.3, draws=DRAWS).set_index(["policy", "quantity"])["truth"]
    z = 0.2 / np.sqrt(0.5)
    best = 0.2 * norm.cdf(z) + np.sqrt(0.5) * norm.pdf(z)
    assert found["effect_above_cost", "value"] > 0.95 * best
    assert found["tree_2", "value"] > 0.75 * best
    assert found["tree_2", "value"] > found["tree_1", "value"] > found["all", "value"] + 0.03
