"""TARMOS as a checklist: the page's own answers, each with its place."""

from __future__ import annotations

from hetflow.report.pooled import pooled_rows
from hetflow.report.reporting.items import AUTHORS, NOT_APPLICABLE, REPORTED, Answer, Checklist, Item, Rule
from hetflow.report.reporting.run import PLAN, Run
from hetflow.report.tarmos import AUTHORS as UNANSWERED
from hetflow.report.tarmos import NOT_EXAMINED, PLACES, Row, steps

_PLANNED = "Was this planned before the data were seen?"


def tarmos(run: Run) -> Checklist:
    """The checklist of a run; its questions are those of `hetflow.report.tarmos`."""
    told = steps(run.inputs, run.words, pooled_rows(run.inputs.estimates, run.inputs.primary))
    sections = tuple(
        (
            heading,
            tuple(
                Item(f"{step}{letter}", row[0], _rule(row))
                for letter, row in zip("abcdefgh", rows, strict=False)
            ),
        )
        for step, (heading, rows) in enumerate(told, 1)
    )
    return Checklist(
        "tarmos",
        "TARMOS",
        "After Lee and others, J Clin Epidemiol 2021;134:79-88, written for observational studies. Letters and wording "
        "are ours.",
        "lee2021",
        sections,
    )


def _planned(run: Run) -> Answer:
    """Whether it was planned, where a plan was frozen: not where outcomes had been read by then."""
    late = run.inputs.plan["outcomes_read_before"]
    status = AUTHORS if late else REPORTED
    return Answer(
        status, run.there((PLAN,)), "Outcomes had been read before the plan was frozen" if late else ""
    )


def _rule(row: Row) -> Rule:
    question, said, where = row

    def answer(run: Run) -> Answer:
        if not run.gaps:
            return Answer(f"{NOT_APPLICABLE}: neither a covariate nor an outcome is missing")
        places = run.there(PLACES[name] for name in where.split("; ") if name)
        if question == _PLANNED and run.frozen:
            return _planned(run)
        if said == UNANSWERED:
            return Answer(AUTHORS, places)
        if said == NOT_EXAMINED:
            if run.lost == 0:
                return Answer(f"{NOT_APPLICABLE}: no outcome is missing; covariates were not shifted")
            return Answer(AUTHORS, places, "Not examined in this run")
        return Answer(REPORTED if places else AUTHORS, places, said)

    return answer
