"""Standardised differences and the baseline table, against other packages and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.stats.weightstats as sm_weight
from hetflow.cohort import checks
from hetflow.cohort.baseline import standardised_levels, standardised_mean, standardised_share
from hetflow.cohort.columns import Column
from hetflow.cohort.ingest import ingest
from small_study import small_raw, small_settings

ROUND_OFF = 1e-12  # two ways to sum the same 80 numbers


def test_standardised_differences_against_statsmodels_and_by_hand() -> None:
    random = np.random.default_rng(2)
    first, second = random.normal(1, 2, 40), random.normal(0, 1, 40)
    pooled = sm_weight.CompareMeans.from_data(first, second)
    expected = (first.mean() - second.mean()) / (pooled.std_meandiff_separatevar * np.sqrt(40 / 2))
    assert standardised_mean(first, second) == pytest.approx(expected, rel=ROUND_OFF)
    assert standardised_share(0.5, 0.2) == pytest.approx(0.3 / np.sqrt((0.25 + 0.16) / 2), rel=ROUND_OFF)
    two = standardised_levels(np.array([0.5, 0.5]), np.array([0.8, 0.2]))
    assert two == pytest.approx(standardised_share(0.5, 0.2), rel=ROUND_OFF)
    shares = np.array([0.2, 0.3, 0.5]), np.array([0.3, 0.3, 0.4])
    rotated = standardised_levels(np.roll(shares[0], 1), np.roll(shares[1], 1))
    assert rotated == pytest.approx(
        standardised_levels(*shares), rel=1e-9
    )  # which level is left out is arbitrary
    assert np.isnan(standardised_levels(np.array([1.0, 0.0]), np.array([0.0, 1.0])))
    assert np.isnan(standardised_mean(np.ones(5), np.ones(5)))


def test_the_baseline_table_against_pandas() -> None:
    found = ingest(small_raw(), small_settings())
    table, raw = found.baseline.set_index(["variable", "level"]), small_raw()
    assert list(dict.fromkeys(found.baseline["variable"])) == ["age", "bmi", "smoker", "cigarettes", "site"]
    ages = raw["age"].astype(float).groupby(raw["arm"]).describe()
    row = table.loc[("age", "")]
    for arm, name in (("A", "treated"), ("B", "control")):
        for mine, theirs in (("mean", "mean"), ("sd", "std"), ("lower_quartile", "25%"), ("median", "50%")):
            assert row[f"{mine}_{name}"] == pytest.approx(ages.loc[arm, theirs], rel=ROUND_OFF)
    assert table.loc[("bmi", ""), ["missing_treated", "missing_control"]].tolist() == [1, 1]
    smokers = raw["smoker"].eq("Yes").groupby(raw["arm"]).sum()
    assert table.loc[("smoker", "Yes"), ["count_treated", "count_control"]].tolist() == smokers.tolist()
    assert table.loc[("cigarettes", ""), "applicable_treated"] == smokers["A"]
    assert np.isnan(table.loc[("smoker", "No"), "standardised_difference"])
    assert table.loc[("site", "x"), "standardised_difference"] >= 0


def test_empty_frames_of_levels() -> None:
    column = Column("c", "nominal", levels=())
    assert checks.missing_notices({"c": np.array([None] * 5, dtype=object)}, {"c": column})
