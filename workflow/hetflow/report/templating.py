"""How a page is made of its template: everything is escaped, one style, and one script that its policy knows."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

TEMPLATES = Path(__file__).parent / "templates"
_BACKTICKS = re.compile(r"`([^`\n]+)`")


def environment(*folders: Path) -> Environment:
    """Templates of the report, and of further folders."""
    made = Environment(
        loader=FileSystemLoader([*folders, TEMPLATES], encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    made.filters["code"] = _code
    return made


def style_and_script() -> dict[str, str]:
    """The report's style sheet and script for a template, and the hash by which a page's policy allows the script."""
    css, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    return {
        "css": Markup(css),  # noqa: S704 - a file of this package
        "script": Markup(script),  # noqa: S704 - a file of this package
        "script_hash": f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}",
    }


def _code(text: object) -> Markup:
    """Text, escaped, with what stands between backticks as code."""
    return Markup(_BACKTICKS.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped first
