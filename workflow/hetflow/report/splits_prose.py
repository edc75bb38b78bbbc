"""Sentences about repeated sample splits: never more than their tests show."""

from __future__ import annotations

from typing import Any

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.inputs import AppraisalInputs, ReportInputs
from hetflow.report.printed import Number, number_of
from hetflow.report.words import Words, opening, part

LEARNERS = {
    "linear": "ridge regression in each arm",
    "boosting": "boosted trees in each arm",
    "forest": "random forest in each arm",
    "causal_forest": "causal forest",
}
MEDIANS = (
    "Estimates are medians over the splits; intervals and p-values are widened for the choice of a split "
    "(Chernozhukov, Demirer, Duflo and Fernandez-Val), so that they are cautious."
)
DESCRIBED = (
    "By construction the groups differ in what the learner read, whether or not the effect varies: this says who would "
    "be singled out, and tests nothing."
)


def chosen_rows(table: pd.DataFrame, **where: str) -> list[dict[str, Any]]:
    """Rows of the learner and strategy that the page shows."""
    held = table[table["chosen"] == 1]
    for column, value in where.items():
        held = held[held[column] == value]
    return [{str(key): value for key, value in row.items()} for row in held.to_dict("records")]


def left_out(inputs: ReportInputs, words: Words) -> str:
    """Why there are no splits, where the design forbids them."""
    asked = inputs.methods.get("splits", {}).get("analyses")
    if not asked or words.randomised:
        return ""
    return (
        "Repeated sample splits (best linear predictor, sorted groups) are left out: they need the probability of "
        "treatment that only a trial fixes."
    )


def how(found: AppraisalInputs) -> str:
    """What was done, and how often a learner had nothing to say."""
    facts = found.facts
    by = "whole clusters" if facts["clustered"] else "participants"
    names = [LEARNERS[name] for name in facts["learners"]]
    several = f"each of {fmt.count(len(names))} learners" if len(names) > 1 else f"a {names[0]}"
    said = (
        f"{fmt.count(facts['splits'])} times {by} were parted at random into two halves. On one half {several} learnt "
        f"to predict the outcome and the effect; the other half, which it had not seen, judged the predictions. "
        f"{MEDIANS}"
    )
    silent = [
        f"{LEARNERS[name]} gave no slope in {fmt.count(count)} splits, which count as no evidence"
        for name, count in facts["silent"].items()
    ]
    return f"{said} {opening('; '.join(silent))}." if silent else said


def slope_sentence(found: AppraisalInputs, words: Words) -> str:
    """Whether predicted effects tell those apart who gain more, and whether their size is right."""
    slope = number_of(chosen_rows(found.tables["blp"], term="slope")[0], 1.0)
    value = f"slope of the effect on its prediction {fmt.number(slope.estimate, slope.places)}, "
    value += _evidence(slope, words)
    several = len(found.facts["learners"]) > 1
    start = "The predictions that told most were" if several else "The predictions were"
    head = f"{start} those of the {LEARNERS[found.facts['best_predictor']]} ({value})."
    if not _passes(slope, words):
        return f"{head} They were not shown to tell who gains more."
    size = ""
    if slope.lower is not None and slope.lower > 1:
        size = " The effects differ more than predicted: use the order of the predictions, not their size."
    elif slope.upper is not None and slope.upper < 1:
        size = " The effects differ less than predicted."
    return f"{head} They tell participants apart in how much they gain.{size}"


def gap_sentence(found: AppraisalInputs, words: Words) -> str:
    """Effects of the outer groups and the gap, never more than its test."""
    rows = chosen_rows(found.tables["gates"])
    least, greatest, gap = (number_of(rows[i], words.factor) for i in (0, -2, -1))
    name = part(len(rows) - 1)
    head = (
        f"In the {name} with the greatest predicted benefit the effect was {greatest.shown(words.unit, words.level)}, "
        f"in the {name} with the least {least.shown(words.unit, words.level)} (predictions of the "
        f"{LEARNERS[found.facts['best_groups']]}, each for participants that it had not seen)."
    )
    value = f"{fmt.with_unit(fmt.number(gap.estimate, gap.places), words.unit)} ({_evidence(gap, words)})"
    if _passes(gap, words):
        return f"{head} The gap is {value}: those predicted to gain most gained more."
    return f"{head} The gap, {value}, is not shown to differ from none."


def _evidence(number: Number, words: Words) -> str:
    p = fmt.p_value(number.p)
    parts = (number.bounds(words.level) or "interval not bounded", f"one-sided {p}" if p else "")
    return "; ".join(text for text in parts if text)


def _passes(number: Number, words: Words) -> bool:
    return number.p is not None and number.p < 1 - words.confidence
