"""Figures of two runs side by side, as pictures that can neither run nor fetch anything."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass

from hetflow.compare.read import Run

#: Bytes of one figure, and of all together, that the page holds at most.
MOST_FIGURE, MOST_PAGE = 2 << 20, 24 << 20
_SVG = "{http://www.w3.org/2000/svg}"
_HREF = ("href", "{http://www.w3.org/1999/xlink}href")
_FORBIDDEN = {"script", "foreignobject", "iframe", "image", "use", "animate", "set", "handler", "a"}
_OUTSIDE = re.compile(r"url\(\s*['\"]?(?!#)|@import|javascript:", re.IGNORECASE)
_NOT_THERE = "not there"


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure of one run: a ``data:`` address, or why it is not shown.

    Attributes
    ----------
    address, why : str
    """

    address: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """A figure that differs.

    Attributes
    ----------
    name, title : str
    a, b : Picture
    """

    name: str
    title: str
    a: Picture
    b: Picture


def differing(a: Run, b: Run) -> list[Pair]:
    """Figures whose bytes differ, or that one run lacks, by name."""
    room = MOST_PAGE
    found = []
    for name in sorted({*a.figures, *b.figures}):
        was, now = a.figures.get(name), b.figures.get(name)
        if was == now:
            continue
        pictures = []
        for content in (was, now):
            one = picture(content, room)
            room -= len(one.address)
            pictures.append(one)
        found.append(Pair(name, _title(was if was is not None else now) or name, *pictures))
    return found


def same(a: Run, b: Run) -> int:
    """Figures that are the same byte for byte."""
    return sum(a.figures[name] == b.figures[name] for name in {*a.figures} & {*b.figures})


def picture(content: bytes | None, room: int = MOST_PAGE) -> Picture:
    """A figure for an ``<img>``, in which no script runs and nothing is fetched; what tries to is not shown at all."""
    if content is None:
        return Picture(why=_NOT_THERE)
    if len(content) > MOST_FIGURE:
        return Picture(why=f"larger than {MOST_FIGURE >> 20} MB")
    if (reason := unsafe(content)) is not None:
        return Picture(why=reason)
    address = f"data:image/svg+xml;base64,{base64.b64encode(content).decode('ascii')}"
    if len(address) > room:
        return Picture(why=f"left out: the page would exceed {MOST_PAGE >> 20} MB")
    return Picture(address)


def unsafe(content: bytes) -> str | None:
    """Why an SVG is not shown; None where there is no reason."""
    root = _parsed(content)
    if root is None or root.tag != f"{_SVG}svg":
        return "no SVG that can be read"
    for element in root.iter():
        tag = str(element.tag).rsplit("}", 1)[-1].lower()
        if tag in _FORBIDDEN and not (tag == "use" and _within(element.attrib)):
            return f"it holds <{tag}>"
        for key, value in element.attrib.items():
            if key.rsplit("}", 1)[-1].lower().startswith("on") or _OUTSIDE.search(value):
                return "it would run or fetch something"
        if not _within(element.attrib) or (tag == "style" and _OUTSIDE.search(element.text or "")):
            return "it would fetch something"
    return None


def _within(attributes: Mapping[str, str]) -> bool:
    return all(attributes[key].startswith("#") for key in _HREF if key in attributes)


def _parsed(content: bytes) -> ET.Element | None:
    """The tree; None where there is none, or where the document declares types or entities of its own."""
    if b"<!" in content.replace(b"<!--", b"") or b"\0" in content:
        return None
    try:
        content.decode("utf-8")
        return ET.fromstring(content)  # noqa: S314 - no document type, so no entities
    except (ET.ParseError, UnicodeDecodeError, ValueError, LookupError):
        return None


def _title(content: bytes | None) -> str:
    root = None if content is None or len(content) > MOST_FIGURE else _parsed(content)
    found = None if root is None else root.find(f"{_SVG}title")
    return "" if found is None else (found.text or "").strip()
