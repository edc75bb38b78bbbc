"""Quality of every engine on 10,000 units x 30 mixed columns with 20 % of the cells missing at random.

Beside R's mice with method `cart`, whose correlation error is the reference. Run with `-s` for the figures. One data
set: its variance ratio and bias have standard deviations of some .01 and .002 over data sets, so that the bounds are
not met by luck; the mean of the column as control has a variance ratio of 0.
"""

from __future__ import annotations

import pandas as pd
import pytest
from imputation_world import Quality, World, mixed_world, quality
from imputer_quality import ENGINES, assert_respects_data, impute, mean_quality
from r_mice import impute_with_mice

pytestmark = pytest.mark.verify

UNITS, IMPUTATIONS = 10_000, 5
LOWEST, HIGHEST, BIAS, CORRELATIONS = 0.90, 1.10, 0.015, 1.15


@pytest.fixture(scope="module")
def world() -> World:
    return mixed_world(UNITS, 1)


@pytest.fixture(scope="module")
def reference(world: World, tmp_path_factory: pytest.TempPathFactory) -> Quality:
    found = quality(world, impute_with_mice(world, "cart", tmp_path_factory.mktemp("mice")))
    print(f"\nR mice cart: {found}")
    return found


@pytest.fixture(scope="module", params=ENGINES)
def completed(request: pytest.FixtureRequest, world: World) -> list[pd.DataFrame]:
    made = impute(world, request.param, range(IMPUTATIONS))
    print(f"\n{request.param}: {mean_quality(world, made)}")
    return made


def test_variance_and_means(world: World, completed: list[pd.DataFrame]) -> None:
    found = mean_quality(world, completed)
    assert LOWEST <= found.variance_ratio <= HIGHEST
    assert found.bias < BIAS


def test_correlations(world: World, completed: list[pd.DataFrame], reference: Quality) -> None:
    assert mean_quality(world, completed).correlation_error <= CORRELATIONS * reference.correlation_error


def test_levels_and_observed_cells(world: World, completed: list[pd.DataFrame]) -> None:
    for one in completed:
        assert_respects_data(world, one)


@pytest.mark.parametrize("engine", ENGINES)
def test_ten_imputations_begin_with_the_same_five(world: World, engine: str) -> None:
    few, many = impute(world, engine, range(5)), impute(world, engine, range(10))
    assert all(a.equals(b) for a, b in zip(few, many, strict=False))


def test_the_mean_fails(world: World) -> None:
    numbers = world.seen.select_dtypes("number").columns
    filled = world.seen.fillna(world.seen[numbers].mean())
    modes = {name: filled[name].mode()[0] for name in filled.columns if filled[name].isna().any()}
    found = quality(world, filled.fillna(modes))
    assert found.variance_ratio < LOWEST
    assert found.bias > BIAS
