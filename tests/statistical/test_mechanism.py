"""P-values of the description of mechanisms keep their level, and see what there is to see.

Masks are drawn anew in every replicate, apart from covariates, arm and outcome, which stay. Rates are judged by exact
binomial tails with a false alarm of one in a million.
"""

from __future__ import annotations

import numpy as np
from hetflow.missingness.mechanism.assignment import association_within
from hetflow.missingness.mechanism.little import little_test
from hetflow.missingness.mechanism.projection import projection_test
from hetflow.missingness.mechanism.structure import dependence_given_values
from hetflow.missingness.mechanism.values import value_dependence
from rates import assert_rate_at_least, assert_rate_at_most

LEVEL = 0.05
MASKS = 400


def random_masks(n: int, k: int, seed: int) -> np.ndarray:
    """Independent masks with 5 to 60 % missing."""
    rng = np.random.default_rng(seed)
    return (rng.random((n, k)) < rng.uniform(0.05, 0.6, k)).astype(float)


def test_masks_that_depend_on_nothing_are_seldom_found() -> None:
    X = np.random.default_rng(0).standard_t(3, (400, 4))
    M = random_masks(400, MASKS, 1)
    found = value_dependence(X, M, 1)
    assert_rate_at_most(int((found.p < LEVEL).sum()), MASKS, LEVEL)
    assert float(found.nats.mean()) < 0.002  # of a gain out of fold nothing is left when there is none
    assert float((found.auc > 0.985).sum()) == 0


def test_masks_are_seldom_related_to_arm_or_to_one_another() -> None:
    arm = np.tile([0.0, 1.0], 200)
    M = random_masks(400, MASKS, 2)
    stratum = np.repeat(np.arange(4), 100)
    assert_rate_at_most(int((association_within(arm, M, stratum).p < LEVEL).sum()), MASKS, LEVEL)
    p, _ = dependence_given_values(M - M.mean(axis=0))
    pairs = p[np.arange(0, MASKS, 2), np.arange(1, MASKS, 2)]  # each mask once
    assert_rate_at_most(int((pairs < LEVEL).sum()), MASKS // 2, LEVEL)


def test_clusters_that_go_missing_as_a_whole_keep_the_level() -> None:
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(80), 5)
    arm = (rng.permutation(80) % 2).astype(float)[cluster]
    M = random_masks(80, MASKS, 4)[cluster]
    stratum = np.zeros(400, dtype=np.int64)
    robust = association_within(arm, M, stratum, cluster)
    blind = association_within(arm, M, stratum)
    assert_rate_at_most(int((robust.p < LEVEL).sum()), MASKS, LEVEL)
    assert_rate_at_least(int((blind.p < LEVEL).sum()), MASKS, 0.2)  # the test bites


def incomplete(kind: str, seed: int) -> np.ndarray:
    """500 units, five correlated columns, the first complete; missing at random by chance, by block, or by spread."""
    rng = np.random.default_rng([9, seed])
    X = rng.standard_normal((500, 5)) @ np.linalg.cholesky(0.4 + 0.6 * np.eye(5)).T
    if kind == "block":
        common = rng.standard_normal((500, 1))
        gone = 0.9 * common + 0.45 * rng.standard_normal((500, 4)) > 0.52
    else:
        rate = 0.3 if kind == "chance" else 1 / (1 + np.exp(1.7 - 0.8 * X[:, [0]] ** 2))
        gone = rng.random((500, 4)) < rate
    X[:, 1:][gone] = np.nan
    return X


def p_values(kind: str, replicates: int) -> np.ndarray:
    """Little's and the projection test's p-values, shape (replicates, 2)."""
    masks, numbers = np.array([-1, 0, 1, 2, 3]), np.zeros(5, dtype=bool)
    rows = []
    for seed in range(replicates):
        X = incomplete(kind, seed)
        rows.append((little_test(X).p, projection_test(X, masks, numbers, seed).p))
    return np.array(rows)


def test_tests_of_mcar_are_not_misled_by_blocks_and_see_spread() -> None:
    block, spread = p_values("block", 25), p_values("spread", 12)
    for rejected in (block <= LEVEL).sum(axis=0):
        assert_rate_at_most(int(rejected), 25, LEVEL)
    little, projection = (spread <= LEVEL).sum(axis=0)
    assert_rate_at_most(int(little), 12, 0.4)
    assert_rate_at_least(int(projection), 12, 0.9)
