"""What the page says of outcomes that are missing for reasons of their own: sentences, tables, frames to draw from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report import picks
from hetflow.report.disclosure import shown
from hetflow.report.inputs import AnalysisInputs, ReportInputs
from hetflow.report.tables import Cell, Table
from hetflow.report.words import Words, opening

#: Findings that can tip, as they are called in a table and in a sentence.
FINDINGS = {
    "ATE": ("Average effect", "the average effect"),
    "AUTOC": ("Ranking (AUTOC)", "the ranking by predicted effect"),
    "sequential_groups_difference": ("Gap between groups", "the gap between groups by predicted benefit"),
}
#: A finding is called fragile when a shift changes it that is smaller than this multiple of what covariates tell apart.
FRAGILE = 1.0
ARMS = ("treated", "control", "both", "opposite")
_HEADING = "What the missing outcomes could change"
#: What the public form withholds where an arm lost few outcomes, and what it says of that.
WITHHELD = "sensitivity"
NOT_PUBLISHED = (
    "What the missing outcomes could change was examined. It is not published, as it would tell of few participants of "
    "an arm: those who lack the outcome, or those who had the event."
)
_UNSHIFTED = "As observed ones predict (missing at random)"


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


def shown_tables(inputs: ReportInputs, own: Mapping[str, Words]) -> list[Table]:
    """The tables of tipping points and of estimates by shift, where there are any."""
    found = (tipping_table(inputs, own), shifts_table(inputs, own))
    return [table for table in found if table is not None]


def sensitivity_text(inputs: ReportInputs, words: Words, minimum: int) -> list[str]:
    """What was assumed, what it would take to overturn the findings, and how to read it."""
    name = shown_analysis(inputs)
    if not name:
        return []
    analysis = inputs.analyses[name]
    facts = analysis.sensitivity
    label = inputs.settings["labels"].get(name) or name
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
        "that is so. What follows shifts "
        f"the missing outcomes away from it; one standard deviation of the outcome within an arm is "
        f"{_own(facts['sd'], words)}."
    )


def _own(value: float, words: Words) -> str:
    """A shift in the outcome's own unit."""
    size = words.factor * abs(value)
    places = max(0, 2 - int(np.floor(np.log10(size)))) if size > 0 else 0
    return fmt.with_unit(fmt.number(size, min(places, 4)), words.unit)


def _tip(tipping: pd.DataFrame, finding: str, arms: str) -> Mapping[Any, Any] | None:
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
        tip = _tip(rows, finding, arms)
        if tip is not None:
            parts.append(
                f"{'higher' if tip['delta'] > 0 else 'lower'} by {_own(tip['shift'], words)} "
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
        tip = _tip(rows, finding, arms)
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
    tips = [tip for arm in ("treated", "control") if (tip := _tip(tipping, "ATE", arm)) is not None]
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


def shifts_table(inputs: ReportInputs, own: Mapping[str, Words]) -> Table | None:
    """The average effect and the ranking under every assumption and shift, by analysis."""
    body: list[Cell] = []
    for name, analysis in inputs.analyses.items():
        if analysis.shifts.empty:
            continue
        label = inputs.settings["labels"].get(name) or name
        body.append(Cell((label,), heading=True))
        body += [Cell(cells, 1) for cells in _shift_rows(analysis, own[name])]
    if not body:
        return None
    first = own[inputs.primary]
    head = ("Missing outcomes", f"Average effect{first.in_unit}", f"AUTOC{first.in_unit}")
    note = (
        "Shifts are in standard deviations of the outcome within arms, or in its own unit where the study says so. "
        "Under jump to reference treated participants without an outcome are imputed as controls with the same "
        "baseline covariates (Carpenter, Roger and Kenward 2013). Its interval is Rubin's: it carries the information "
        "that was lost into the other assumption, and is wider than the spread over repeated trials (Cro, Carpenter "
        "and Kenward 2019). AUTOC is not evaluated on imputed outcomes."
    )
    return Table("sensitivity", "If missing outcomes were not like the others", head, tuple(body), (0,), note)


def _shift_rows(analysis: AnalysisInputs, words: Words) -> list[tuple[str, ...]]:
    table = analysis.shifts
    keys = table[["assumption", "arms", "delta"]].drop_duplicates()
    unit = "sd" if analysis.sensitivity["units"] == "sd" else words.unit
    rows = []
    for key in keys.to_dict("records"):
        same = table[(table[list(key)] == pd.Series(key)).all(axis=1)].assign(analysis="")
        cells = [_cell(same, name, words) for name in ("ATE", "AUTOC")]
        rows.append((_named(key["assumption"], key["arms"], float(key["delta"]), unit, words), *cells))
    return rows


def _named(assumption: str, arms: str, delta: float, unit: str, words: Words) -> str:
    if assumption != "shift":
        return opening(assumption)
    if delta == 0:
        return _UNSHIFTED
    size = fmt.with_unit(fmt.signed(delta, 2), unit)
    if arms == "opposite":
        return f"{words.treated} {size}, {words.control} {fmt.with_unit(fmt.signed(-delta, 2), unit)}"
    return f"{ {'both': 'Both arms', 'treated': words.treated, 'control': words.control}[arms] } {size}"


def _cell(table: pd.DataFrame, estimand: str, words: Words) -> str:
    number = picks.one(table, "", estimand, words)
    if number is None:
        return fmt.NONE
    value = fmt.number(number.estimate, number.places)
    if fmt.known(number.upper):
        return f"{value} ({fmt.interval(number.lower, number.upper, number.places)})"
    return f"{value} (from {fmt.number(number.lower, number.places)})"


def tipping_table(inputs: ReportInputs, own: Mapping[str, Words]) -> Table | None:
    """The nearest tipping points of every finding, by analysis."""
    body: list[Cell] = []
    for name, analysis in inputs.analyses.items():
        if analysis.tipping.empty:
            continue
        body.append(Cell((inputs.settings["labels"].get(name) or name,), heading=True))
        for finding in dict.fromkeys(analysis.tipping["estimand"]):
            rows = analysis.tipping[analysis.tipping["estimand"] == finding]
            change = "lost" if rows["change"].iloc[0] == "lost" else "appears"
            cells = [_tip_cell(_tip(rows, finding, arms), own[name]) for arms in ARMS]
            body.append(Cell((f"{FINDINGS[finding][0]}: finding {change}", *cells), 1))
    if not body:
        return None
    first = own[inputs.primary]
    head = (
        "Finding",
        f"Shift of {first.treated} alone",
        f"Shift of {first.control} alone",
        "Both alike",
        "Treated up, controls down",
    )
    note = (
        "The nearest shift of the missing outcomes, in standard deviations and in the outcome's unit, at which the "
        "interval reaches or leaves zero; the sign says the direction. A dash: none within 10 standard deviations."
    )
    return Table("tipping", "Tipping points", head, tuple(body), (0,), note)


def _tip_cell(tip: Mapping[Any, Any] | None, words: Words) -> str:
    if tip is None:
        return fmt.NONE
    sign = "" if tip["shift"] > 0 else fmt.MINUS
    return f"{fmt.signed(tip['delta'], 2)} sd ({sign}{_own(tip['shift'], words)})"


def exported(inputs: ReportInputs) -> dict[str, pd.DataFrame]:
    """Tables that may leave the study: shifts and tipping points of all analyses, the plane of the one drawn."""
    held = {name: analysis for name, analysis in inputs.analyses.items() if len(analysis.shifts)}
    if not held:
        return {}
    found = {
        key: pd.concat(
            [getattr(analysis, key).assign(analysis=name) for name, analysis in held.items()],
            ignore_index=True,
        )
        for key in ("shifts", "tipping")
    }
    minimum = inputs.minimum
    shifts = found["shifts"]
    tables = {"sensitivity_shifts": shifts[shifts["n"] >= minimum].reset_index(drop=True)}
    tables["sensitivity_tipping"] = found["tipping"]
    if name := shown_analysis(inputs):
        tables["sensitivity_plane"] = inputs.analyses[name].plane
    return tables
