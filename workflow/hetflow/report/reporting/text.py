"""Paragraphs of sentences with the works they rest on, as plain text and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hetflow.report.reporting.escapes import first_in_line, markdown, one_line


@dataclass(frozen=True, slots=True)
class Said:
    """One or more sentences in plain text, and keys of the works that they cite.

    Attributes
    ----------
    text : str
        Ends with a full stop where it cites; it may hold what a user typed.
    keys : tuple of str
    """

    text: str
    keys: tuple[str, ...] = ()

    def as_markdown(self) -> str:
        """Escaped, the citation before the last full stop: ``… by arm [@rubin1987].``"""
        text = markdown(self.text)
        if not self.keys:
            return text
        cites = "; ".join(f"@{key}" for key in self.keys)
        return f"{text.removesuffix('.')} [{cites}]."


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A heading and what stands under it."""

    heading: str
    sentences: tuple[Said, ...]

    def as_text(self) -> str:
        """Without citations, as the page shows it."""
        return " ".join(one_line(said.text) for said in self.sentences)


def said(text: str, *keys: str) -> list[Said]:
    """A sentence as a list, and no sentence as an empty one."""
    return [Said(text, keys)] if text.strip() else []


def paragraph(heading: str, *parts: Sequence[Said]) -> Paragraph:
    """The sentences of all parts under a heading."""
    return Paragraph(heading, tuple(one for part in parts for one in part))


def document(title: str, note: str, paragraphs: Sequence[Paragraph]) -> str:
    """Markdown: title, a note on what this is, and every paragraph that says something."""
    blocks = [f"# {markdown(title)}", markdown(note)]
    for one in paragraphs:
        if one.sentences:
            text = " ".join(sentence.as_markdown() for sentence in one.sentences)
            blocks += [f"## {markdown(one.heading)}", first_in_line(text)]
    return "\n\n".join(blocks) + "\n"
