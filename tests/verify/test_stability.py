"""Components of variance and the advice on trees at full size; figures are printed."""

from __future__ import annotations

import numpy as np
import pytest
from hetflow.effects.components import difference
from rates import assert_rate_at_least
from stability_world import advised, nested, seed_variances

pytestmark = pytest.mark.verify

REPLICATES = 4000
GROUPS, NOISE = 10, 0.5


@pytest.mark.parametrize("runs", [3, 4, 5, 10])
@pytest.mark.parametrize("component", [0.0, 0.1, 0.5, 2.0])
def test_bounds_of_a_component(runs: int, component: float) -> None:
    """Coverage of 95 % bounds at least 94 % but for chance (false alarm 1e-6), whatever the truth."""
    found = [
        (difference(square, runs - 1, noise, runs * (GROUPS - 1), 0.95), square - noise)
        for square, noise in nested(REPLICATES, runs, GROUPS, component, NOISE)
    ]
    raw = np.array([value for _, value in found])
    covered = sum(one.lower <= component <= one.upper for one, _ in found)
    error = raw.std() / np.sqrt(REPLICATES)
    truncated = np.mean([one.truncated for one, _ in found])
    print(
        f"{runs} runs, component {component}, noise {NOISE}: mean {raw.mean():.3f} (MCSE {error:.3f}), "
        f"coverage {covered / REPLICATES:.3f}, truncated {truncated:.3f}"
    )
    assert abs(raw.mean() - component) < 5 * error
    assert_rate_at_least(covered, REPLICATES, 0.94)


@pytest.mark.parametrize("trees", [120, 160, 320])
def test_seed(trees: int) -> None:
    """The jackknife over bags against 200 forests of other seeds: a ratio with a standard deviation of some 11 %.

    With 20 bags (80 trees) some of the 200 leave a unit out of no half-sample once a group of bags is away, and refuse.
    """
    across, within = seed_variances(200, trees)
    print(
        f"{trees} trees: variance of AUTOC between seeds {across:.3g}, mean jackknife {within:.3g}, "
        f"ratio {within / across:.2f}"
    )
    assert 0.6 < within / across < 1.7


def test_advice() -> None:
    """With the advised trees, over 200 other seeds."""
    found, permitted, trees = advised(200)
    print(f"{trees} trees: error {found:.3g}, permitted {permitted:.3g}")
    assert found < 1.35 * permitted
