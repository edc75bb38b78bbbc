"""Effect modifiers at full size: coverage of curves, and what the ranking says where there is nothing to find.

Exact binomial tails, false alarm 1e-6; with 500 trials a coverage of .87 instead of .93 is caught with probability .9.
Run with `-s` to see the figures.
"""

from __future__ import annotations

import pytest
from hetflow.report.modifiers import STEADY
from modifier_simulation import band_hits, ranking, shares
from rates import assert_rate_at_least, assert_rate_at_most, detectable_at_least

pytestmark = pytest.mark.verify

TRIALS, CLAIMED, NULLS = 500, 0.93, 60
#: Share of trials without heterogeneity in which the page may name any covariate.
NAMED = 0.05


@pytest.mark.parametrize(
    "setting",
    [
        {"n": 500},
        {"n": 1000},
        {"n": 4000},
        {"n": 1000, "size": 5},
        {"n": 1000, "weighted": True},
    ],
    ids=str,
)
def test_coverage_of_curves(setting: dict) -> None:
    results = [band_hits(seed=seed, **setting) for seed in range(TRIALS)]
    print(setting, {key: round(value, 3) for key, value in shares(results).items()})
    assert detectable_at_least(TRIALS, CLAIMED) > 0.84
    claimed = CLAIMED if "size" not in setting else 0.91
    for key in ("at -1", "at 0", "at 1", "uniform"):
        assert_rate_at_least(sum(bool(one[key]) for one in results), TRIALS, claimed)


def test_without_heterogeneity_hardly_any_covariate_is_named() -> None:
    named, ratios = 0, []
    for seed in range(NULLS):
        table = ranking(500, 20, 0.0, seed, draws=10, top=5)
        steady = table.groupby("name")[["top", "above_null"]].min().min(axis=1)
        named += bool((steady >= STEADY).any())
        shapley = table[table["measure"] == "shapley"]
        ratios.append(shapley["estimate"].mean() / shapley["null"].mean())
    print("named in", named, "of", NULLS, "; Shapley importance over its reference", sum(ratios) / NULLS)
    assert_rate_at_most(named, NULLS, NAMED)
    assert 0.9 < sum(ratios) / NULLS < 1.1
