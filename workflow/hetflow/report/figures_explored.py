"""One display of the effect along one covariate, at the width of the page."""

from __future__ import annotations

import pandas as pd

from hetflow.report.figures_displays import panel
from hetflow.report.style import SMALL, drawing, folded, short, to_svg

_HEIGHT, _ABOVE, _BELOW = 2.55, 0.3, 0.55  # inches
_LETTERS = 72  # of all ticks that name levels


def view_figure(
    rows: pd.DataFrame,
    scale: tuple[float, float],
    mark: float | None,
    axis: str,
    prefix: str,
    title: str,
    description: str,
) -> str:
    """The effect along one covariate.

    Parameters
    ----------
    rows : DataFrame
        Of one covariate, as `figures_displays.displays_figure` takes them.
    scale : (float, float)
        Vertical limits.
    mark : float, optional
        The average effect, drawn as a dashed line.
    axis : str
        What the vertical axis shows, with unit.
    prefix, title, description : str
        As in `style.to_svg`.
    """
    first = rows.iloc[0]
    unit = f" ({first['unit']})" if first["unit"] else ""
    with drawing(_HEIGHT) as figure:
        figure.text(0.01, 1 - 0.17 / _HEIGHT, short(axis, 68), fontsize=SMALL)
        inside = (_HEIGHT - _ABOVE - _BELOW) / _HEIGHT
        axes = figure.add_axes((0.1, _BELOW / _HEIGHT, 0.87, inside))
        panel(axes, rows, mark, True, _LETTERS)
        axes.set_title("")
        axes.set_xlabel(folded(f"{first['label']}{unit}", 70, 1), fontsize=SMALL)
        axes.set_ylim(*scale)
        return to_svg(figure, prefix, title, description)
