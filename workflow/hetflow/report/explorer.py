"""Effect displays one at a time: what the page offers to choose from, made of the aggregates that its figures show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from hetflow.report import formats as fmt
from hetflow.report.described import is_curve, said_of_one, said_of_two, values
from hetflow.report.drawn import Drawn
from hetflow.report.figures_displays import spread
from hetflow.report.figures_explored import view_figure
from hetflow.report.figures_modifiers import cell_text, cells_figure
from hetflow.report.picks import between
from hetflow.report.printed import number_of
from hetflow.report.tables import Cell, Table, estimate_text
from hetflow.report.words import Words, with_unit

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
    scale = spread(displays, mark)
    views = []
    for place, (_, rows) in enumerate(displays.groupby("covariate", sort=False), 1):
        name, label = f"one-{place}", str(rows["label"].iloc[0])
        said = said_of_one(rows, words, mark)
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
        said = said_of_two(rows, words)
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


def _effect_head(words: Words) -> str:
    return f"Effect{words.after_comma} ({words.level}\u00a0CI)"


def _count_and_effect(row: Mapping[Any, Any]) -> tuple[str, str]:
    return fmt.count(row["n"]), estimate_text(number_of(row))


def _listed_points(curve: pd.DataFrame) -> pd.DataFrame:
    """At most `POINTS` of a curve, evenly apart, its ends among them."""
    places = np.unique(np.linspace(0, len(curve) - 1, POINTS).round().astype(int))
    return curve.iloc[places]


def _table_of_one(name: str, rows: pd.DataFrame, words: Words) -> Table:
    """Points of the curve and groups, with participants, effect and, of a curve, its band."""
    curve, groups = rows[is_curve(rows)], rows[~is_curve(rows)]
    first = rows.iloc[0]
    head = [with_unit(str(first["label"]), first["unit"]), "Participants", _effect_head(words)]
    body, note = [], ""
    if len(curve):
        listed = _listed_points(curve)
        head.append(f"{words.level} band of the whole curve")
        note = "Points of the curve: participants near the value, rounded down. "
        for value, row in zip(values(listed["x"]), listed.to_dict("records"), strict=True):
            places = number_of(row).places
            band = f"{fmt.interval(row['uniform_lower'], row['uniform_upper'], places)}"
            body.append(Cell((value, *_count_and_effect(row), band)))
    for row in groups.to_dict("records"):
        extra = (fmt.NONE,) if len(curve) else ()
        body.append(Cell((between(str(row["level"])), *_count_and_effect(row), *extra)))
    note += f"{words.treated} minus {words.control}; {words.better} is better."
    text = () if len(curve) else (0,)
    return Table(f"explore-{name}", f"Effect by {first['label']}", tuple(head), tuple(body), text, note)
