"""What PATH expects of effects by risk, and the size of the tests that are printed.

Assertions on rates have a false-alarm rate of 1e-6.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from rates import assert_rate_at_least, assert_rate_at_most, power_at_least, power_at_most
from risk_world import risk_trial

REPLICATES, UNITS = 40, 400
TESTS = ("risk_groups_difference", "risk_trend", "interaction")


@cache
def simulated(seed: int, replicates: int, units: int, **world: float) -> pd.DataFrame:
    """Effects by the internal risk of so many trials."""
    rng = np.random.default_rng(seed)
    tables = []
    for replicate in range(replicates):
        trial = risk_trial(rng, units, **world)  # type: ignore[arg-type]
        found = trial.appraised().tables["effects"]
        order = np.argsort(trial.risk)
        quarters = np.array_split(trial.truth[order], 4)
        truth = {"best": quarters[0].mean(), "worst": quarters[-1].mean()}
        tables.append(found.assign(replicate=replicate, **truth))
    return pd.concat(tables, ignore_index=True)


def rejections(table: pd.DataFrame, estimand: str) -> int:
    return int((table.loc[table["estimand"] == estimand, "p"] < 0.05).sum())


@pytest.mark.parametrize("estimand", TESTS)
def test_without_an_effect_nothing_goes_with_the_risk(estimand: str) -> None:
    """A true size of 0.45 fails with probability above 0.9."""
    table = simulated(1, REPLICATES, UNITS)
    assert_rate_at_most(rejections(table, estimand), REPLICATES, 0.05)
    assert power_at_most(REPLICATES, 0.05, 0.45) > 0.9


def test_a_constant_relative_effect_is_absolute_heterogeneity_and_no_interaction() -> None:
    """PATH: the absolute effect grows with the risk, and its intervals cover what it is in the extreme quarters."""
    table = simulated(2, REPLICATES, 1000, log_odds=-1.0, spread=1.5)
    assert_rate_at_most(rejections(table, "interaction"), REPLICATES, 0.05)
    assert_rate_at_least(rejections(table, "risk_trend"), REPLICATES, 0.7)
    assert power_at_least(REPLICATES, 0.7, 0.2) > 0.9
    groups = table[table["estimand"] == "risk_groups"]
    means = groups.groupby("group", sort=True)["estimate"].mean().to_numpy()
    assert (np.diff(means) < 0).sum() >= 2  # larger reductions of risk towards the worse prognosis
    for end, group in (("best", "1 (best prognosis)"), ("worst", "4 (worst prognosis)")):
        own = groups[groups["group"] == group]
        covered = int(((own["lower"] <= own[end]) & (own[end] <= own["upper"])).sum())
        assert_rate_at_least(covered, REPLICATES, 0.95)
    ratios = table[table["estimand"] == "odds_ratio"].groupby("group")["estimate"].median()
    # few events in the best quarter, and odds ratios are not collapsible: exp(-1), give or take a fifth or so
    assert ratios.between(np.exp(-1.0) * 0.75, np.exp(-1.0) * 1.35).all()


def test_a_constant_risk_difference_is_no_absolute_heterogeneity() -> None:
    table = simulated(3, REPLICATES, UNITS, difference=0.1)
    assert_rate_at_most(rejections(table, "risk_groups_difference"), REPLICATES, 0.05)
    assert_rate_at_most(rejections(table, "risk_trend"), REPLICATES, 0.05)


def test_an_interaction_of_risk_and_treatment_is_found() -> None:
    table = simulated(4, REPLICATES, 800, log_odds=-0.5, interaction=0.8)
    assert_rate_at_least(rejections(table, "interaction"), REPLICATES, 0.7)
    estimate = table.loc[table["estimand"] == "interaction", "estimate"]
    assert estimate.median() > 1.5  # exp(0.8) = 2.2 for one sd of the true risk; the learnt one is worse
