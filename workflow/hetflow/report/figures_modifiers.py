"""Figures of effect modifiers: grids of two covariates, importance beside its reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from hetflow.report import formats as fmt
from hetflow.report.picks import between
from hetflow.report.style import (
    BLUE,
    INK,
    ORANGE,
    SMALL,
    bare,
    drawing,
    folded,
    plain_number,
    short,
    soft_grid,
    to_svg,
    zero_line,
)

_ROW = 0.3  # inches a row of dots
_CELL, _CELL_HEAD = 0.5, 0.62  # inches a row of cells, and what stands above and below a grid


def cell_text(cells: pd.DataFrame) -> list[str]:
    """What stands in each cell: effect, interval and participants, in three lines."""
    return [
        fmt.estimate(row["estimate"], row["lower"], row["upper"], row["se"]).replace(" (", "\n(")
        + f"\nn = {fmt.count(row['n'])}"
        for row in cells.to_dict("records")
    ]


def cells_figure(
    cells: pd.DataFrame,
    title: str,
    description: str,
    *,
    prefix: str = "modifier_cells",
    strongest: float | None = None,
) -> str:
    """Effects over the cells of two covariates, one grid a pair, the numbers in the cells.

    Parameters
    ----------
    cells : DataFrame
        ``first, second, first_label, second_label, first_level, second_level, n, estimate, text``; cells that are not
        there stay empty.
    title, description, prefix : str
        As in `style.to_svg`.
    strongest : float, optional
        Size of the effect that has the deepest shade; the largest of these cells.
    """
    pairs = list(dict.fromkeys(zip(cells["first"], cells["second"], strict=True)))
    grids = [cells[(cells["first"] == a) & (cells["second"] == b)] for a, b in pairs]
    heights = [_CELL * grid["first_level"].nunique() + _CELL_HEAD for grid in grids]
    strongest = strongest or float(cells["estimate"].abs().max()) or 1.0
    with drawing(sum(heights)) as figure:
        top = sum(heights)
        for grid, own in zip(grids, heights, strict=True):
            box = (0.24, (top - own + 0.12) / sum(heights), 0.75, (own - _CELL_HEAD) / sum(heights))
            _grid(figure.add_axes(box), grid, strongest)
            top -= own
        return to_svg(figure, prefix, title, description)


def importance_figure(
    rows: pd.DataFrame, panels: Sequence[tuple[str, str]], title: str, description: str
) -> str:
    """Importance by several measures: one row a covariate, a dot with an interval, and a tick where chance ends.

    Parameters
    ----------
    rows : DataFrame
        ``label`` and, for each panel's key k, ``k_estimate, k_lower, k_upper, k_null``.
    panels : sequence of (key, heading)
        At most three, from left to right.
    """
    height = 0.95 + _ROW * max(len(rows), 2)
    with drawing(height) as figure:
        y = np.arange(len(rows))[::-1].astype(float)
        width = (0.985 - 0.34) / len(panels)
        for index, (key, heading) in enumerate(panels):
            box = (
                0.34 + width * index + 0.015,
                0.36 / height,
                width - 0.035,
                (height - 0.95) / height,
            )
            axes = figure.add_axes(box)
            axes.hlines(y, rows[f"{key}_lower"], rows[f"{key}_upper"], color=BLUE, linewidth=1.5)
            axes.plot(rows[f"{key}_estimate"], y, "o", color=BLUE, markersize=4, linestyle="none")
            axes.plot(rows[f"{key}_null"], y, "|", color=ORANGE, markersize=9, markeredgewidth=1.4)
            zero_line(axes)
            axes.set(ylim=(-0.6, max(len(rows), 2) - 0.4))
            names = [folded(label, 24, 2) for label in rows["label"]] if index == 0 else [""] * len(y)
            axes.set_yticks(y, names, fontsize=SMALL, linespacing=1.05)
            axes.locator_params(axis="x", nbins=3)
            axes.xaxis.set_major_formatter(plain_number)
            axes.tick_params(axis="x", labelsize=SMALL)
            axes.set_title(folded(heading, 13, 3), fontsize=SMALL, pad=4, linespacing=1.1)
            soft_grid(axes)
            bare(axes, ("bottom",))
        return to_svg(figure, "importance", title, description)


def _grid(axes: Axes, cells: pd.DataFrame, strongest: float) -> None:
    down, across = list(dict.fromkeys(cells["first_level"])), list(dict.fromkeys(cells["second_level"]))
    for row in cells.to_dict("records"):
        x, y = across.index(row["second_level"]), len(down) - 1 - down.index(row["first_level"])
        shade = 0.45 * abs(row["estimate"]) / strongest
        axes.fill_between(
            [x, x + 1],
            y,
            y + 1,
            color=BLUE if row["estimate"] >= 0 else ORANGE,
            alpha=shade,
            linewidth=0,
        )
        axes.text(x + 0.5, y + 0.5, row["text"], ha="center", va="center", fontsize=SMALL, linespacing=1.2)
    axes.set(xlim=(0, len(across)), ylim=(0, len(down)))
    axes.set_xticks(
        np.arange(len(across)) + 0.5, [short(between(level), 18) for level in across], fontsize=SMALL
    )
    axes.set_yticks(
        np.arange(len(down)) + 0.5, [folded(between(level), 14, 2) for level in down[::-1]], fontsize=SMALL
    )
    axes.xaxis.tick_top()
    heads = [short(cells.iloc[0][key], 34) for key in ("first_label", "second_label")]
    axes.set_title(f"{heads[0]} (down), {heads[1]} (across)", fontsize=SMALL, pad=5, x=-0.3, color=INK)
    bare(axes)
    axes.tick_params(top=False, left=False)
