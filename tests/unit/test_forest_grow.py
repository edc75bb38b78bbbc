"""Half-samples, settings and refusals."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from forest_world import LABEL, grow_bags, trial
from hetflow.errors import Refused
from hetflow.forest.bags import Label, bag_seed, half_sample, pool_of
from hetflow.forest.engines import engine_facts
from hetflow.forest.settings import features_tried, forest_settings, smallest_sample
from rates import assert_rate_at_least, assert_rate_at_most

KEY = Label(*LABEL)


def test_half_samples_are_half_of_the_sample_and_of_nothing_else():
    in_sample = np.arange(101) % 3 != 0
    pool = pool_of(in_sample, None)
    for bag in range(20):
        rows = half_sample(pool, 1, KEY, bag)
        assert len(rows) == len(set(rows)) == in_sample.sum() // 2
        assert in_sample[rows].all()
        assert np.all(np.diff(rows) > 0)


def test_whole_clusters_are_drawn_and_half_of_them():
    rng = np.random.default_rng(0)
    cluster = rng.integers(0, 21, 200) * 7
    in_sample = rng.random(200) < 0.8
    pool = pool_of(in_sample, cluster)
    for bag in range(20):
        rows = half_sample(pool, 1, KEY, bag)
        drawn = np.unique(cluster[rows])
        assert len(drawn) == len(np.unique(cluster[in_sample])) // 2
        np.testing.assert_array_equal(rows, np.flatnonzero(np.isin(cluster, drawn) & in_sample))


def test_every_unit_is_as_likely_to_be_drawn_whatever_its_weight():
    # Half of the bags hold a unit. False alarm 20 x 2e-6; a unit whose probability is .40 or less, or .60
    # or more, is caught with probability .9.
    pool, draws = pool_of(np.ones(20, bool), None), 1000
    counts = np.bincount(
        np.concatenate([half_sample(pool, 3, KEY, bag) for bag in range(draws)]), minlength=20
    )
    for count in counts:
        assert_rate_at_most(int(count), draws, 0.5)
        assert_rate_at_least(int(count), draws, 0.5)


def test_bags_and_forests_have_streams_of_their_own():
    pool = pool_of(np.ones(60, bool), None)
    labels = [
        KEY,
        Label("deployment", 1, "all"),
        Label("deployment", 0, "not1"),
        Label("inference", 0, "all"),
    ]
    draws = {tuple(half_sample(pool, 1, label, bag)) for label in labels for bag in range(5)}
    seeds = {bag_seed(1, label, bag) for label in labels for bag in range(5)}
    assert len(draws) == len(seeds) == 20


def grow(data, bags=2, **changes):
    return grow_bags(data, 0, bags - 1, sample=len(data.X), **({"seed": 1} | changes))


def test_units_outside_the_sample_are_out_of_every_bag_and_their_outcome_is_never_read():
    data = trial(150)
    in_sample = np.arange(150) < 120
    hidden = np.where(in_sample, data.outcome, np.nan)
    sums = grow(data, 6, outcome_residual=hidden, in_sample=in_sample, unit=np.arange(150) * 3)
    assert np.all(sums.bags[~in_sample] == 6)
    assert np.sum(sums.bags[in_sample]) == 6 * 60
    np.testing.assert_array_equal(sums.unit, np.arange(150) * 3)


def test_missing_covariates_are_refused_by_name_of_the_engine():
    data = trial(120)
    data.X[[3, 5], 1] = np.nan
    with pytest.raises(Refused, match=r"forest.engine: econml(.|\n)*2 missing values in 2 of 120 units"):
        grow(data)
    data.X[[3, 5], 1] = np.inf
    with pytest.raises(Refused, match="2 infinite"):
        grow(data)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"settings": {"engine": "grf"}}, "forest.engine"),
        ({"settings": {"bag_trees": 1}}, "bag_trees"),
        ({"settings": {"leaves": 3}}, "leaves"),
        ({"settings": {"max_features": 2.5}}, "max_features"),
        ({"settings": {"max_features": 9}}, "max_features"),
        ({"settings": {"min_leaf": 40}}, "at least"),
        ({"outcome_residual": np.full(120, np.nan)}, "120 others"),
        ({"outcome_residual": np.zeros(120)}, "values that vary"),
        ({"treatment_residual": np.full(120, 0.5)}, "values that vary"),
        ({"weight": np.full(120, -1.0)}, "weight"),
        ({"cluster": np.arange(120) % 3}, "4 clusters"),
    ],
)
def test_what_cannot_be_grown_is_refused_by_name(changes, words):
    with pytest.raises(Refused, match=words):
        grow(trial(120), **changes)


def test_settings_reach_the_trees():
    data = trial(200)
    plain = grow(data)
    for section in ({"min_leaf": 12}, {"max_depth": 1}, {"max_features": 0.3}, {"min_balancedness": 0.1}):
        assert not np.array_equal(grow(data, settings=section).first, plain.first), section
    assert np.array_equal(grow(data, settings={"max_features": 4}).first, plain.first)
    assert forest_settings({"bag_trees": 6}).bag_trees == 6
    assert features_tried(None, 5) == "auto"
    assert features_tried(3.0, 5) == 3


def test_the_smallest_sample_splits_and_one_unit_less_is_refused():
    units = smallest_sample(5)
    assert np.ptp(grow(trial(units), 10).first[0]) > 0
    with pytest.raises(Refused, match=f"at least {units} units"):
        grow(trial(units - 1))


def test_facts_of_an_engine_are_known_without_importing_it():
    assert not engine_facts("econml").handles_missing
    code = (
        "import sys, hetflow.forest.grow, hetflow.forest.merge, hetflow.forest.shards as s;"
        "from hetflow.forest.engines import engine_facts; engine_facts('econml');"
        "sys.exit('econml' in sys.modules or 'sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": "workflow"}).returncode == 0
