"""Figures of what missing values depend on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hetflow.report import formats as fmt
from hetflow.report.style import (
    BLUE,
    CONTROL,
    INK,
    SMALL,
    TREATED,
    bare,
    drawing,
    short,
    soft_grid,
    to_svg,
)

_BAR = 0.2  # inches


def dependence_figure(masks: pd.DataFrame, title: str, description: str) -> str:
    """One bar a mask: what observed values tell about it.

    Parameters
    ----------
    masks : DataFrame
        ``label``, ``nats``, ``auc``, ``values``, ``others``; most information first.
    """
    height = 0.85 + _BAR * max(len(masks), 2)
    with drawing(height) as figure:
        axes = figure.add_axes((0.36, 0.42 / height, 0.3, (height - 0.8) / height))
        y = np.arange(len(masks))[::-1]
        found = (masks["values"] != "none found").to_numpy()
        nats = masks["nats"].to_numpy()
        axes.barh(y[found], nats[found], height=0.62, color=BLUE)
        axes.barh(y[~found], nats[~found], height=0.62, facecolor="none", edgecolor=INK, linewidth=0.6)
        most = max(float(nats.max()), 0.01)
        for place, row in zip(y, masks.to_dict("records"), strict=True):
            axes.text(1.06 * most, place, fmt.number(row["auc"], 2), va="center", fontsize=SMALL)
            axes.text(1.42 * most, place, row["others"], va="center", fontsize=SMALL)
        top = len(masks) - 0.3
        axes.text(1.06 * most, top, "AUC", va="bottom", fontsize=SMALL)
        axes.text(1.42 * most, top, "missing with others", va="bottom", fontsize=SMALL)
        axes.set(xlim=(0, most), ylim=(-0.6, max(len(masks), 2) - 0.4), xlabel="Nats a participant")
        axes.set_yticks(y, [short(label, 25) for label in masks["label"]], fontsize=SMALL)
        axes.locator_params(axis="x", nbins=3)
        soft_grid(axes)
        bare(axes, ("left",))
        axes.tick_params(left=False)
        return to_svg(figure, "dependence", title, description)


def dropout_figure(curves: pd.DataFrame, arms: tuple[str, str], title: str, description: str) -> str:
    """Share of each arm still seen, a step at each visit.

    Parameters
    ----------
    curves : DataFrame
        ``arm``, ``place``, ``visit``, ``seen``.
    arms : tuple of str
        Names of the treated and the control arm.
    """
    with drawing(2.6) as figure:
        axes = figure.add_axes((0.13, 0.19, 0.84, 0.68))
        for name, colour, style in ((arms[0], TREATED, "-"), (arms[1], CONTROL, "--")):
            rows = curves[curves["arm"] == name].sort_values("place")
            axes.step(
                rows["place"],
                100 * rows["seen"],
                where="post",
                color=colour,
                linestyle=style,
                label=short(name, 34),
            )
            axes.plot(rows["place"], 100 * rows["seen"], "o", color=colour, markersize=3)
        ticks = curves.drop_duplicates("place").sort_values("place")
        axes.set_xticks(ticks["place"], [short(str(visit), 12) for visit in ticks["visit"]])
        low = 10 * np.floor(10 * float(curves["seen"].min()) - 0.5)
        axes.set(ylim=(max(0.0, low), 101), ylabel="Per cent of the arm")
        axes.legend(frameon=False, fontsize=SMALL, loc="lower left")
        soft_grid(axes, "y")
        bare(axes)
        return to_svg(figure, "dropout", title, description)
