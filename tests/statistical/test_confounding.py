"""Bounds of omitted-variable bias hold the truth where their strength is the confounder's own.

A binary confounder is left out whose strength is known by integration. Its bias must lie within the bound, and equal
rho times the bound; the confidence region of the bounds must hold the true effect at least as often as it says.
Assertions on rates have a false-alarm rate of 1e-6.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from confounded_world import Confounded, Truth
from hetflow.effects.benchmarks import Units, benchmark, fit_without, gain
from hetflow.effects.omitted import bound, elements, squared_error
from rates import assert_rate_at_least, power_at_least

WORLDS = {
    "moderate": Confounded(on_treatment=1.0, on_outcome=1.0),
    "strong": Confounded(on_treatment=2.0, on_outcome=2.0),
    "weak on treatment": Confounded(on_treatment=0.3, on_outcome=2.0),
    "effect differs": Confounded(on_treatment=1.5, on_outcome=1.0, slope=0.8),
}
REPLICATES, UNITS = 150, 500
#: Means over 400,000 units: standard error of the bias about 0.005 of the bound.
INTEGRATED = 0.03


@cache
def truth(name: str) -> Truth:
    return WORLDS[name].truth()


@pytest.mark.parametrize("name", WORLDS)
def test_the_bias_is_rho_times_the_bound(name: str) -> None:
    known = truth(name)
    bias = known.biased - known.effect
    assert abs(bias) <= known.bound * (1 + INTEGRATED)
    assert abs(abs(bias) - abs(known.rho) * known.bound) < INTEGRATED * known.bound
    assert abs(bias) > 0.2 * known.bound  # the world has a confounder worth the name


@pytest.mark.parametrize("name", WORLDS)
def test_the_region_holds_the_true_effect_and_the_plain_interval_does_not(name: str) -> None:
    """Power: a true coverage of 0.80 passes the assertion less than once in 10."""
    known, rng = truth(name), np.random.default_rng(31)
    covered = plain = signed = 0
    for _ in range(REPLICATES):
        scores, outcome = WORLDS[name].scores(rng, UNITS)
        sets = [elements(scores, "ATE", squared_error(scores, outcome))]
        worst = bound(sets, known.c_y, known.c_t, 1.0, 0.95)
        covered += worst.lower <= known.effect <= worst.upper
        own = bound(sets, known.c_y, known.c_t, known.rho, 0.95)
        signed += own.lower <= known.effect <= own.upper
        none = bound(sets, 0.0, 0.0, 1.0, 0.95)
        plain += none.lower <= known.effect <= none.upper
    assert power_at_least(REPLICATES, 0.95, 0.80) > 0.9
    assert_rate_at_least(covered, REPLICATES, 0.95)
    assert_rate_at_least(signed, REPLICATES, 0.95)
    if known.bound > 0.3:
        assert plain < 0.9 * REPLICATES


def test_a_covariate_left_out_measures_its_own_strength() -> None:
    """The gain of the confounder, were it measured, is its strength; the tolerance is four standard errors or so."""
    world, rng = WORLDS["strong"], np.random.default_rng(5)
    known = truth("strong")
    x, u, treated, outcome = world.draw(rng, 4000)
    units = Units(
        np.column_stack([x, u]),
        ("x", "u"),
        treated,
        outcome,
        np.ones(len(x)),
        np.ones(len(x)),
        rng.integers(1, 6, len(x)),
        None,
        False,
    )
    found = benchmark(units, {"hidden": ["u"]}, 1, "00")["hidden"]
    assert found.change == pytest.approx(known.biased - known.effect, abs=0.15)
    gained = known.c_y / (1 - known.c_y)  # gains are counted in what the full model leaves
    assert found.c_y == pytest.approx(gained, rel=0.2)
    full, short = fit_without(units, (), 1, "00"), fit_without(units, ("u",), 1, "00")
    assert 1 - short.nu2 / full.nu2 == pytest.approx(known.c_t, rel=0.2)
    assert gain(full, short) == found
