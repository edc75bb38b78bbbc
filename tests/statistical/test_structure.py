"""Size of the network's tests on unstructured masks with unequal margins, and recovery of weak blocks."""

from __future__ import annotations

import numpy as np
from structure_trials import WORLDS, block_agreement, false_discoveries

MOST_FALSE = 0.10
"""False discovery rate to be met; the level asked for is 0.05."""
LEAST_ARI = 0.95


def test_unstructured_masks_have_few_edges() -> None:
    # 20 replicates; at the rate asked for, 5 %, more than 4 show an edge with probability 0.003.
    any_edge, small = false_discoveries(WORLDS[0], 20)
    assert any_edge * 20 <= 4
    assert 0.02 < small < 0.06  # discrete counts make the two-sided test conservative


def test_communities_are_the_weak_blocks() -> None:
    index, across = block_agreement(1000, (5, 5, 5, 5), 0.6, 5)
    assert np.mean(index) >= LEAST_ARI
    assert across <= MOST_FALSE


def test_one_block_of_all_masks_is_left_to_the_index() -> None:
    # Each unit's number of gaps says all there is: with its rows kept, the null has the block too.
    index, _ = block_agreement(1000, (6,), 0.6, 3)
    assert index == [0.0, 0.0, 0.0]
