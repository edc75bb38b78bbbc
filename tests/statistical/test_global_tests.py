"""Sizes and powers of the global tests of heterogeneity, a small part of tests/verify/test_global_tests.py.

By the whole analysis of simulated trials (`evidence_null`). Every assertion fails falsely with probability below 1e-6;
with probability 0.9 a size of .47 is caught (30 replicates), or a power of .01 (10 replicates); the first test asserts
these figures. The last test shows what the studentised tests are for, without a forest: where the spread of the noise
goes along with a covariate, the test that is not studentised rejects too often (200 trials).
"""

from __future__ import annotations

import numpy as np
import pytest
from evidence_null import LEVEL, NULLS, TESTS, VARIED, rejections
from hetflow.effects.independence import coded, independence
from hetflow.effects.score_residual import score_residual
from rates import assert_rate_at_least, assert_rate_at_most, detectable_at_least, detectable_at_most

REPLICATES, VARIED_REPLICATES, SPREAD_REPLICATES = 30, 10, 200
STRONG = ("independence_named", "projection")
"""Tests whose power with a named modifier is at least .8 (docs/validation.md)."""


@pytest.fixture(scope="module")
def null() -> dict[str, int]:
    return rejections(NULLS["plain"], REPLICATES)


@pytest.fixture(scope="module")
def varied() -> dict[str, int]:
    return rejections(VARIED["named"], VARIED_REPLICATES)


def test_what_these_tests_can_see() -> None:
    assert detectable_at_most(REPLICATES, LEVEL) < 0.47
    assert detectable_at_least(VARIED_REPLICATES, 0.8) > 0.01


@pytest.mark.parametrize("name", TESTS)
def test_size(null: dict[str, int], name: str) -> None:
    assert_rate_at_most(null[name], REPLICATES, LEVEL)


@pytest.mark.parametrize("name", STRONG)
def test_power(varied: dict[str, int], name: str) -> None:
    assert_rate_at_least(varied[name], VARIED_REPLICATES, 0.8)


def _uneven_noise(seed: int, n: int = 200, draws: int = 99) -> tuple[bool, bool, bool]:
    """Whether each test rejects a constant effect when the noise's spread is exp(x1)."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 1))
    arm = rng.integers(0, 2, n).astype(np.int8)
    outcome = arm + rng.normal(size=n) * np.exp(x[:, 0])
    X = coded(x, True)
    studentised, plain = independence(X, 4 * (arm - 0.5) * (outcome - 0.5), draws, rng)
    arms = np.stack([arm, *(rng.permutation(arm) for _ in range(draws))])
    residual = score_residual(X, outcome, arms, np.full(n, 0.5), np.ones(n))
    return studentised.p < LEVEL, plain.p < LEVEL, residual.p < LEVEL


def test_studentised_tests_hold_their_size_where_noise_is_uneven_and_the_plain_one_does_not() -> None:
    studentised, plain, residual = np.sum(
        [_uneven_noise(seed) for seed in range(SPREAD_REPLICATES)], axis=0
    ).tolist()
    assert_rate_at_most(studentised, SPREAD_REPLICATES, LEVEL)
    assert_rate_at_most(residual, SPREAD_REPLICATES, LEVEL)
    with pytest.raises(AssertionError, match="too many"):
        assert_rate_at_most(plain, SPREAD_REPLICATES, LEVEL)
