"""Imputed outcomes and shifts at full size; prints what docs/validation.md states."""

from __future__ import annotations

import numpy as np
import pytest
from lost_outcome_rates import Rates, rates
from rates import assert_rate_at_least, assert_rate_at_most

pytestmark = pytest.mark.verify
TRIALS, UNITS, IMPUTATIONS = 1000, 600, 10
SHIFT = (-1.5, 0.5)
FIVE = 5.0


def _say(what: str, found: Rates) -> None:
    for name, error in found.error.items():
        covered = found.covered[name]
        print(
            f"{what}, {name}: bias {error.mean():+.3f} ({error.std(ddof=1) / np.sqrt(len(error)):.3f}), coverage "
            f"{covered.mean():.3f} ({np.sqrt(covered.mean() * (1 - covered.mean()) / len(covered)):.3f})"
        )
    for name, rejected in found.rejected.items():
        mean = found.autoc[name].mean()
        print(f"{what}, AUTOC {name}: mean {mean:+.3f}, one-sided 5 % rejects {rejected.mean():.3f}")


@pytest.mark.parametrize("slope", [0.0, 0.8])
@pytest.mark.parametrize("planted", [(0.0, 0.0), SHIFT])
def test_coverage_of_averages_groups_and_projections(slope: float, planted: tuple[float, float]) -> None:
    """Coverage between 0.93 and 0.97, at the shift that was planted."""
    found = rates(TRIALS, UNITS, IMPUTATIONS, slope, planted)
    _say(f"slope {slope}, planted {planted}", found)
    for name, error in found.error.items():
        assert abs(error.mean()) < FIVE * error.std(ddof=1) / np.sqrt(TRIALS)
        count = int(found.covered[name].sum())
        assert_rate_at_least(count, TRIALS, 0.93)
        assert_rate_at_most(count, TRIALS, 0.97)


def test_a_planted_shift_that_is_ignored_costs_the_coverage() -> None:
    """Negative control."""
    found = rates(TRIALS, UNITS, IMPUTATIONS, 0.8, SHIFT)
    print(f"planted {SHIFT}, ignored: coverage of ATE {found.unshifted['ATE'].mean():.3f}")
    assert_rate_at_most(int(found.unshifted["ATE"].sum()), TRIALS, 0.1)


def test_rankings_hold_their_size_on_weighted_outcomes_and_are_borne_out_by_imputed_ones() -> None:
    """Why rankings are not evaluated on imputed outcomes, half of which are lost here: without heterogeneity the test
    on weighted outcomes holds its size, and drawn outcomes bear predicted effects out that are noise.
    """
    found = rates(TRIALS, UNITS, IMPUTATIONS, 0.0, rate=0.0, ranking=True)
    _say("no heterogeneity, half of the outcomes lost", found)
    assert_rate_at_most(int(found.rejected["weighted"].sum()), TRIALS, 0.05)
    excess = found.autoc["imputed"] - found.autoc["weighted"]
    assert excess.mean() > FIVE * excess.std(ddof=1) / np.sqrt(TRIALS)
