"""tables/answers: what the first page concludes, as rows that a machine can compare."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hetflow.files import read_table, write_table
from hetflow.report.answer_rows import COLUMNS, QUESTIONS
from hetflow.report.export import csv_text
from hetflow.report.inputs import AppraisalInputs, ReportInputs
from hetflow.report.page import build_report
from hostile_report import HOSTILE, hostile_inputs
from report_fixture import report_inputs
from report_fixture_evidence import evidence_inputs
from report_fixture_policy import appraised


def rows(inputs: ReportInputs) -> pd.DataFrame:
    return build_report(inputs).tables["answers"].set_index("question")


def with_policies(values: pd.DataFrame) -> ReportInputs:
    found = appraised()
    return evidence_inputs(more={"policy": AppraisalInputs(found.tables | {"values": values}, found.facts)})


def test_each_answer_has_its_headline_grade_and_numbers() -> None:
    inputs = evidence_inputs()
    table = rows(inputs)
    assert table.index.tolist() == list(QUESTIONS[:4])
    assert tuple(build_report(inputs).tables["answers"]) == COLUMNS
    average = table.loc["average"]
    first = inputs.estimates[inputs.estimates["estimand"] == "ATE"].iloc[0]
    for name in ("estimate", "se", "lower", "upper", "p"):
        assert average[name] == first[name]
    assert table["grade"].tolist() == ["", "strong", "strong", "strong"]
    page = build_report(inputs).html
    assert all(headline in page for headline in table["answer"])
    assert table["direction"].tolist() == [1, 1, 1, 1]
    assert table.loc["varies", ["tests", "found"]].tolist() == [8, 8]
    assert table.loc["again", ["others", "agreeing"]].tolist() == [1, 1]
    assert not table["text"].str.contains("\n").any()


def test_direction_is_that_of_benefit_and_nothing_where_it_was_not_asked() -> None:
    assert rows(report_inputs(better="lower", ate=-0.386, gap=-0.55))["direction"].tolist() == [1, 1, 1, 1]
    assert rows(report_inputs(better="lower", ate=0.386))["direction"]["average"] == -1
    assert rows(report_inputs(ate=0.001))["direction"]["average"] == 0
    none = rows(report_inputs(kind="observational", autoc_p=float("nan"), rate_p=float("nan")))
    assert none["direction"][["varies", "again"]].isna().all()
    assert none["grade"][["varies", "again"]].tolist() == ["not tested", "not tested"]


@pytest.mark.parametrize(
    ("value", "over_all", "average", "answer", "direction"),
    [
        ((0.3, 0.2, 0.4), (0.0, -0.1, 0.1), (0.3, 0.2, 0.4), "Treat everybody", 1),
        ((0.3, 0.2, 0.4), (0.0, -0.1, 0.1), (0.2, -0.1, 0.5), "Open", 0),
        ((0.1, -0.1, 0.3), (0.0, -0.1, 0.1), (0.3, 0.2, 0.4), "Open", 0),
        ((-0.3, -0.4, -0.2), (0.0, -0.1, 0.1), (-0.3, -0.4, -0.2), "Treat nobody", -1),
        ((-0.3, -0.4, -0.2), (0.0, -0.1, 0.1), (-0.1, -0.3, 0.1), "Open", 0),
        ((0.3, 0.2, 0.4), (0.2, 0.1, 0.3), (0.2, -0.1, 0.5), "Predicted benefit above zero", 1),
    ],
)
def test_a_policy_is_named_only_where_its_interval_shows_it(
    value: tuple[float, ...],
    over_all: tuple[float, ...],
    average: tuple[float, ...],
    answer: str,
    direction: int,
) -> None:
    """Everybody and nobody only where the average effect of all shows the same: policies are judged on a part."""
    values = appraised().tables["values"].copy()
    values.loc[values["quantity"] == "over_all", ["estimate", "lower", "upper"]] = [0.0, -0.1, 0.1]
    for policy, quantity, numbers in (("all", "value", value), ("effect_above_cost", "over_all", over_all)):
        own = values["policy"].eq(policy) & values["quantity"].eq(quantity)
        assert own.sum() == 1
        values.loc[own, ["estimate", "lower", "upper"]] = numbers
    share = values["policy"].eq("effect_above_cost") & values["quantity"].eq("share")
    values.loc[share, "estimate"] = 0.5
    inputs = with_policies(values)
    estimates = inputs.estimates.copy()
    estimates.loc[estimates["estimand"] == "ATE", ["estimate", "lower", "upper"]] = average
    found = rows(replace(inputs, estimates=estimates)).loc["policy"]
    assert (found["answer"], found["direction"]) == (answer, direction)
    few = values.copy()
    few.loc[share, "estimate"] = 2 / few["n"].iloc[0]
    hidden = rows(with_policies(few)).loc["policy"]
    assert hidden["answer"] != "Predicted benefit above zero"


def test_the_table_can_be_written_read_and_opened_in_a_spreadsheet(tmp_path) -> None:
    table = build_report(hostile_inputs(f"={HOSTILE}")).tables["answers"]
    write_table(table, tmp_path / "answers.parquet", "table")
    back = read_table(tmp_path / "answers.parquet", "table")
    assert back["answer"].tolist() == table["answer"].tolist()
    np.testing.assert_array_equal(back["estimate"], table["estimate"])
    named = table.assign(answer=f"={HOSTILE}")
    assert f"'={HOSTILE[:8]}" in csv_text(named)


def test_without_any_estimate_there_is_no_number() -> None:
    inputs = report_inputs()
    bare = replace(inputs, estimates=inputs.estimates[inputs.estimates["estimand"] == "nothing"])
    table = rows(bare)
    assert table["estimate"].isna().all()
    assert table["direction"][["average", "whom", "again"]].isna().all()
