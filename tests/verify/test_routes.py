"""Routes for missing covariates in full; the figures are printed."""

from __future__ import annotations

import numpy as np
import pytest
from rates import assert_rate_at_least, assert_rate_at_most
from route_simulation import donors_against_a_constant, permutation_test, sequential_p_values, sources_apart

pytestmark = pytest.mark.verify

REPLICATES = 200
DRAWS = 99
LEVEL = 0.05
FIVE = 5.0


@pytest.mark.parametrize("setting", ["X", "B"])
def test_permutations_hold_their_size(setting: str) -> None:
    """Forests trained on inference mode, under a constant effect. A size of 0.15 is caught with power 0.9.

    Permutations stop once it is settled that p is above the level, which decides as all of them would.
    """
    p = np.array([permutation_test(setting, 0.0, number, DRAWS)[0] for number in range(REPLICATES)])
    size = (p <= LEVEL).mean()
    print(
        f"{setting}: size of the permutation test {size:.3f} (MCSE {np.sqrt(LEVEL * 0.95 / REPLICATES):.3f})"
    )
    assert_rate_at_most(int((p <= LEVEL).sum()), REPLICATES, LEVEL)
    values, chances = (np.array(part) for part in sequential_p_values(DRAWS))
    mean, square = values @ chances, values**2 @ chances
    error = np.sqrt((square - mean**2) / REPLICATES)
    assert abs(p.mean() - mean) < FIVE * error, "p-values are as they should be, not merely rare"


def test_training_on_inference_mode_wins_power_where_a_block_is_missing() -> None:
    """Against the ordinary route on the same trials; the gain is at least none, by five Monte Carlo errors."""
    p = np.array([permutation_test("B", 0.8, number, DRAWS) for number in range(REPLICATES)])
    power = (p <= LEVEL).mean(axis=0)
    print(f"B: power {power[0]:.3f} by permutations, {power[1]:.3f} of the ordinary route")
    assert_rate_at_least(int((p[:, 0] <= LEVEL).sum()), REPLICATES, 0.55)
    gain = (p[:, 0] <= LEVEL).astype(float) - (p[:, 1] <= LEVEL)
    assert gain.mean() > -FIVE * gain.std(ddof=1) / np.sqrt(REPLICATES)
    assert gain.mean() > 0


def test_blocks_without_imputation_predict_effects_at_least_as_well() -> None:
    """File matching (M) and one block (B): correlation of predicted and true effect, paired."""
    for setting, least in (("M", 0.02), ("B", 0.0)):
        found = np.array([sources_apart(number, setting) for number in range(60)])
        gain = found[:, 1] - found[:, 0]
        error = gain.std(ddof=1) / np.sqrt(len(gain))
        print(
            f"{setting}: imputed {found[:, 0].mean():.3f}, own models {found[:, 1].mean():.3f}, gain MCSE {error:.3f}"
        )
        assert gain.mean() > least - FIVE * error


def test_a_mask_after_randomisation_must_not_be_shown() -> None:
    """Donors hide it; a constant, or an indicator against the rule, costs part of the average effect."""
    found = np.array([donors_against_a_constant(number, marked=True) for number in range(100)])
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    for name, mean, one in zip(("donors", "constant", "indicators"), found.mean(axis=0), error, strict=True):
        print(f"{name}: bias {mean:+.3f} (MCSE {one:.3f})")
    assert abs(found[:, 0].mean()) < 0.01 + FIVE * error[0]
    assert found[:, 1].mean() < -0.1
    assert found[:, 2].mean() < -0.1
