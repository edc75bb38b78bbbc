"""Tables of what missing outcomes could change: estimates by shift, and tipping points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report import picks
from hetflow.report.disclosure import enough
from hetflow.report.inputs import AnalysisInputs, ReportInputs
from hetflow.report.sensitivity import FINDINGS, own_unit, shown_analysis, tip_of
from hetflow.report.tables import Cell, Table
from hetflow.report.words import Words, opening

#: Columns of the tipping points: whose outcomes are shifted.
ARMS = ("treated", "control", "both", "opposite")
_UNSHIFTED = "As observed ones predict (missing at random)"


def shown_tables(inputs: ReportInputs, own: Mapping[str, Words]) -> list[Table]:
    """The tables of tipping points and of estimates by shift, where there are any."""
    found = (tipping_table(inputs, own), shifts_table(inputs, own))
    return [table for table in found if table is not None]


def shifts_table(inputs: ReportInputs, own: Mapping[str, Words]) -> Table | None:
    """The average effect and the ranking under every assumption and shift, by analysis."""
    body: list[Cell] = []
    for name, analysis in inputs.analyses.items():
        if analysis.shifts.empty:
            continue
        body.append(Cell((inputs.label(name),), heading=True))
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
        body.append(Cell((inputs.label(name),), heading=True))
        for finding in dict.fromkeys(analysis.tipping["estimand"]):
            rows = analysis.tipping[analysis.tipping["estimand"] == finding]
            change = "lost" if rows["change"].iloc[0] == "lost" else "appears"
            cells = [_tip_cell(tip_of(rows, finding, arms), own[name]) for arms in ARMS]
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
        f"The nearest shift of the missing outcomes, in standard deviations and in brackets{first.after_comma}, at "
        "which the interval reaches or leaves zero; the sign says the direction. A dash: none within 10 standard "
        "deviations."
    )
    return Table("tipping", "Tipping points", head, tuple(body), (0,), note)


def _tip_cell(tip: Mapping[Any, Any] | None, words: Words) -> str:
    if tip is None:
        return fmt.NONE
    sign = "" if tip["shift"] > 0 else fmt.MINUS
    return f"{fmt.signed(tip['delta'], 2)} sd ({sign}{own_unit(tip['shift'], replace(words, unit=''))})"


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
    tables = {"sensitivity_shifts": enough(found["shifts"], "n", inputs.minimum)}
    tables["sensitivity_tipping"] = found["tipping"]
    if name := shown_analysis(inputs):
        tables["sensitivity_plane"] = inputs.analyses[name].plane
    return tables
