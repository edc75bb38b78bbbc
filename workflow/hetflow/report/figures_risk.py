"""Figure of the effect against baseline risk."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from hetflow.report.style import BLUE, GREY, SMALL, bare, drawing, soft_grid, to_svg, zero_line
from hetflow.report.words import Words

_PANEL, _BARS, _GAP, _FOOT, _HEAD = 1.55, 0.55, 0.3, 0.5, 0.25  # inches


def risk_figure(
    frame: pd.DataFrame, bars: pd.DataFrame, words: Words, relative: str, title: str, description: str
) -> str:
    """Absolute and relative effects of groups at their predicted outcome, over the distribution of risk.

    Parameters
    ----------
    frame : DataFrame
        One row a group: ``predicted, estimate, lower, upper`` as printed, and if there is a relative effect ``ratio,
        ratio_lower, ratio_upper``.
    bars : DataFrame
        ``lower, upper, n``: bins of the predicted outcome.
    words : Words
    relative : str
        Name of the relative effect.
    """
    panels = 1 + ("ratio" in frame)
    height = _FOOT + _HEAD + _BARS + panels * (_PANEL + _GAP)
    with drawing(height) as figure:

        def place(base: float, tall: float) -> Axes:
            return figure.add_axes((0.14, base / height, 0.83, tall / height))

        strip = place(_FOOT, _BARS)
        absolute = place(_FOOT + _BARS + (panels - 1) * (_PANEL + _GAP) + _GAP, _PANEL)
        _points(absolute, frame, ("estimate", "lower", "upper"))
        zero_line(absolute, vertical=False)
        absolute.set_title(f"Absolute effect{words.in_unit}", fontsize=SMALL, fontweight="normal")
        axes = [absolute]
        if panels > 1:
            ratio = place(_FOOT + _BARS + _GAP, _PANEL)
            ratio.set_yscale("log")
            _points(ratio, frame, ("ratio", "ratio_lower", "ratio_upper"))
            zero_line(ratio, vertical=False, at=1.0)
            ratio.set_title(relative, fontsize=SMALL, fontweight="normal")
            _log_ticks(ratio, frame)
            axes.append(ratio)
        _strip(strip, bars, words)
        limits = _limits(frame, bars)
        for one in [*axes, strip]:
            one.set_xlim(limits if words.sign < 0 else limits[::-1])
        for one in axes:
            one.tick_params(labelbottom=False)
        return to_svg(figure, "risk", title, description)


def _limits(frame: pd.DataFrame, bars: pd.DataFrame) -> tuple[float, float]:
    low, high = frame["predicted"].min(), frame["predicted"].max()
    if len(bars):
        low, high = min(low, bars["lower"].min()), max(high, bars["upper"].max())
    room = 0.04 * (high - low) or 1.0
    return float(low - room), float(high + room)


def _points(axes: Axes, frame: pd.DataFrame, names: tuple[str, str, str]) -> None:
    x = frame["predicted"].to_numpy(dtype=float)
    value, low, high = (frame[name].to_numpy(dtype=float) for name in names)
    axes.vlines(x, low, high, color=BLUE, linewidth=1.4)
    axes.plot(x, value, color=BLUE, marker="o", markersize=4.5, linewidth=0.8)
    soft_grid(axes, "y")


def _log_ticks(axes: Axes, frame: pd.DataFrame) -> None:
    low, high = float(np.nanmin(frame["ratio_lower"])), float(np.nanmax(frame["ratio_upper"]))
    chosen = [
        tick for tick in (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0) if low / 1.5 < tick < high * 1.5
    ]
    if len(chosen) < 2:  # near 1 throughout: as on a plain axis
        low, high = min(low, 1.0), max(high, 1.0)
        chosen = [tick for tick in MaxNLocator(4).tick_values(low, high) if low <= tick <= high]
    axes.set_yticks(chosen)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _strip(axes: Axes, bars: pd.DataFrame, words: Words) -> None:
    for row in bars.to_dict("records"):
        axes.bar(
            row["lower"], row["n"], width=row["upper"] - row["lower"], align="edge", color=GREY, alpha=0.45
        )
    unit = "per cent" if words.factor > 1 else words.unit
    axes.set_xlabel(f"Predicted outcome{f' ({unit})' if unit else ''}; the worse prognosis is to the right")
    axes.set_yticks([])
    bare(axes, ("bottom",))
