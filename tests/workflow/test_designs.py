"""Other designs than the small trial's, run by the real command to the report: each ends where the truth is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hetflow.files import read_table
from small_project import STUDY, Project, small_data

pytestmark = pytest.mark.xdist_group("designs")

EFFECT = 0.5  # of the treatment, in all three studies on average (binary: 0.3)
FAR = 5.0  # standard errors from the truth: 1 false alarm in 1.7 million
CORES = 1


def clustered(study: dict[str, Any]) -> None:
    """Forty villages and sampling weights."""
    study["design"] |= {"cluster": "village", "weight": "w", "strata": []}


def binary(study: dict[str, Any]) -> None:
    """A binary outcome of text, an ordinal covariate, and a count that was asked of women alone."""
    outcome = {"column": "cured", "kind": "binary", "levels": ["ill", "cured"], "label": "Cured"}
    study["outcomes"] = {"change": outcome | {"better": "higher"}}
    study["dictionary"] |= {
        "grade": {"role": "covariate", "kind": "ordinal", "levels": ["low", "mid", "high"]},
        "births": {"role": "covariate", "kind": "count", "applicable_if": "female == 'Yes'"},
    }


def observational(study: dict[str, Any]) -> None:
    """Older units are treated more often, and have a higher outcome anyway; extremes are trimmed."""
    study["design"] = {"kind": "observational"}
    study["treatment"]["column"] = "chosen"
    study["outcomes"]["change"] = {"column": "later", "label": "Later", "better": "lower"}
    study["nuisance"] |= {"propensity": "linear", "trim": [0.05, 0.95]}


def data() -> pd.DataFrame:
    """The small trial's data with what the three designs need."""
    rng = np.random.default_rng(3)
    frame = small_data()
    units = len(frame)
    age = (frame["age"] - 50) / 10
    chosen = (rng.random(units) < 1 / (1 + np.exp(-age))).astype(int)
    return frame.assign(
        village=[f"v{unit % 40}" for unit in range(units)],
        w=rng.uniform(0.5, 2, units).round(2),
        cured=np.where(rng.random(units) < 0.3 + 0.3 * frame["arm"], "cured", "ill"),
        grade=rng.choice(["low", "mid", "high"], units),
        births=np.where(frame["female"] == "No", "", rng.integers(0, 4, units).astype(str)),
        chosen=chosen,
        later=(frame["y0"] + EFFECT * chosen + 0.5 * age + rng.normal(size=units)).round(3),
    )


DESIGNS: dict[str, tuple[Callable[[dict[str, Any]], None], float]] = {
    "clustered": (clustered, EFFECT),
    "binary": (binary, 0.3),
    "observational": (observational, EFFECT),
}


@pytest.mark.parametrize("design", DESIGNS)
def test_a_design_runs_to_its_report_and_finds_the_effect(tmp_path: Path, design: str) -> None:
    change, truth = DESIGNS[design]
    project = Project(tmp_path / "project")
    study = yaml.safe_load(STUDY) | {"analyses": {"primary": {"label": "Primary"}}}
    study["missingness"] = {"strategy": "complete_variables"}  # one data set: several are run elsewhere
    change(study)
    data().to_csv(project.folder / "small.csv", index=False)
    project.study.write_text(yaml.safe_dump(study, sort_keys=False))
    project.snakemake("--cores", str(CORES))
    results = project.folder / "results" / "small"
    assert (results / "report.html").stat().st_size > 10_000
    table = read_table(results / "estimates.parquet", "estimates")
    ate = table.query("estimand == 'ATE'").iloc[0]
    assert abs(ate["estimate"] - truth) < FAR * ate["se"]
    assert 0.02 < ate["se"] < 0.5
    if design == "observational":  # the size of heterogeneity tests has not been simulated there
        assert table.query("estimand in ['AUTOC', 'projection', 'rule_groups_difference']")["p"].isna().all()
    if design == "clustered":
        scores = read_table(results / "primary" / "scores" / "shared.parquet", "scores")
        assert scores["cluster"].nunique() == 40
        assert scores["weight"].nunique() > 10
        assert scores["cate_variance"].notna().all()  # econml could not tell them
