"""What may not change the cohort: order of columns and of keys, spelling of missing values, file format."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort.ingest import Cohort, ingest
from small_study import small_raw, small_settings


def same(first: Cohort, second: Cohort) -> None:
    """Bit for bit."""
    pd.testing.assert_frame_equal(first.cohort, second.cohort, check_exact=True)
    pd.testing.assert_frame_equal(first.outcomes, second.outcomes, check_exact=True)
    pd.testing.assert_frame_equal(first.flow, second.flow, check_exact=True)
    assert first.facts["columns"] == second.facts["columns"]


@pytest.mark.parametrize("seed", range(3))
def test_order_of_columns_and_keys(seed: int) -> None:
    raw, settings = small_raw(), small_settings()
    random = np.random.default_rng(seed)
    shuffled = raw[list(random.permutation(raw.columns))]
    keys = list(random.permutation(list(settings["dictionary"])))
    turned = small_settings() | {"dictionary": {key: settings["dictionary"][key] for key in keys}}
    same(ingest(raw, settings), ingest(shuffled, turned))


@pytest.mark.parametrize("code", ["-99", "NA", "  ", "n/a"])
def test_spelling_of_missing_values(code: str) -> None:
    raw = small_raw()
    recoded = raw.mask(raw.isin(["", "."]), code)
    settings = small_settings(data={"unit": "id", "missing_codes": [code]})
    same(ingest(raw, small_settings()), ingest(recoded, settings))


def test_numbers_as_text_or_as_numbers() -> None:
    raw = small_raw()
    typed = raw.copy()
    for name in ("age", "bmi", "cigarettes", "depth"):
        typed[name] = raw[name].replace({"": "nan", ".": "nan"}).astype(float)
    same(ingest(raw, small_settings()), ingest(typed, small_settings()))


def test_blanks_at_the_ends() -> None:
    raw = small_raw()
    padded = raw.map(lambda cell: f"  {cell}\t")
    same(ingest(raw, small_settings()), ingest(padded, small_settings()))


def test_names_of_the_arms() -> None:
    raw = small_raw()
    renamed = raw.assign(arm=raw["arm"].map({"A": "1", "B": "0"}))
    settings = small_settings(treatment={"treated": [1], "control": [0.0]})
    same(ingest(raw, small_settings()), ingest(renamed, settings))


def test_rows_in_another_order_give_the_same_units() -> None:
    raw = small_raw()
    order = np.random.default_rng(0).permutation(len(raw))
    first = ingest(raw, small_settings()).cohort
    second = ingest(raw.iloc[order].reset_index(drop=True), small_settings()).cohort
    values = [name for name in first if name not in ("unit", "cluster")]
    expected = first[values].iloc[order].reset_index(drop=True)
    pd.testing.assert_frame_equal(second[values], expected, check_exact=True)
