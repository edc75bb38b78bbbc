"""Figures of the structure of what is missing: patterns, network, nesting."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Arc, FancyArrowPatch

from hetflow.report import formats as fmt
from hetflow.report.style import BLUE, GREEN, GREY, INK, ORANGE, SMALL, bare, drawing, short, to_svg

_COLOURS = (BLUE, ORANGE, GREEN, "#cc79a7", "#b8860b", "#56b4e9")
_ROW = 0.2  # inches
_MOST_PATTERNS = 12


def patterns_figure(patterns: pd.DataFrame, masks: pd.DataFrame, title: str, description: str) -> str:
    """The largest patterns, one a row: a filled dot for what is missing, a bar for how many participants.

    Parameters
    ----------
    patterns : DataFrame
        ``units`` and a column of 0 and 1 for each row of `masks`.
    masks : DataFrame
        ``mask`` (the column's name in `patterns`), ``label``.
    """
    rows = patterns.sort_values("units", ascending=False, kind="stable").head(_MOST_PATTERNS)
    masks = masks[[bool(rows[mask].gt(0).any()) for mask in masks["mask"]]]
    depth = _ROW * len(rows)
    height = depth + 1.55
    with drawing(height) as figure:
        width = min(0.56, 0.055 * max(len(masks), 2))
        dots = figure.add_axes((0.03, 0.1 / height, width, depth / height))
        bars = figure.add_axes((0.05 + width, 0.1 / height, 0.8 - width, depth / height))
        y = np.arange(len(rows))[::-1]
        for place, mask in enumerate(masks["mask"]):
            gone = rows[mask].to_numpy() > 0
            dots.plot([place] * len(y), y, "o", color=INK, alpha=0.13, markersize=5, markeredgewidth=0)
            dots.plot([place] * int(gone.sum()), y[gone], "o", color=BLUE, markersize=5, markeredgewidth=0)
        for line, row in zip(y, rows.to_dict("records"), strict=True):
            at = [place for place, mask in enumerate(masks["mask"]) if row[mask] > 0]
            if len(at) > 1:
                dots.plot([at[0], at[-1]], [line, line], color=BLUE, linewidth=1.0)
            bars.annotate(
                fmt.count(row["units"]),
                (row["units"], line),
                xytext=(3, 0),
                textcoords="offset points",
                va="center",
                fontsize=SMALL,
            )
        bars.barh(y, rows["units"], height=0.62, color=BLUE)
        bars.set(xlim=(0, 1.22 * float(rows["units"].max())), ylim=(-0.6, len(rows) - 0.4))
        dots.set(xlim=(-0.6, len(masks) - 0.4), ylim=(-0.6, len(rows) - 0.4))
        dots.xaxis.tick_top()
        labels = [short(label, 27) for label in masks["label"]]
        dots.set_xticks(
            np.arange(len(masks)), labels, fontsize=SMALL, rotation=55, ha="left", rotation_mode="anchor"
        )
        for axes in (dots, bars):
            axes.set_yticks([])
            bare(axes)
        dots.tick_params(top=False)
        bars.set_xticks([])
        return to_svg(figure, "patterns", title, description)


def network_figure(nodes: pd.DataFrame, edges: pd.DataFrame, title: str, description: str) -> str:
    """Arcs between masks that go missing together, the stronger the thicker; a colour for each community.

    Parameters
    ----------
    nodes : DataFrame
        ``label``, ``share``, ``community``, in the order of drawing.
    edges : DataFrame
        ``first``, ``second`` (labels), ``strength`` (0 to 1).
    """
    place = {label: len(nodes) - 1 - number for number, label in enumerate(nodes["label"])}
    colours = {
        community: _COLOURS[number % len(_COLOURS)]
        for number, community in enumerate(dict.fromkeys(nodes["community"]))
    }
    colour = dict(zip(nodes["label"], (colours[one] for one in nodes["community"]), strict=True))
    height = 0.35 + 0.24 * max(len(nodes), 3)
    with drawing(height) as figure:
        axes = figure.add_axes((0.02, 0.02, 0.96, 0.96))
        span = max(len(nodes) - 1, 1)
        for row in edges.to_dict("records"):
            low, high = sorted((place[row["first"]], place[row["second"]]))
            same = colour[row["first"]] == colour[row["second"]]
            axes.add_patch(
                Arc(
                    (0.55, (low + high) / 2),
                    0.85 * (high - low) / span,
                    high - low,
                    theta1=-90,
                    theta2=90,
                    color=colour[row["first"]] if same else GREY,
                    linewidth=0.6 + 3.4 * row["strength"],
                    alpha=0.75,
                )
            )
        for row in nodes.to_dict("records"):
            y = place[row["label"]]
            axes.plot([0.55], [y], "o", color=colour[row["label"]], markersize=4 + 7 * np.sqrt(row["share"]))
            text = f"{short(row['label'], 30)}, {fmt.percent(row['share'])}"
            axes.text(0.52, y, text, ha="right", va="center", fontsize=SMALL)
        axes.set(xlim=(0, 1), ylim=(-0.6, len(nodes) - 0.4))
        _empty(axes)
        return to_svg(figure, "comissing", title, description)


def nesting_figure(nodes: pd.DataFrame, edges: pd.DataFrame, title: str, description: str) -> str:
    """Arrows from a mask to the masks that whoever misses it misses too.

    Parameters
    ----------
    nodes : DataFrame
        ``label``, ``share``, ``layer``.
    edges : DataFrame
        ``inner``, ``outer`` (labels).
    """
    layers = int(nodes["layer"].max()) + 1
    tallest = int(nodes["layer"].value_counts().max())
    height = 0.3 + 0.42 * max(tallest, 2)
    spots: dict[str, tuple[float, float]] = {}
    for layer, own in nodes.groupby("layer"):
        for number, label in enumerate(own["label"]):
            spots[label] = (float(layer), (number + 0.5) * tallest / len(own))  # type: ignore[arg-type]
    with drawing(height) as figure:
        axes = figure.add_axes((0.01, 0.01, 0.98, 0.98))
        for row in edges.to_dict("records"):
            (x0, y0), (x1, y1) = spots[row["inner"]], spots[row["outer"]]
            axes.add_patch(
                FancyArrowPatch(
                    (x0 + 0.66, y0),
                    (x1 - 0.02, y1),
                    arrowstyle="-|>",
                    mutation_scale=7,
                    color=BLUE,
                    linewidth=1.0,
                    shrinkA=1,
                    shrinkB=1,
                )
            )
        for row in nodes.to_dict("records"):
            x, y = spots[row["label"]]
            text = f"{short(row['label'], max(12, 40 // layers + 8))}\n{fmt.percent(row['share'])}"
            axes.text(x, y, text, ha="left", va="center", fontsize=SMALL, linespacing=1.3)
        axes.set(xlim=(-0.05, layers - 0.2), ylim=(tallest, 0))
        _empty(axes)
        return to_svg(figure, "nesting", title, description)


def _empty(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    bare(axes)
