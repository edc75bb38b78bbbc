"""What the page says of effect modifiers: named ones shown, all of them ranked as an exploration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report import picks
from hetflow.report.captions import Caption
from hetflow.report.described import said_of_cells, said_of_displays
from hetflow.report.disclosure import enough
from hetflow.report.drawn import Drawn, Shown
from hetflow.report.figures_displays import NOT_APPLICABLE, displays_figure
from hetflow.report.figures_modifiers import cell_text, cells_figure, importance_figure
from hetflow.report.inputs import AppraisalInputs, ReportInputs
from hetflow.report.tables import Cell, Table
from hetflow.report.words import Words, listed

NAME = "modifiers"
#: Covariates drawn, and rows of the table.
DRAWN, LISTED = 12, 25
#: Share of draws in which a covariate must be among the first, and above its reference, to be named in a sentence.
STEADY = 0.8
_EFFECTS = ("estimate", "se", "lower", "upper", "uniform_lower", "uniform_upper")
_MEASURES = {"permutation": "Permutation", "shapley": "Shapley values", "splits": "Splits"}
#: Power of the outcome's unit in which a measure is told.
_POWER = {"permutation": 2, "shapley": 1, "splits": 0}
_OF = ("estimate", "lower", "upper", "null", "null_upper")


def shown(inputs: ReportInputs, words: Words, minimum: int) -> Shown:
    """Figures, the table of the ranking, and what of them may leave the study.

    The figure `displays` takes the place of the binned one that the estimates stage provides for.
    """
    own = inputs.appraisal(NAME)
    if own is None:
        return Shown()
    figures = {
        "displays": _smooth(inputs, own, words, minimum),
        "modifier_cells": _cells(own, words, minimum),
        "importance": _importance(own, words),
    }
    tables = [] if own.tables["importance"].empty else [_table(own, words)]
    exported = {} if own.tables["importance"].empty else {"importance": printed(own, words)}
    return Shown(tables, {name: drawn for name, drawn in figures.items() if drawn is not None}, exported)


def parts(inputs: ReportInputs, words: Words, minimum: int) -> list[tuple[str, Any]]:
    """Grid of pairs, and the exploratory ranking under a heading that says so."""
    own = inputs.appraisal(NAME)
    if own is None:
        return []
    told: list[tuple[str, Any]] = []
    if _cells(own, words, minimum) is not None:
        told.append(("figure", "modifier_cells"))
    told += [("text", text) for text in _left_out(own.facts)]
    if own.tables["importance"].empty:
        return told
    texts = [("text", text) for text in ranking_text(own, words)]
    heading = ("heading", "Exploratory: which covariates does the effect vary with?")
    return [*told, heading, *texts, ("figure", "importance"), ("table", "importance")]


def printed(own: AppraisalInputs, words: Words) -> pd.DataFrame:
    """The ranking in printed units (percentage points for a binary outcome)."""
    table = own.tables["importance"].copy()
    factor = table["measure"].map({key: words.factor**power for key, power in _POWER.items()})
    for column in _OF:
        table[column] = table[column] * factor
    return table


def ranking_text(own: AppraisalInputs, words: Words) -> list[str]:
    """How the ranking came about, what leads it, and what it cannot say."""
    facts = own.facts
    units = fmt.count(facts["units"])
    some = (
        "" if facts["units"] == facts["units_of"] else f", of {fmt.count(facts['units_of'])} drawn at random"
    )
    how = (
        f"Every covariate competes here, so this part is exploratory: no test is made and none is implied. In "
        f"{facts['draws']} draws, each with folds, seed and imputation of its own, a forest of the scores judged "
        f"participants whom it had not seen ({units} participants{some}). Its predictions and the effects of the "
        f"study's forest share {fmt.percent(facts['fidelity'], 0)} of their variance, and it "
        f"{_explains(facts['explained'])} the scores."
    )
    what = (
        f"Permutation: rise of the squared distance between score and predicted effect{_squared(words)} when the "
        f"covariate is shuffled. Shapley values: mean size of the covariate's part in the predicted "
        f"effect{words.in_unit}. Splits: share of the splits of the study's forest, those near the root counting "
        "more. A block is shuffled, or added up, as a whole. What a covariate owes to another that goes with it "
        "cannot be told apart."
    )
    return [how, _leads(own, facts["top"]), what]


def _explains(share: float) -> str:
    if share <= 0:
        return "explains nothing of what varies in"
    return f"explains {fmt.percent(share)} of what varies, noise included, in"


def _squared(words: Words) -> str:
    return f" ({words.unit}, squared)" if words.unit else ""


def _leads(own: AppraisalInputs, top: int) -> str:
    """Covariates that stay among the first in nearly all draws by every measure."""
    table = own.tables["importance"]
    table = table[table["kind"] == "covariate"]
    steady = table.groupby("name", sort=False)[["top", "above_null"]].min()
    kept = [str(name) for name, row in steady.iterrows() if min(row["top"], row["above_null"]) >= STEADY]
    if not kept:
        return (
            f"No covariate is both among the first {top} and above what shuffled covariates reach in four of five "
            "draws by every measure: the ranking is not stable enough to name any."
        )
    labels = dict(zip(table["name"], table["label"], strict=True))
    return (
        f"Among the first {top}, and above what shuffled covariates reach, in at least four of five draws by every "
        f"measure: {listed([f'“{labels[name]}”' for name in kept])}."
    )


def _left_out(facts: Mapping[str, Any]) -> list[str]:
    notices = list(facts["notices"])
    return [f"Not shown: {'; '.join(notices)}."] if notices else []


def _smooth(inputs: ReportInputs, own: AppraisalInputs, words: Words, minimum: int) -> Drawn | None:
    table = enough(own.tables["displays"], "n", minimum)
    if table.empty:
        return None
    target = str(table["target"].iloc[0])
    table = table.assign(**{name: words.factor * table[name] for name in _EFFECTS})
    table["n"] = np.where(table["kind"] == "curve", table["n"] // minimum * minimum, table["n"])
    caption = _smooth_caption(words, table, target)
    mark = picks.average(inputs, words)
    svg = displays_figure(table, words.effect_axis, mark, caption.title, caption.alternative)
    return Drawn(svg, caption, table)


def _smooth_caption(words: Words, table: pd.DataFrame, target: str) -> Caption:
    labels = list(dict.fromkeys(table["label"]))
    curves, dots = (table["kind"] == "curve").any(), (table["kind"] != "curve").any()
    hollow = (table["level"] == NOT_APPLICABLE).any()
    said = [
        f"Lines: local linear smooth of the doubly robust scores, with the pointwise {words.level} interval (dark) and "
        f"a band that holds the whole curve with {words.level} confidence (light); drawn where enough participants "
        "are near. "
        if curves
        else "",
        f"Dots: means of groups with {words.level} intervals. " if dots else "",
        "Hollow: participants to whom the covariate does not apply. " if hollow else "",
        "The dashed line is the average effect. One covariate at a time: a pattern here may belong to another "
        f"covariate that goes with it. Target: {target}.",
    ]
    return Caption(
        "The effect along each named covariate",
        "".join(said),
        f"Panels of the effect against {listed(labels)}. {said_of_displays(table, words)}",
    )


def _cells(own: AppraisalInputs, words: Words, minimum: int) -> Drawn | None:
    table = enough(own.tables["cells"], "n", minimum)
    if table.empty:
        return None
    table = table.assign(**{name: words.factor * table[name] for name in _EFFECTS[:4]})
    caption = Caption(
        "The effect over two covariates at once",
        f"Mean effect{words.after_comma} in each cell ({words.level} interval) and its participants; numeric "
        f"covariates are cut into thirds. {words.treated} minus {words.control}; the shade grows with the size of the "
        f"effect, blue above zero and orange below. Cells of fewer than {minimum} are empty. "
        f"Target: {table['target'].iloc[0]}.",
        f"Grids of effects. {said_of_cells(table, words)}",
    )
    return Drawn(
        cells_figure(table.assign(text=cell_text(table)), caption.title, caption.alternative), caption, table
    )


def _ordered(table: pd.DataFrame, kind: str) -> list[str]:
    """Names from the most to the least important: by the mean of their ranks over the measures."""
    mean = table[table["kind"] == kind].groupby("name", sort=False)["rank"].mean()
    return [str(name) for name in mean.sort_values(kind="stable").index]


def _importance(own: AppraisalInputs, words: Words) -> Drawn | None:
    if own.tables["importance"].empty:
        return None
    table = printed(own, words)
    names = _ordered(table, "covariate")[:DRAWN]
    labels = table.drop_duplicates("name").set_index("name")["label"]
    frame = pd.DataFrame({"name": names, "label": [labels[name] for name in names]})
    held = [key for key in _MEASURES if key in set(table["measure"])]
    for key in held:
        rows = table[(table["measure"] == key) & (table["kind"] == "covariate")].set_index("name").loc[names]
        for ours, theirs in (("estimate",) * 2, ("lower",) * 2, ("upper",) * 2, ("null", "null_upper")):
            frame[f"{key}_{ours}"] = rows[theirs].to_numpy()
    caption = Caption(
        "Which covariates the effect varies with (exploratory)",
        f"The {len(names)} covariates that rank highest on average over the measures. Dot: mean over draws; line: "
        "eight of ten draws; orange tick: what the covariate reaches or exceeds in one of twenty draws when the "
        "covariates are shuffled, so that the effect cannot vary with them.",
        f"Dot plot of importance by {len(held)} measures. First: {listed([labels[name] for name in names[:3]])}.",
    )
    panels = [(key, _heading(key, words)) for key in held]
    return Drawn(importance_figure(frame, panels, caption.title, caption.alternative), caption, frame)


def _heading(key: str, words: Words) -> str:
    unit = {"permutation": _squared(words), "shapley": words.in_unit, "splits": " (share)"}[key]
    return f"{_MEASURES[key]}{unit}"


def _table(own: AppraisalInputs, words: Words) -> Table:
    table = printed(own, words)
    held = [key for key in _MEASURES if key in set(table["measure"])]
    rows: list[Cell] = []
    for kind, heading in (("block", "Blocks"), ("covariate", "Covariates")):
        names = _ordered(table, kind)[:LISTED]
        rows += [Cell((heading,), heading=True)] if names else []
        for name in names:
            lines = table[(table["kind"] == kind) & (table["name"] == name)].set_index("measure")
            told = [text for key in held for text in _told(lines.loc[key], len(names) > own.facts["top"])]
            label = str(lines["label"].iloc[0])
            if kind == "block":
                label += f" ({int(lines['members'].iloc[0])} covariates)"
            rows.append(Cell((label, *told), 1))
    head = ["Covariate"]
    for key in held:
        head += [f"{_MEASURES[key]}: rank", f"among the first {own.facts['top']}", "above shuffled"]
    note = (
        "Rank: of the mean over draws, in brackets the ranks between which eight of ten draws lie; covariates and "
        "blocks are ranked apart. Above shuffled: share of draws above what is reached in one of twenty draws with "
        f"shuffled covariates. At most {LISTED} rows; the whole ranking is among the tables."
    )
    return Table(
        "importance", "Ranking of effect modifiers (exploratory)", tuple(head), tuple(rows), (0,), note, True
    )


def _told(row: Any, contested: bool) -> tuple[str, str, str]:
    """Rank and shares; being among the first says nothing where nobody can miss it."""
    places = f"{fmt.number(row['rank_lower'], 0)}\u2013{fmt.number(row['rank_upper'], 0)}"
    rank = f"{fmt.number(row['rank'], 0)} ({places})"
    return rank, fmt.percent(row["top"], 0) if contested else fmt.NONE, fmt.percent(row["above_null"], 0)
