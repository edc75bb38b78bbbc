"""What must not change the effects (shards, order, threads, form of the data), and what must, and how."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from forest_world import LABEL, grow_bags, trial
from hetflow.files import read_table, write_table
from hetflow.forest.bags import Label, bag_seed, half_sample, pool_of
from hetflow.forest.econml_engine import EconmlEngine
from hetflow.forest.effects import effects
from hetflow.forest.merge import effects_of_shards
from hetflow.forest.settings import ForestSettings
from hetflow.forest.shards import bags_of_shard, shard_names
from hetflow.forest.trees import from_econml

BAGS = 16
N = 150
# The same trees on residuals that differ by a factor: leaf averages and fixed-point grid are rounded anew.
RELATIVE = 1e-9
# A tree out of which half of the units are may differ by a broken tie; two such trees leave a quarter
# untouched.
UNTIED = 0.25
TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def data():
    return trial(N, noise=2.0)


def grow(data, first=0, last=BAGS - 1, **changes):
    return grow_bags(data, first, last, sample=130, **changes)


@pytest.fixture(scope="module")
def whole(data):
    return effects_of_shards([grow(data).to_frame()])


@pytest.mark.parametrize("shard_bags", [1, 5, 16, 100])
def test_effects_are_byte_identical_whatever_the_shards_and_the_order_of_the_jobs(
    data, whole, shard_bags, tmp_path
):
    names = shard_names(4 * BAGS, 4, shard_bags)
    for name in reversed(names):
        write_table(grow(data, *bags_of_shard(name)).to_frame(), tmp_path / f"{name}.parquet", "forest_sums")
    merged = effects_of_shards(read_table(path, "forest_sums") for path in sorted(tmp_path.iterdir()))
    for path, table in ((tmp_path / "a", whole), (tmp_path / "b", merged)):
        write_table(table.assign(sample="all"), path, "cate")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_trees_are_the_same_alone_and_after_others(data):
    pool, label = pool_of(np.ones(N, bool), None), Label(*LABEL)

    def tree_arrays(bag):
        engine, half = EconmlEngine(), half_sample(pool, 4, label, bag)
        forest = engine.grow(
            data.X, data.treatment, data.outcome, None, half, ForestSettings(), bag_seed(4, label, bag)
        )
        return from_econml(forest.estimators_).to_arrays()

    alone = tree_arrays(7)
    after = [tree_arrays(bag) for bag in (2, 9, 7)][-1]
    for name, array in alone.items():
        assert array.tobytes() == after[name].tobytes(), name


def test_more_trees_change_no_earlier_bag_and_another_seed_or_label_changes_all(data):
    few, many = grow(data, 0, 5), grow(data, 0, BAGS - 1)
    rest = grow(data, 6, BAGS - 1)
    np.testing.assert_array_equal(few.first + rest.first, many.first)
    for changes in ({"seed": 5}, {"label": ("deployment", 1, "all")}, {"label": ("deployment", 0, "not1")}):
        assert not np.array_equal(grow(data, **changes).first, many.first)


def test_threads_change_nothing():
    code = (
        "from hetflow.forest.grow import grow_shard; from forest_world import trial, LABEL;"
        "import hashlib, numpy as np;"
        "d = trial(150, noise=2.0);"
        "s = grow_shard(d.X, d.treatment, d.outcome, None, None, np.arange(150) < 130, 4, LABEL, 0, 15, {});"
        "print(hashlib.sha256(s.to_frame().to_numpy().tobytes()).hexdigest())"
    )
    digests = set()
    for threads in ("1", "2"):
        variables = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LOKY_MAX_CPU_COUNT"), threads)
        paths = os.pathsep.join([str(TESTS.parent / "workflow"), str(TESTS)])
        ran = subprocess.run(
            [sys.executable, "-c", code],
            env=variables | {"PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(ran.stdout)
    here = grow(trial(N, noise=2.0))
    digests.add(hashlib.sha256(here.to_frame().to_numpy().tobytes()).hexdigest() + "\n")
    assert len(digests) == 1


def close(sums, cate, variance):
    got = effects(sums)
    np.testing.assert_allclose(got[0], cate, rtol=RELATIVE, atol=RELATIVE * np.nanmax(np.abs(cate)))
    np.testing.assert_allclose(got[1], variance, rtol=RELATIVE, atol=RELATIVE * np.nanmax(variance))


@pytest.mark.parametrize("factor", [2.0**-30, -0.25, -1.0, 2.0**40])
def test_effects_scale_with_the_outcome_exactly_by_powers_of_two(data, whole, factor):
    cate, variance = effects(grow(data, outcome_residual=factor * data.outcome))
    np.testing.assert_array_equal(cate, factor * whole["cate"])
    np.testing.assert_array_equal(variance, factor**2 * whole["variance"])


@pytest.mark.parametrize("factor", [3.7, -0.21, 1e-9, 1e12])
def test_effects_scale_with_the_outcome_by_other_factors_but_for_ties(data, whole, factor):
    # Rounding may break a tie between two splits otherwise, which changes one tree and the units that it
    # judges.
    cate, variance = effects(grow(data, outcome_residual=factor * data.outcome))
    same = np.isclose(cate, factor * whole["cate"], rtol=RELATIVE, atol=RELATIVE * abs(factor))
    same &= np.isclose(variance, factor**2 * whole["variance"], rtol=RELATIVE, equal_nan=True)
    assert same.mean() >= UNTIED
    assert np.corrcoef(cate, factor * whole["cate"])[0, 1] > 0.95


def test_swapped_arms_turn_the_sign(data, whole):
    close(
        grow(data, treatment_residual=-data.treatment),
        -whole["cate"].to_numpy(),
        whole["variance"].to_numpy(),
    )


def test_a_common_factor_of_the_weights_changes_nothing(data):
    weight = np.random.default_rng(8).uniform(0.5, 2, N)
    reference = grow(data, weight=weight)
    assert not np.array_equal(reference.first, grow(data).first)
    close(grow(data, weight=3.0 * weight), *effects(reference))
    np.testing.assert_array_equal(grow(data, weight=np.full(N, 2.5)).first, grow(data).first)


def test_weights_do_not_enter_the_drawing(data):
    weight = np.random.default_rng(8).uniform(0.5, 2, N)
    np.testing.assert_array_equal(grow(data, weight=weight).bags, grow(data).bags)


def test_permuted_rows_with_the_same_members_of_the_bag_have_the_same_leaf_averages(data):
    half = half_sample(pool_of(np.ones(N, bool), None), 4, Label(*LABEL), 0)
    order = np.random.default_rng(1).permutation(N)
    moved = np.argsort(order)[half]
    engine, settings = EconmlEngine(), ForestSettings()
    bag = engine.grow(data.X, data.treatment, data.outcome, None, half, settings, 5)
    permuted = engine.grow(
        data.X[order], data.treatment[order], data.outcome[order], None, moved, settings, 5
    )
    np.testing.assert_array_equal(
        engine.moments(permuted, data.X[order]), engine.moments(bag, data.X)[:, :, order]
    )


def test_affine_covariates_by_powers_of_two_change_nothing(data, whole):
    got = effects(grow(data, X=data.X * 4.0))
    np.testing.assert_array_equal(got[0], whole["cate"])
    np.testing.assert_array_equal(got[1], whole["variance"])


def test_clusters_of_one_unit_give_the_same_effects_but_no_variance(data):
    cate, variance = effects(grow(data, cluster=np.arange(N)))
    assert np.isfinite(cate).all()
    assert np.isnan(variance).all()
    plain = effects(grow(data))[0]
    np.testing.assert_array_equal(cate, plain)
