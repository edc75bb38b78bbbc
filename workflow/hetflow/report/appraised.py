"""What the page shows of the appraisals: each is a module of its own, and one entry here.

A module offers ``shown(inputs, words, minimum)``: its tables, its figures and what of it may leave the study. Its
``parts`` stand in the section of the page to which they belong (`hetflow.report.sections`).
"""

from __future__ import annotations

from collections.abc import Callable

from hetflow.report import (
    confounding,
    evidence,
    learners,
    modifiers,
    planned,
    policy,
    risk,
    splits,
    stability,
)
from hetflow.report.drawn import Shown
from hetflow.report.inputs import ReportInputs
from hetflow.report.words import Words

#: In the page's order.
SHOWN: tuple[Callable[[ReportInputs, Words, int], Shown], ...] = (
    planned.shown,
    evidence.shown,
    splits.shown,
    modifiers.shown,
    policy.shown,
    risk.shown,
    confounding.shown,
    learners.shown,
    stability.shown,
)


def all_shown(inputs: ReportInputs, words: Words) -> Shown:
    """What all appraisals of the primary analysis add."""
    minimum = inputs.minimum
    whole = Shown()
    for show in SHOWN:
        one = show(inputs, words, minimum)
        whole.tables.extend(one.tables)
        whole.figures.update(one.figures)
        whole.exported.update(one.exported)
    return whole
