"""Outcomes imputed, weighted for and shifted, covariates moved: one small study by the real command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hetflow.files import read_json, read_table
from p_values import p_values, unlisted
from small_project import STUDY, Project, small_data

pytestmark = pytest.mark.xdist_group("missing_outcomes")

EFFECT = 0.5
FAR = 5.0  # standard errors from the truth: 1 false alarm in 1.7 million


def lossy() -> pd.DataFrame:
    """The small trial's data, outcomes lost more often by the old and the treated, a block whatever the arm."""
    rng = np.random.default_rng(8)
    frame = small_data()
    chance = 0.1 + 0.15 * (frame["age"] > 50) + 0.1 * frame["arm"]
    lacks = rng.random(len(frame)) < 0.25
    labs = {f"lab{place}": np.where(lacks, ".", rng.normal(size=len(frame)).round(3)) for place in range(3)}
    return frame.assign(y1=frame["y1"].where(rng.random(len(frame)) > chance, ""), **labs)


def routes(folder: Path) -> Project:
    """The small study with outcomes imputed and weighted for, and with a covariate moved."""
    project = Project(folder)
    study = yaml.safe_load(STUDY)
    study["missing_outcome"] = {"strategy": "imputation", "learner": "linear"}
    study["sensitivity"] = {"deltas": [-1, 1], "units": "own", "reference_based": ["jump_to_reference"]}
    study["analyses"] = {
        "primary": {"label": "Imputed"},
        "weighted": {"missing_outcome": {"strategy": "weighting"}},
        "moved": {"missingness": {"delta": {"lab0": 2.0}}},
    }
    study["forest"] |= {"trees": 72, "shard_bags": 18}
    lossy().to_csv(project.folder / "small.csv", index=False)
    project.study.write_text(yaml.safe_dump(study, sort_keys=False))
    return project


def test_outcomes_imputed_weighted_and_shifted(tmp_path: Path) -> None:
    project = routes(tmp_path / "project")
    project.snakemake("--cores", "1")
    results = project.folder / "results" / "small"
    table = read_table(results / "estimates.parquet", "estimates")
    for analysis in ("primary", "weighted"):
        ate = _of(table, analysis, "ATE").iloc[0]
        assert abs(ate["estimate"] - EFFECT) < FAR * ate["se"]
        assert ate["n"] == 240
    ranked = set(_of(table, "weighted")["estimand"]) - set(_of(table, "primary")["estimand"])
    assert {"AUTOC", "QINI", "sequential_AUTOC", "calibration", "sequential_groups"} <= ranked
    said = " ".join(read_json(results / "primary" / "notices.json", "facts")["notices"])
    assert "ranking, sequential: predicted effects and imputed outcomes" in said
    _shifts(results, table)
    _moved(results)
    shifted = {name for name, _, _ in p_values(results) if "/sensitivity/" in name}
    assert shifted == {f"{name}/sensitivity/shifts.parquet" for name in ("primary", "weighted", "moved")}
    assert unlisted(results) == []
    page = (results / "report.html").read_text()
    assert "What the missing outcomes could change" in page
    assert "Jump to reference" in page
    again = project.snakemake("--cores", "1", "-n")
    assert "Nothing to be done" in again.stdout + again.stderr


def _of(table: pd.DataFrame, analysis: str, estimand: str = "") -> pd.DataFrame:
    """Rows of one analysis, of one estimand if it is given."""
    rows = table[table["analysis"] == analysis]
    return rows[rows["estimand"] == estimand] if estimand else rows


def _shifts(results: Path, table: pd.DataFrame) -> None:
    """No shift gives the estimates themselves; the figure's facts are there; rankings only where weighted."""
    for analysis in ("primary", "weighted", "moved"):
        folder = results / analysis / "sensitivity"
        shifts = read_table(folder / "shifts.parquet", "table")
        plain = shifts[(shifts["assumption"] == "shift") & (shifts["delta"] == 0)]
        for name in ("ATE", "rule_groups", "rule_groups_difference", "projection"):
            own = plain[plain["estimand"] == name]
            np.testing.assert_allclose(own["estimate"], _of(table, analysis, name)["estimate"], rtol=1e-9)
            np.testing.assert_allclose(own["se"], _of(table, analysis, name)["se"], rtol=1e-7)
        jumped = "jump to reference" in set(shifts["assumption"])
        assert jumped == (analysis != "weighted")
        assert ("AUTOC" in set(shifts["estimand"])) == (analysis == "weighted")
        tipping = read_table(folder / "tipping.parquet", "table")
        assert set(tipping["arms"]) == {"both", "treated", "control", "opposite"}
        facts = read_json(folder / "sensitivity.json", "facts")
        assert min(facts["lost"].values()) > 0


def _moved(results: Path) -> None:
    """A moved covariate's imputed values lie higher, in both modes; observed ones are the same."""
    cohort = read_table(results / "cohort.parquet", "cohort")
    gap = cohort["lab0"].isna()
    for mode in ("deployment", "inference"):
        plain, moved = (
            read_table(results / analysis / "completed" / mode / "00.parquet", "completed")
            for analysis in ("primary", "moved")
        )
        assert moved["lab0"][gap].mean() > plain["lab0"][gap].mean() + 1.0
        assert moved["lab0"][~gap].equals(plain["lab0"][~gap])
