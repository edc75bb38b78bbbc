"""Propensity, overlap and the stage's frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hetflow.errors import Refused
from hetflow.files import canonical_json, read_table, write_table
from hetflow.nuisance.folds import draw_folds
from hetflow.nuisance.nuisance import nuisance
from hetflow.nuisance.overlap import (
    balancing_weights,
    diagnose_overlap,
    effective_size,
    histogram,
    standardised_differences,
)
from hetflow.nuisance.propensity import design_propensity, trim_units
from statsmodels.api import GLM, add_constant, families

EXACT = 1e-12  # the same sums in another order
COLUMNS = [
    "unit",
    "fold",
    "contrast",
    "treated",
    "treatment_residual",
    "outcome_residual",
    "propensity",
    "outcome_mean",
    "observed",
    "observation_probability",
    "weight",
]
QUICK = {"outcome": "linear", "propensity": "design", "trim": None}


def _trial(n: int = 120) -> dict:
    rng = np.random.default_rng(1)
    X, treated = rng.normal(size=(n, 3)), rng.integers(0, 2, n)
    fold = draw_folds(np.arange(n), treated, None, None, 4, 1)
    outcome = X[:, 0] + 0.5 * treated + rng.normal(size=n)
    return {
        "unit": np.arange(n),
        "X": X,
        "treated": treated,
        "outcome": outcome,
        "fold": fold,
        "weight": None,
    }


def _run(data: dict, design: dict | None = None, settings: dict | None = None, **more: object) -> tuple:
    return nuisance(
        **data,
        design=design or {"probability": 0.5},
        settings=settings or QUICK,
        seed=1,
        key=("shared",),
        **more,
    )


def test_frame_fulfils_the_contract_and_its_identities(tmp_path: Path) -> None:
    data = _trial()
    frame, facts = _run(data)
    assert frame.columns.tolist() == COLUMNS
    write_table(frame, tmp_path / "n.parquet", "nuisance")
    assert len(read_table(tmp_path / "n.parquet", "nuisance")) == 120
    assert np.array_equal(frame["treatment_residual"], data["treated"] - 0.5)
    assert np.array_equal(frame["outcome_residual"], data["outcome"] - frame["outcome_mean"])
    assert facts["outcome"]["overall"]["r2"] > 0.2
    assert facts["propensity"] == {"learner": "design", "probability": 0.5}
    canonical_json(facts)


def test_binary_outcomes_get_probabilities() -> None:
    data = _trial()
    data["outcome"] = (data["outcome"] > 0).astype(float)
    frame, facts = _run(data, settings=QUICK | {"outcome": "stack"}, binary=True)
    assert frame["outcome_mean"].between(0, 1).all()
    assert "auc" in facts["outcome"]["overall"]


def test_design_by_level() -> None:
    data = _trial()
    clinic = np.where(np.arange(120) < 60, "NY", "KY")
    design = {"probability": {"column": "Clinic", "levels": {"NY": 0.5, "KY": 0.25}}}
    frame, _ = _run(data, design, level=clinic)
    assert np.array_equal(frame["propensity"], np.where(clinic == "NY", 0.5, 0.25))
    assert design_propensity({"1": 0.4, "2": 0.6}, 3, np.array([1.0, 2.0, 1.0])).tolist() == [0.4, 0.6, 0.4]


@pytest.mark.parametrize("value", [0.0, 1.0, -0.2, 1.7, float("nan")])
def test_design_probabilities_of_zero_and_one_are_refused(value: float) -> None:
    with pytest.raises(Refused, match="strictly between 0 and 1"):
        design_propensity(value, 3)
    with pytest.raises(Refused, match="probability: KY"):
        design_propensity({"NY": 0.5, "KY": value}, 2, np.array(["NY", "KY"]))


def test_levels_without_probability_are_refused() -> None:
    with pytest.raises(Refused, match="none for KY"):
        design_propensity({"NY": 0.5}, 2, np.array(["NY", "KY"]))
    with pytest.raises(Refused, match="name that column"):
        design_propensity({"NY": 0.5}, 2)
    with pytest.raises(Refused, match="name a learner"):
        _run(_trial(), {"probability": None})


def test_estimated_zero_or_one_is_refused_unless_trimmed() -> None:
    e, treated = np.array([0.0, 0.3, 0.6, 1.0]), np.array([0, 0, 1, 1])
    with pytest.raises(Refused, match="2 units at 0 or 1"):
        trim_units(e, treated, None)
    kept, facts = trim_units(e, treated, (0.1, 0.9))
    assert kept.tolist() == [False, True, True, False]
    assert facts == {"bounds": [0.1, 0.9], "left_out": 2, "by_arm": {"arm 0": 1, "arm 1": 1}}
    with pytest.raises(Refused, match="low < high"):
        trim_units(e, treated, (0.9, 0.1))


def test_trimming_leaves_units_out_and_reports_them() -> None:
    data = _trial(300)
    data["treated"] = (np.random.default_rng(3).random(300) < 1 / (1 + np.exp(-2 * data["X"][:, 0]))).astype(
        int
    )
    data["fold"] = draw_folds(data["unit"], data["treated"], None, None, 4, 1)
    settings = {"outcome": "linear", "propensity": "linear", "trim": (0.2, 0.8)}
    frame, facts = _run(data, settings=settings)
    whole, _ = _run(data, settings=settings | {"trim": None})
    assert frame["propensity"].between(0.2, 0.8).all()
    assert facts["trim"]["left_out"] == 300 - len(frame) > 0
    same = whole[whole["unit"].isin(frame["unit"])].reset_index(drop=True)
    assert same.equals(frame)  # nothing is clipped, and those who stay are as they were
    with pytest.raises(Refused, match="nuisance: trim: fold"):
        _run(data, settings=settings | {"trim": (0.499, 0.501)})


def test_units_must_be_one_contrast_and_distinct() -> None:
    data = _trial()
    with pytest.raises(Refused, match="two arms"):
        _run(data | {"treated": np.arange(120) % 3})
    with pytest.raises(Refused, match="each unit once"):
        _run(data | {"unit": np.zeros(120, int)})
    with pytest.raises(Refused, match="fold 4, arm 1"):
        _run(data | {"treated": np.where(data["fold"] == 4, 0, data["treated"])})


def test_overlap_weights_of_a_logistic_fit_balance_exactly() -> None:
    """Li, Morgan and Zaslavsky (2018), theorem 3: the witness is statsmodels' maximum likelihood."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(400, 3))
    treated = (rng.random(400) < 1 / (1 + np.exp(-X[:, 0]))).astype(np.int64)
    e = GLM(treated, add_constant(X), family=families.Binomial()).fit(tol=1e-14).predict()
    weights = {"before": np.ones(400)} | balancing_weights(treated, e, np.ones(400))
    rows = standardised_differences(X, ["a", "b", "c"], treated, weights)
    assert abs(rows[0]["before"]) > 0.5
    for row in rows:
        assert row["overlap"] == pytest.approx(0.0, abs=1e-9)  # the likelihood's score equations
        assert abs(row["inverse_probability"]) < 0.3


def test_standardised_difference_by_hand() -> None:
    X = np.array([[1.0, 2.0, np.nan], [3.0, 2.0, 1.0], [2.0, 2.0, np.nan], [6.0, 2.0, np.nan]])
    treated = np.array([1, 1, 0, 0])
    rows = standardised_differences(X, ["a", "constant", "unseen"], treated, {"before": np.ones(4)})
    assert rows[0]["before"] == pytest.approx((2 - 4) / np.sqrt((1 + 4) / 2), abs=EXACT)
    assert rows[1]["before"] is None
    assert rows[2] == {"covariate": "unseen", "mean_treated": 1.0, "mean_control": None, "before": None}


def test_overlap_tables() -> None:
    e, treated = np.linspace(0.02, 0.98, 200), np.arange(200) % 2
    facts = diagnose_overlap(np.ones((200, 1)), ["one"], treated, e, np.ones(200))
    assert sum(row["treated"] + row["control"] for row in facts["histogram"]) == 200
    outside = {(row["arm"], row["low"]): row["share"] for row in facts["outside"]}
    assert outside[("treated", 0.05)] == pytest.approx(
        np.mean((e < 0.05)[1::2] | (e > 0.95)[1::2]), abs=EXACT
    )
    median = facts["quantiles"][1]["q0.5"]
    assert median == np.sort(e[1::2])[49]
    assert effective_size(np.array([1.0, 1.0, 2.0])) == pytest.approx(16 / 6, abs=EXACT)
    assert effective_size(np.zeros(3)) == 0.0
    assert histogram(np.array([0.0, 1.0]), np.array([0, 1]))[-1] == {
        "low": 0.95,
        "high": 1.0,
        "treated": 1,
        "control": 0,
    }


def test_weighted_quantiles_are_those_of_repeated_rows() -> None:
    rng = np.random.default_rng(2)
    e, w = rng.uniform(0.1, 0.9, 50), rng.integers(1, 5, 50)
    treated, rows = np.arange(50) % 2, np.repeat(np.arange(50), w)
    first = diagnose_overlap(np.ones((50, 1)), ["x"], treated, e, w.astype(float))
    again = diagnose_overlap(np.ones((len(rows), 1)), ["x"], treated[rows], e[rows], np.ones(len(rows)))
    assert first["quantiles"] == again["quantiles"]
