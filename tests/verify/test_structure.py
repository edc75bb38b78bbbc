"""Full-size validation of the network: false discoveries without structure, recovery of blocks, false rules."""

from __future__ import annotations

import numpy as np
import pytest
from structure_trials import WORLDS, World, block_agreement, false_discoveries

pytestmark = pytest.mark.verify

REPLICATES = 500
MOST_FALSE = 0.10
LEAST_ARI = 0.95


@pytest.mark.parametrize("world", WORLDS, ids=str)
def test_false_discovery_rate_without_structure(world: World) -> None:
    rate, small = false_discoveries(world, REPLICATES)
    error = np.sqrt(rate * (1 - rate) / REPLICATES)
    print(f"\n{world}: any edge {rate:.3f} (MC se {error:.3f}), p < 0.05 in {small:.4f}")
    assert rate <= MOST_FALSE
    assert small <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / REPLICATES)


@pytest.mark.parametrize(
    ("n", "sizes", "correlation"),
    [
        (1000, (5, 5, 5, 5), 0.6),
        (1000, (4, 8, 3, 6), 0.4),
        (500, (5, 5, 5), 0.6),
        (1000, (3, 3, 3, 3, 3, 3), 0.4),
    ],
)
def test_weak_blocks_are_recovered(n: int, sizes: tuple[int, ...], correlation: float) -> None:
    index, across = block_agreement(n, sizes, correlation, 100)
    print(f"\n{n} units, blocks {sizes}, latent correlation {correlation}: ARI {np.mean(index):.3f} "
          f"(least {min(index):.3f}), edges across blocks {across:.4f}")  # fmt: skip
    assert np.mean(index) >= LEAST_ARI
    assert across <= MOST_FALSE


def test_weaker_blocks_are_recovered_in_part() -> None:
    index, across = block_agreement(1000, (4, 4, 4), 0.2, 100)
    print(f"\nlatent correlation 0.2: ARI {np.mean(index):.3f}, edges across blocks {across:.4f}")
    assert np.mean(index) > 0.5
    assert across <= MOST_FALSE
