"""The histogram engine in the real command: missing values left to it, clusters with intervals, new patients scored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml
from hetflow.files import read_table
from scipy.stats import norm
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


@pytest.fixture(scope="module")
def imputed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Predictions under multiple imputation, from nothing, for patients with gaps."""
    project = Project(tmp_path_factory.mktemp("imputed") / "project")
    study = yaml.safe_load(STUDY) | {"analyses": {"primary": {"label": "Primary"}}}
    study["forest"] |= {"engine": "histogram"}
    project.study.write_text(yaml.safe_dump(study, sort_keys=False))
    patients().to_csv(project.folder / "patients.csv", index=False)
    project.snakemake("predict", "--config", "new_data=patients.csv")
    return project


def patients() -> pd.DataFrame:
    """Thirty: some without laboratory, one without age, one without site, one with one laboratory value alone."""
    new = small_data().drop(columns=["id", "arm", "y0", "y1"]).head(30).astype(object)
    new.loc[4, "age"], new.loc[6, "site"], new.loc[8, ["lab0", "lab2"]] = ".", "", "."
    return new


def predictions(project: Project, name: str) -> pd.DataFrame:
    return pd.read_csv(project.results / "predictions" / f"{name}.csv")


def test_gaps_are_imputed_and_their_spread_stands_apart_from_the_interval(imputed: Project) -> None:
    found = predictions(imputed, "patients")
    assert found.drop(columns="why").notna().all(axis=None)
    gaps = patients().isin([".", ""]).any(axis=1)
    assert 5 < gaps.sum() < 20
    between = found["between_imputations"]
    assert between[gaps].mean() > between[~gaps].mean(), "forests differ little, imputed values much"
    half = (found["upper"] - found["lower"]) / 2
    np.testing.assert_allclose(half, norm.ppf(0.975) * found["se"], rtol=1e-9)


def test_a_patient_s_prediction_does_not_depend_on_the_file_s_other_rows(imputed: Project) -> None:
    rows = [8, 4, 1, 20]
    patients().iloc[rows][["lab2", "site", "age", "lab0", "female", "lab1"]].to_csv(
        imputed.folder / "few.csv", index=False
    )
    imputed.snakemake("predict", "--config", "new_data=few.csv")
    every, few = predictions(imputed, "patients"), predictions(imputed, "few")
    columns = ["cate", "se", "lower", "upper", "between_imputations"]
    pd.testing.assert_frame_equal(every.loc[rows, columns].reset_index(drop=True), few[columns])


def test_a_file_that_lacks_a_covariate_is_refused_before_the_first_job(imputed: Project) -> None:
    patients().drop(columns="age").to_csv(imputed.folder / "less.csv", index=False)
    refused = imputed.snakemake("predict", "--config", "new_data=less.csv", check=False)
    said = refused.stdout + refused.stderr
    assert refused.returncode != 0
    assert "no column age" in said
    assert "rule predict" not in said
    assert "Traceback" not in said
