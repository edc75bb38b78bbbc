"""Tables of what an unmeasured confounder could do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.inputs import AppraisalInputs, ReportInputs
from hetflow.report.picks import between
from hetflow.report.tables import Cell, Table
from hetflow.report.words import Words

MODELLED = "Benchmarks refit the nuisances by a penalised linear model with and without the covariates."
_LABELS = {"ATE": "Everybody (ATE)", "ATT": "The treated (ATT)", "ATO": "Overlap population (ATO)"}
_NUMBERS = ("share", "estimate", "lower", "upper", "outcome_sd", "riesz_sd", "rv", "rv_interval")
_BOUNDS = ("lower_bound", "upper_bound")
_MOST = 40


def label_of(name: str, words: Words) -> str:
    """Label of a covariate, or the name that the study gave a group of them."""
    return words.labels.get(name, name.replace("_", " "))


def visible(table: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """The table without the numbers of targets with few units, or that leave few out."""
    if "n" not in table or table.empty:
        return table
    total = table["n"].max()
    left = total - table["n"]
    hidden = (table["n"] < minimum) | ((left > 0) & (left < minimum))
    shown = table.copy()
    names = [name for name in (*_NUMBERS, *_BOUNDS) if name in shown]
    shown.loc[hidden, names] = np.nan
    shown.loc[hidden, "n"] = np.minimum(shown.loc[hidden, "n"], minimum - 1)
    return shown


def bounds_table(found: AppraisalInputs, words: Words, minimum: int) -> Table:
    """Every target with its robustness values, and its bounds at the strengths of the study."""
    robust, bounds = visible(found.tables["robustness"], minimum), visible(found.tables["bounds"], minimum)
    strengths = list(dict.fromkeys(bounds["c_y"]))
    rows: list[Cell] = []
    heading = None
    for row in robust.to_dict("records"):
        current = words.rule(str(row["term"])) if row["estimand"] == "rule_groups" else "On average"
        if current != heading:
            heading = current
            rows.append(Cell((heading,), heading=True))
        rows.append(Cell(_target(row, bounds, strengths, words, minimum), 1))
    head = (
        "Effect of",
        "Participants",
        f"Effect{words.after_comma} ({words.level}\u00a0CI)",
        "Robustness value",
        "of the interval",
        *(f"Limits at {fmt.percent(c)}" for c in strengths),
    )
    note = (
        "Robustness value: the least strength, the same on both sides, that could bring the estimate, or the nearer "
        "end of its interval, to 0. Limits: of the confidence region of the bounds under a confounder of that "
        "strength on both sides; within a group, strength is counted within the group."
    )
    return Table("confounding", "How strong a confounder would have to be", head, tuple(rows), (0,), note)


def _target(
    row: Mapping[Any, Any], bounds: pd.DataFrame, strengths: list[float], words: Words, minimum: int
) -> tuple[str, ...]:
    label = _LABELS.get(row["estimand"], between(str(row["group"]).replace("propensity", "Propensity")))
    if not fmt.known(row["estimate"]):
        return (
            label,
            f"<{minimum}" if row["n"] < minimum else "not shown",
            *["not shown"] * (3 + len(strengths)),
        )
    values = [words.factor * float(row[name]) for name in ("estimate", "lower", "upper")]
    cells = [label, fmt.count(row["n"]), fmt.estimate(values[0], values[1], values[2])]
    cells += [fmt.percent(row[name], 1) for name in ("rv", "rv_interval")]
    own = bounds
    for name in ("estimand", "group", "term"):
        own = own[own[name] == row[name]]
    for strength in strengths:
        cells.append(_limits(own[own["c_y"] == strength].iloc[0], words))
    return tuple(cells)


def _limits(row: Mapping[Any, Any] | pd.Series, words: Words) -> str:
    low, high = words.factor * float(row["lower"]), words.factor * float(row["upper"])
    return fmt.interval(low, high, fmt.decimals(fmt.half_width(low, high)))


def benchmarks_table(found: AppraisalInputs, words: Words) -> Table:
    """Strength of observed covariates, and the effect's limits under a confounder as strong, or several times."""
    table = found.tables["benchmarks"]
    multiples = list(dict.fromkeys(table["multiple"]))
    first = table[table["multiple"] == multiples[0]] if multiples else table
    order = first.assign(reach=first["c_y"] * first["c_t"]).sort_values(
        ["reach", "c_y", "benchmark"], ascending=[False, False, True], kind="stable"
    )
    rows = []
    for row in order.head(_MOST).to_dict("records"):
        own = table[table["benchmark"] == row["benchmark"]].set_index("multiple")
        scale = row["multiple"] or 1.0
        cells = [label_of(str(row["benchmark"]), words)]
        cells += [fmt.percent(row["c_y"] / scale, 1), fmt.percent(row["c_t"] / scale, 1)]
        cells.append(
            fmt.signed(words.factor * row["change"], fmt.decimals(abs(words.factor * row["change"]) / 2))
        )
        cells += [_limits(own.loc[multiple], words) for multiple in multiples]
        rows.append(Cell(tuple(cells)))
    head = (
        "Left out",
        "Strength, outcome",
        "Strength, treatment",
        f"Effect moves by{words.after_comma}",
        *(f"Limits, {fmt.number(k, 0 if k == int(k) else 1)} times as strong" for k in multiples),
    )
    note = (
        f"{MODELLED} 0 means that leaving it out lost nothing beside the other covariates. Limits are for the average "
        "effect under a confounder beside all covariates."
    )
    caption = "How strong the measured covariates are"
    return Table("confounding_benchmarks", caption, head, tuple(rows), (0,), note, folded=len(rows) > 12)


def controls_table(inputs: ReportInputs, found: AppraisalInputs, words: Words) -> Table | None:
    """Effects on negative-control outcomes; None where none was named."""
    table = found.tables["controls"]
    if table.empty:
        return None
    rows = []
    for row in table.to_dict("records"):
        outcome = inputs.settings["outcomes"][row["outcome"]]
        unit = "" if outcome["kind"] == "binary" else outcome.get("unit") or ""
        rows.append(
            Cell(
                (
                    str(row["label"]),
                    fmt.estimate(row["estimate"], row["lower"], row["upper"], row["se"], unit),
                )
            )
        )
    head = ("Outcome that treatment cannot change", f"Effect ({words.level}\u00a0CI)")
    note = "Of a binary outcome the difference of risks. 0 is what no confounding gives."
    return Table("confounding_controls", "Negative-control outcomes", head, tuple(rows), (0,), note)
