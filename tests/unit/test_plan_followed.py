"""Whether a run followed its plan: states, deviations, what the page says of them, and what may leave."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hetflow.prespecified.followed import followed
from hetflow.prespecified.store import Frozen, read_plan
from hetflow.publish.log import Log
from hetflow.publish.planned import WITHHELD, public_deviations
from hetflow.publish.public import public_inputs
from hetflow.report.inputs import ReportInputs
from hetflow.report.ledger import ledger
from hetflow.report.page import build_report
from planned_study import AMENDED, freeze, planned, study
from report_fixture import report_inputs

MADE = [
    ("primary", "estimates", "ATE", "pre-specified"),
    ("primary", "policy", "policy: ranking", "exploratory"),
]


def made(rows: Iterable[tuple[str, str, str, str]] = MADE) -> pd.DataFrame:
    """A multiplicity ledger of some tests."""
    return pd.DataFrame(list(rows), columns=["analysis", "stage", "test", "plan"])


def frozen(folder: Path) -> Frozen:
    """The frozen plan of a folder."""
    found = read_plan(folder / "small-plan")
    assert found is not None
    return found


def test_without_a_plan_there_is_nothing_to_follow(tmp_path: Path) -> None:
    facts, table = followed(None, planned(tmp_path), made())
    assert facts == {"state": "no plan"}
    assert table.empty


def test_a_run_as_planned_followed_its_plan(tmp_path: Path) -> None:
    freeze(tmp_path)
    facts, table = followed(frozen(tmp_path), planned(tmp_path), made())
    assert (facts["state"], facts["deviations"], facts["unplanned"]) == ("followed", 0, [])
    assert table.empty


def test_deviations_are_listed_with_what_covers_them(tmp_path: Path) -> None:
    freeze(tmp_path)
    freeze(tmp_path, study(folds=4, plan={"amendments": [AMENDED]}))
    as_amended, table = followed(frozen(tmp_path), planned(tmp_path, study(folds=4)), made())
    assert as_amended["state"] == "followed as amended"
    assert table.to_dict("records") == [
        {
            "key": "folds",
            "analyses": "",
            "planned": "3",
            "done": "4",
            "amendment": 1,
            "touches": "primary analysis",
        }
    ]
    now = planned(tmp_path, study(folds=4, minimum_cell_count=12, forest={"min_leaf": 7}))
    facts, table = followed(frozen(tmp_path), now, made())
    assert facts["state"] == "deviated"
    assert (facts["deviations"], facts["uncovered"], facts["primary"], facts["other"]) == (3, 2, 1, 0)
    assert dict(zip(table["key"], table["amendment"], strict=True)) == {
        "forest.min_leaf": 0,
        "folds": 1,
        "minimum_cell_count": 0,
    }
    assert table.set_index("key").loc["forest.min_leaf", "analyses"] == "primary, complete_variables"


def test_the_data_and_the_software_are_compared_too(tmp_path: Path) -> None:
    freeze(tmp_path, study(plan={"hash_data": True}))
    own = frozen(tmp_path)
    now = planned(tmp_path) | {"data_sha256": "0" * 64, "hetflow": "9.9"}
    _, table = followed(own, now, made())
    assert set(table["key"]) == {"data.file (SHA-256)", "hetflow"}
    assert set(table["touches"]) == {"primary analysis"}


def test_a_test_that_nobody_planned_is_a_deviation(tmp_path: Path) -> None:
    freeze(tmp_path)
    more = [
        *MADE,
        ("primary", "estimates", "median", "pre-specified"),
        ("primary", "novel", "x", "exploratory"),
    ]
    facts, table = followed(frozen(tmp_path), planned(tmp_path), made(more))
    assert facts["state"] == "deviated"
    assert set(table["key"]) == {"tests: estimates median", "tests: novel x"}
    assert facts["unplanned"] == [["primary", "estimates", "median"], ["primary", "novel", "x"]]


def with_plan(folder: Path, state: str) -> ReportInputs:
    """The made-up report with a plan in some state."""
    now = planned(folder)
    if state == "no plan":
        facts, table = followed(None, now, made())
    else:
        amended = state == "followed as amended"
        freeze(folder, study(seed=9) if state != "followed" else None)
        if amended:
            freeze(folder, study(plan={"amendments": [AMENDED | {"reason": "<b>A slip</b> of the pen."}]}))
        facts, table = followed(frozen(folder), now, made())
    assert facts["state"] == state
    return replace(report_inputs(), plan=facts, deviations=table)


SAID = {
    "no plan": ["No analysis plan was frozen for this study"],
    "followed": ["The analysis plan was followed: all settings that shape results"],
    "followed as amended": ["followed as amended", "&lt;b&gt;A slip&lt;/b&gt; of the pen.", "amendment 1"],
    "deviated": [
        "not followed in full",
        "in 1 point that no amendment covers; 1 touches the primary analysis",
        "This run deviates from the analysis plan frozen on",
    ],
}


@pytest.mark.parametrize("state", SAID)
def test_the_page_says_whether_it_was_planned(tmp_path: Path, state: str) -> None:
    report = build_report(with_plan(tmp_path, state))
    assert "Was it planned?" in report.html
    for words in SAID[state]:
        assert words in report.html
    assert ("plan_deviations" in report.tables) == (state != "no plan")
    assert ("To be read with" in report.html) >= (state == "deviated")
    assert "<b>A slip" not in report.html
    assert ("an analysis plan was frozen on" in report.html) == (state != "no plan")
    assert ("hetflow cannot know" in report.html) == (state == "no plan")


def test_a_plan_frozen_after_outcomes_were_read_says_so(tmp_path: Path) -> None:
    inputs = with_plan(tmp_path, "followed")
    late = replace(inputs, plan=dict(inputs.plan) | {"outcomes_read_before": True})
    said = "The analysis plan was frozen after outcomes of this study had been read."
    assert said in build_report(late).html
    assert said not in build_report(inputs).html


def test_a_test_outside_of_the_plan_leaves_the_family() -> None:
    inputs = report_inputs()
    before = ledger(inputs)
    family = before[before["in_family"] == 1].to_dict("records")
    assert len(family) > 1
    key = [family[0][name] for name in ("analysis", "stage", "test")]
    after = ledger(replace(inputs, plan={"unplanned": [key]}))
    changed = after[(after["stage"] == key[1]) & (after["test"] == key[2]) & (after["analysis"] == key[0])]
    assert set(changed["plan"]) == {"exploratory"}
    assert after["in_family"].sum() == len(family) - 1
    assert after["p_holm"].min() <= before["p_holm"].max()


def test_values_about_the_data_do_not_leave() -> None:
    rows: list[dict[str, Any]] = [
        {"key": "columns.Clinic.levels", "analyses": "", "planned": '["Rare"]', "done": '["KY"]'},
        {"key": "eligibility.rules", "analyses": "", "planned": "[]", "done": "[\"Name == 'Rare'\"]"},
        {"key": "forest.trees", "analyses": "primary", "planned": "80", "done": "120"},
        {"key": "seed", "analyses": "", "planned": "5", "done": "6"},
    ]
    table = pd.DataFrame(rows).assign(amendment=0, touches="primary analysis")
    log = Log()
    public = public_deviations(table, log).set_index("key")
    about = public.loc[["columns.Clinic.levels", "eligibility.rules"], ["planned", "done"]]
    assert (about == WITHHELD).to_numpy().all()
    assert list(public.loc["forest.trees", ["planned", "done"]]) == ["80", "120"]
    assert list(public.loc["seed", ["planned", "done"]]) == ["5", "6"]
    assert log.totals() == {"value about the data": 2}
    inputs = replace(report_inputs(), deviations=table)
    assert "Rare" not in public_inputs(inputs, 10, Log())[0].deviations.to_csv()
