"""The binomial assertions, against tails summed by hand and against simulation."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from rates import (
    assert_rate_at_least,
    assert_rate_at_most,
    detectable_at_least,
    detectable_at_most,
    largest_allowed,
    power_at_least,
    power_at_most,
    smallest_allowed,
    tail_above,
    tail_below,
)

ROUNDING = 1e-12  # sums of at most 60 terms, each exact to the last bits


def _mass(k: int, n: int, p: float) -> float:
    return comb(n, k) * p**k * (1 - p) ** (n - k)


@pytest.mark.parametrize(("k", "n", "p"), [(0, 5, 0.3), (3, 5, 0.3), (5, 5, 0.3), (7, 60, 0.05)])
def test_tails_are_sums_of_the_mass(k: int, n: int, p: float) -> None:
    assert tail_above(k, n, p) == pytest.approx(sum(_mass(j, n, p) for j in range(k, n + 1)), abs=ROUNDING)
    assert tail_below(k, n, p) == pytest.approx(sum(_mass(j, n, p) for j in range(k + 1)), abs=ROUNDING)


def test_passes_at_the_bound_and_fails_past_it() -> None:
    bound = largest_allowed(200, 0.05)
    assert_rate_at_most(bound, 200, 0.05)
    with pytest.raises(AssertionError, match="too many"):
        assert_rate_at_most(bound + 1, 200, 0.05)
    floor = smallest_allowed(200, 0.95)
    assert_rate_at_least(floor, 200, 0.95)
    with pytest.raises(AssertionError, match="too few"):
        assert_rate_at_least(floor - 1, 200, 0.95)


def test_extreme_claims() -> None:
    assert_rate_at_most(0, 10, 0.0)
    assert_rate_at_least(10, 10, 1.0)
    with pytest.raises(AssertionError):
        assert_rate_at_most(1, 10, 0.0)
    with pytest.raises(AssertionError):
        assert_rate_at_least(9, 10, 1.0)


def test_false_alarm_is_the_power_at_the_claim() -> None:
    assert power_at_most(300, 0.05, 0.05, 1e-3) < 1e-3
    assert power_at_least(300, 0.95, 0.95, 1e-3) < 1e-3


def test_power_against_simulation() -> None:
    n, p, true_p, alarm, draws = 80, 0.05, 0.2, 1e-3, 20_000
    counts = np.random.default_rng(1).binomial(n, true_p, size=draws)
    failed = float(np.mean(counts > largest_allowed(n, p, alarm)))
    assert failed == pytest.approx(power_at_most(n, p, true_p, alarm), abs=5 * 0.5 / np.sqrt(draws))  # 5 sd


def test_detectable_rate_has_the_power_asked_for() -> None:
    rate = detectable_at_most(100, 0.05, power=0.9)
    assert rate > 0.05
    assert power_at_most(100, 0.05, rate) == pytest.approx(0.9, abs=1e-6)
    low = detectable_at_least(100, 0.95, power=0.9)
    assert power_at_least(100, 0.95, low) == pytest.approx(0.9, abs=1e-6)
    with pytest.raises(ValueError, match="replicates catch no rate"):
        detectable_at_most(3, 0.5)


@pytest.mark.parametrize(("n", "p"), [(0, 0.5), (10, 1.5), (10, -0.1)])
def test_nonsense_is_refused(n: int, p: float) -> None:
    with pytest.raises(ValueError, match="needs n"):
        tail_above(1, n, p)


def test_impossible_counts_fail() -> None:
    with pytest.raises(AssertionError, match="11 events in 10"):
        assert_rate_at_most(11, 10, 0.5)
    with pytest.raises(AssertionError, match="-1 events in 10"):
        assert_rate_at_least(-1, 10, 0.5)
