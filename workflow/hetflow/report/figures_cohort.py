"""Figures of the participants: who came in, and whether the arms can be compared."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from hetflow.report import formats as fmt
from hetflow.report.style import (
    BLUE,
    CONTROL,
    GREY,
    INK,
    ORANGE,
    SMALL,
    TEXT,
    TREATED,
    bare,
    drawing,
    folded,
    short,
    soft_grid,
    to_svg,
    zero_line,
)

_BOX = 0.74  # of a step
_STEP = 0.76  # inches between the boxes of the flow
_MOST_COVARIATES = 25
_BALANCED = 0.1  # the usual mark beyond which a standardised difference is looked at


def flow_figure(steps: pd.DataFrame, arms: pd.DataFrame, title: str, description: str) -> str:
    """Participant flow: boxes downwards, exclusions to the right, the arms at the foot.

    Parameters
    ----------
    steps : DataFrame
        ``label``, ``count``, ``excluded`` (texts; the last empty when nobody is left out after this box).
    arms : DataFrame
        ``label``, ``count`` (texts).
    title, description : str
        For screen readers.
    """
    rows = len(steps) + 1
    height = _STEP * rows + 0.1
    with drawing(height) as figure:
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, 100), ylim=(-rows, 0))
        axes.axis("off")
        for index, step in enumerate(steps.itertuples()):
            top = -index - 0.08
            _box(axes, 2, top, 46, folded(step.label, 25, 2), str(step.count))
            foot = -index - 1.08 if index + 1 < len(steps) else -rows + 0.96
            _line(axes, [25, 25], [top - _BOX, foot])
            if step.excluded:
                middle = -index - 0.92
                _line(axes, [25, 55], [middle, middle], arrow=True)
                axes.text(57, middle, str(step.excluded), va="center", fontsize=SMALL, linespacing=1.25)
        _arms(axes, arms, -rows + 0.96)
        return to_svg(figure, "flow", title, description)


def _arms(axes: Axes, arms: pd.DataFrame, top: float) -> None:
    centres = np.linspace(25, 75, len(arms)) if len(arms) > 1 else np.array([25.0])
    _line(axes, [centres[0], centres[-1]], [top, top])
    for centre, arm, colour in zip(centres, arms.itertuples(), (TREATED, CONTROL), strict=False):
        _line(axes, [centre, centre], [top, top - 0.12])
        _box(axes, centre - 23, top - 0.12, 46, folded(arm.label, 25, 2), str(arm.count), colour)


def _box(
    axes: Axes, left: float, top: float, width: float, label: str, count: str, colour: str = INK
) -> None:
    alpha = 0.55 if colour == INK else 1.0
    axes.add_patch(
        Rectangle((left, top - _BOX), width, _BOX, fill=False, edgecolor=colour, alpha=alpha, linewidth=0.9)
    )
    middle = 0.28 if "\n" in label else 0.23
    axes.text(
        left + width / 2, top - middle, label, ha="center", va="center", fontsize=SMALL, linespacing=1.1
    )
    axes.text(
        left + width / 2,
        top - (0.75 if "\n" in label else 0.70) + 0.12,
        count,
        ha="center",
        va="center",
        fontsize=TEXT,
        fontweight="bold",
    )


def _line(axes: Axes, x: list[float], y: list[float], arrow: bool = False) -> None:
    axes.plot(x, y, color=INK, linewidth=0.8, alpha=0.6)
    if arrow:
        axes.plot(x[-1:], y[-1:], marker=">", markersize=3.5, color=INK, alpha=0.6, linestyle="none")


def overlap_figure(
    histogram: pd.DataFrame, balance: pd.DataFrame, arms: tuple[str, str], title: str, description: str
) -> str:
    """Propensity of the two arms, and standardised differences of the covariates.

    Parameters
    ----------
    histogram : DataFrame
        ``low, high, treated, control``: counts, NaN where too few to show. Empty when the design fixes the
        probability: then only the balance is drawn.
    balance : DataFrame
        ``label, before`` and, for weighted comparisons, ``inverse_probability, overlap``; largest first.
    arms : tuple of str
        Names of the treated and the control arm.
    """
    balance = balance.head(_MOST_COVARIATES)
    upper = 1.9 if len(histogram) else 0.0
    lower = 0.75 + 0.165 * max(len(balance), 3)
    with drawing(upper + lower) as figure:
        if len(histogram):
            axes = figure.add_axes((0.1, (lower + 0.42) / (upper + lower), 0.87, 1.2 / (upper + lower)))
            _mirrored(axes, histogram, arms)
        axes = figure.add_axes((0.46, 0.45 / (upper + lower), 0.51, (lower - 0.75) / (upper + lower)))
        _balance(axes, balance)
        return to_svg(figure, "overlap", title, description)


def _mirrored(axes: Axes, histogram: pd.DataFrame, arms: tuple[str, str]) -> None:
    width = histogram["high"] - histogram["low"]
    for name, sign, colour in (("treated", 1, TREATED), ("control", -1, CONTROL)):
        axes.bar(
            histogram["low"], sign * histogram[name].fillna(0), width=width * 0.94, align="edge", color=colour
        )
    top = float(np.nanmax(histogram[["treated", "control"]].fillna(0).to_numpy(), initial=1))
    axes.set(
        xlim=(0, 1), ylim=(-1.18 * top, 1.18 * top), xlabel="Probability of treatment", ylabel="Participants"
    )
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):.0f}")
    axes.locator_params(axis="y", nbins=5)
    axes.axhline(0, color=INK, linewidth=0.6)
    for name, y, colour, va in ((arms[0], 0.97, TREATED, "top"), (arms[1], 0.03, CONTROL, "bottom")):
        axes.text(0.01, y, short(name, 40), transform=axes.transAxes, color=colour, va=va, fontweight="bold")
    bare(axes, ("left", "bottom"))


def _balance(axes: Axes, balance: pd.DataFrame) -> None:
    y = np.arange(len(balance))[::-1]
    marks = (
        ("before", "o", BLUE, "as observed"),
        ("inverse_probability", "D", ORANGE, "inverse probability weights"),
        ("overlap", "s", GREY, "overlap weights"),
    )
    shown = [mark for mark in marks if mark[0] in balance and balance[mark[0]].notna().any()]
    for column, marker, colour, label in shown:
        axes.plot(balance[column], y, marker, color=colour, markersize=3.6, linestyle="none", label=label)
    axes.axvspan(-_BALANCED, _BALANCED, color=INK, alpha=0.07, linewidth=0)
    zero_line(axes)
    soft_grid(axes, "y")
    widest = (
        float(np.nanmax(np.abs(balance[[m[0] for m in shown]].to_numpy(dtype=float)), initial=0.15))
        if shown
        else 0.15
    )
    axes.set(xlim=(-1.12 * widest, 1.12 * widest), ylim=(-0.7, max(len(balance), 3) - 0.3))
    axes.set_yticks(y, [short(label, 29) for label in balance["label"]], fontsize=SMALL)
    axes.set_xlabel("Standardised difference, treated minus control")
    axes.xaxis.set_major_formatter(lambda value, _: fmt.number(value, 2))
    axes.locator_params(axis="x", nbins=5)
    bare(axes, ("bottom",))
    if len(shown) > 1:
        axes.legend(
            frameon=False,
            fontsize=SMALL,
            loc="lower left",
            bbox_to_anchor=(-0.75, 1.0),
            ncols=3,
            handletextpad=0.2,
            columnspacing=1.0,
        )
