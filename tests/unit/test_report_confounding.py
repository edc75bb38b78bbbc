"""The figure of what an unmeasured confounder could do: every label can be read, whatever the benchmarks."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hetflow.report.figures_confounding import MOST_MARKS, draw_contours
from hetflow.report.style import drawing
from matplotlib.figure import Figure
from matplotlib.text import Text
from report_fixture_risk import contour

#: Names that two covariates' labels would be written with, longer than a label may be.
NAMES = (
    "Cigarettes smoked a day in the year of the first examination, by own account",
    "Age",
    "Years of smoking",
)
NEAR_ORIGIN = ((0.0254, 0.0164), (0.0027, 0.0287), (0.0002, 0.0277))
SAME = ((0.01, 0.01),) * 3
CORNERS = ((0.99, 0.99), (0.99, 0.0), (0.0, 0.99))


def marks(places: tuple[tuple[float, float], ...], farthest: float = 1.0) -> pd.DataFrame:
    c_y, c_t = farthest * np.array(places).reshape(-1, 2).T
    return pd.DataFrame({"c_y": c_y, "c_t": c_t, "label": NAMES[: len(places)]})


def labels(figure: Figure) -> list[Text]:
    figure.draw_without_rendering()
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


@pytest.mark.parametrize("farthest", [0.1, 0.4, 0.9])
@pytest.mark.parametrize("above", [True, False])
@pytest.mark.parametrize("places", [NEAR_ORIGIN, SAME, CORNERS, ()])
def test_no_label_covers_another_or_leaves_the_figure(
    farthest: float, above: bool, places: tuple[tuple[float, float], ...]
) -> None:
    grid = contour(farthest)
    if not above:
        grid = grid.assign(bound=-grid["bound"], limit=-grid["limit"])
    own = marks(places, farthest)
    with drawing(3.1 + 0.16 * len(own)) as figure:
        draw_contours(figure, grid, own, above)
        written = labels(figure)
        boxes = [(text.get_text(), text.get_window_extent()) for text in written]
    assert {name[:20] for name in own["label"]} <= {name[:20] for name, _ in boxes}
    assert len(boxes) > 10
    for (name, box), (other, its) in combinations(boxes, 2):
        assert not box.overlaps(its), f"{name} covers {other}"
    for name, box in boxes:
        assert figure.bbox.containsx(box.x0), name
        assert figure.bbox.containsx(box.x1), name
        assert figure.bbox.containsy(box.y0), name
        assert figure.bbox.containsy(box.y1), name


def test_more_benchmarks_than_shapes_are_refused() -> None:
    many = pd.concat([marks(NEAR_ORIGIN)] * 2)
    with drawing(3.1) as figure, pytest.raises(ValueError, match=str(MOST_MARKS)):
        draw_contours(figure, contour(0.4), many, True)
