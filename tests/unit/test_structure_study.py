"""The key `missingness.groups`, and reasons from the raw file to the table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort.columns import Column, columns_from_json
from hetflow.cohort.ingest import ingest
from hetflow.files import plain_json, read_table, write_json, write_table
from hetflow.missingness.structure.stage import describe_structure
from hetflow.plan import STRUCTURE
from hetflow.report.prose_structure import structure_texts
from hetflow.report.words import words
from hetflow.study.analyses import resolve_all
from hetflow.study.consistency import inconsistencies
from hetflow.study.covariates import covariate_problems
from hetflow.study.model import Study
from hetflow.study.slices import slices
from hetflow.study.study_slices import study_slices
from report_fixture import columns
from report_fixture import settings as report_settings

WORDS = words(report_settings(), columns(), "primary")
HEADER = ["id", "arm", "site", "age", "lab", "y"]


def study(groups: list[str] | None = None, **analyses: object) -> Study:
    """A small trial."""
    return Study.model_validate(
        {
            "study": "small",
            "title": "Small",
            "data": {"file": "small.csv", "unit": "id"},
            "estimand": dict.fromkeys(
                ("population", "treatments", "variable", "intercurrent_events", "summary"), "x"
            ),
            "design": {"kind": "randomised", "probability": 0.5, "minimum_arm": 10},
            "treatment": {"column": "arm", "treated": [1], "control": [0]},
            "outcomes": {"y": {"column": "y", "label": "Y", "better": "higher"}},
            "outcome": "y",
            "missingness": {} if groups is None else {"groups": groups},
            "analyses": analyses or {"primary": {}},
            "dictionary": {
                "site": {"role": "covariate", "kind": "nominal"},
                "age": {"role": "covariate", "kind": "continuous"},
                "lab": {
                    "role": "covariate",
                    "kind": "continuous",
                    "missing": {"-7": "haemolysed", "-8": "refused"},
                },
                "y": {"role": "outcome", "missing": {"-9": "moved away"}},
            },
        }
    )


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("age", "age, role covariate, kind continuous"),
        ("sites", "sites, no column"),
        ("y", "y, role outcome"),
    ],
)
def test_groups_without_levels_or_out_of_the_cohort_are_refused(name: str, found: str) -> None:
    (problem,) = covariate_problems(study(["site", name]), "small.yaml", HEADER)
    assert problem.where == "small.yaml: missingness.groups[1]"
    assert problem.found.startswith(found)
    assert problem.remedy == "name one of site"


def test_groups_of_one_analysis_are_refused() -> None:
    other = study(None, primary={}, other={"missingness": {"groups": ["site"]}})
    (problem,) = inconsistencies(other, "small.yaml")
    assert problem.where == "small.yaml: analyses.other.missingness.groups"


def test_groups_change_the_structure_and_the_plan_and_no_estimate() -> None:
    plain, grouped = study(), study(["site"])
    assert slices(resolve_all(plain)["primary"]) == slices(resolve_all(grouped)["primary"])
    changed = {name for name, part in study_slices(plain).items() if part != study_slices(grouped)[name]}
    assert changed - {"report"} == {"structure", "planned"}


def test_reasons_are_counted_from_the_raw_file_to_the_table() -> None:
    rng = np.random.default_rng(1)
    raw = pd.DataFrame({"id": range(60), "arm": [0, 1] * 30, "site": list("ABC") * 20})
    raw = raw.assign(age=rng.normal(40, 9, 60), lab=rng.normal(size=60), y=rng.normal(size=60))
    raw.loc[[0, 2, 4], "lab"] = -7
    raw.loc[[1, 6], "lab"] = -8
    raw.loc[[9, 10], "lab"] = np.nan
    raw.loc[[3, 5], "y"] = -9
    parts = study_slices(study(["site"]))
    cohort = ingest(raw, parts["cohort"])
    assert cohort.facts["missing_reasons"] == {"lab": {"haemolysed": 3, "refused": 2}}
    found = describe_structure(
        cohort.cohort,
        cohort.outcomes,
        columns_from_json(cohort.facts["columns"]),
        cohort.reasons,
        parts["structure"],
    ).tables["reasons"]
    everybody = found[found["by"] == "all"].set_index(["column", "reason"])["missing"].to_dict()
    assert everybody == {
        ("lab", "haemolysed"): 3,
        ("lab", "refused"): 2,
        ("lab", "not stated"): 2,
        ("y", "moved away"): 2,
    }
    arm = found[(found["by"] == "arm") & (found["column"] == "y")]
    assert arm[["level", "missing", "share"]].values.tolist() == [["treated", 2, 1.0]]
    assert set(found[found["by"] == "site"]["level"]) <= {"A", "B", "C"}


def test_a_cohort_without_gaps_and_one_with_a_single_mask(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"unit": range(50), "treated": np.arange(50) % 2, "a": rng.normal(size=50)})
    frame = frame.assign(stratum="all", cluster=frame["unit"])
    outcome = pd.DataFrame({"unit": range(50), "y": rng.normal(size=50)})
    reasons = pd.DataFrame({"unit": np.empty(0, dtype=np.int64), "column": "", "reason": ""})
    settings = {"seed": 1, "groups": [], "strata": False, "clusters": False}
    whole = describe_structure(frame, outcome, [Column("a", "continuous")], reasons, settings)
    assert whole.facts["structure_index"] is None
    assert whole.facts["distinct_masks"] == 0
    assert set(whole.tables) == set(STRUCTURE)
    gaps = outcome.assign(y=outcome["y"].mask(outcome["unit"] < 9))
    single = describe_structure(frame, gaps, [Column("a", "continuous")], reasons, settings)
    assert single.facts["distinct_masks"] == 1
    assert abs(single.facts["structure_index"]["index"]) < 1e-12
    for found in (whole, single):
        assert structure_texts(found.facts, WORDS, 10) == []
        for name, table in found.tables.items():
            write_table(table, tmp_path / f"{name}.parquet", "table")
            assert list(read_table(tmp_path / f"{name}.parquet", "table")) == list(table)
        write_json(plain_json(found.facts), tmp_path / "structure.json", "facts")
