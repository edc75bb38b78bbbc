"""What the page says of outcomes that are missing for reasons of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.disclosure import shown
from hetflow.report.inputs import ReportInputs
from hetflow.report.words import Words, opening

#: Findings that can tip, as they are called in a table and in a sentence.
FINDINGS = {
    "ATE": ("Average effect", "the average effect"),
    "AUTOC": ("Ranking (AUTOC)", "the ranking by predicted effect"),
    "sequential_groups_difference": ("Gap between groups", "the gap between groups by predicted benefit"),
}
#: A finding is called fragile when a shift changes it that is smaller than this multiple of what covariates tell apart.
FRAGILE = 1.0
_HEADING = "What the missing outcomes could change"
#: What the public form withholds where an arm lost few outcomes, and what it says of that.
WITHHELD = "sensitivity"
NOT_PUBLISHED = (
    "What the missing outcomes could change was examined. It is not published, as it would tell of few participants of "
    "an arm: those who lack the outcome, or those who had the event."
)


def shown_analysis(inputs: ReportInputs) -> str:
    """The analysis whose sensitivity is drawn: the primary, else the first that kept its rankings, else the first."""
    held = [name for name, analysis in inputs.analyses.items() if len(analysis.plane)]
    ranked = [name for name in held if "AUTOC" in set(inputs.analyses[name].plane["estimand"])]
    first = [name for name in held if name == inputs.primary]
    return next(iter([*first, *ranked, *held]), "")


def examined(inputs: ReportInputs) -> bool:
    """Whether any analysis asked what missing outcomes could change."""
    return bool(shown_analysis(inputs)) or WITHHELD in inputs.withheld


def parts(inputs: ReportInputs, words: Words, minimum: int) -> list[tuple[str, Any]]:
    """Heading, sentences, figure and tables of the page; nothing where no analysis was examined."""
    texts = sensitivity_text(inputs, words, minimum)
    if not texts:
        told = [("heading", _HEADING), ("text", NOT_PUBLISHED)]
        return told if WITHHELD in inputs.withheld else []
    drawn = [("figure", "sensitivity"), ("table", "tipping"), ("table", "sensitivity")]
    return [
        ("heading", _HEADING),
        *(("text", text) for text in texts),
        *drawn,
    ]


def sensitivity_text(inputs: ReportInputs, words: Words, minimum: int) -> list[str]:
    """What was assumed, what it would take to overturn the findings, and how to read it."""
    name = shown_analysis(inputs)
    if not name:
        return []
    analysis = inputs.analyses[name]
    facts = analysis.sensitivity
    label = inputs.label(name)
    texts = [_assumed(facts, words, minimum, "" if name == inputs.primary else f", analysis “{label}”")]
    for finding in FINDINGS:
        text = _overturned(analysis.tipping, facts, finding, words)
        texts += [text] if text else []
    return [*texts, _compared(analysis.tipping, facts, words)]


def overturned(inputs: ReportInputs, words: Words) -> list[str]:
    """What it would take to overturn the average effect and the ranking; empty where no analysis was examined."""
    name = shown_analysis(inputs)
    if not name:
        return [NOT_PUBLISHED] if WITHHELD in inputs.withheld else []
    analysis = inputs.analyses[name]
    found = [_overturned(analysis.tipping, analysis.sensitivity, key, words) for key in ("ATE", "AUTOC")]
    return [*(text for text in found if text), _compared(analysis.tipping, analysis.sensitivity, words)]


def _assumed(facts: Mapping[str, Any], words: Words, minimum: int, which: str) -> str:
    lost = [
        f"{fmt.percent(facts['share_lost'][arm])} of {label} ({shown(facts['lost'][arm], minimum)} participants)"
        for arm, label in (("treated", words.treated), ("control", words.control))
    ]
    how = "imputation" if facts["imputed"] else "weighting"
    return (
        f"The outcome is missing for {lost[0]} and {lost[1]}. The missing outcomes were taken to be like those of "
        f"participants of the same arm with the same measured covariates (by {how}{which}). No data can tell whether "
        "that is so. What follows shifts the missing outcomes away from it; one standard deviation of the outcome "
        f"within an arm is {own_unit(facts['sd'], words)}."
    )


def own_unit(value: float, words: Words) -> str:
    """A shift in the outcome's own unit."""
    size = words.factor * abs(value)
    places = max(0, 2 - int(np.floor(np.log10(size)))) if size > 0 else 0
    return fmt.with_unit(fmt.number(size, min(places, 4)), words.unit)


def tip_of(tipping: pd.DataFrame, finding: str, arms: str) -> Mapping[Any, Any] | None:
    """The nearest tipping point of a finding for a choice of arms, or None if there is none."""
    rows = tipping[(tipping["estimand"] == finding) & (tipping["arms"] == arms)].dropna(subset=["delta"])
    if rows.empty:
        return None
    return rows.to_dict("records")[int(rows["delta"].abs().to_numpy().argmin())]


def _overturned(tipping: pd.DataFrame, facts: Mapping[str, Any], finding: str, words: Words) -> str:
    """A sentence on one finding: by how much the missing outcomes of each arm would have to differ."""
    rows = tipping[tipping["estimand"] == finding] if len(tipping) else tipping
    if rows.empty:
        return ""
    named = FINDINGS[finding][1]
    lost = rows["change"].iloc[0] == "lost"
    parts = []
    where = {"treated": f"with {words.treated}", "control": f"with {words.control}", "both": "in both arms"}
    for arms, label in where.items():
        tip = tip_of(rows, finding, arms)
        if tip is not None:
            parts.append(
                f"{'higher' if tip['delta'] > 0 else 'lower'} by {own_unit(tip['shift'], words)} "
                f"({fmt.number(abs(tip['delta']), 2)} sd) {label}"
            )
    head = (
        f"{opening(named)} would no longer be shown"
        if lost
        else f"{opening(named)} is not shown as it is, and would be"
    )
    if not parts:
        return f"{head} under no shift up to 10 standard deviations."
    impossible = _impossible(rows, facts, finding) if facts["binary"] else ""
    return f"{head} if the missing outcomes were {', or '.join(parts)}.{impossible}"


def _impossible(rows: pd.DataFrame, facts: Mapping[str, Any], finding: str) -> str:
    """Of a binary outcome: shifts that would take the risk of those lost below 0 or above 1."""
    for arms in ("treated", "control"):
        tip = tip_of(rows, finding, arms)
        if tip is None or arms not in facts["expected_lost"]:
            continue
        if not 0 <= facts["expected_lost"][arms] + tip["shift"] <= 1:
            return " A shift that takes the risk of those lost out of 0 to 100 per cent cannot have happened."
    return ""


def _compared(tipping: pd.DataFrame, facts: Mapping[str, Any], words: Words) -> str:
    """How large the shifts are against what measured covariates tell of those who were lost."""
    if not facts["drift"] or tipping.empty:
        return ""
    drift = max(abs(value) for value in facts["drift"].values()) / facts["sd"]
    tenth = max(abs(value) for ends in facts["extreme"].values() for value in ends.values()) / facts["sd"]
    said = (
        "For comparison: by the covariates that were measured, the outcomes of those lost are expected to differ "
        f"from those of the seen participants of their arm by up to {fmt.number(drift, 2)} sd, and those of the most "
        f"extreme tenth of an arm from the arm's mean by {fmt.number(tenth, 2)} sd."
    )
    tips = [tip for arm in ("treated", "control") if (tip := tip_of(tipping, "ATE", arm)) is not None]
    known = max(drift, tenth)
    if not tips or not known > 0:
        return said
    ratio = min(abs(tip["delta"]) for tip in tips) / known
    if ratio < FRAGILE:
        return f"{said} A smaller shift of one arm changes the average finding: it is fragile."
    size = f"{fmt.number(min(ratio, 99.9), 1)} times the larger of these"
    return (
        f"{said} The smallest shift of one arm that changes the average finding is {size}, and it would have to hold "
        "on average for all who were lost. Whether what was not measured could do so is for those to judge who know "
        "why outcomes were lost."
    )
