"""Figure of how far refits lie from the study's own folds and settings."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.ticker import MaxNLocator

from hetflow.report.style import BLUE, GREY, ORANGE, SMALL, drawing, folded, to_svg, zero_line

_ROW = 0.3  # inches of an estimate
_TICKS = 5
"""Most intervals between ticks: more numbers of two decimals would touch at this width."""
_MARKS = {
    "folds": (BLUE, "o", 0.14, "other folds"),
    "tuning": (ORANGE, "D", -0.14, "other settings"),
}


def stability_figure(
    moves: pd.DataFrame, names: Sequence[str], errors: Sequence[float], title: str, description: str
) -> str:
    """Points of refits by estimate, and the Monte Carlo error of the study's own.

    Parameters
    ----------
    moves : DataFrame
        ``label, source, moved``: in standard errors.
    names : sequence of str
        Estimates from top to bottom, as in ``label``.
    errors : sequence of float
        Their Monte Carlo errors as shares of the standard error.
    title, description : str
        What a screen reader says.
    """
    height = _ROW * len(names) + 1.1
    with drawing(height) as figure:
        axes = figure.add_axes((0.44, 0.62 / height, 0.53, _ROW * len(names) / height))
        places = {name: len(names) - 1 - place for place, name in enumerate(names)}
        zero_line(axes, vertical=True)
        for name, error in zip(names, errors, strict=True):
            axes.plot([-error, error], [places[name]] * 2, color=GREY, linewidth=5, solid_capstyle="butt")
        for source, (colour, mark, shift, label) in _MARKS.items():
            own = moves[moves["source"] == source]
            heights = [places[name] + shift for name in own["label"]]
            if len(own):
                axes.plot(own["moved"], heights, mark, color=colour, markersize=3.5, label=label)
        axes.set_ylim(-0.6, len(names) - 0.4)
        axes.set_yticks(list(places.values()), [folded(name, 28, 2) for name in places], fontsize=SMALL)
        axes.xaxis.set_major_locator(MaxNLocator(_TICKS))
        axes.set_xlabel("Moved by (standard errors)")
        axes.plot([], [], color=GREY, linewidth=5, label="trees and imputations, 1 sd")
        figure.legend(loc="upper left", bbox_to_anchor=(0.02, 1.0), ncols=3, frameon=False, fontsize=SMALL)
        return to_svg(figure, "stability", title, description)
