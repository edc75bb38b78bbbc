"""The page's section on reporting: checklists, and the text for the paper."""

from __future__ import annotations

from typing import Any

from hetflow.report.reporting.files import FOLDER, Reporting, counts
from hetflow.report.reporting.items import Filled, file_of
from hetflow.report.reporting.run import Run
from hetflow.report.reporting.text import Paragraph

NAME, TITLE = "reporting", "Reporting, and text for the paper"
INTRODUCTION = (
    "What reporting guidelines ask for, and where this report answers it; what it cannot answer is marked for the "
    "authors. An item is called reported only where this run's own artefacts answer it, as far as it concerns this "
    "analysis. Items are paraphrased: the guideline's text counts."
)
_PAPER = (
    "Two sections to start a paper from, with this run's settings and numbers. The files hold them as Markdown, with "
    "citations; references.bib holds the works whose methods this run used, and no others."
)


def reporting_section(reporting: Reporting, run: Run) -> dict[str, Any]:
    """The section, as the template reads it."""
    parts: list[tuple[str, Any]] = [("text", INTRODUCTION)]
    parts += [("checklist", _checklist(one, run)) for one in reporting.checklists]
    parts += [
        ("heading", "Text for the paper"),
        ("text", _PAPER),
        ("paper", _paper("Methods", "methods.md", reporting.methods)),
        ("paper", _paper("Results", "results.md", reporting.results)),
        ("facts", [("Files", ", ".join(f"{FOLDER}/{name}" for name in sorted(reporting.files)))]),
    ]
    return {"id": NAME, "title": TITLE, "parts": parts}


def _checklist(filled: Filled, run: Run) -> dict[str, Any]:
    """A checklist: its places on the page as links, others as names of files."""
    one = filled.checklist
    sections = []
    for heading, _ in one.sections:
        rows = [
            {
                "number": item.number,
                "asks": item.asks,
                "status": answer.status,
                "links": [(place, run.places[place]) for place in answer.places if place.startswith("#")],
                "files": [file_of(place) for place in answer.places if not place.startswith("#")],
                "note": answer.note,
            }
            for section, item, answer in filled.answers
            if section == heading
        ]
        sections.append((heading, rows))
    return {
        "name": one.name,
        "title": one.title,
        "about": one.about,
        "counts": counts(filled),
        "sections": sections,
    }


def _paper(title: str, file: str, paragraphs: Any) -> dict[str, Any]:
    told: list[Paragraph] = [one for one in paragraphs if one.sentences]
    return {
        "title": title,
        "file": f"{FOLDER}/{file}",
        "paragraphs": [(one.heading, one.as_text()) for one in told],
    }
