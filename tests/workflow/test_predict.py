"""The histogram engine in the real command: missing values left to it, clusters with intervals, new patients scored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml
from hetflow.files import read_table
from small_project import STUDY, Project, small_data

pytestmark = pytest.mark.xdist_group("predict")

EFFECT = 0.5
FAR = 5.0  # standard errors from the truth: 1 false alarm in 1.7 million


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("predict") / "project")
    study = yaml.safe_load(STUDY) | {"analyses": {"primary": {"label": "Primary"}}}
    study["missingness"] = {"strategy": "native"}
    study["forest"] |= {"engine": "histogram"}
    study["design"] |= {"cluster": "village", "strata": []}
    frame = small_data().assign(village=[f"v{unit % 40}" for unit in range(240)])
    frame.to_csv(project.folder / "small.csv", index=False)
    project.study.write_text(yaml.safe_dump(study, sort_keys=False))
    project.snakemake("--cores", "1")
    return project


def test_missing_values_and_clusters_reach_the_report_with_intervals(run: Project) -> None:
    results = run.folder / "results" / "small"
    assert (results / "report.html").stat().st_size > 10_000
    ate = read_table(results / "estimates.parquet", "estimates").query("estimand == 'ATE'").iloc[0]
    assert abs(ate["estimate"] - EFFECT) < FAR * ate["se"]
    assert (
        read_table(results / "primary" / "completed" / "deployment" / "00.parquet", "completed")
        .isna()
        .any(axis=None)
    )
    assert (
        read_table(results / "primary" / "scores" / "shared.parquet", "scores")["cate_variance"].notna().all()
    )


def test_new_patients_are_scored_and_a_file_is_asked_for(run: Project) -> None:
    new = small_data().drop(columns=["id", "arm", "y0", "y1"]).head(30)
    new.loc[3, "age"] = 230
    new.to_csv(run.folder / "patients.csv", index=False)
    run.snakemake("predict", "--config", "new_data=patients.csv")
    found = pd.read_csv(run.folder / "results" / "small" / "predictions" / "patients.csv")
    assert len(found) == 30
    assert list(found.loc[found["unlike"] == 1, "unit"]) == [3]
    assert found.loc[3, "why"] == "age"
    assert np.all((found["lower"] < found["cate"]) & (found["cate"] < found["upper"]))
    assert found["cate"].between(-3, 3).all()
    nothing = run.snakemake("predict", check=False)
    assert nothing.returncode != 0
    assert "snakemake predict --config new_data=patients.csv" in nothing.stdout + nothing.stderr
    assert "Traceback" not in nothing.stdout + nothing.stderr
