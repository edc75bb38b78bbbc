"""Figures of effects: dots with intervals, the curve of benefit by rank, the analyses side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from hetflow.report import formats as fmt
from hetflow.report.style import (
    BLUE,
    GREY,
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

_LEFT = -0.94  # of the axes' width: the left edge of a dot plot
_ROW = 0.3  # inches a row of a dot plot


def dots_figure(
    rows: pd.DataFrame, name: str, axis: str, title: str, description: str, mark: float | None = None
) -> str:
    """Estimates with intervals, one a row, the numbers beside them.

    Parameters
    ----------
    rows : DataFrame
        ``label, estimate, lower, upper, text``; optionally ``section``: a heading stands before each new one.
    name : str
        Prefix of ids.
    axis : str
        What the horizontal axis shows, with unit.
    mark : float, optional
        The average effect, drawn as a dashed line.
    """
    lines = _with_headings(rows)
    height = 0.62 + _ROW * max(len(lines), 2) + (0.16 if mark is not None else 0)
    with drawing(height) as figure:
        axes = figure.add_axes((0.34, 0.46 / height, 0.36, (height - 0.62) / height))
        y = np.arange(len(lines))[::-1].astype(float)
        inset = 0.03 if len(lines) > len(rows) else 0.0
        for place, line in zip(y, lines, strict=True):
            if line["heading"]:
                axes.text(
                    _LEFT,
                    place - 0.1,
                    short(line["label"], 60),
                    transform=axes.get_yaxis_transform(),
                    fontweight="bold",
                    va="center",
                    fontsize=SMALL,
                )
                continue
            _interval(axes, place, line["estimate"], line["lower"], line["upper"])
            axes.text(
                _LEFT + inset,
                place,
                folded(line["label"], 22, 2),
                transform=axes.get_yaxis_transform(),
                va="center",
                fontsize=SMALL,
                linespacing=1.05,
            )
            axes.text(
                1.05, place, line["text"], transform=axes.get_yaxis_transform(), va="center", fontsize=SMALL
            )
        zero_line(axes)
        if mark is not None:
            axes.axvline(mark, color=GREY, linewidth=0.9, linestyle=(0, (3, 2)), zorder=0)
        axes.set(ylim=(-0.6, max(len(lines), 2) - 0.4), xlabel=axis)
        axes.set_yticks([])
        _horizontal(axes)
        return to_svg(figure, name, title, description)


def _with_headings(rows: pd.DataFrame) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    section = None
    for record in rows.to_dict("records"):
        if "section" in record and record["section"] != section:
            section = record["section"]
            lines.append({"heading": True, "label": section})
        lines.append({"heading": False} | {str(key): value for key, value in record.items()})
    return lines


def _interval(axes: Axes, y: float, estimate: float, lower: float, upper: float, colour: str = BLUE) -> None:
    if fmt.known(lower):
        end = upper if fmt.known(upper) else estimate  # a one-sided interval has a lower bound only
        axes.plot([lower, end], [y, y], color=colour, linewidth=1.5, solid_capstyle="butt")
    axes.plot([estimate], [y], "o", color=colour, markersize=4.6)


def _horizontal(axes: Axes, bins: int = 5) -> None:
    axes.locator_params(axis="x", nbins=bins)
    axes.xaxis.set_major_formatter(plain_number)
    axes.tick_params(axis="x", labelsize=SMALL)
    soft_grid(axes)
    bare(axes, ("bottom",))


def curve_figure(curve: pd.DataFrame, axis: str, title: str, description: str) -> str:
    """The targeting operator characteristic: extra benefit among the share ranked first.

    Parameters
    ----------
    curve : DataFrame
        ``q`` (share of units, 0 to 1), ``estimate``, ``lower`` and, for a two-sided band, ``upper``;
        benefit units.
    axis : str
        Label of the vertical axis, with unit.
    """
    with drawing(2.75) as figure:
        axes = figure.add_axes((0.13, 0.17, 0.84, 0.72))
        q = 100 * curve["q"].to_numpy(dtype=float)
        low = curve["lower"].to_numpy(dtype=float)
        high = curve["upper"].to_numpy(dtype=float) if "upper" in curve else np.full(len(q), np.nan)
        value = curve["estimate"].to_numpy(dtype=float)
        top = np.where(np.isfinite(high), high, value)
        band = np.isfinite(low)
        axes.fill_between(q[band], low[band], top[band], color=BLUE, alpha=0.2, linewidth=0)
        axes.plot(q, value, color=BLUE)
        zero_line(axes, vertical=False)
        axes.set(
            xlim=(0, 100), xlabel="Per cent of participants, those with the largest predicted benefit first"
        )
        axes.autoscale_view(scalex=False)
        axes.set_title(folded(axis, 62, 2), fontsize=SMALL, fontweight="normal", pad=6)
        axes.yaxis.set_major_formatter(plain_number)
        soft_grid(axes, "y")
        bare(axes, ("bottom",))
        return to_svg(figure, "toc", title, description)


def analyses_figure(
    rows: pd.DataFrame, panels: Sequence[tuple[str, str]], title: str, description: str
) -> str:
    """Forest plot over the analyses: one row an analysis, one panel a quantity.

    Parameters
    ----------
    rows : DataFrame
        ``label`` and, for each panel's key k, ``k_estimate, k_lower, k_upper``.
    panels : sequence of (key, heading)
        At most three, from left to right.
    """
    height = 0.95 + 1.25 * _ROW * max(len(rows), 2)
    with drawing(height) as figure:
        y = np.arange(len(rows))[::-1].astype(float)
        width = (0.985 - 0.28) / len(panels)
        for index, (key, heading) in enumerate(panels):
            left = 0.28 + width * index + 0.015
            axes = figure.add_axes((left, 0.36 / height, width - 0.035, (height - 0.95) / height))
            for place, row in zip(y, rows.to_dict("records"), strict=True):
                if fmt.known(row[f"{key}_estimate"]):
                    first = place == y[0]
                    ends = row[f"{key}_lower"], row[f"{key}_upper"]
                    _interval(axes, place, row[f"{key}_estimate"], *ends, BLUE if first else GREY)
                else:
                    axes.text(
                        0.5,
                        place,
                        "not estimated",
                        transform=axes.get_yaxis_transform(),
                        ha="center",
                        va="center",
                        fontsize=SMALL - 1,
                        alpha=0.7,
                    )
            zero_line(axes)
            axes.set(ylim=(-0.6, max(len(rows), 2) - 0.4))
            axes.set_yticks(
                y,
                [folded(label, 18, 3) for label in rows["label"]] if index == 0 else [""] * len(y),
                fontsize=SMALL,
                linespacing=1.05,
            )
            _horizontal(axes, 3)
            axes.set_title(folded(heading, 15, 3), fontsize=SMALL, pad=4, linespacing=1.1)
        return to_svg(figure, "analyses", title, description)
