"""Figures of the effect along each covariate: small panels of binned means, or of a curve with its bands."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from hetflow.report.described import is_curve
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

NOT_APPLICABLE = "not applicable"  # level of those to whom a covariate does not apply
_MOST = 5
"""Times the median half-width of the intervals that a band may take of the panel; the few wider ones are cut off."""
_PANEL, _HEAD, _UNDER = 1.62, 0.3, 0.55  # inches a row of panels, above them, and for the ticks of a panel


def displays_figure(
    displays: pd.DataFrame, axis: str, mark: float | None, title: str, description: str
) -> str:
    """The effect along each covariate: small panels on one vertical scale.

    Parameters
    ----------
    displays : DataFrame
        ``covariate, label, unit, x, level, estimate, lower, upper``, only bins with enough units. Where the stage
        `modifiers` made them also ``kind, uniform_lower, uniform_upper``: rows of kind ``curve`` are joined by a line,
        with the pointwise band over the uniform one. All others are dots; a covariate without any x is drawn by its
        levels, and those to whom it does not apply are hollow.
    axis : str
        What the vertical axes show, with unit.
    mark : float, optional
        The average effect, drawn as a dashed line.
    """
    names = list(dict.fromkeys(displays["covariate"]))
    height = _HEAD + _PANEL * ((len(names) + 1) // 2)
    limits = spread(displays, mark)
    with drawing(height) as figure:
        figure.text(0.01, 1 - 0.17 / height, short(axis, 68), fontsize=SMALL)
        for index, name in enumerate(names):
            row, column = divmod(index, 2)
            bottom = height - _HEAD - _PANEL * (row + 1) + _UNDER
            axes = figure.add_axes((0.09 + 0.49 * column, bottom / height, 0.40, 0.84 / height))
            panel(axes, displays[displays["covariate"] == name], mark, column == 0)
            axes.set_ylim(*limits)
        return to_svg(figure, "displays", title, description)


def spread(displays: pd.DataFrame, mark: float | None) -> tuple[float, float]:
    """Common limits: all estimates, the mark, zero, and all bands but those many times wider than most intervals."""
    values = displays["estimate"].to_numpy(dtype=float)
    half = np.nanmedian(displays["upper"].to_numpy(dtype=float) - values)
    most = _MOST * half if np.isfinite(half) else 0.1 * np.ptp(values)
    ends = [
        np.minimum(np.abs(displays[kind + end].to_numpy(dtype=float) - values), most)
        for end in ("lower", "upper")
        for kind in ("", "uniform_")
        if kind + end in displays
    ]
    room = np.max(np.nan_to_num(ends), axis=0)
    marks = [0.0] if mark is None else [0.0, mark]
    return float(min(np.nanmin(values - room), *marks)), float(max(np.nanmax(values + room), *marks))


def panel(axes: Axes, rows: pd.DataFrame, mark: float | None, leftmost: bool, letters: int = 34) -> None:
    """The effect along one covariate; of all names of levels together so many letters are shown in a line."""
    curve, groups = rows[is_curve(rows)], rows[~is_curve(rows)]
    levels = curve.empty and bool(groups["x"].isna().all())
    if len(curve):
        for kind, alpha in (("uniform_", 0.15), ("", 0.25)):
            ends = curve[f"{kind}lower"], curve[f"{kind}upper"]
            axes.fill_between(curve["x"], *ends, color=BLUE, alpha=alpha, linewidth=0)
        axes.plot(curve["x"], curve["estimate"], color=BLUE)
    _dots(axes, groups, _places(groups, curve, levels))
    zero_line(axes, vertical=False)
    if mark is not None:
        axes.axhline(mark, color=GREY, linewidth=0.9, linestyle=(0, (3, 2)), zorder=0)
    first = rows.iloc[0]
    unit = f" ({first['unit']})" if first["unit"] else ""
    axes.set_title(folded(f"{first['label']}{unit}", 27, 2), fontsize=SMALL, pad=3, linespacing=1.1)
    if levels:
        width = max(6, letters // len(groups))
        ticks = [folded(level, width, 2) for level in groups["level"]]
        axes.set_xticks(range(len(groups)), ticks, fontsize=SMALL)
        axes.set_xlim(-0.6, len(groups) - 0.4)
    else:
        axes.locator_params(axis="x", nbins=4)
        axes.xaxis.set_major_formatter(plain_number)
        if curve.empty:
            axes.margins(x=0.08)
    axes.yaxis.set_major_formatter(plain_number)
    axes.locator_params(axis="y", nbins=4)
    axes.tick_params(labelsize=SMALL, labelleft=leftmost)
    soft_grid(axes, "y")
    bare(axes, ("bottom",))


def _places(groups: pd.DataFrame, curve: pd.DataFrame, levels: bool) -> np.ndarray:
    """Where groups stand: levels side by side; those to whom a covariate does not apply left of the others."""
    if levels:
        return np.arange(len(groups), dtype=float)
    x = groups["x"].to_numpy(dtype=float)
    known = np.concatenate([curve["x"].to_numpy(dtype=float), x[np.isfinite(x)]])
    return np.where(np.isfinite(x), x, known.min() - 0.08 * (np.ptp(known) or 1.0))


def _dots(axes: Axes, groups: pd.DataFrame, x: np.ndarray) -> None:
    away = (groups["level"] == NOT_APPLICABLE).to_numpy()
    for held, colour, face in ((~away, BLUE, BLUE), (away, GREY, "none")):
        own = groups[held]
        axes.vlines(x[held], own["lower"], own["upper"], color=colour, linewidth=1.4)
        axes.plot(
            x[held], own["estimate"], "o", color=colour, markerfacecolor=face, markersize=4, linestyle="none"
        )
