"""The questions of the TARMOS framework, answered from the run.

Lee KJ, Tilling KM, Cornish RP, et al. Framework for the treatment and reporting of missing data in observational
studies. J Clin Epidemiol 2021;134:79-88: plan the analysis, examine the data, report the results. It was written for
observational studies; its questions are as good for a trial. What no artefact can answer is left to the authors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.disclosure import shown
from hetflow.report.inputs import ReportInputs
from hetflow.report.planned import NO_PLAN, when
from hetflow.report.planned import said as planned
from hetflow.report.tables import Cell, Table
from hetflow.report.words import Words
from hetflow.study.routes import ROUTES

AUTHORS = "For the authors"
NOT_EXAMINED = "Not examined"
Row = tuple[str, str, str]
#: What the last column calls a place, and that place: an anchor of the page or a file beside it.
PLACES = {
    "The question": "#question",
    "Methods": "#methods",
    "What is missing": "#missing",
    "How it was handled": "#table-routes",
    "The dictionary of the study file": "settings/cohort.json",
    "Missing values by variable": "#table-missing",
    "On what missing values depend": "#table-mechanism",
    "Notices": "#answers",
    "Was it planned?": "#planned",
    "How the analyses differ": "#analyses",
    "What the missing outcomes could change": "#table-tipping",
}


def tarmos_table(inputs: ReportInputs, words: Words, pooled: pd.DataFrame) -> Table:
    """The questions with this run's answers and where to look.

    Parameters
    ----------
    inputs : ReportInputs
    words : Words
        Of the primary analysis.
    pooled : DataFrame
        From `hetflow.report.pooled.pooled_rows`.
    """
    rows: list[Cell] = []
    for heading, answers in steps(inputs, words, pooled):
        rows.append(Cell((heading,), heading=True))
        rows += [Cell(answer, 1) for answer in answers]
    head = ("Question", "In this study", "Where")
    note = (
        "After Lee and others, J Clin Epidemiol 2021;134:79-88 (TARMOS). Answers are made from the artefacts of the "
        "run; what only those who know the study can say is marked."
    )
    return Table("tarmos", "Missing data: the questions of TARMOS", head, tuple(rows), (0, 1, 2), note, True)


def steps(inputs: ReportInputs, words: Words, pooled: pd.DataFrame) -> tuple[tuple[str, list[Row]], ...]:
    """The framework's three steps: question, answer, and where to look, in the words of `PLACES`."""
    largest = float(pooled["fmi"].max()) if len(pooled) else float("nan")
    needed = int(pooled["needed"].max()) if len(pooled) else 0
    return (
        ("Plan the analysis", list(_plan(inputs, words, largest))),
        ("Examine the data", list(_examine(inputs))),
        ("Report the results", list(_report(inputs, needed))),
    )


def _plan(inputs: ReportInputs, words: Words, largest: float) -> Iterator[Row]:
    route = ROUTES[inputs.methods["missingness"]["strategy"]]
    minimum = inputs.minimum
    whole = inputs.missingness.get("complete_cases", 0)
    yield (
        "What is estimated, and by which model, were nothing missing?",
        "Average effect, ranking, groups and slopes from doubly robust scores",
        "The question; Methods",
    )
    yield (
        "Is an analysis of complete records likely to be valid?",
        f"{shown(float(whole), minimum)} of {fmt.count(inputs.missingness.get('units', 0))} participants are complete. "
        + ROUTES["complete_case"].rests_on(words.randomised),
        "What is missing",
    )
    yield (
        "Is imputation or another approach likely to help?",
        f"{_information(largest)}Chosen: {route.title}. {route.rests_on(words.randomised)}",
        "How it was handled",
    )
    yield "Which variables may help to impute?", _auxiliaries(inputs), "The dictionary of the study file"
    yield "Was this planned before the data were seen?", *_planned(inputs.plan)


def _planned(plan: Mapping[str, Any]) -> tuple[str, str]:
    """Only a frozen plan answers; whether its date can be shown is for the authors."""
    if plan.get("state", NO_PLAN) == NO_PLAN:
        return AUTHORS, ""
    late = ", after outcomes of this study had been read" if plan.get("outcomes_read_before") else ""
    return f"An analysis plan was frozen on {when(plan)}{late}. {planned(plan)}", "Was it planned?"


def _information(largest: float) -> str:
    if not fmt.known(largest):
        return ""
    return f"Up to {fmt.percent(largest, 0)} of the information behind groups and slopes is missing. "


def _auxiliaries(inputs: ReportInputs) -> str:
    columns = inputs.cohort["columns"]
    helpers = [column["name"] for column in columns if column.get("role") == "auxiliary"]
    covariates = sum(column.get("role") == "covariate" for column in columns)
    said = f"The {fmt.count(covariates)} covariates"
    return (
        f"{said}, and the auxiliary variables {', '.join(helpers)}"
        if helpers
        else f"{said}; no others are named"
    )


def _examine(inputs: ReportInputs) -> Iterator[Row]:
    facts = inputs.missingness
    share = fmt.percent(facts.get("missing_share", 0.0))
    yield (
        "How much is missing, by variable and arm?",
        f"{share} of all covariate values that exist, in {fmt.count(facts.get('incomplete_columns', 0))} of "
        f"{fmt.count(facts.get('columns', 0))} covariates",
        "Missing values by variable",
    )
    yield "In which patterns?", _patterns(inputs.structure), "What is missing"
    yield "What goes with being missing?", _predictors(inputs), "On what missing values depend"
    yield (
        "Do the data contradict the plan?",
        _contradictions(inputs),
        "Notices; What is missing",
    )


def _patterns(structure: Mapping[str, Any]) -> str:
    blocks = structure.get("blocks", {})
    masks = _counted(structure.get("distinct_masks", 0), "distinct mask")
    return f"{masks}; {_counted(blocks.get('exact', 0), 'group')} of variables always missing together"


def _counted(number: int, what: str) -> str:
    return f"{fmt.count(number)} {what}{'' if number == 1 else 's'}"


def _predictors(inputs: ReportInputs) -> str:
    mechanism = inputs.mechanism
    arm = len(mechanism.get("arm", ()))
    said = f"{fmt.count(mechanism.get('studied_masks', 0))} masks were studied"
    return (
        f"{said}; {fmt.count(arm)} of them go with the arm. Whether values are missing because of what they would have "
        "been cannot be told from data"
    )


def _contradictions(inputs: ReportInputs) -> str:
    found = [*inputs.structure.get("contradictions", ()), *inputs.mechanism.get("contradictions", ())]
    if not found:
        return "No contradiction with the dictionary was found"
    if len(found) == 1:
        return "One contradiction with the dictionary was found"
    return f"{fmt.count(len(found))} contradictions with the dictionary were found"


def _report(inputs: ReportInputs, needed: int) -> Iterator[Row]:
    missingness = inputs.methods["missingness"]
    several = ROUTES[missingness["strategy"]].several
    made = (
        f"{missingness['imputations']} imputations in each of two modes"
        if several
        else "one completed data set"
    )
    asked = f"; the estimates ask for {needed}" if several and needed else ""
    yield "How were missing values handled?", f"{made}{asked}", "How it was handled; Methods"
    others = [inputs.label(name) for name in inputs.analyses if name != inputs.primary]
    yield (
        "What do other analyses find?",
        "; ".join(others) if others else "No other analysis was run",
        "How the analyses differ",
    )
    examined = any(len(analysis.shifts) for analysis in inputs.analyses.values())
    yield (
        "What if values are missing for reasons of their own?",
        "Missing outcomes were shifted by arm until the findings changed" if examined else NOT_EXAMINED,
        "What the missing outcomes could change" if examined else "",
    )
    yield "What do the missing data mean for the conclusion?", AUTHORS, ""
