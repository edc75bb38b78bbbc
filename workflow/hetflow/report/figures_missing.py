"""Figures of what is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator

from hetflow.report import formats as fmt
from hetflow.report.style import BLUE, GREY, INK, SMALL, bare, drawing, short, soft_grid, to_svg

_BAR = 0.185  # inches a bar
_MOST_BARS = 30


def missing_figure(shares: pd.DataFrame, title: str, description: str) -> str:
    """One bar a variable or a panel: share missing, and share to whom it does not apply.

    Parameters
    ----------
    shares : DataFrame
        ``label``, ``missing``, ``not_applicable``: shares of all units between 0 and 1; most missing first.
    """
    rows = shares.head(_MOST_BARS)
    height = 0.75 + _BAR * max(len(rows), 2)
    with drawing(height) as figure:
        axes = figure.add_axes((0.46, 0.42 / height, 0.42, (height - 0.7) / height))
        y = np.arange(len(rows))[::-1]
        axes.barh(y, 100 * rows["missing"], height=0.68, color=BLUE, label="missing")
        other = 100 * rows["not_applicable"].fillna(0)
        if other.gt(0).any():
            axes.barh(
                y,
                other,
                left=100 * rows["missing"],
                height=0.68,
                color=GREY,
                alpha=0.45,
                label="does not apply",
            )
            axes.legend(
                frameon=False,
                fontsize=SMALL,
                loc="lower left",
                bbox_to_anchor=(-0.02, 1.0),
                ncols=2,
                handlelength=1.0,
                borderaxespad=0,
            )
        for place, row in zip(y, rows.to_dict("records"), strict=True):
            axes.text(104, place, fmt.percent(row["missing"]), va="center", fontsize=SMALL)
        axes.text(104, len(rows) - 0.3, "missing", va="bottom", fontsize=SMALL)
        axes.set(xlim=(0, 100), ylim=(-0.6, max(len(rows), 2) - 0.4), xlabel="Per cent of participants")
        axes.set_yticks(y, [short(label, 28) for label in rows["label"]], fontsize=SMALL)
        axes.xaxis.set_major_locator(FixedLocator([0, 25, 50, 75, 100]))
        soft_grid(axes)
        bare(axes, ("left",))
        axes.tick_params(left=False)
        return to_svg(figure, "missingness", title, description)


def masks_figure(patterns: pd.DataFrame, masks: pd.DataFrame, title: str, description: str) -> str:
    """Map of the patterns: a column for variables that go missing together, a band for units alike.

    Parameters
    ----------
    patterns : DataFrame
        ``units`` and a column for each row of `masks`: 1 missing, 0 observed, or the share missing where
        patterns of few units were put together; most units first.
    masks : DataFrame
        ``mask`` (the column's name in `patterns`), ``label``.
    """
    height = 3.9
    with drawing(height) as figure:
        axes = figure.add_axes((0.145, 0.03, min(0.765, 0.11 * len(masks)), 0.62))
        total = float(patterns["units"].sum())
        top = 0.0
        for row in patterns.to_dict("records"):
            depth = float(row["units"]) / total
            for place, mask in enumerate(masks["mask"]):
                _cell(axes, place, top, depth, float(row[mask]))
            top += depth
            axes.axhline(top, color=INK, linewidth=0.25, alpha=0.35)
        axes.set(xlim=(0, len(masks)), ylim=(1, 0), ylabel="Participants, grouped by pattern")
        axes.xaxis.tick_top()
        axes.set_xticks(
            np.arange(len(masks)) + 0.5,
            [short(x, 27) for x in masks["label"]],
            fontsize=SMALL,
            rotation=55,
            ha="left",
            rotation_mode="anchor",
        )
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"], fontsize=SMALL)
        bare(axes)
        axes.tick_params(top=False)
        return to_svg(figure, "masks", title, description)


def _cell(axes: Axes, place: int, top: float, depth: float, share: float) -> None:
    """One cell of the map: faint ground, and missing laid over it as strong as its share."""
    axes.add_patch(Rectangle((place + 0.05, top), 0.9, depth, facecolor=INK, alpha=0.09, edgecolor="none"))
    if share > 0:
        axes.add_patch(
            Rectangle((place + 0.05, top), 0.9, depth, facecolor=BLUE, alpha=share, edgecolor="none")
        )
