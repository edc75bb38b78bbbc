"""Figure of what treating the first share by each rule gains."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hetflow.report.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    SMALL,
    bare,
    drawing,
    folded,
    plain_number,
    soft_grid,
    to_svg,
    zero_line,
)

#: Colour and dashes by place: the first rule has a band as well.
_LINES = ((BLUE, "-"), (ORANGE, (0, (5, 2))), (GREEN, (0, (2, 1))), (GREY, (0, (6, 1, 1, 1))))
_RANDOM = "random"


def gains_figure(curves: pd.DataFrame, budget: float, axis: str, title: str, description: str) -> str:
    """Gain curves of the rules, a random order as a thin line, the budget as a dotted one.

    Parameters
    ----------
    curves : DataFrame
        ``rule, label, q, estimate, lower, upper``, benefit as printed; of at most four rules, and ``random``.
    budget : float
        Share that may be treated; 1 draws no line.
    axis : str
        What the vertical axis shows, with unit.
    """
    names = [name for name in dict.fromkeys(curves["rule"]) if name != _RANDOM][: len(_LINES)]
    labels = {name: folded(curves.loc[curves["rule"] == name, "label"].iloc[0], 32, 2) for name in names}
    lines = [1 + label.count("\n") for label in labels.values()] + [1]
    rows_of_legend = (len(lines) + 1) // 2
    below = 0.5 + 0.04 * rows_of_legend + 0.13 * _deepest(lines, rows_of_legend)
    height = 2.29 + below
    with drawing(height) as figure:
        axes = figure.add_axes((0.13, below / height, 0.84, 1.96 / height))
        for name, (colour, dashes) in zip(names, _LINES, strict=False):
            rows = curves[curves["rule"] == name]
            q, value, low = (_starting(rows[key]) for key in ("q", "estimate", "lower"))
            if name == names[0]:
                high = _starting(rows["upper"]) if rows["upper"].notna().any() else value
                axes.fill_between(100 * q, low, high, color=colour, alpha=0.2, linewidth=0)
            axes.plot(100 * q, value, color=colour, linestyle=dashes, label=labels[name])
        rows = curves[curves["rule"] == _RANDOM]
        if len(rows):
            axes.plot(
                *(100 * _starting(rows["q"]), _starting(rows["estimate"])),
                color=INK,
                linewidth=0.8,
                label="At random",
            )
        if budget < 1:
            axes.axvline(100 * budget, color=INK, linewidth=0.8, linestyle=(0, (1, 2)))
        zero_line(axes, vertical=False)
        axes.set(xlim=(0, 100), xlabel="Per cent of participants treated, first by rule")
        axes.autoscale_view(scalex=False)
        axes.set_title(folded(axis, 62, 2), fontsize=SMALL, fontweight="normal", pad=6)
        axes.yaxis.set_major_formatter(plain_number)
        soft_grid(axes, "y")
        bare(axes, ("bottom",))
        figure.legend(loc="lower left", ncols=2, fontsize=SMALL, frameon=False, bbox_to_anchor=(0.05, 0.0))
        return to_svg(figure, "policy", title, description)


def _deepest(lines: list[int], rows: int) -> int:
    """Lines of text in the deeper of a legend's two columns, filled one after the other."""
    return max(sum(lines[:rows]), sum(lines[rows:]))


def _starting(values: pd.Series) -> np.ndarray:
    """A curve from its first point on, led back to zero, where nobody is treated."""
    return np.r_[0.0, values.to_numpy(dtype=float)]
