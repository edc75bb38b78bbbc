"""Patients who are not in the study: typed by its dictionary, completed by its strategy, or refused by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort.columns import columns_from_json
from hetflow.cohort.ingest import ingest
from hetflow.cohort.new_units import type_new_units
from hetflow.errors import Refused
from hetflow.missingness.new_units import complete_new_units
from hetflow.missingness.strategies import complete
from small_study import small_raw, small_settings

FILE = "new.csv"


@pytest.fixture(scope="module")
def study():
    settings = small_settings(derived={"bulk": {"expression": "bmi * 2"}})
    settings["dictionary"]["bulk"] = {"role": "covariate", "kind": "continuous"}
    found = ingest(small_raw(), settings)
    return settings, found, columns_from_json(found.facts["columns"])


def new_raw() -> pd.DataFrame:
    """The first rows of the study's own file without arm, outcomes and identifier."""
    return small_raw()[["age", "bmi", "smoker", "cigarettes", "site"]].head(12)


def test_the_study_s_own_rows_are_typed_as_in_the_study(study):
    settings, found, columns = study
    new = type_new_units(new_raw(), settings, columns, FILE)
    own = found.cohort[found.cohort["unit"] < 12].reset_index(drop=True)
    pd.testing.assert_frame_equal(new, own[list(new.columns)], check_dtype=False)
    assert {"bulk", "cigarettes__applies", "site"} <= set(new.columns)


def test_a_column_that_is_not_there_and_a_value_that_nobody_had_are_refused_by_name(study):
    settings, _, columns = study
    with pytest.raises(Refused, match="no column bmi"):
        type_new_units(new_raw().drop(columns="bmi"), settings, columns, FILE)
    with pytest.raises(Refused, match=r"new.csv: dictionary: site(.|\n)*far"):
        type_new_units(new_raw().assign(site="far"), settings, columns, FILE)
    with pytest.raises(Refused, match=r"new.csv: dictionary: age"):
        type_new_units(new_raw().assign(age="old"), settings, columns, FILE)


@pytest.mark.parametrize("strategy", ["native", "indicator", "complete_variables", "complete_case"])
def test_gaps_are_completed_as_the_study_completed_its_own_or_refused(study, strategy):
    settings, found, columns = study
    new = type_new_units(new_raw(), settings, columns, FILE)
    if strategy == "indicator":
        columns = [replace(column, mask_fixed_before_randomisation=True) for column in columns]
        new = new[new["smoker"].notna()]  # where a parent is unknown, a gap of its child is imputed
    completed = complete(found.cohort, columns, strategy, "deployment", 0, 1).frame
    if strategy == "complete_case":
        with pytest.raises(Refused, match=r"strategy complete_case cannot(.|\n)*bmi \(2\)"):
            complete_new_units(new, found.cohort, completed, columns, strategy, FILE)
        new = new[new.notna().all(axis=1)]
    got = complete_new_units(new, found.cohort, completed, columns, strategy, FILE)
    assert list(got.columns) == list(completed.columns)
    own = completed[completed["unit"].isin(got["unit"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(got.reset_index(drop=True), own, check_dtype=False)
    assert np.isin(got["unit"], np.arange(12)).all()


def test_complete_variables_refuses_a_gap_where_the_study_had_none(study):
    settings, found, columns = study
    new = type_new_units(new_raw().assign(age=""), settings, columns, FILE)
    completed = complete(found.cohort, columns, "complete_variables", "deployment", 0, 1).frame
    with pytest.raises(Refused, match=r"strategy complete_variables cannot(.|\n)*age \(12\)"):
        complete_new_units(new, found.cohort, completed, columns, "complete_variables", FILE)


def test_multiple_imputation_completes_gaps_and_leaves_whole_rows_alone(study):
    settings, found, columns = study
    new = type_new_units(new_raw(), settings, columns, FILE)
    done = complete(found.cohort, columns, "multiple_imputation", "deployment", 0, 1)
    got = complete_new_units(
        new, found.cohort, done.frame, columns, "multiple_imputation", FILE, imputer=done.imputer, seed=1
    )
    whole = new[list(got.columns)].notna().all(axis=1)
    pd.testing.assert_frame_equal(got[whole], new.loc[whole, list(got.columns)])
    assert got.notna().all(axis=None)


def test_helpers_are_typed_where_the_file_holds_them(study):
    settings, _, columns = study
    aside = [replace(column, role="auxiliary") if column.name == "bmi" else column for column in columns]
    aside = [column for column in aside if column.name != "bulk"]
    assert "bmi" in type_new_units(new_raw(), settings, aside, FILE, helpers=True)
    assert "bmi" not in type_new_units(new_raw(), settings, aside, FILE)
    assert "bmi" not in type_new_units(new_raw().drop(columns="bmi"), settings, aside, FILE, helpers=True)
