"""Figure of the learners compared: how much better than one effect for all, and how far their effects agree."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from hetflow.report import formats as fmt
from hetflow.report.style import BLUE, INK, SMALL, bare, drawing, soft_grid, to_svg, zero_line

_ROW = 0.24  # inches a learner
_LEFT = 1.45  # inches kept for names


def learners_figure(gains: pd.DataFrame, agreement: pd.DataFrame, title: str, description: str) -> str:
    """Gains over the constant effect with intervals, above; rank correlations of every pair, below.

    Parameters
    ----------
    gains : DataFrame
        ``label, estimate, lower, upper``: per cent of the constant effect's loss; in the order drawn.
    agreement : DataFrame
        ``first, second, rank_correlation``; labels as in `gains`.
    """
    names = list(gains["label"])
    upper = 0.62 + _ROW * len(names)
    lower = 0.5 + _ROW * max(len(names) - 1, 1) if len(agreement) else 0.0
    height = upper + lower
    with drawing(height) as figure:
        width = figure.get_figwidth()
        place = (_LEFT / width, 1 - (_ROW * len(names) + 0.1) / height)
        size = ((width - _LEFT - 0.15) / width, _ROW * len(names) / height)
        _gains(figure.add_axes((*place, *size)), gains)
        if len(agreement):
            base = (_LEFT / width, 0.1 / height)
            own = (size[0], _ROW * (len(names) - 1) / height)
            _correlations(figure.add_axes((*base, *own)), agreement, names)
        return to_svg(figure, "learners", title, description)


def _gains(axes: Axes, gains: pd.DataFrame) -> None:
    y = np.arange(len(gains))[::-1]
    zero_line(axes)
    axes.hlines(y, gains["lower"], gains["upper"], color=BLUE, linewidth=1.2)
    axes.plot(gains["estimate"], y, linestyle="none", marker="o", color=BLUE, markersize=4)
    axes.set_yticks(y, list(gains["label"]))
    axes.set(ylim=(-0.6, len(gains) - 0.4), xlabel="Loss saved against one effect for all (%)")
    soft_grid(axes)
    bare(axes, ("bottom",))


def _correlations(axes: Axes, agreement: pd.DataFrame, names: list[str]) -> None:
    """A triangle of numbers, darker where higher; rows and columns in the order of the gains."""
    across = {name: place for place, name in enumerate(names)}
    for row in agreement.to_dict("records"):
        x, y = sorted((across[row["first"]], across[row["second"]]))
        value = row["rank_correlation"]
        if not fmt.known(value):
            continue
        depth = 0.55 * max(float(value), 0.0)
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=BLUE, alpha=depth, linewidth=0))
        axes.text(x, y, fmt.number(value, 2), ha="center", va="center", fontsize=SMALL, color=INK)
    last = len(names) - 1
    axes.set(xlim=(-0.5, last - 0.5), ylim=(last + 0.5, 0.5))
    axes.set_yticks(range(1, len(names)), names[1:])
    axes.set_xticks(
        range(last), [name.removesuffix("-learner").split(" ")[0] for name in names[:-1]], fontsize=SMALL
    )
    axes.xaxis.tick_top()
    bare(axes)
    axes.tick_params(top=False)
