"""Refits and their comparison for other designs and routes, by the scripts in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hetflow.files import read_json, read_table
from in_process import inside, run_stability, run_study
from small_project import STUDY, small_data

STABILITY = {
    "folds": 1,
    "tunings": {"mean": {"nuisance": {"outcome": "mean"}}},
    "trees": 100,
    "held_out_trees": 80,
}
OBSERVATIONAL = {
    "design": {"kind": "observational"},
    "nuisance": {"outcome": "linear", "propensity": "linear"},
}
DESIGNS: dict[str, dict[str, Any]] = {
    "trial": {},
    "a cohort, a set of scores for each imputation": OBSERVATIONAL,
    "clusters and one completed file": {
        "design": {"kind": "randomised", "probability": 0.5, "cluster": "ward"},
        "missingness": {"strategy": "indicator"},
    },
    "missing outcomes weighted for": {"missing_outcome": {"strategy": "weighting", "learner": "linear"}},
}
SOURCES = {"seed", "folds", "tuning", "monte_carlo"}


@pytest.mark.parametrize("design", DESIGNS)
def test_refits_of_other_designs(tmp_path: Path, design: str) -> None:
    study = yaml.safe_load(STUDY) | {"stability": STABILITY, "analyses": {"primary": {}}} | DESIGNS[design]
    data = small_data().assign(ward=np.arange(240) // 6)
    begun = run_study(study, data, tmp_path)
    with inside(tmp_path):
        run_stability(begun, "primary")
    folder = tmp_path / begun.file("primary/stability")
    parts = read_table(folder / "components.parquet", "table")
    facts = read_json(folder / "stability.json", "facts")
    refits = read_table(folder / "refits.parquet", "table")
    several = facts["used"]["imputations"] > 1
    for key, rows in parts.groupby(["estimand", "group", "term"]):
        assert set(rows["source"]) == SOURCES | ({"imputations"} if several else set()), key
    assert {"ATE", "AUTOC", "calibration", "rule_groups_difference", "projection"} <= set(parts["estimand"])
    assert (parts["lower"] <= parts["variance"] + 1e-12).all()
    assert (parts["variance"] <= parts["upper"] + 1e-12).all()
    ate = refits[refits["estimand"] == "ATE"].set_index("refit")
    assert list(ate.index) == ["base", "folds-001", "tuning-mean"]
    assert ate["moved"].abs().max() < 2  # standard errors; other folds are no other study
    assert ate.loc["folds-001", "moved"] != 0
