"""Was it planned? What the page says of the analysis plan that was frozen before outcomes were read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.drawn import Shown
from hetflow.report.inputs import ReportInputs
from hetflow.report.tables import Cell, Table
from hetflow.report.words import Words

NO_PLAN, FOLLOWED, AMENDED = "no plan", "followed", "followed as amended"
"""States of ``plan/followed.json`` (`hetflow.prespecified.followed`); any other is a deviation."""
_LONGEST = 160  # characters of a value in the table of the page
_NONE_FROZEN = (
    "No analysis plan was frozen for this study, so that nothing here shows that it was settled before outcomes were "
    "read. `snakemake plan` freezes one (docs/plan.md)."
)
_DATED = (
    "The date is that of the machine on which it was frozen; only a registry, or whoever else keeps the SHA-256 with a "
    "date, shows it to others."
)
_PUBLISHED = (
    "The plan itself, and its amendments if it has any, stand beside this page, in the folder analysis-plan."
)
_COMPARED = "settings that shape results, the data file's columns, the version of hetflow and the tests that were made"
_WHAT = (
    f"Compared are all {_COMPARED}; labels, texts, and how jobs are cut are not. What a deviation changes in the "
    "findings is not told here: run the study as planned, and compare."
)


def when(plan: Mapping[str, Any]) -> str:
    """``1 December 2026``: the day on which a plan was frozen; empty where none is."""
    return _day(plan["date"]) if plan.get("date") else ""


def shown(inputs: ReportInputs, words: Words, minimum: int) -> Shown:
    """The tables of deviations and of amendments."""
    plan, table = inputs.plan, inputs.deviations
    if not when(plan):
        return Shown()
    made = [deviations_table(table, inputs.settings["labels"]), _amendments(plan)]
    exported = {"plan_deviations": table}
    return Shown([one for one in made if one.rows], {}, exported)


def parts(inputs: ReportInputs) -> Iterator[tuple[str, Any]]:
    """For the section on the plan; nothing where a run says nothing of one."""
    plan = inputs.plan
    if not plan:
        return
    if plan["state"] == NO_PLAN:
        yield "text", _NONE_FROZEN
        return
    yield "text", said(plan)
    yield "text", _frozen(plan)
    if inputs.covered is not None:
        yield "text", _PUBLISHED
    yield "table", "plan_deviations"
    yield "table", "plan_amendments"
    facts = [("SHA-256 of the plan", plan["document_sha256"]), ("SHA-256 of its content", plan["sha256"])]
    if plan["amendments"]:
        facts.append(("SHA-256 of its content as last amended", plan["last_sha256"]))
    yield "facts", facts


def notice(inputs: ReportInputs) -> list[str]:
    """What must be read with the results: deviations that no amendment covers, and a plan that came late."""
    plan = inputs.plan
    found = []
    if plan.get("uncovered"):
        found.append(
            f"This run deviates from the analysis plan frozen on {when(plan)} in {_points(plan['uncovered'])} that no "
            f"amendment covers; {_touching(plan)}: see “Was it planned?”."
        )
    if plan.get("outcomes_read_before"):
        found.append("The analysis plan was frozen after outcomes of this study had been read.")
    return found


def said(plan: Mapping[str, Any]) -> str:
    """Whether the plan was followed, in a sentence or two."""
    if plan["state"] == FOLLOWED:
        return f"The analysis plan was followed: all {_COMPARED} are as planned."
    if plan["state"] == AMENDED:
        return (
            f"The analysis plan was followed as amended: this run deviates from what was planned first in "
            f"{_points(plan['deviations'])}, each covered by an amendment."
        )
    covered = plan["deviations"] - plan["uncovered"]
    amended = f" and in {fmt.count(covered)} more that amendments cover" if covered else ""
    return (
        f"The analysis plan was not followed in full: this run deviates from it in {_points(plan['uncovered'])} that "
        f"no amendment covers{amended}; {_touching(plan)}."
    )


def _touching(plan: Mapping[str, Any]) -> str:
    if not plan["primary"] and not plan["other"]:
        return "none of them touches an analysis of the outcome"
    told = [
        f"{fmt.count(plan[name])} {'touches' if plan[name] == 1 else 'touch'} {whose}"
        for name, whose in (("primary", "the primary analysis"), ("other", "other analyses alone"))
        if plan[name]
    ]
    return " and ".join(told)


def _points(number: int) -> str:
    return f"{fmt.count(number)} point{'' if number == 1 else 's'}"


def _frozen(plan: Mapping[str, Any]) -> str:
    """When the plan was frozen, and what is known of that."""
    amended = len(plan["amendments"])
    times = "once" if amended == 1 else f"{fmt.count(amended)} times"
    after = ", after outcomes of this study had been read" if plan["outcomes_read_before"] else ""
    data = (
        "It names the data file by its SHA-256."
        if plan["hashed"]
        else "It does not name the data file's content."
    )
    first = f"It was frozen on {when(plan)}{after}" + (f", and amended {times}." if amended else ".")
    return f"{first} {data} {_DATED}"


def deviations_table(table: pd.DataFrame, labels: Mapping[str, str]) -> Table:
    """Each deviation: key, planned, done, the amendment that covers it, whether it touches the outcome's analysis."""
    rows = [
        Cell(
            (
                row["key"],
                _of(row["analyses"], labels),
                _short(row["planned"]),
                _short(row["done"]),
                f"amendment {row['amendment']}" if row["amendment"] else "no",
                row["touches"],
            )
        )
        for row in table.to_dict("records")
    ]
    head = ("Key", "Analyses", "Planned", "Done", "Covered", "Touches an analysis of the outcome")
    caption = f"Deviations from the analysis plan ({fmt.count(len(rows))})"
    return Table("plan_deviations", caption, head, tuple(rows), tuple(range(len(head))), _WHAT)


def _of(analyses: str, labels: Mapping[str, str]) -> str:
    names = [name for name in analyses.split(", ") if name]
    return ", ".join(labels.get(name) or name for name in names) or "all"


def _amendments(plan: Mapping[str, Any]) -> Table:
    rows = [
        Cell((str(number), _day(one["date"]), one["reason"]))
        for number, one in enumerate(plan["amendments"], 1)
    ]
    return Table(
        "plan_amendments", "Amendments of the plan", ("Number", "Date", "Reason"), tuple(rows), (0, 1, 2)
    )


def _day(iso: str) -> str:
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%B} {day.year}"


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 3]}..."
