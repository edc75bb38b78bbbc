"""The files of ``reporting/``: checklists, methods, results and references of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hetflow.report.answers import Answers
from hetflow.report.export import csv_text
from hetflow.report.reporting.bibliography import bibtex, cited
from hetflow.report.reporting.consort import CONSORT
from hetflow.report.reporting.escapes import markdown
from hetflow.report.reporting.iceman import ICEMAN
from hetflow.report.reporting.items import AUTHORS, COLUMNS, NOT_APPLICABLE, REPORTED, Filled, fill
from hetflow.report.reporting.methods import methods_section
from hetflow.report.reporting.missing_data import tarmos
from hetflow.report.reporting.path import PATH
from hetflow.report.reporting.results import results_section
from hetflow.report.reporting.run import Run
from hetflow.report.reporting.strobe import STROBE
from hetflow.report.reporting.text import Paragraph, document

FOLDER = "reporting"
_METHODS_NOTE = (
    "Made from the resolved settings of this run, ready to edit. Keys in square brackets: references.bib."
)
_RESULTS_NOTE = (
    "Made from this run's estimates, ready to edit. Its numbers stand in the report, with table and figure."
)


@dataclass(frozen=True, slots=True)
class Reporting:
    """What is said of a run for a paper.

    Attributes
    ----------
    checklists : tuple of Filled
    methods, results : list of Paragraph
    files : dict of str to str
        Text by name of the file in ``reporting/``.
    """

    checklists: tuple[Filled, ...]
    methods: Sequence[Paragraph]
    results: Sequence[Paragraph]
    files: dict[str, str]


def build_reporting(run: Run, found: Answers) -> Reporting:
    """Everything that is said of a run for a paper.

    Parameters
    ----------
    run : Run
    found : Answers
        What the first page concludes.
    """
    lists = (CONSORT if run.randomised else STROBE, PATH, ICEMAN, tarmos(run))
    filled = tuple(fill(one, run) for one in lists)
    methods, results = methods_section(run), results_section(run, found)
    title = _blinded(run) + str(run.inputs.settings["title"])
    text = document(f"Methods: {title}", _METHODS_NOTE, methods)
    files = {f"checklist_{one.checklist.name}.csv": csv_text(one.frame()[list(COLUMNS)]) for one in filled}
    files |= {
        "checklists.md": checklists_text(title, filled, run),
        "methods.md": text,
        "results.md": document(f"Results: {title}", _RESULTS_NOTE, results),
        "references.bib": bibtex(cited(text), run.inputs.settings),
    }
    return Reporting(filled, methods, results, files)


def _blinded(run: Run) -> str:
    """What stands before every title of a blinded run."""
    return "Blinded, arms permuted, no results: " if run.inputs.settings.get("blinded") else ""


def checklists_text(title: str, filled: Sequence[Filled], run: Run) -> str:
    """All checklists as Markdown tables, their places as links."""
    blocks = [
        f"# {markdown(f'Checklists: {title}')}",
        markdown(
            "An item is called reported where the places named answer it, as far as it concerns this analysis; what "
            "only those who know the study can say is left to the authors. Items are paraphrased: the text of the "
            "guideline counts."
        ),
    ]
    for one in filled:
        blocks += [
            f"## {markdown(one.checklist.title)}",
            markdown(one.checklist.about),
            markdown(counts(one)),
        ]
        for heading, _ in one.checklist.sections:
            rows = ["| Item | Asks | Status | Where | Note |", "|---|---|---|---|---|"]
            for section, item, answer in one.answers:
                if section == heading:
                    where = "; ".join(_link(place, run) for place in answer.places)
                    cells = (
                        item.number,
                        markdown(item.asks),
                        markdown(answer.status),
                        where,
                        markdown(answer.note),
                    )
                    rows.append(f"| {' | '.join(cells)} |")
            blocks += [f"### {markdown(heading)}", "\n".join(rows)]
    return "\n\n".join(blocks) + "\n"


def counts(filled: Filled) -> str:
    """How many items have each status."""
    gone = filled.count(NOT_APPLICABLE)
    return (
        f"Of {len(filled.answers)} items, {filled.count(REPORTED)} are reported, {filled.count(AUTHORS)} are left "
        f"to the authors, {gone} {'does' if gone == 1 else 'do'} not apply."
    )


def _link(place: str, run: Run) -> str:
    target = f"../report.html{place}" if place.startswith("#") else f"../{place}"
    return f"[{markdown(run.places[place])}]({target})"
