"""Effect displays one at a time: what the page offers to choose from, made of the aggregates that its figures show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from hetflow.report import formats as fmt
from hetflow.report.drawn import Drawn
from hetflow.report.figures_explored import common_scale, view_figure
from hetflow.report.figures_modifiers import cell_text, cells_figure
from hetflow.report.picks import between
from hetflow.report.sentences import Number
from hetflow.report.tables import Cell, Table, estimate_text
from hetflow.report.words import Words

#: Points of a curve that its table lists.
POINTS = 9
#: Figures whose tables are explored, in this order; the chooser stands beneath the first that the page shows.
DISPLAYS, CELLS = "displays", "modifier_cells"


@dataclass(frozen=True, slots=True)
class View:
    """One display: its figure, what it says in words, and its numbers."""

    name: str
    label: str
    svg: Markup
    said: str
    table: Table


@dataclass(frozen=True, slots=True)
class Group:
    """Displays of one kind, under their label."""

    label: str
    views: tuple[View, ...]


@dataclass(frozen=True, slots=True)
class Explorer:
    """A choice of displays."""

    name: str
    ask: str
    groups: tuple[Group, ...]


def with_explorer(
    sections: Sequence[Mapping[str, Any]], drawn: Mapping[str, Drawn], words: Words, mark: float | None
) -> list[dict[str, Any]]:
    """The sections, with the chooser beneath the figure of the displays.

    Parameters
    ----------
    sections : sequence of mapping
        Of the page: id, title and parts.
    drawn : mapping of str to Drawn
        The page's figures; what is withheld there cannot be explored.
    words : Words
    mark : float, optional
        The average effect as printed.
    """
    explorer = _explorer(drawn, words, mark)
    found: list[dict[str, Any]] = []
    for section in sections:
        parts: list[tuple[str, Any]] = []
        for kind, item in section["parts"]:
            parts.append((kind, item))
            if explorer is not None and kind == "figure" and item in drawn and item in (DISPLAYS, CELLS):
                parts += [("heading", "The effect, covariate by covariate"), ("explorer", explorer)]
                explorer = None
        found.append({**section, "parts": parts})
    return found


def _explorer(drawn: Mapping[str, Drawn], words: Words, mark: float | None) -> Explorer | None:
    groups = []
    if DISPLAYS in drawn:
        groups.append(Group("One covariate", _one_covariate(drawn[DISPLAYS].table, words, mark)))
    if CELLS in drawn:
        groups.append(Group("Two covariates", _two_covariates(drawn[CELLS].table, words)))
    return Explorer("effects", "Show the effect by", tuple(groups)) if groups else None


def _one_covariate(displays: pd.DataFrame, words: Words, mark: float | None) -> tuple[View, ...]:
    scale = common_scale(displays, mark)
    views = []
    for place, (_, rows) in enumerate(displays.groupby("covariate", sort=False), 1):
        name, label = f"one-{place}", str(rows["label"].iloc[0])
        said = _said_of_one(rows, words, mark)
        svg = view_figure(rows, scale, mark, words.effect_axis, f"explore-{name}", label, said)
        views.append(View(name, label, _safe(svg), said, _table_of_one(name, rows, words)))
    return tuple(views)


def _two_covariates(cells: pd.DataFrame, words: Words) -> tuple[View, ...]:
    strongest = float(cells["estimate"].abs().max()) or 1.0
    views = []
    for place, (_, rows) in enumerate(cells.groupby(["first", "second"], sort=False), 1):
        first, second = (str(rows[key].iloc[0]) for key in ("first_label", "second_label"))
        name, label = f"two-{place}", f"{first} and {second}"
        records = rows.to_dict("records")
        where = [f"{between(row['first_level'])} and {between(row['second_level'])}" for row in records]
        said = _extremes(records, where, words, "where the two are")
        svg = cells_figure(
            rows.assign(text=cell_text(rows)), label, said, prefix=f"explore-{name}", strongest=strongest
        )
        body = [
            Cell((between(row["first_level"]), between(row["second_level"]), *_count_and_effect(row)))
            for row in records
        ]
        head = (first, second, "Participants", _effect_head(words))
        table = Table(f"explore-{name}", f"Effect by {label}", head, tuple(body), (0, 1))
        views.append(View(name, label, _safe(svg), said, table))
    return tuple(views)


def _safe(svg: str) -> Markup:
    return Markup(svg.strip())  # noqa: S704 - made by to_svg, which escapes every label


def _is_curve(rows: pd.DataFrame) -> pd.Series:
    """Points of a smooth curve, against means of groups or bins."""
    if "uniform_lower" in rows:
        return rows["kind"] == "curve"
    return pd.Series(False, index=rows.index)


def _number(row: Mapping[Any, Any]) -> Number:
    return Number(row["estimate"], row["lower"], row["upper"], row["se"])


def _effect_head(words: Words) -> str:
    return f"Effect{words.after_comma} ({words.level}\u00a0CI)"


def _count_and_effect(row: Mapping[Any, Any]) -> tuple[str, str]:
    return fmt.count(row["n"]), estimate_text(_number(row))


def _listed_points(curve: pd.DataFrame) -> pd.DataFrame:
    """At most `POINTS` of a curve, evenly apart, its ends among them."""
    places = np.unique(np.linspace(0, len(curve) - 1, POINTS).round().astype(int))
    return curve.iloc[places]


def _values(x: pd.Series) -> list[str]:
    """Values of a covariate with as many digits as tell neighbours apart."""
    step = float(np.ptp(x)) / max(1, len(x) - 1)
    return [fmt.number(float(value), fmt.decimals(step) if step else 2) for value in x]


def _table_of_one(name: str, rows: pd.DataFrame, words: Words) -> Table:
    """Points of the curve and groups, with participants, effect and, of a curve, its band."""
    curve, groups = rows[_is_curve(rows)], rows[~_is_curve(rows)]
    first = rows.iloc[0]
    unit = f", {first['unit']}" if first["unit"] else ""
    head = [f"{first['label']}{unit}", "Participants", _effect_head(words)]
    body, note = [], ""
    if len(curve):
        listed = _listed_points(curve)
        head.append(f"{words.level} band of the whole curve")
        note = "Points of the curve: participants near the value, rounded down. "
        for value, row in zip(_values(listed["x"]), listed.to_dict("records"), strict=True):
            places = _number(row).places
            band = f"{fmt.interval(row['uniform_lower'], row['uniform_upper'], places)}"
            body.append(Cell((value, *_count_and_effect(row), band)))
    for row in groups.to_dict("records"):
        extra = (fmt.NONE,) if len(curve) else ()
        body.append(Cell((between(str(row["level"])), *_count_and_effect(row), *extra)))
    note += f"{words.treated} minus {words.control}; {words.better} is better."
    text = () if len(curve) else (0,)
    return Table(f"explore-{name}", f"Effect by {first['label']}", tuple(head), tuple(body), text, note)


def _said_of_one(rows: pd.DataFrame, words: Words, mark: float | None) -> str:
    """Where the effect is lowest and highest, and how it stands to the average."""
    curve, groups = rows[_is_curve(rows)], rows[~_is_curve(rows)]
    said = []
    if len(curve):
        first = curve.iloc[0]
        places = [fmt.with_unit(value, first["unit"]) for value in _values(curve["x"])]
        said.append(_extremes(curve.to_dict("records"), places, words, "at"))
        if mark is not None:
            inside = ((curve["uniform_lower"] <= mark) & (mark <= curve["uniform_upper"])).all()
            said.append(
                f"The average effect, {_with_unit(mark, curve, words)}, lies within the band of the whole curve "
                f"{'everywhere' if inside else 'in a part of it only'}."
            )
    if len(groups):
        names = [between(str(level)) for level in groups["level"]]
        said.append(_extremes(groups.to_dict("records"), names, words, "in the group"))
        if mark is not None and not len(curve):
            held = int(((groups["lower"] <= mark) & (mark <= groups["upper"])).sum())
            said.append(
                f"The average effect, {_with_unit(mark, groups, words)}, lies in {held} of the "
                f"{len(groups)} intervals."
            )
    return " ".join(said)


def _with_unit(mark: float, rows: pd.DataFrame, words: Words) -> str:
    places = fmt.decimals(float(rows["se"].median()))
    return fmt.with_unit(fmt.number(mark, places), words.unit)


def _extremes(rows: Sequence[Mapping[Any, Any]], places: Sequence[str], words: Words, where: str) -> str:
    """Where the effect is lowest and where it is highest, with estimates and intervals."""
    told = [
        f"{place}: {estimate_text(_number(row), words.unit)}" for row, place in zip(rows, places, strict=True)
    ]
    values = [row["estimate"] for row in rows]
    low, high = int(np.argmin(values)), int(np.argmax(values))
    if low == high:
        return f"The effect {where} {told[low]}."
    return f"The effect is lowest {where} {told[low]}, and highest {where} {told[high]}."
