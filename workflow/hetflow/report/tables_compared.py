"""The analyses side by side, the quality of the nuisances, and the estimates as they may leave the study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report import picks
from hetflow.report.printed import number_of
from hetflow.report.tables import Cell, Table, estimate_text
from hetflow.report.words import Words

_LEARNERS = {
    "stack": "Stack",
    "linear": "Penalised linear regression",
    "boosting": "Boosted trees",
    "forest": "Random forest",
    "mean": "Mean",
}


def analyses_table(rows: pd.DataFrame, panels: Sequence[tuple[str, str]], words: Words) -> Table:
    """The analyses side by side.

    Parameters
    ----------
    rows : DataFrame
        From `analyses_frame`.
    panels : sequence of (key, heading)
    """
    several = rows["unit"].nunique() > 1
    body = tuple(
        Cell(
            (
                record["label"],
                *(quantity_text(record, key, record["unit"] if several else "") for key, _ in panels),
            )
        )
        for record in rows.to_dict("records")
    )
    head = ("Analysis", *(f"{heading} ({words.level}\u00a0CI)" for _, heading in panels))
    return Table(
        "analyses",
        "The analyses side by side",
        head,
        body,
        (0,),
        "AUTOC has a one-sided interval: a lower bound.",
    )


def quantity_text(record: Mapping[Any, Any], key: str, unit: str = "") -> str:
    """A quantity of a row of `analyses_frame` as text."""
    if not fmt.known(record[f"{key}_estimate"]):
        return "not estimated"
    row = {name: record[f"{key}_{name}"] for name in ("estimate", "se", "lower", "upper")}
    return estimate_text(number_of(row), unit)


def analyses_frame(
    estimates: pd.DataFrame, names: Mapping[str, str], words: Mapping[str, Words]
) -> pd.DataFrame:
    """One row an analysis: average effect, AUTOC, and the gap between the extreme groups, in benefit units.

    Parameters
    ----------
    names : mapping of str to str
        Analysis to label, the primary first.
    words : mapping of str to Words
        Each analysis' own words: the outcome may differ.
    """
    rows = []
    first = next(iter(words.values()))
    for analysis, name in names.items():
        own = words[analysis]
        label = name if own.outcome == first.outcome else f"{name} ({own.outcome})"
        quantities = {
            "ATE": picks.one(estimates, analysis, "ATE", own),
            "AUTOC": picks.one(estimates, analysis, "AUTOC", own),
            "gap": picks.sequential(estimates, analysis, own)[2],
        }
        row: dict[str, Any] = {"analysis": analysis, "label": label, "outcome": own.outcome, "unit": own.unit}
        for key, number in quantities.items():
            for part in ("estimate", "se", "lower", "upper"):
                row[f"{key}_{part}"] = getattr(number, part) if number is not None else None
        rows.append(row)
    frame = pd.DataFrame(rows)
    numeric = [
        column for column in frame.columns if column.split("_")[-1] in {"estimate", "se", "lower", "upper"}
    ]
    return frame.astype(dict.fromkeys(numeric, float))


def releasable(estimates: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """The joined estimates without those of fewer units than the minimum, in the outcome's own units."""
    return estimates[~((estimates["n"] > 0) & (estimates["n"] < minimum))].reset_index(drop=True)


def nuisance_table(nuisance: Mapping[str, Any]) -> Table:
    """How well the outcome mean and an estimated propensity predict participants not used in their fit."""
    rows: list[Cell] = []
    for part, title in (("outcome", "Outcome mean"), ("propensity", "Propensity")):
        facts = nuisance.get(part, {})
        if not facts.get("overall"):
            continue
        rows.append(Cell((title,), heading=True))
        rows.append(_quality(facts["learner"], facts["overall"], ""))
        weights = pd.DataFrame(facts.get("stack_weights", []))
        for name, member in sorted(facts.get("members", {}).items()):
            share = fmt.percent(float(weights[name].mean()), 0) if name in weights else ""
            rows.append(_quality(name, member["overall"], share))
    head = ("Learner", "R²", "AUC", "Calibration slope", "Mean weight in the stack")
    note = "Out of fold. R²: share of the variance explained; a slope of 1 is calibrated."
    return Table(
        "nuisance", "Quality of the nuisance predictions", head, tuple(rows), (0,), note, folded=True
    )


def _quality(learner: str, facts: Mapping[str, Any], share: str) -> Cell:
    measures = (fmt.number(facts.get(key), 2) for key in ("r2", "auc", "calibration_slope"))
    return Cell((_LEARNERS.get(learner, learner), *measures, share), 1)
