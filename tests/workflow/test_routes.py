"""Routes for missing covariates side by side, run by the real command to the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hetflow.files import read_json, read_table
from route_study import data, study
from small_project import Project

pytestmark = pytest.mark.xdist_group("routes")

TRAINED = {"training": "inference", "permutations": 19, "permutation_trees": 72, "permutation_imputations": 1}
ANALYSES: dict[str, dict[str, Any]] = {
    "primary": {"label": "Primary"},
    "kept": {"missingness": {"strategy": "selective", "keep_mask": ["lab0", "lab1", "lab2"]}},
    "blocks": {"missingness": {"strategy": "blockwise", "minimum_pattern": 100}},
    "trained": {"forest": TRAINED},
}


def trial() -> dict[str, Any]:
    """A small study with a block of which it was settled before randomisation who would lack it."""
    values = study("multiple_imputation", "randomised", "continuous", "histogram")
    values["estimates"]["projection"] = ["age", "lab0"]
    return values | {"analyses": ANALYSES}


def test_routes_run_to_a_report_that_sets_them_side_by_side(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    data().to_csv(project.folder / "small.csv", index=False)
    project.study.write_text(yaml.safe_dump(trial(), sort_keys=False))
    project.snakemake()
    results = project.folder / "results" / "small"
    routes = read_table(results / "tables" / "routes.parquet", "table").set_index("analysis")
    assert list(routes.index) == list(ANALYSES)
    assert routes["ATE_estimate"].notna().all()
    assert routes.loc["kept", "strategy"] == "selective"
    assert routes.loc["trained", "training"] == "inference"
    spread = read_table(results / "tables" / "routes_spread.parquet", "table").set_index("quantity")
    assert spread.loc["ATE", "routes"] == len(ANALYSES)
    assert spread.loc["ATE", "spread"] == pytest.approx(
        routes["ATE_estimate"].max() - routes["ATE_estimate"].min()
    )
    table = read_table(results / "estimates.parquet", "estimates")
    _labelled_by_what_they_refer_to(table)
    page = (results / "report.html").read_text(encoding="utf-8")
    for said in ("Routes for missing covariates", "EXPERIMENTAL", "the block laboratory (3 covariates)"):
        assert said in page
    assert len(list((results / "trained" / "permutations").glob("*.json"))) == TRAINED["permutations"] + 1
    listed = read_json(results / "manifest.json", "facts")["artefacts"]
    assert "trained/permutations/0000.json" in listed
    assert project.would_run() == {}
    project.edit("permutations: 19", "permutations: 21")
    assert project.would_run()["permutation"] == 2
    assert set(project.would_run()) <= {
        "permutation",
        "estimates",
        "collect",
        "followed",
        "page",
        "manifest",
        "study_settings",
    }


def _labelled_by_what_they_refer_to(table: pd.DataFrame) -> None:
    """Slopes on a kept covariate are about patients as seen; a block that is not imputed has none."""
    slopes = table.query("estimand == 'projection'").groupby("analysis")["target"].first()
    assert slopes["primary"] == "if covariates were measured"
    assert slopes["kept"] == "as patients are seen"
    assert "blocks" not in slopes
    groups = table.query("estimand == 'rule_groups'").groupby("analysis")["target"].first()
    assert groups["kept"] == "if covariates were measured"
