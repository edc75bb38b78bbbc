"""OPT, ACTG 175 and NHEFS as read: what is known of them from their papers and from the files themselves."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hetflow.cohort.columns import columns_from_json
from hetflow.cohort.ingest import Cohort, ingest
from hetflow.cohort.matrix import covariate_codes, covariate_matrix
from hetflow.cohort.readers import read_raw
from hetflow.cohort.values import clean
from hetflow.files import read_json, read_table, write_json, write_table

ROOT = Path(__file__).parents[2]
RESOURCES = ROOT / "workflow" / "resources"
THREE_DIGITS = 5e-4  # the known answers are stated with three digits


def dictionary(study: str) -> dict[str, Any]:
    for name in (f"{study}.yaml", f"fragments_{study}_dictionary.yaml"):
        path = ROOT / "config" / name
        if path.exists():
            return yaml.safe_load(path.read_text(encoding="utf-8"))["dictionary"]
    raise AssertionError(f"no dictionary of {study}")


def outcome(**more: Any) -> dict[str, Any]:
    return {"kind": "continuous", "label": "x", "better": "lower", **more}


@cache
def opt_raw() -> pd.DataFrame:
    return read_raw(RESOURCES / "opt" / "opt.csv")


@cache
def opt() -> Cohort:
    settings = {
        "data": {"unit": "PID", "missing_codes": ["", "."]},
        "treatment": {"column": "Group", "treated": ["T"], "control": ["C"]},
        "design": {"kind": "randomised", "strata": ["Clinic"]},
        "outcomes": {
            "pd_change": outcome(expression="V5.PD.avg - BL.PD.avg"),
            "weeks": outcome(column="GA.at.outcome"),
            "weight": outcome(column="Birthweight"),
            "preterm": outcome(column="Preg.ended...37.wk", kind="binary"),
        },
        "dictionary": dictionary("opt"),
    }
    return ingest(opt_raw(), settings)


def test_the_raw_file() -> None:
    raw = opt_raw()
    assert raw.shape == (823, 171)
    rows = np.arange(823)
    gaps = pd.DataFrame({name: clean(raw[name].iloc[rows], ["", "."]).series.isna() for name in raw})
    assert gaps.any().sum() == 135
    assert gaps.to_numpy().mean() == pytest.approx(0.244, abs=THREE_DIGITS)
    covariates = [column["name"] for column in opt().facts["columns"] if column["name"] != "Clinic"]
    assert len(covariates) == 70
    assert gaps[covariates].to_numpy().mean() == pytest.approx(0.227, abs=THREE_DIGITS)
    assert len(gaps[covariates].drop_duplicates()) == 119
    assert (~gaps[covariates].any()).sum() == 21


def test_arms_outcomes_and_columns() -> None:
    facts = opt().facts
    assert facts["units"] == facts["units_read"] == 823
    assert (facts["arms"]["treated"]["units"], facts["arms"]["control"]["units"]) == (413, 410)
    assert len(facts["columns"]) == 71
    assert all(column["visit"] == 0 and column["role"] == "covariate" for column in facts["columns"])
    change = facts["outcomes"]["pd_change"]
    assert (change["observed_treated"], change["observed_control"]) == (320, 339)
    assert "PID" not in opt().cohort
    assert not facts["dropped"]


@pytest.mark.parametrize(
    ("name", "difference", "tolerance"),
    [("pd_change", -0.389, 5e-4), ("weeks", 1.3, 0.05), ("weight", 36, 0.5)],
)
def test_differences_of_means(name: str, difference: float, tolerance: float) -> None:
    means = opt().outcomes.groupby(opt().cohort["treated"])[name].mean()
    assert means[1] - means[0] == pytest.approx(difference, abs=tolerance)


def test_blocks_and_skip_logic() -> None:
    cohort, columns = opt().cohort, columns_from_json(opt().facts["columns"])
    laboratory = [column.name for column in columns if column.block == "laboratory"]
    serum = [column.name for column in columns if column.block == "serum"]
    assert (len(laboratory), len(serum)) == (18, 16)
    assert cohort[laboratory].isna().all(axis=1).sum() == cohort[laboratory].isna().any(axis=1).sum() == 430
    assert cohort[serum].isna().all(axis=1).sum() == 27
    assert cohort["Live.PTB__applies"].eq(0).sum() == 212
    assert not cohort["Live.PTB"].isna().any()
    assert cohort["N.prev.preg"].isna().sum() == 5
    assert (cohort["BL.Cig.Day__applies"].eq(0) == cohort["Use.Tob"].eq(0)).all()
    assert cohort["BL.Cig.Day__applies"].isna().sum() == cohort["Use.Tob"].isna().sum() == 26


def test_every_recorded_cell_is_kept() -> None:
    raw, cohort = opt_raw(), opt().cohort
    for column in columns_from_json(opt().facts["columns"]):
        cells = clean(raw[column.name], ["", "."]).series
        values = cohort[column.name]
        if column.levels is not None and column.kind != "nominal":
            values = values.map(dict(enumerate(column.levels)), na_action="ignore")
        for cell, value in zip(cells[cells.notna()], values[cells.notna()], strict=True):
            assert value == cell or float(value) == float(cell)


def test_files_and_matrix(tmp_path: Path) -> None:
    found = opt()
    write_table(found.cohort, tmp_path / "cohort.parquet", "cohort")
    write_table(found.outcomes, tmp_path / "outcomes.parquet", "outcomes")
    write_json(found.facts, tmp_path / "cohort.json", "cohort_facts")
    cohort = read_table(tmp_path / "cohort.parquet", "cohort")
    pd.testing.assert_frame_equal(cohort, found.cohort, check_dtype=False)
    columns = columns_from_json(read_json(tmp_path / "cohort.json", "cohort_facts")["columns"])
    X, names = covariate_matrix(cohort, columns)
    assert X.shape == (823, 70 + 4 + 10)
    assert "Clinic=NY" in names
    codes, short, nominal = covariate_codes(cohort, columns)
    assert len(short) == 70 + 10 + 1
    assert [name for name, yes in zip(short, nominal, strict=True) if yes] == ["Clinic"]
    levels = next(column.levels for column in columns if column.name == "Clinic") or ()
    for number, level in enumerate(levels):
        ones = X[:, names.index(f"Clinic={level}")]
        np.testing.assert_array_equal(codes[:, short.index("Clinic")] == number, ones == 1)
    same = [name for name, yes in zip(short, nominal, strict=True) if not yes]
    np.testing.assert_array_equal(codes[:, ~nominal], X[:, [names.index(name) for name in same]])


def test_no_identifier_and_no_small_count_in_notices() -> None:
    facts = opt().facts
    identifiers = set(opt_raw()["PID"])
    assert not identifiers & set(str(facts).replace("'", " ").split())
    assert any(notice.startswith("Spont.ab: fewer than 10 values") for notice in facts["notices"])


def test_actg175() -> None:
    settings = {
        "data": {"unit": "pidnum", "missing_codes": [""]},
        "treatment": {"column": "arms", "treated": [1, 2, 3], "control": [0]},
        "design": {"kind": "randomised", "strata": ["strat"]},
        "outcomes": {"cd420": outcome(column="cd420"), "cd496": outcome(column="cd496")},
        "dictionary": dictionary("actg175"),
    }
    found = ingest(read_raw(RESOURCES / "actg175" / "actg175.csv"), settings)
    means = found.outcomes.groupby(found.cohort["treated"])["cd420"].mean()
    assert means[1] - means[0] == pytest.approx(46.8, abs=0.05)
    assert found.facts["dropped"] == {"zprior": "constant"}
    assert found.outcomes["cd496"].isna().mean() == pytest.approx(0.37, abs=0.005)
    two = ingest(
        read_raw(RESOURCES / "actg175" / "actg175.csv"),
        settings | {"treatment": {"column": "arms", "treated": [1], "control": [0]}},
    )
    assert two.flow["total"].tolist() == [2139, 1054]


def test_nhefs() -> None:
    settings = {
        "data": {"unit": "seqn", "missing_codes": [""]},
        "treatment": {"column": "qsmk", "treated": [1], "control": [0]},
        "design": {"kind": "observational"},
        "outcomes": {"gain": outcome(column="wt82_71")},
        "dictionary": dictionary("nhefs"),
    }
    found = ingest(read_raw(RESOURCES / "nhefs" / "NHEFS.csv"), settings)
    means = found.outcomes.groupby(found.cohort["treated"])["gain"].mean()
    assert means[1] - means[0] == pytest.approx(2.54, abs=0.005)
    assert (
        found.facts["outcomes"]["gain"]["missing_treated"]
        + found.facts["outcomes"]["gain"]["missing_control"]
        == 63
    )
    assert found.facts["missing_reasons"]["hbp"] == {"not asked": 791}
