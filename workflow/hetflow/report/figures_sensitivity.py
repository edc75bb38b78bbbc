"""Figure of what missing outcomes could change: where findings stand and fall, and the effect by shift."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from hetflow.report import formats as fmt
from hetflow.report.style import CONTROL, GREEN, GREY, INK, ORANGE, SMALL, TREATED, drawing, to_svg, zero_line

_SIDE = 1.62  # inches of a plane
_LEFT, _RIGHT = 0.62, 2.68  # inches: where the planes begin
_STRIP = 1.35
_TITLES = {"ATE": "Average effect", "AUTOC": "Ranking (AUTOC)"}
_SERIES = (
    ("both", INK, "o", "both arms"),
    ("treated", TREATED, "s", "treated alone"),
    ("control", CONTROL, "D", "controls alone"),
)


def sensitivity_figure(
    plane: pd.DataFrame,
    tipping: pd.DataFrame,
    effects: pd.DataFrame,
    sign: int,
    units: tuple[str, str],
    title: str,
    description: str,
) -> str:
    """Planes of the findings over the shifts of both arms, and the average effect against the shift.

    Parameters
    ----------
    plane : DataFrame
        ``estimand, delta_treated, delta_control, lower, upper`` over a grid; ATE and, if there, AUTOC.
    tipping : DataFrame
        ``estimand, arms, delta``: tipping points, marked where one arm is shifted alone.
    effects : DataFrame
        ``arms, delta, estimate, lower, upper``: of the average effect, as printed.
    sign : int
        +1 where higher outcomes are better, -1 where lower ones are.
    units : tuple of str
        Of the shifts in `effects`, and of the effect (empty for none).
    """
    names = [name for name in _TITLES if name in set(plane["estimand"])]
    height = _STRIP + _SIDE + 1.75
    with drawing(height) as figure:
        width = figure.get_figwidth()
        base = (height - _SIDE - 0.35) / height
        for place, name in zip((_LEFT, _RIGHT), names, strict=False):
            axes = figure.add_axes((place / width, base, _SIDE / width, _SIDE / height))
            _plane(axes, plane[plane["estimand"] == name], name == "AUTOC", sign)
            _marks(axes, tipping[tipping["estimand"] == name])
            axes.set_title(_TITLES[name])
            axes.set_xlabel("Shift of treated (sd)")
            if place == _LEFT:
                axes.set_ylabel("Shift of controls (sd)")
        strip = figure.add_axes(
            (_LEFT / width, 0.72 / height, (width - _LEFT - 0.15) / width, _STRIP / height)
        )
        _strip(strip, effects, *units)
        return to_svg(figure, "sensitivity", title, description)


def _plane(axes: Axes, grid: pd.DataFrame, one_sided: bool, sign: int) -> None:
    """Regions in which the interval lies above, below or around zero; the dot is no shift."""
    x, y = np.unique(grid["delta_treated"]), np.unique(grid["delta_control"])
    order = grid.sort_values(["delta_control", "delta_treated"], kind="stable")
    lower = order["lower"].to_numpy().reshape(len(y), len(x))
    upper = order["upper"].to_numpy().reshape(len(y), len(x))
    axes.contourf(x, y, np.ones_like(lower), levels=[0.5, 1.5], colors=[GREY], alpha=0.18)
    if one_sided:
        sides = [(lower, GREEN, "shown")]
    else:
        benefit, harm = (lower, -upper) if sign > 0 else (-upper, lower)
        sides = [(benefit, GREEN, "benefit"), (harm, ORANGE, "harm")]
    rest = np.ones_like(lower, dtype=bool)
    for clearance, colour, text in sides:
        inside = clearance > 0
        rest &= ~inside
        if inside.any():
            axes.contourf(x, y, clearance, levels=[0, np.inf], colors=[colour], alpha=0.4)
        if inside.any() and not inside.all():
            axes.contour(x, y, clearance, levels=[0], colors=[INK], linewidths=0.8)
        _write(axes, x, y, inside, text)
    _write(axes, x, y, rest, "not shown")
    axes.axhline(0, color=INK, linewidth=0.5, alpha=0.4)
    axes.axvline(0, color=INK, linewidth=0.5, alpha=0.4)
    axes.plot([0], [0], marker="o", color=INK, markersize=4.5)
    axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))


def _marks(axes: Axes, tipping: pd.DataFrame) -> None:
    """Rings where the finding tips if one arm is shifted alone, with the shift."""
    reach = axes.get_xlim()[1]
    for arms, across in (("treated", True), ("control", False)):
        for delta in tipping.loc[tipping["arms"] == arms, "delta"].dropna():
            if abs(delta) >= reach:
                continue
            x, y = (delta, 0.0) if across else (0.0, delta)
            axes.plot([x], [y], marker="o", markerfacecolor="none", color=INK, markersize=5)
            near = delta > 0.7 * reach
            axes.annotate(
                fmt.signed(delta, 1),
                (x, y),
                xytext=(-4 if near and across else 5, 5 if across or not near else -9),
                textcoords="offset points",
                ha="right" if near and across else "left",
                fontsize=SMALL,
            )


def _write(axes: Axes, x: np.ndarray, y: np.ndarray, inside: np.ndarray, text: str) -> None:
    """A word into a region, at its inmost point, if the region is large enough to hold it."""
    if inside.mean() < 0.06:
        return
    depth = np.zeros(inside.shape)
    current = inside.copy()
    while current.any():
        depth += current
        shrunk = np.zeros_like(current)
        shrunk[1:-1, 2:-2] = (
            current[1:-1, 2:-2]
            & current[:-2, 2:-2]
            & current[2:, 2:-2]
            & current[1:-1, :-4]
            & current[1:-1, 4:]
        )
        current = shrunk
    near = np.hypot(*np.meshgrid(x, y)) / max(abs(x[-1]), 1e-12)
    row, column = np.unravel_index(np.argmax(depth - 3.0 * (near < 0.12)), depth.shape)
    axes.text(float(x[column]), float(y[row]), text, fontsize=SMALL, ha="center", va="center")


def _strip(axes: Axes, effects: pd.DataFrame, shift_unit: str, unit: str) -> None:
    """The average effect with its interval against the shift, for both arms, the treated, the controls."""
    zero_line(axes, vertical=False)
    reach = max(float(effects["delta"].abs().max()), 1e-12)
    for number, (arms, colour, marker, label) in enumerate(_SERIES):
        rows = effects[(effects["arms"] == arms) & (effects["delta"] != 0)]
        start = effects[(effects["delta"] == 0) & (effects["arms"] == "both")]
        rows = pd.concat([rows, start]).sort_values("delta", kind="stable")
        if len(rows) < 2:
            continue
        place = rows["delta"] + (number - 1) * 0.035 * reach
        axes.plot(place, rows["estimate"], color=colour, linewidth=0.8, alpha=0.7)
        axes.vlines(place, rows["lower"], rows["upper"], color=colour, linewidth=1.2)
        axes.plot(
            place,
            rows["estimate"],
            linestyle="none",
            marker=marker,
            color=colour,
            markersize=4,
            label=label,
        )
    label = f"Average effect ({unit})" if unit else "Average effect"
    axes.set(xlabel=f"Shift of the missing outcomes ({shift_unit})", ylabel=label)
    ticks = sorted(set(effects["delta"]))
    axes.set_xticks(ticks, [fmt.signed(tick, 1) if tick else "0" for tick in ticks])
    axes.legend(
        frameon=False,
        fontsize=SMALL,
        loc="upper left",
        bbox_to_anchor=(-0.02, -0.33),
        ncols=3,
        handlelength=1.0,
        columnspacing=1.0,
        borderaxespad=0,
    )
