"""Figure of the effect's bound over the strength of an unmeasured confounder."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hetflow.report import formats as fmt
from hetflow.report.style import BLUE, INK, ORANGE, SMALL, drawing, short, to_svg

_HEIGHT = 3.1  # inches, without the names of the benchmarks
_NAME = 0.16  # inches of a benchmark's name
_LINES = 7  # about as many contour lines
_SHAPES = ("o", "D", "^")  # of the benchmarks' marks, in their order
#: Most benchmarks that are drawn.
MOST_MARKS = len(_SHAPES)


def contour_figure(grid: pd.DataFrame, marks: pd.DataFrame, above: bool, title: str, description: str) -> str:
    """Contour lines of the bound nearest to no effect, the region where its limit reaches none, and benchmarks.

    Parameters
    ----------
    grid : DataFrame
        ``c_y, c_t, bound, limit`` as printed.
    marks : DataFrame
        ``c_y, c_t, label``: at most `MOST_MARKS` benchmarks.
    above : bool
        Whether the estimate is above 0.
    title, description : str
        What a screen reader says.
    """
    with drawing(_HEIGHT + _NAME * len(marks)) as figure:
        draw_contours(figure, grid, marks, above)
        return to_svg(figure, "confounding", title, description)


def draw_contours(figure: Figure, grid: pd.DataFrame, marks: pd.DataFrame, above: bool) -> None:
    """Draw what `contour_figure` shows into an empty figure."""
    low, high = 0.48, 0.06 + _NAME * len(marks)  # inches below and above the axes
    height = figure.get_figheight()
    axes = figure.add_axes((0.15, low / height, 0.8, (height - low - high) / height))
    x, y = 100 * np.unique(grid["c_t"]), 100 * np.unique(grid["c_y"])
    order = grid.sort_values(["c_y", "c_t"], kind="stable")
    bound = order["bound"].to_numpy().reshape(len(y), len(x))
    limit = order["limit"].to_numpy().reshape(len(y), len(x))
    axes.set(xlim=(0, x[-1]), ylim=(0, y[-1]))
    axes.set_xlabel("Strength with treatment (per cent)")
    axes.set_ylabel("Strength with the outcome (per cent)")
    reached = -limit if above else limit
    if (reached > 0).any():
        axes.contourf(x, y, reached, levels=[0, np.inf], colors=[ORANGE], alpha=0.22)
    _lines(axes, x, y, bound)
    _marks(axes, marks)
    if len(marks):
        figure.legend(
            loc="upper left", bbox_to_anchor=(0.13, 1.0), frameon=False, fontsize=SMALL, borderpad=0
        )


def _lines(axes: Axes, x: np.ndarray, y: np.ndarray, bound: np.ndarray) -> None:
    """Contour lines with their values written into them; the one of no effect is thick."""
    spaced = MaxNLocator(_LINES, min_n_ticks=1)
    levels = np.array(spaced.tick_values(float(bound.min()), float(bound.max())))
    none = np.isclose(levels, 0, atol=1e-9 * float(np.ptp(levels)))
    levels[none] = 0.0
    lines = axes.contour(
        x,
        y,
        bound,
        levels=levels,
        colors=np.where(none, ORANGE, INK),
        linewidths=np.where(none, 2.0, 0.6),
        linestyles="solid",
    )
    places = fmt.decimals(float(np.ptp(levels)) / len(levels))
    axes.clabel(lines, fontsize=SMALL, colors=[INK], fmt=lambda value: fmt.number(value, places))


def _marks(axes: Axes, marks: pd.DataFrame) -> None:
    """Benchmarks by shape. What they are stands above the axes, so that no name can cover a line or another name."""
    if len(marks) > MOST_MARKS:
        raise ValueError(f"{len(marks)} benchmarks to draw: {MOST_MARKS} at the most")
    for shape, row in zip(_SHAPES, marks.to_dict("records"), strict=False):
        spot = ([100 * row["c_t"]], [100 * row["c_y"]])
        name = short(row["label"], 60)
        axes.plot(
            *spot, shape, color=BLUE, fillstyle="none", markersize=5, label=name, clip_on=False, zorder=5
        )
