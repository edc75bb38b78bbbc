"""What must not change a learner's effects, and what must change them in step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort.columns import Column
from hetflow.learners.effects import unit_effects
from hetflow.learners.inputs import learner_inputs
from hetflow.learners.methods import METHODS
from hetflow.learners.rows import Units
from learner_worlds import draw

SEED = 3
N = 150
STEP = 1e-6
"""Standardised targets are rounded to nine decimals; ridge penalties are chosen from a grid."""
CHEAP = [name for name in METHODS if name != "bcf"]


@pytest.fixture(scope="module")
def units() -> Units:
    return draw("A", N, 1, learner="linear").units


@pytest.mark.parametrize("name", CHEAP)
@pytest.mark.parametrize("base", ["linear", "boosting"])
def test_effects_follow_the_outcome_s_origin_and_units(units: Units, name: str, base: str) -> None:
    before = unit_effects(name, base, units, SEED)
    moved = replace(units, outcome=7 - 3 * units.outcome, outcome_mean=7 - 3 * units.outcome_mean)
    after = unit_effects(name, base, moved, SEED)
    if base == "linear":
        np.testing.assert_allclose(after.held_out, -3 * before.held_out, atol=STEP)
    scaled = replace(units, outcome=7 + 4 * units.outcome, outcome_mean=7 + 4 * units.outcome_mean)
    after = unit_effects(name, base, scaled, SEED)
    np.testing.assert_allclose(after.held_out, 4 * before.held_out, atol=STEP)


@pytest.mark.parametrize("name", CHEAP)
def test_swapping_the_arms_turns_the_sign(units: Units, name: str) -> None:
    before = unit_effects(name, "linear", units, SEED)
    swapped = replace(units, treated=1 - units.treated, propensity=1 - units.propensity)
    after = unit_effects(name, "linear", swapped, SEED)
    np.testing.assert_allclose(after.held_out, -before.held_out, atol=STEP)


@pytest.mark.parametrize("name", CHEAP)
def test_rescaled_weights_change_nothing_and_weights_of_zero_count_as_absent(units: Units, name: str) -> None:
    weight = np.random.default_rng(1).uniform(0.5, 2, N)
    one = unit_effects(name, "linear", replace(units, weight=weight), SEED)
    ten = unit_effects(name, "linear", replace(units, weight=10 * weight), SEED)
    np.testing.assert_allclose(one.held_out, ten.held_out, atol=STEP)
    gone = np.arange(N) % 7 == 0
    zero = unit_effects(name, "linear", replace(units, weight=np.where(gone, 0.0, weight)), SEED)
    moved = replace(
        units, weight=np.where(gone, 0.0, weight), outcome=np.where(gone, units.outcome + 9, units.outcome)
    )
    np.testing.assert_array_equal(zero.held_out, unit_effects(name, "linear", moved, SEED).held_out)


def test_the_order_of_rows_in_the_files_changes_nothing() -> None:
    """Nuisances are sorted by unit; completed files and the cohort are looked up."""
    rng = np.random.default_rng(2)
    unit = np.arange(60)
    frame = pd.DataFrame({"unit": unit, "x": rng.normal(size=60), "z": rng.normal(size=60)})
    cohort = frame.assign(treated=np.tile([0, 1], 30), cluster=unit // 2, weight=rng.uniform(1, 2, 60))
    columns = [Column("x", "continuous"), Column("z", "continuous")]
    nuisance = pd.DataFrame(
        {
            "unit": unit[5:],
            "fold": (unit[5:] % 3 + 1).astype(np.int8),
            "treated": cohort["treated"][5:].to_numpy(),
            "outcome_residual": rng.normal(size=55),
            "outcome_mean": rng.normal(size=55),
            "propensity": 0.5,
            "weight": cohort["weight"][5:].to_numpy(),
        }
    )
    drawn = frame.assign(x=frame["x"] + 1)
    own, found = learner_inputs(columns, [frame, drawn], [nuisance], cohort)
    np.testing.assert_array_equal(own, unit[5:])
    np.testing.assert_allclose(found.X[:, 0], frame["x"][5:] + 0.5)
    np.testing.assert_array_equal(found.X[:, 1], frame["z"][5:])
    np.testing.assert_array_equal(found.cluster, unit[5:] // 2)
    np.testing.assert_allclose(found.outcome, nuisance["outcome_residual"] + nuisance["outcome_mean"])
