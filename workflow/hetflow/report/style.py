"""How every figure looks, and how a matplotlib figure becomes SVG text that can stand inside the page.

Figures are drawn at the width of a telephone and enlarged on a wide screen, so that one drawing serves both. Ink is
``currentColor`` and the ground is transparent: a figure is dark on light paper and light on a dark screen. The other
colours are of the Okabe-Ito palette, told apart by colour-blind readers, with a contrast of at least 3 on both grounds.
"""

from __future__ import annotations

import io
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import shorten, wrap
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hetflow.report import formats as fmt

WIDTH = 4.5  # inches: 324 points, the content width of a telephone
INK = "#010203"  # stands for currentColor until the SVG is made
BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#808080"
TREATED, CONTROL = BLUE, ORANGE
SMALL, TEXT, LARGE = 7.5, 8.0, 9.0  # points

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif"
_RC: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "hetflow",
    "text.parse_math": False,
    "font.family": ["DejaVu Sans"],
    "font.size": TEXT,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.labelsize": TEXT,
    "axes.titlesize": LARGE,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": INK,
    "axes.linewidth": 0.6,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": TEXT,
    "ytick.labelsize": TEXT,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "lines.linewidth": 1.4,
    "path.simplify": False,
}

_SVG = "http://www.w3.org/2000/svg"
_HREF = "{http://www.w3.org/1999/xlink}href"
_URL = re.compile(r"url\(#([^)]+)\)")
_FAMILY = re.compile(r"font-family: [^;]*")
_FONT_SHORTHAND = re.compile(r"font: ([^;]*?)([\d.]+px) [^;]*")
_BAD = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]")


@contextmanager
def drawing(height: float, width: float = WIDTH) -> Iterator[Figure]:
    """An empty figure under the page's style; matplotlib's settings outside are not touched.

    Parameters
    ----------
    height, width : float
        Inches.
    """
    with mpl.rc_context(_RC):
        yield Figure(figsize=(width, height), layout=None)


def to_svg(figure: Figure, prefix: str, title: str, description: str) -> str:
    """A figure as SVG text, the same bytes every time.

    Parameters
    ----------
    figure : Figure
        Drawn under `drawing`.
    prefix : str
        Put before every id, so that several figures can stand in one page.
    title, description : str
        What a screen reader says.

    Returns
    -------
    str
        One ``<svg>`` element without XML declaration, style sheet, metadata or fixed size.
    """
    buffer = io.StringIO()
    with warnings.catch_warnings():
        # Text stays text: a letter that the measuring font lacks is drawn by the reader's fonts.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        figure.savefig(
            buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
        )
    root = ET.fromstring(plain(buffer.getvalue()))  # noqa: S314 - written by matplotlib just above
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"}:
                parent.remove(child)
    _rename_ids(root, prefix)
    _restyle(root)
    _announce(root, prefix, title, description)
    ET.register_namespace("", _SVG)
    return ET.tostring(root, encoding="unicode") + "\n"


def _rename_ids(root: ET.Element, prefix: str) -> None:
    """Keep the ids that are referred to, with the prefix; drop the others."""
    used: set[str] = set()
    for element in root.iter():
        for value in element.attrib.values():
            used.update(_URL.findall(value))
        if _HREF in element.attrib:
            used.add(element.attrib[_HREF].removeprefix("#"))
    for element in root.iter():
        own = element.attrib.pop("id", None)
        if own in used:
            element.set("id", f"{prefix}-{own}")
        target = element.attrib.pop(_HREF, None)
        if target is not None:
            element.set("href", f"#{prefix}-{target.removeprefix('#')}")
        for key, value in element.attrib.items():
            element.set(key, _URL.sub(rf"url(#{prefix}-\1)", value))


def _restyle(root: ET.Element) -> None:
    """Ink as currentColor, the page's fonts, no blanks that only indent."""
    for element in root.iter():
        style = element.attrib.get("style")
        if style is not None:
            style = _FONT_SHORTHAND.sub(rf"font: \1\2 {_FONT}", style.replace(INK, "currentColor"))
            element.set("style", _FAMILY.sub(f"font-family: {_FONT}", style))
        if element.tag != f"{{{_SVG}}}text":
            element.text = None if not (element.text or "").strip() else element.text
        element.tail = None
        if "d" in element.attrib:
            element.set("d", " ".join(element.attrib["d"].split()))


def _announce(root: ET.Element, prefix: str, title: str, description: str) -> None:
    """Size left to the page; title and description for those who do not see."""
    width, height = root.attrib.pop("width"), root.attrib.pop("height")
    root.attrib.pop("version", None)
    root.set("viewBox", f"0 0 {float(width.removesuffix('pt')):g} {float(height.removesuffix('pt')):g}")
    root.set("role", "img")
    root.set("aria-labelledby", f"{prefix}-title {prefix}-desc")
    root.set("style", "stroke-linejoin: round; stroke-linecap: butt")
    for position, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ET.Element(f"{{{_SVG}}}{tag}", {"id": f"{prefix}-{tag}"})
        element.text = plain(text)
        root.insert(position, element)


def plain(text: object) -> str:
    """Text without characters that XML does not allow, or that turn the direction of all that follows."""
    return _BAD.sub("\ufffd", str(text))


def short(text: object, width: int = 28) -> str:
    """A label cut to a width in letters, at a word where there is one."""
    clean = " ".join(plain(text).split())
    if len(clean) <= width:
        return clean
    cut = shorten(clean, width, placeholder="…")
    return cut if len(cut) > width // 2 else clean[: width - 1] + "…"


def folded(text: object, width: int, lines: int = 3) -> str:
    """A label broken into lines of at most `width` letters, at most `lines` of them."""
    broken = wrap(
        " ".join(plain(text).split()), width, break_long_words=True, max_lines=lines, placeholder="…"
    )
    return "\n".join(broken)


def bare(axes: Axes, keep: Sequence[str] = ()) -> None:
    """Take away spines (but those in `keep`) and, with a spine, its tick marks."""
    for side in ("left", "bottom", "top", "right"):
        axes.spines[side].set_visible(side in keep)
    axes.tick_params(left="left" in keep, bottom="bottom" in keep)


def zero_line(axes: Axes, vertical: bool = True, at: float = 0.0) -> None:
    """The line of no effect."""
    draw = axes.axvline if vertical else axes.axhline
    draw(at, color=INK, linewidth=0.7, alpha=0.55, zorder=0)


def soft_grid(axes: Axes, axis: str = "x") -> None:
    """Faint lines behind the data."""
    axes.grid(True, axis=axis, color=INK, alpha=0.12, linewidth=0.5)  # type: ignore[arg-type]
    axes.set_axisbelow(True)


def plain_number(value: float, _: object) -> str:
    """A tick's number, as numbers are printed."""
    return f"{round(value, 10):,g}".replace("-", fmt.MINUS).replace(",", fmt.NARROW)
