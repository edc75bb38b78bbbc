"""A checklist: its items, and how each is answered from a run.

A status is never better than what the run shows. ``reported``: the places answer the item, as far as it concerns the
analysis of this report. ``for the authors``: only those who know the study can answer, or can complete what the places
say. ``not applicable: why``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from hetflow.report.reporting.escapes import one_line
from hetflow.report.reporting.run import Run

REPORTED, AUTHORS, NOT_APPLICABLE = "reported", "for the authors", "not applicable"
COLUMNS = ("checklist", "section", "item", "asks", "status", "where", "note")


@dataclass(frozen=True, slots=True)
class Answer:
    """How an item is answered.

    Attributes
    ----------
    status : str
        `REPORTED`, `AUTHORS`, or `NOT_APPLICABLE` with the reason after a colon.
    places : tuple of str
        Of `Run.places`.
    note : str
        What is there, or what is left to say; it may hold what a user typed.
    """

    status: str
    places: tuple[str, ...] = ()
    note: str = ""


Rule = Callable[[Run], Answer]


@dataclass(frozen=True, slots=True)
class Item:
    """One item: its number, a paraphrase of what it asks, and the rule that answers it."""

    number: str
    asks: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Checklist:
    """A guideline's checklist.

    Attributes
    ----------
    name, title : str
        ``checklist_<name>.csv``; what it is called.
    about : str
        Its source, and how the items stand to it.
    key : str
        Of the guideline in the bibliography.
    sections : tuple of (heading, items)
    """

    name: str
    title: str
    about: str
    key: str
    sections: tuple[tuple[str, tuple[Item, ...]], ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """A checklist with this run's answers: section, item, answer."""

    checklist: Checklist
    answers: tuple[tuple[str, Item, Answer], ...]

    def count(self, status: str) -> int:
        """Items with a status."""
        return sum(answer.status.split(":")[0] == status for _, _, answer in self.answers)

    def frame(self) -> pd.DataFrame:
        """One row an item, with the columns `COLUMNS`."""
        rows = [
            (
                self.checklist.title,
                section,
                item.number,
                item.asks,
                one_line(answer.status),
                "; ".join(file_of(place) for place in answer.places),
                one_line(answer.note),
            )
            for section, item, answer in self.answers
        ]
        return pd.DataFrame(rows, columns=list(COLUMNS))


def file_of(place: str) -> str:
    """A place as a path from the results' folder: ``report.html#average``, ``manifest.json``."""
    return f"report.html{place}" if place.startswith("#") else place


def fill(checklist: Checklist, run: Run) -> Filled:
    """Answer every item from a run."""
    return Filled(checklist, tuple(_filled(checklist, run)))


def _filled(checklist: Checklist, run: Run) -> Iterator[tuple[str, Item, Answer]]:
    for section, items in checklist.sections:
        for item in items:
            yield section, item, item.rule(run)


def shown(*places: str, more: tuple[str, ...] = (), note: str = "", otherwise: str = "") -> Rule:
    """Reported where every one of `places` exists; else for the authors, with what `otherwise` says.

    Parameters
    ----------
    *places : str
        All of them are needed.
    more : tuple of str
        Further places, named where they exist.
    """

    def rule(run: Run) -> Answer:
        there = run.there((*places, *more))
        if set(places) <= set(there):
            return Answer(REPORTED, there, note)
        return Answer(AUTHORS, there, otherwise)

    return rule


def authors(note: str = "", *places: str) -> Rule:
    """For the authors, with places where a part of it stands."""
    return lambda run: Answer(AUTHORS, run.there(places), note)


def not_applicable(reason: str) -> Rule:
    """Not applicable, and why."""
    return lambda run: Answer(f"{NOT_APPLICABLE}: {reason}")


def either(condition: Callable[[Run], bool], then: Rule, otherwise: Rule) -> Rule:
    """One rule or another, by what the run is."""
    return lambda run: then(run) if condition(run) else otherwise(run)


def ran(name: str, *tables: str) -> Callable[[Run], bool]:
    """Whether an appraisal of the primary analysis was made and has rows in every table named."""

    def made(run: Run) -> bool:
        return run.appraisal(name) is not None and all(len(run.table(name, table)) for table in tables)

    return made
