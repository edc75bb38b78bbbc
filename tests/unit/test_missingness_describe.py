"""The description of OPT's missing values against what is known of the trial, and against brute force."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hetflow.cohort.columns import Column
from hetflow.missingness.describe import by_variable, distinct_masks, patterns, summary
from opt_frame import LABORATORY, SERUM, opt_arm, opt_columns, opt_frame


def test_laboratory_block_is_missing_together_in_430_rows() -> None:
    masks = distinct_masks(opt_frame(), opt_columns())
    first = masks.iloc[0]
    assert (first["rows"], first["width"]) == (430, 18)
    assert set(first["columns"].split(", ")) == set(LABORATORY)


def test_serum_block_is_missing_together_in_27_rows() -> None:
    second = distinct_masks(opt_frame(), opt_columns()).iloc[1]
    assert (second["rows"], second["width"]) == (27, 15)
    assert set(second["columns"].split(", ")) == set(SERUM)


def test_skipped_questions_are_counted_apart() -> None:
    table = by_variable(opt_frame(), opt_columns(), opt_arm()).set_index(["column", "group"])
    live = table.loc[("Live.PTB", "all")]
    assert (live["missing"], live["not_applicable"], live["applicable"]) == (0, 212, 611)
    smoked = table.loc[("BL.Cig.Day", "all")]
    assert (smoked["missing"], smoked["not_applicable"], smoked["unknown_applicability"]) == (27, 704, 26)
    assert smoked["share"] == 27 / 119


def test_arms_add_up() -> None:
    table = by_variable(opt_frame(), opt_columns(), opt_arm())
    wide = table.pivot(index="column", columns="group", values=["units", "missing", "not_applicable"])
    for what in ("units", "missing", "not_applicable"):
        assert (wide[what]["control"] + wide[what]["treated"] == wide[what]["all"]).all()


def test_summary_and_patterns_agree_with_brute_force() -> None:
    frame, columns = opt_frame(), opt_columns()
    facts, table = summary(frame, columns), patterns(frame, columns)
    rows = [tuple(row) for row in frame[[c.name for c in columns]].isna().to_numpy()]
    assert facts["patterns"] == len(table) == len(set(rows))
    assert facts["missing_cells"] == sum(map(sum, rows)) == (table["units"] * table["missing"]).sum()
    assert facts["complete_cases"] == sum(not any(row) for row in rows)
    assert facts["distinct_masks"] == len({column for column in zip(*rows, strict=True) if any(column)})
    assert table["units"].sum() == 823
    assert table.loc[0, "units"] == max(rows.count(row) for row in set(rows))


def test_without_skip_logic_no_unit_is_complete() -> None:
    frame, columns = opt_frame(), opt_columns()
    raw = frame.copy()
    for column in columns:
        if column.applicable_if is not None:
            raw[column.name] = raw[column.name].mask(raw[column.applies] == 0)
    facts = summary(raw, [Column(column.name, column.kind) for column in columns])
    assert facts["complete_cases"] == 0
    assert facts["incomplete_columns"] == 71 - 22


def test_share_is_missing_when_nobody_is_concerned() -> None:
    column = Column("a", "continuous", applicable_if="b == 1")
    frame = pd.DataFrame({"a": [0.0, 0.0], "a__applies": [0.0, 0.0], "b": [0.0, 0.0]})
    table = by_variable(frame, [column], np.array([0, 1], dtype=np.int8))
    assert table["share"].isna().all()
    assert (table["not_applicable"] == [2, 1, 1]).all()
