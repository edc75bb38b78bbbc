"""Figure of the effect's bound over the strength of an unmeasured confounder."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from hetflow.report import formats as fmt
from hetflow.report.style import BLUE, INK, ORANGE, SMALL, drawing, short, to_svg
from hetflow.report.words import Words

_HEIGHT = 3.4


def contour_figure(
    grid: pd.DataFrame, marks: pd.DataFrame, words: Words, above: bool, title: str, description: str
) -> str:
    """Contour lines of the bound nearest to no effect, the region where its limit reaches none, and benchmarks.

    Parameters
    ----------
    grid : DataFrame
        ``c_y, c_t, bound, limit`` as printed.
    marks : DataFrame
        ``c_y, c_t, label``.
    words : Words
    above : bool
        Whether the estimate is above 0.
    """
    with drawing(_HEIGHT) as figure:
        axes = figure.add_axes((0.15, 0.14, 0.8, 0.8))
        x, y = 100 * np.unique(grid["c_t"]), 100 * np.unique(grid["c_y"])
        order = grid.sort_values(["c_y", "c_t"], kind="stable")
        bound = order["bound"].to_numpy().reshape(len(y), len(x))
        limit = order["limit"].to_numpy().reshape(len(y), len(x))
        reached = -limit if above else limit
        if (reached > 0).any():
            axes.contourf(x, y, reached, levels=[0, np.inf], colors=[ORANGE], alpha=0.22)
        lines = axes.contour(x, y, bound, levels=6, colors=[INK], linewidths=0.6, negative_linestyles="solid")
        levels = np.asarray(lines.levels)
        places = fmt.decimals(float(np.ptp(levels)) / len(levels))
        axes.clabel(lines, fontsize=SMALL, fmt=lambda value: fmt.number(value, places))
        if bound.min() < 0 < bound.max():
            axes.contour(x, y, bound, levels=[0], colors=[ORANGE], linewidths=2.0)
        _marks(axes, marks)
        axes.set(xlim=(0, x[-1]), ylim=(0, y[-1]))
        axes.set_xlabel("Strength with treatment (per cent)")
        axes.set_ylabel("Strength with the outcome (per cent)")
        return to_svg(figure, "confounding", title, description)


def _marks(axes: Axes, marks: pd.DataFrame) -> None:
    """Benchmarks, their labels set apart upwards so that they do not cover one another."""
    right, top = axes.get_xlim()[1], axes.get_ylim()[1]
    taken: list[tuple[float, float]] = []
    for row in marks.to_dict("records"):
        x, y = 100 * row["c_t"], 100 * row["c_y"]
        axes.plot([x], [y], marker="o", color=BLUE, markersize=4, clip_on=False, zorder=5)
        lift = y
        while any(abs(lift - v) < 0.055 * top and abs(x - u) < 0.6 * right for u, v in taken):
            lift += 0.055 * top
        taken.append((x, lift))
        left = x > 0.55 * right
        axes.annotate(
            short(row["label"], 24),
            (x, y),
            xytext=(x + (-0.015 if left else 0.015) * right, lift + 0.012 * top),
            textcoords="data",
            ha="right" if left else "left",
            fontsize=SMALL,
            color=BLUE,
        )
