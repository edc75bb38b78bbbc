"""Tables of effects by baseline risk; groups that are small, or whose events are few, are not shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.disclosure import mask_counts, small
from hetflow.report.inputs import AppraisalInputs
from hetflow.report.tables import Cell, Table
from hetflow.report.words import Words, part

_MODELS = {"internal": "By the study's own risk", "external": "By the score from elsewhere"}
_MEASURES = {
    "auc": ("C-statistic", "0.5 ranks by chance, 1 without error."),
    "brier_r2": ("Brier score, gain over the mean", "0 knows nothing, 1 everything."),
    "r2": ("R²", "Share of the outcome's variation; 0 knows nothing, below 0 misleads."),
    "calibration_intercept": (
        "Calibration in the large",
        "0 is right; on the logit if the outcome is binary.",
    ),
    "calibration_slope": ("Calibration slope", "1 is right; below 1, predictions are too extreme."),
}
_RELATIONS = {
    "risk_groups_difference": "Effect, worst minus best prognosis",
    "risk_trend": "Change of the effect for 1 sd worse prognosis",
    "ratio_difference": "Ratio of means, worst over best prognosis",
    "odds_ratio_difference": "Odds ratio, worst over best prognosis",
    "interaction": "Relative effect multiplied for 1 sd worse prognosis",
}
_ARMS = ("control", "treated")


def by_group(found: AppraisalInputs, minimum: int) -> pd.DataFrame:
    """Groups as they may leave the study: means of arms with few units, or few events or non-events, are taken out."""
    table = found.tables["groups"].copy()
    for arm in _ARMS:
        n, events = table[f"n_{arm}"], table[f"events_{arm}"]
        hidden = (n < minimum) | _few(events, minimum) | _few(n - events, minimum)
        table.loc[hidden, f"observed_{arm}"] = np.nan
    table.loc[table["n"] < minimum, "predicted"] = np.nan
    table = table.drop(columns=[f"events_{arm}" for arm in _ARMS])
    return mask_counts(table, ["n", "n_control", "n_treated"], minimum)


def _few(counts: pd.Series, minimum: int) -> pd.Series:
    return counts.map(lambda count: small(count, minimum))


def groups_table(found: AppraisalInputs, words: Words, minimum: int) -> Table:
    """Predicted and observed outcomes, absolute and relative effects, by group."""
    effects = found.tables["effects"]
    relative = next((name for name in ("odds_ratio", "ratio") if name in set(effects["estimand"])), "")
    rows: list[Cell] = []
    groups = by_group(found, minimum)
    for model in found.facts["models"]:
        rows.append(Cell((_MODELS[model],), heading=True))
        for row in groups[groups["model"] == model].to_dict("records"):
            rows.append(Cell(_group(row, effects[effects["model"] == model], relative, words, minimum), 1))
    ratio = {"odds_ratio": "Odds ratio", "ratio": "Ratio of means", "": ""}[relative]
    head = (
        "Prognosis",
        "Participants",
        f"Predicted{words.after_comma.replace('percentage points', 'per cent')}",
        f"Observed, {words.control}",
        f"Observed, {words.treated}",
        f"Effect{words.after_comma} ({words.level}\u00a0CI)",
        *([f"{ratio} ({words.level}\u00a0CI)"] if relative else []),
    )
    note = (
        "Effects are doubly robust: they need not be the difference of the observed means, which are those of "
        "participants with an outcome. An arm with few participants, or few with or without the outcome, is not shown."
    )
    piece = part(int(found.facts["groups"]))
    return Table("risk_groups", f"Effects by {piece} of the prognosis", head, tuple(rows), (0,), note)


def _group(
    row: Mapping[Any, Any], effects: pd.DataFrame, relative: str, words: Words, minimum: int
) -> tuple[str, ...]:
    places = 0 if words.factor > 1 else 2
    means = [
        fmt.number(words.factor * row[name], places)
        for name in ("predicted", "observed_control", "observed_treated")
    ]
    own = effects[effects["group"] == row["group"]]
    hidden = str(row["n"]).startswith("<")
    cells = [str(row["group"]), str(row["n"]), *means]
    cells.append("not shown" if hidden else _interval(own, "risk_groups", words.factor))
    if relative:
        cells.append("not shown" if hidden else _interval(own, relative, 1.0))
    return tuple(cells)


def _interval(effects: pd.DataFrame, estimand: str, factor: float) -> str:
    rows = effects[effects["estimand"] == estimand]
    if rows.empty:
        return fmt.NONE
    row = rows.iloc[0]
    values = [factor * float(row[name]) for name in ("estimate", "lower", "upper")]
    error = None if estimand != "risk_groups" else factor * float(row["se"])
    return fmt.estimate(values[0], values[1], values[2], error if error else 0.1)


def relation_table(found: AppraisalInputs, words: Words) -> Table:
    """How the effect goes with the risk: absolutely and relatively, with p-values where they may stand."""
    effects = found.tables["effects"]
    rows: list[Cell] = []
    for model in found.facts["models"]:
        rows.append(Cell((_MODELS[model],), heading=True))
        for estimand, label in _RELATIONS.items():
            own = effects[(effects["model"] == model) & (effects["estimand"] == estimand)]
            for row in own.to_dict("records"):
                outcome = row["scale"] == "outcome"
                factor = words.factor if outcome else 1.0
                values = [factor * row[name] for name in ("estimate", "lower", "upper")]
                error = factor * row["se"] if outcome else 0.1
                text = fmt.estimate(values[0], values[1], values[2], error, words.unit if outcome else "")
                rows.append(Cell((label, text, fmt.p_cell(row["p"])), 1))
    head = ("Relation", f"Estimate ({words.level}\u00a0CI)", "p")
    note = (
        "Differences are in units of the outcome, ratios without unit (1: the same relative effect). p-values are "
        "two-sided, stand in randomised trials only, and are not adjusted for one another."
    )
    return Table("risk_relation", "How the effect goes with the risk", head, tuple(rows), (0,), note)


def performance_table(found: AppraisalInputs, words: Words) -> Table:
    """Discrimination and calibration before and after recalibration."""
    table = found.tables["performance"]
    rows: list[Cell] = []
    for model in found.facts["models"]:
        for version in dict.fromkeys(table.loc[table["model"] == model, "version"]):
            rows.append(Cell((f"{_MODELS[model]}, {version}",), heading=True))
            own = table[(table["model"] == model) & (table["version"] == version)]
            for row in own.to_dict("records"):
                label, says = _MEASURES[row["measure"]]
                text = fmt.estimate(row["estimate"], row["lower"], row["upper"], row["se"])
                rows.append(Cell((label, says, text), 1))
    head = ("Measure", "What it can say", f"Estimate ({words.level}\u00a0CI)")
    note = (
        "Judged on participants with an outcome whom the model had not seen, both arms together; intervals take the "
        "predictions as given."
    )
    return Table("risk_performance", "What the risk is worth", head, tuple(rows), (0, 1), note, folded=True)
