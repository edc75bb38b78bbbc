"""The structure stage does not depend on the order of rows or of columns, nor on an earlier call."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from hetflow.cohort.columns import Column
from hetflow.missingness.structure.stage import Structure, describe_structure

SETTINGS = {"seed": 5, "groups": ["sex"], "strata": False, "clusters": False}


def cohort() -> tuple[pd.DataFrame, pd.DataFrame, list[Column], pd.DataFrame]:
    rng = np.random.default_rng(1)
    n = 400
    data = pd.DataFrame({"unit": np.arange(n), "treated": rng.integers(0, 2, n).astype(np.int8)})
    data = data.assign(
        cluster=data["unit"], weight=1.0, stratum="all", sex=rng.integers(0, 2, n).astype(float)
    )
    columns = [Column("sex", "binary", levels=("f", "m"))]
    sick = rng.normal(size=n)
    for number in range(12):
        values = rng.normal(size=n)
        values[rng.random(n) < 1 / (1 + np.exp(1 - sick))] = np.nan
        data[f"x{number:02d}"] = values
        columns.append(Column(f"x{number:02d}", "continuous"))
    data["x03"] = data["x03"].mask(data["sex"] == 1)
    data["x05"] = data["x05"].mask(data["x04"].isna()).where(data["x04"].notna())
    data["x07"] = data["x06"]
    reasons = pd.DataFrame(
        {"unit": data["unit"][data["x01"].isna()].to_numpy(), "column": "x01", "reason": "lost"}
    )
    outcome = pd.DataFrame({"unit": data["unit"], "y": rng.normal(size=n)})
    outcome.loc[sick > 1, "y"] = np.nan
    return data, outcome, columns, reasons


def same(one: Structure, two: Structure) -> None:
    assert one.facts == two.facts
    assert one.tables.keys() == two.tables.keys()
    for name, table in one.tables.items():
        pd.testing.assert_frame_equal(table, two.tables[name], check_exact=True, obj=name)


def test_order_of_rows_and_columns_and_repetition() -> None:
    data, outcome, columns, reasons = cohort()
    straight = describe_structure(data, outcome, columns, reasons, SETTINGS)
    rows = np.random.default_rng(2).permutation(len(data))
    turned = data[data.columns[::-1]].iloc[rows].reset_index(drop=True)
    other = describe_structure(turned, outcome.iloc[rows[::-1]], columns[::-1], reasons.iloc[::-1], SETTINGS)
    same(straight, other)
    same(straight, describe_structure(data, outcome, columns, reasons, SETTINGS))
    assert (straight.tables["network"]["edge"] != "").any()
    assert len(straight.tables["rules"]) == 1


def test_numbers_of_units_do_not_matter() -> None:
    data, outcome, columns, reasons = cohort()
    straight = describe_structure(data, outcome, columns, reasons, SETTINGS)
    shifted = [table.assign(unit=table["unit"] + 1000) for table in (data, outcome, reasons)]
    same(straight, describe_structure(shifted[0], shifted[1], columns, shifted[2], SETTINGS))


def test_labels_change_nothing() -> None:
    data, outcome, columns, reasons = cohort()
    straight = describe_structure(data, outcome, columns, reasons, SETTINGS)
    renamed = [replace(column, label=f"Column {number}") for number, column in enumerate(columns)]
    same(straight, describe_structure(data, outcome, renamed, reasons, SETTINGS))
