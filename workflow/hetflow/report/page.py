"""The page: answers, notices and sections, assembled into one HTML file that needs nothing else."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from hetflow import __version__
from hetflow.report import formats as fmt
from hetflow.report import picks
from hetflow.report.answer_rows import answers_frame
from hetflow.report.answers import answers, screen
from hetflow.report.appraised import all_shown
from hetflow.report.drawn import Drawn
from hetflow.report.explorer import with_explorer
from hetflow.report.figures import draw_all
from hetflow.report.inputs import Report, ReportInputs
from hetflow.report.notices import notices
from hetflow.report.reporting.files import build_reporting
from hetflow.report.reporting.run import Run, places_of
from hetflow.report.reporting.section import reporting_section
from hetflow.report.sections import all_sections
from hetflow.report.shown_tables import all_tables
from hetflow.report.style import plain
from hetflow.report.tables import Table
from hetflow.report.templating import environment, style_and_script
from hetflow.report.words import Words, words


def build_report(inputs: ReportInputs) -> Report:
    """The whole report.

    Parameters
    ----------
    inputs : ReportInputs
        The read artefacts.

    Returns
    -------
    Report
        Page, figures, tables and what is said of the run for a paper; the same inputs give the same bytes.
    """
    own = {name: words(inputs.settings, inputs.cohort["columns"], name) for name in inputs.analyses}
    appraised = all_shown(inputs, own[inputs.primary])
    drawn = draw_all(inputs, own) | appraised.figures
    shown, exported = all_tables(inputs, own)
    shown |= {table.name: table for table in appraised.tables}
    exported |= appraised.exported
    exported |= {f"figure_{name}": figure.table for name, figure in drawn.items() if name not in exported}
    found = answers(inputs, own[inputs.primary])
    exported["answers"] = answers_frame(inputs, own[inputs.primary], found)
    for named in (drawn, shown, exported):
        for name in inputs.withheld & set(named):
            del named[name]
    first = own[inputs.primary]
    sections = [section for section in all_sections(inputs, first, shown, exported) if section["parts"]]
    sections = with_explorer(sections, drawn, first, picks.average(inputs, first))
    run = Run(inputs, first, places_of(sections, drawn, shown, exported))
    reporting = build_reporting(run, found)
    sections.insert(len(sections) - 1, reporting_section(reporting, run))
    html = _render(inputs, first, drawn, shown, sections, screen(found))
    figures = {name: figure.svg for name, figure in drawn.items()}
    return Report(html, figures, exported, reporting.files)


def _render(
    inputs: ReportInputs,
    own: Words,
    drawn: dict[str, Drawn],
    shown: dict[str, Table],
    sections: list[dict[str, Any]],
    told: list[dict[str, Any]],
) -> str:
    settings = inputs.settings
    order = [item for section in sections for kind, item in section["parts"] if kind == "figure"]
    figures = {
        name: {
            "svg": Markup(drawn[name].svg.strip()),  # noqa: S704 - made by to_svg, which escapes every label
            "number": number,
            "title": drawn[name].caption.title,
            "caption": drawn[name].caption.text,
        }
        for number, name in enumerate((name for name in order if name in drawn), 1)
    }
    page = (
        environment()
        .get_template("page.html.j2")
        .render(
            **style_and_script(),
            software=__version__,
            title=settings["title"],
            blinded=bool(settings.get("blinded")),
            kicker=_kicker(inputs, own),
            byline=_byline(settings),
            summary=settings["report"]["summary"],
            answers=told,
            notices=notices(inputs, own),
            sections=sections,
            figures=figures,
            tables=shown,
            footer=_footer(settings, inputs.covered is not None),
        )
    )
    return plain(page)


def _footer(settings: Any, public: bool) -> str:
    made = f"Made by hetflow {__version__} from study “{settings['study']}”, seed {settings['seed']}."
    if public:
        return (
            f"{made} Public form: counts below {settings['minimum_cell_count']} are not printed, others are hidden or "
            "rounded so that none can be told from its neighbours, and rare levels stand together. The file "
            "disclosure.csv says what was suppressed, and why."
        )
    return (
        f"{made} Counts below {settings['minimum_cell_count']} are not printed; some can be worked out from others, so "
        "that this page is for the study team."
    )


def _kicker(inputs: ReportInputs, own: Words) -> str:
    kind = "randomised trial" if own.randomised else "observational study"
    number = inputs.analyses[inputs.primary].nuisance.get("number", {}).get("kept")
    return f"{kind} · {fmt.count(number)} participants analysed" if number else kind


def _byline(settings: Any) -> str:
    authors = settings["report"]["authors"]
    return ", ".join(
        f"{author['name']} ({author['affiliation']})" if author.get("affiliation") else author["name"]
        for author in authors
    )
