"""One display of the effect along one covariate, at the width of the page."""

from __future__ import annotations

import pandas as pd

from hetflow.report import figures_effects, figures_modifiers
from hetflow.report.style import SMALL, drawing, folded, short, to_svg

_HEIGHT, _ABOVE, _BELOW = 2.55, 0.3, 0.55  # inches
_LETTERS = 72  # of all ticks that name levels


def smooth(displays: pd.DataFrame) -> bool:
    """Whether displays are of the stage `modifiers` (curves with a band), not binned."""
    return "uniform_lower" in displays


def common_scale(displays: pd.DataFrame, mark: float | None) -> tuple[float, float]:
    """Vertical limits that all displays of a study share, so that they can be compared."""
    room = figures_modifiers if smooth(displays) else figures_effects
    return room.spread(displays, mark)


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
        Of one covariate: as `figures_modifiers.smooth_figure` or `figures_effects.displays_figure` take them.
    scale : (float, float)
        Vertical limits.
    mark : float, optional
        The average effect, drawn as a dashed line.
    axis : str
        What the vertical axis shows, with unit.
    prefix, title, description : str
        As in `style.to_svg`.
    """
    panel = figures_modifiers.panel if smooth(rows) else figures_effects.panel
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
