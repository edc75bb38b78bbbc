"""Missing outcomes by weighting in full: bias, coverage, size and power, with the negative controls.

Assertions on rates fail falsely with probability below 1e-6 (`rates`); those on means allow five Monte Carlo standard
errors (6e-7). Run with `-s`, the measured figures are printed (docs/validation.md).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import observed_world as worlds
import pytest
from hetflow.effects.ranking import ranking_effects
from hetflow.effects.sequential import sequential_effects
from observed_world import Found, World
from rates import assert_rate_at_least, assert_rate_at_most, detectable_at_least, detectable_at_most

pytestmark = pytest.mark.verify

FIRST = 1000  # streams of their own: those below belong to tests/statistical
REPLICATES, NULLS, POWERS = 300, 300, 40
ERRORS = 5.0
COVERAGE, SIZE, POWER = 0.93, 0.06, 0.8
#: Coverage in weighted clusters of drop-out and outcome, and with an estimated propensity.
HARDER = 0.91
DRAWS = 200


def _found(make: Callable[..., World], strategy: str = "weighting", **options: bool) -> Found:
    rows = []
    for number in range(FIRST, FIRST + REPLICATES):
        world = make(np.random.default_rng([43, number]))
        rows.append(worlds.read(world, *worlds.scores_of(world, strategy, seed=number, **options)))
    found = worlds.gathered(rows)
    name = getattr(make, "__name__", "by_auxiliary, a fifth not recorded")
    for estimand in found.error:
        print(f"\n{name} {strategy} {options} {estimand}: {found.text(estimand)}", end="")
    return found


def _right(found: Found, names: tuple[str, ...], coverage: float) -> None:
    for name in names:
        assert abs(found.standard_errors(name)) < ERRORS, name
        assert_rate_at_least(found.covered(name), REPLICATES, coverage)


def test_what_these_assertions_catch() -> None:
    """With probability 0.9: coverage of .84 in 300 replicates, a size of .15 in 300."""
    assert detectable_at_least(REPLICATES, COVERAGE) > 0.80
    assert detectable_at_most(NULLS, SIZE) < 0.17


def test_drop_out_by_a_covariate_and_arm() -> None:
    """The difference of means of those observed is off by .88 (coverage 0); complete cases shift the contrast."""
    found = _found(worlds.by_arm)
    _right(found, (*worlds.TARGETS, "contrast", "slope", "groups"), COVERAGE)
    raw = []
    for number in range(FIRST, FIRST + REPLICATES):
        estimate, se = worlds.unadjusted(worlds.by_arm(np.random.default_rng([43, number])))
        raw.append({"difference": (estimate - worlds.EFFECT, se)})
    difference = worlds.gathered(raw)
    print(f"\ndifference of means of those observed: {difference.text('difference')}")
    assert difference.bias("difference") > 0.5
    assert difference.covered("difference") == 0
    cases = _found(worlds.by_arm, "complete_case")
    assert cases.standard_errors("contrast") < -ERRORS
    assert cases.covered("contrast") < 0.75 * REPLICATES


def test_drop_out_by_what_was_recorded_after_treatment_began() -> None:
    """Right with the auxiliary, also where a fifth of it is missing; off by -.74 without it."""
    _right(_found(worlds.by_auxiliary), ("ATE", "contrast", "slope"), COVERAGE)
    gappy = partial(worlds.by_auxiliary, gaps=0.2)
    _right(_found(gappy), ("ATE", "contrast", "slope"), COVERAGE)
    without = _found(worlds.by_auxiliary, auxiliary=False)
    assert without.bias("ATE") < -0.5
    assert without.covered("ATE") == 0


def test_cohorts_and_weighted_clusters() -> None:
    _right(_found(worlds.observational), ("ATE",), HARDER)
    _right(_found(worlds.clustered), ("ATE", "contrast"), HARDER)


def _tests(slope: float, replicates: int) -> tuple[int, int]:
    """Rejections of the one-sided out-of-bag AUTOC and of the two-sided sequential one, with histogram forests."""
    z = []
    for number in range(FIRST, FIRST + replicates):
        scores = worlds.forest_scores(worlds.by_arm(np.random.default_rng([43, number]), 1000, slope), number)
        areas = (
            ranking_effects(scores, "higher", DRAWS, number)[0],
            *sequential_effects(scores, "higher", DRAWS, number),
        )
        z.append([float(area.estimate[0] / np.sqrt(area.covariance[0, 0])) for area in areas])
    out_of_bag, sequential = np.array(z).T
    counts = int((out_of_bag > 1.644854).sum()), int((np.abs(sequential) > worlds.Z).sum())
    print(
        f"\nslope {slope}: R={replicates}, AUTOC {counts[0]}, sequential {counts[1]}, z {sequential.mean():+.3f}"
    )
    return counts


def test_size_and_power_of_the_tests_of_heterogeneity() -> None:
    """Drop-out by x1 and arm mimics heterogeneity among those observed; the tests must not see it."""
    for rejected in _tests(0.0, NULLS):
        assert_rate_at_most(rejected, NULLS, SIZE)
    for rejected in _tests(worlds.SLOPE, POWERS):
        assert_rate_at_least(rejected, POWERS, POWER)
