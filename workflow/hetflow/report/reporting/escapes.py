"""What a user typed, as text of Markdown and of BibTeX: never as markup, never as a command."""

from __future__ import annotations

import re

from hetflow.report.style import plain

_SPACES = re.compile(r"[ \t\r\n\f\v\u2028\u2029]+")
#: Signs that mean something within a line of Markdown, be it CommonMark, GitHub's or Pandoc's.
_INLINE = re.compile(r"[\\`*_\[\]|~$@^&]|<(?=[A-Za-z/!?])")
#: What makes a line more than a paragraph, if it stands first.
_FIRST = re.compile(r"(?:[#>+=:%-]|(?P<number>[0-9]{1,9})(?P<after>[.)]))")
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "%": r"\%",
    "&": r"\&",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    '"': "''",
    "@": r"{\char64}",
}


def one_line(text: str) -> str:
    """Text without control characters, in one line."""
    return _SPACES.sub(" ", plain(text)).strip(" ")


def markdown(text: str) -> str:
    """A sentence or a label as a piece of a Markdown paragraph that shows it as it stands.

    Parameters
    ----------
    text : str
        Plain text; it may hold what a user typed.
    """
    return _INLINE.sub(lambda found: f"\\{found[0]}", one_line(text))


def first_in_line(text: str) -> str:
    """Escaped text as it may stand at the head of a line: no heading, list, quotation or rule."""
    found = _FIRST.match(text)
    if not found:
        return text
    if found["number"]:
        return f"{found['number']}\\{text[len(found['number']) :]}"
    return f"\\{text}"


def latex(text: str) -> str:
    """Text as a value of a BibTeX field within braces: no command, no unbalanced brace."""
    return "".join(_LATEX.get(sign, sign) for sign in one_line(text))
