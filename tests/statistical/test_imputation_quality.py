"""Means, variances and correlations survive imputation: 3,000 units, 30 mixed columns; see tests/verify for more.

The bounds are those of 10,000 units (.015 of bias, a variance ratio of .90 to 1.10) with room for sqrt(10/3) times the
noise. That they bite: filling in means leaves a variance ratio of 0 and a bias of .1.
"""

from __future__ import annotations

import pytest
from imputation_world import mean_quality, mixed_world, quality

MOST_BIAS, LEAST_RATIO, MOST_RATIO, MOST_ERROR = 0.027, 0.85, 1.18, 0.025


@pytest.mark.parametrize("engine", ["pmm", "normal", "tree"])
def test_imputations_keep_means_variances_and_correlations(engine: str) -> None:
    bias, ratio, error = mean_quality(mixed_world(3_000, 1), engine, 1)
    assert bias < MOST_BIAS
    assert LEAST_RATIO < ratio < MOST_RATIO
    assert error < MOST_ERROR


def test_single_values_do_not_pass() -> None:
    world = mixed_world(3_000, 1)
    numeric = [column.name for column in world.columns if column.kind != "nominal"]
    filled = world.seen.fillna(world.seen[numeric].mean())
    filled = filled.fillna({f"n{place}": "a" for place in range(4)})
    found = quality(world, filled)
    assert found.bias > MOST_BIAS
    assert found.variance_ratio < LEAST_RATIO
    assert found.correlation_error > MOST_ERROR
