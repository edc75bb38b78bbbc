"""The gate: nothing is published of which nobody has said what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import pandas as pd

from hetflow.errors import Problem, refuse_all
from hetflow.publish.declarations import analysis, appraisals, cohort, exported, missing, planned
from hetflow.publish.declared import (
    UNITS,
    Declared,
    Kinds,
    kind_of,
    leaves,
    undeclared_columns,
    undeclared_facts,
)
from hetflow.report.inputs import AppraisalInputs, ReportInputs

#: Fields of the report's inputs that hold what the study file says, or what publishing itself puts there.
_STUDY_FILE = {"settings", "versions", "covered", "withheld"}
_TABLES: dict[str, tuple[Mapping[str, Declared], str]] = {
    **dict.fromkeys(("flow", "baseline"), (cohort.TABLES, cohort.FILE)),
    **dict.fromkeys(("variables", "masks", "patterns"), (missing.TABLES, missing.FILE)),
    "estimates": (analysis.TABLES, analysis.FILE),
    "deviations": (planned.TABLES, planned.FILE),
}
_GROUPED = {
    "structure_tables": (missing.STRUCTURE, missing.FILE),
    "mechanism_tables": (missing.MECHANISM, missing.FILE),
}
_FACTS: dict[str, tuple[Kinds, str]] = {
    "cohort": (cohort.FACTS["cohort"], cohort.FILE),
    "plan": (planned.FACTS["plan"], planned.FILE),
    **{name: (missing.FACTS[name], missing.FILE) for name in ("missingness", "structure", "mechanism")},
}
_OF_ANALYSIS = ("curves", "displays", "joint", "shifts", "tipping", "plane")
_FACTS_OF_ANALYSIS = ("nuisance", "guards", "sensitivity")


def refuse_undeclared(inputs: ReportInputs) -> None:
    """Refuse inputs of the report that hold a table, column, fact or field without a declaration.

    Raises
    ------
    hetflow.errors.Refused
        With each of them and the file in which to declare it.
    """
    refuse_all([*_of_study(inputs), *(one for name in inputs.analyses for one in _of_analysis(inputs, name))])


def refuse_exports(tables: Mapping[str, pd.DataFrame], threshold: int) -> None:
    """Refuse exported tables with a column that is not declared, or a number of units that is small.

    Raises
    ------
    hetflow.errors.Refused
        With each table and column; a small number is not quoted.
    """
    refuse_all([problem for name, table in tables.items() for problem in _of_export(name, table, threshold)])


def _of_study(inputs: ReportInputs) -> Iterator[Problem]:
    for field in fields(inputs):
        name, value = field.name, getattr(inputs, field.name)
        if name in _STUDY_FILE or name == "analyses":
            continue
        if name in _TABLES:
            declared, file = _TABLES[name]
            yield from undeclared_columns(name, value, declared.get(name), file)
        elif name in _GROUPED:
            tables, file = _GROUPED[name]
            for inner, table in value.items():
                yield from undeclared_columns(f"missingness/{inner}", table, tables.get(inner), file)
        elif name in _FACTS:
            yield from undeclared_facts(name, value, *_FACTS[name])
        else:
            yield _field("ReportInputs", name)


def _of_analysis(inputs: ReportInputs, analysis_name: str) -> Iterator[Problem]:
    one = inputs.analyses[analysis_name]
    for field in fields(one):
        name, value = field.name, getattr(one, field.name)
        where = f"{analysis_name}/{name}"
        if name in _OF_ANALYSIS:
            yield from undeclared_columns(where, value, analysis.TABLES.get(name), analysis.FILE)
        elif name in _FACTS_OF_ANALYSIS:
            yield from undeclared_facts(where, value, analysis.FACTS[name], analysis.FILE)
        elif name == "appraisals":
            for part, found in value.items():
                yield from of_appraisal(f"{analysis_name}/{part}", part, found)
        elif name != "notices":
            yield _field("AnalysisInputs", name)


def of_appraisal(where: str, part: str, found: AppraisalInputs) -> Iterator[Problem]:
    """What of an appraisal is not declared."""
    tables = appraisals.TABLES.get(part, {})
    for name, table in found.tables.items():
        yield from undeclared_columns(f"{where}/{name}", table, tables.get(name), appraisals.FILE)
    yield from undeclared_facts(
        f"{where}/{part}.json", found.facts, appraisals.FACTS.get(part, {}), appraisals.FILE
    )


def _field(kind: str, name: str) -> Problem:
    return Problem(
        f"publish: {name} among the report's inputs",
        f"a field of {kind} of which the gate knows what it holds",
        "one that it does not know",
        "declare what it holds in workflow/hetflow/publish/declarations and name it in "
        "workflow/hetflow/publish/gate.py (docs/publishing.md says how); nothing was published",
    )


def exported_kind(table: str, column: str) -> str | None:
    """Kind of a column of an exported table; None if nobody has said."""
    own = exported.OWN.get(table, {})
    found = own.get(column) or exported.COLUMNS.get(column)
    if found is None and re.fullmatch(r"mask \d+", column) and "*" in own:
        return own["*"]
    return found


def _of_export(name: str, table: pd.DataFrame, threshold: int) -> Iterator[Problem]:
    for column in table.columns:
        kind = exported_kind(name, str(column))
        if kind is None:
            yield Problem(
                f"publish: the column {column} of tables/{name}.csv",
                "a declaration that says what it is",
                "none",
                "declare it in workflow/hetflow/publish/declarations/exported.py (docs/publishing.md says how); "
                "nothing was published",
            )
        elif kind == UNITS and (few := _small(table[column], threshold)):
            yield Problem(
                f"publish: the column {column} of tables/{name}.csv",
                f"no number of units from 1 to {threshold - 1}",
                f"{few} of them",
                "this is a defect of hetflow; nothing was published",
            )


def _small(column: pd.Series, threshold: int) -> int:
    numbers = pd.to_numeric(column, errors="coerce")
    return int(((numbers > 0) & (numbers < threshold)).sum())


def refuse_small(inputs: ReportInputs, threshold: int) -> None:
    """Refuse to publish what is said of fewer units than the threshold as a whole.

    Raises
    ------
    hetflow.errors.Refused
        With the study's, analysis' or appraisal's facts; the number is not quoted.
    """
    problems = [
        problem
        for name, (declared, _) in _FACTS.items()
        for problem in small_facts(name, getattr(inputs, name), declared, threshold)
    ]
    for name, one in inputs.analyses.items():
        for part in _FACTS_OF_ANALYSIS:
            problems += small_facts(f"{name}/{part}", getattr(one, part), analysis.FACTS[part], threshold)
        for part, found in one.appraisals.items():
            problems += small_facts(f"{name}/{part}", found.facts, appraisals.FACTS[part], threshold)
    refuse_all(problems)


def small_facts(where: str, facts: Mapping[str, Any], declared: Kinds, threshold: int) -> Iterator[Problem]:
    """Numbers of units among facts that are too small for what is said of them to be published."""
    for path, value in leaves(facts):
        if kind_of(path, declared) == UNITS and isinstance(value, int | float) and 0 < value < threshold:
            yield Problem(
                f"publish: {where}: {'.'.join(path)}",
                f"at least {threshold} units, or none",
                "fewer",
                "leave this analysis or appraisal out of the study file, or lower publish.threshold if the owner of "
                "the data allows it",
            )
