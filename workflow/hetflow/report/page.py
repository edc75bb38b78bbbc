"""The page: sections in the order of the story, assembled into one HTML file that needs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hetflow import __version__
from hetflow.report import formats as fmt
from hetflow.report import (
    observation,
    picks,
    pooled,
    prose,
    sensitivity,
    sentences,
    tables,
    tables_compared,
    tables_routes,
)
from hetflow.report.figures import Drawn, draw_all, masks_of, panels
from hetflow.report.frames_baseline import baseline_tables
from hetflow.report.frames_cohort import flow_table, with_outcome
from hetflow.report.frames_mechanism import mechanism_table
from hetflow.report.frames_missing import missing_table
from hetflow.report.frames_structure import design_table
from hetflow.report.inputs import Report, ReportInputs
from hetflow.report.prose_mechanism import mechanism_notices, mechanism_parts
from hetflow.report.prose_structure import structure_parts
from hetflow.report.sentences import Finding
from hetflow.report.style import plain
from hetflow.report.tables import Table
from hetflow.report.words import Words, words

_TEMPLATES = Path(__file__).parent / "templates"
Part = tuple[str, Any]


def build_report(inputs: ReportInputs) -> Report:
    """The whole report.

    Parameters
    ----------
    inputs : ReportInputs
        The read artefacts.

    Returns
    -------
    Report
        Page, figures and tables; the same inputs give the same bytes.
    """
    own = {name: words(inputs.settings, inputs.cohort["columns"], name) for name in inputs.analyses}
    drawn = draw_all(inputs, own)
    shown, exported = _tables(inputs, own)
    exported |= {f"figure_{name}": figure.table for name, figure in drawn.items() if name not in exported}
    html = _render(inputs, own[inputs.primary], drawn, shown)
    return Report(html, {name: figure.svg for name, figure in drawn.items()}, exported)


def _tables(inputs: ReportInputs, own: dict[str, Words]) -> tuple[dict[str, Table], dict[str, pd.DataFrame]]:
    """Tables for the page by name, and tables for export by name."""
    first, minimum = own[inputs.primary], int(inputs.settings["minimum_cell_count"])
    columns = inputs.cohort["columns"]
    estimates, primary = inputs.estimates, inputs.primary
    shown = [
        tables.estimand_table(inputs.settings["estimand"], first),
        tables.average_table(estimates, primary, first),
        tables.heterogeneity_table(estimates, primary, first),
        tables.groups_table(estimates, primary, first, minimum),
        tables.projection_table(estimates, primary, first),
        tables_compared.nuisance_table(inputs.analyses[primary].nuisance),
        *observation.observation_tables(first, inputs.analyses[primary].nuisance, minimum),
        pooled.imputations_table(pooled.pooled_rows(estimates, primary), first),
    ]
    exported: dict[str, pd.DataFrame] = {}
    if len(inputs.flow):
        flow = with_outcome(inputs.flow, observation.outcomes_left_out(inputs), inputs.outcome)
        table, exported["flow"] = flow_table(flow, first, minimum)
        shown.append(table)
    if len(inputs.baseline):
        made, exported["baseline"] = baseline_tables(inputs.baseline, _leading(inputs), first, minimum)
        shown += made
    if len(inputs.variables):
        table, exported["missing"] = missing_table(inputs.variables, columns, first, minimum)
        shown.append(table)
    if len(inputs.structure_tables.get("rules", ())):
        table, exported["design"] = design_table(inputs.structure_tables["rules"], columns, first, minimum)
        shown.append(table)
    masks = masks_of(inputs, first, minimum)
    if len(masks):
        shown.append(mechanism_table(masks, first))
        exported["mechanism"] = masks
    shown += sensitivity.shown_tables(inputs, own)
    exported |= sensitivity.exported(inputs)
    labels = inputs.settings["labels"]
    names = {name: labels.get(name) or name for name in own}
    compared = tables_compared.analyses_frame(estimates, names, own)
    if len(compared) > 1:
        shown.append(tables_compared.analyses_table(compared, panels(own), first))
    exported["analyses"] = compared
    if inputs.missingness.get("missing_cells"):
        routes, exported["routes_spread"] = _routes(inputs, compared, first)
        exported["routes"] = routes
        shown.append(tables_routes.routes_table(routes, exported["routes_spread"], first))
    exported["estimates"] = tables_compared.releasable(estimates, minimum)
    return {table.name: table for table in shown}, exported


def _routes(inputs: ReportInputs, compared: pd.DataFrame, own: Words) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Routes for missing covariates, and how far they differ."""
    routes = tables_routes.routes_frame(compared, inputs.settings["methods"], own.randomised)
    return routes, tables_routes.spread_frame(routes)


def _leading(inputs: ReportInputs) -> set[str]:
    """Covariates that the study names: in strata, projection, rules or displays."""
    settings = inputs.settings
    asked = settings["methods"][inputs.primary]["estimates"]
    rules = [rule["covariate"] for rule in asked["rules"].values()]
    return {*settings["design"]["strata"], *asked["projection"], *rules, *asked.get("displays", [])}


def _render(inputs: ReportInputs, own: Words, drawn: dict[str, Drawn], shown: dict[str, Table]) -> str:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    settings = inputs.settings
    figures = {
        name: {
            "svg": Markup(figure.svg.strip()),  # noqa: S704 - made by to_svg, which escapes every label
            "number": number,
            "title": figure.caption.title,
            "caption": figure.caption.text,
        }
        for number, (name, figure) in enumerate(drawn.items(), 1)
    }
    css = (_TEMPLATES / "page.css").read_text(encoding="utf-8")
    page = environment.get_template("page.html.j2").render(
        css=Markup(css),  # noqa: S704 - a file of this package
        software=__version__,
        title=settings["title"],
        kicker=_kicker(inputs, own),
        byline=_byline(settings),
        summary=settings["report"]["summary"],
        answers=_answers(inputs, own),
        notices=_notices(inputs, own),
        sections=[section for section in _sections(inputs, own, shown) if section["parts"]],
        figures=figures,
        tables=shown,
        footer=_footer(settings),
    )
    return plain(page)


def _footer(settings: Any) -> str:
    return (
        f"Made by hetflow {__version__} from study “{settings['study']}”, seed {settings['seed']}. Counts "
        f"below {settings['minimum_cell_count']} are not printed; some can be worked out from others, so that this "
        "page is for the study team."
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


def _answers(inputs: ReportInputs, own: Words) -> list[dict[str, Any]]:
    """The first screen."""
    average, vary, whom = findings(inputs, own)
    slopes = sentences.projection_sentence(own, picks.projection_terms(inputs.estimates, inputs.primary, own))
    return [
        {"ask": "On average, does it help?", "headline": average.headline, "texts": [average.text]},
        {"ask": "Does the effect vary?", "headline": vary.headline, "texts": [vary.text]},
        {
            "ask": "For whom?",
            "headline": whom.headline,
            "texts": [text for text in (whom.text, slopes) if text],
        },
    ]


def findings(inputs: ReportInputs, own: Words) -> tuple[Finding, Finding, Finding]:
    """Average effect, heterogeneity, and for whom, in sentences."""
    estimates, primary = inputs.estimates, inputs.primary
    average = sentences.average_finding(own, picks.one(estimates, primary, "ATE", own))
    vary = sentences.heterogeneity_finding(
        own,
        picks.one(estimates, primary, "AUTOC", own),
        picks.one(estimates, primary, "sequential_AUTOC", own),
    )
    whom = sentences.groups_finding(own, *picks.sequential(estimates, primary, own), vary.established)
    return average, vary, whom


def _notices(inputs: ReportInputs, own: Words) -> list[str]:
    """What must be read with the results, each once."""
    said = [str(notice) for notice in inputs.cohort.get("notices", [])]
    said += mechanism_notices(inputs.mechanism, own)
    labels = inputs.settings["labels"]
    for name, analysis in inputs.analyses.items():
        prefix = "" if name == inputs.primary else f"{labels.get(name) or name}: "
        found = [*analysis.notices, *observation.observation_notices(analysis.nuisance)]
        said += [f"{prefix}{notice}" for notice in [*found, *prose.guard_notices(analysis.guards)]]
    return list(dict.fromkeys(said))


def _sections(inputs: ReportInputs, own: Words, shown: dict[str, Table]) -> list[dict[str, Any]]:
    settings, methods = inputs.settings, inputs.settings["methods"][inputs.primary]
    nuisance = inputs.analyses[inputs.primary].nuisance
    outcome = observation.outcomes_left_out(inputs).get(inputs.outcome, {})
    minimum = int(settings["minimum_cell_count"])
    joint = inputs.analyses[inputs.primary].joint
    _, vary, _ = findings(inputs, own)
    spread = picks.one(inputs.estimates, inputs.primary, "calibration", own, term="differential")

    def section(name: str, title: str, *parts: Part) -> dict[str, Any]:
        return {"id": name, "title": title, "parts": [part for part in parts if part[1]]}

    return [
        section("question", "The question", ("table", "estimand")),
        section(
            "participants",
            "Who was studied",
            ("figure", "flow"),
            ("table", "flow"),
            ("table", "baseline"),
            ("table", "baseline_all"),
            ("text", prose.dropped_text(inputs.cohort.get("dropped", {}))),
        ),
        section(
            "missing",
            "What is missing, and how it was handled",
            ("text", prose.missing_text(inputs.missingness, int(settings["minimum_cell_count"]))),
            ("text", prose.UNTESTABLE),
            ("figure", "missingness"),
            ("figure", "masks"),
            *structure_parts(inputs.structure, own, minimum),
            ("table", "missing"),
            ("table", "design"),
            *mechanism_parts(
                masks_of(inputs, own, minimum),
                inputs.mechanism_tables.get("mcar", pd.DataFrame()),
                inputs.mechanism,
                own,
                minimum,
            ),
            ("heading", "How it was handled"),
            *(("text", text) for text in prose.handling(methods, own.randomised)),
            *(("text", text) for text in prose.guards_text(inputs.analyses[inputs.primary].guards, own)),
            ("table", "routes"),
            ("text", prose.REGULATORS if own.randomised and "routes" in shown else ""),
            ("text", pooled.imputations_text(pooled.pooled_rows(inputs.estimates, inputs.primary))),
            ("table", "imputations"),
            *sensitivity.parts(inputs, own, minimum),
        ),
        section(
            "overlap",
            "Can the arms be compared?",
            ("text", prose.lost_text(own, outcome, minimum, sensitivity.examined(inputs))),
            *observation.observation_parts(inputs, own, minimum),
            ("text", prose.overlap_text(own, nuisance)),
            ("figure", "overlap"),
            ("text", prose.nuisance_text(own, nuisance)),
            ("table", "nuisance"),
        ),
        section(
            "average",
            "The average effect",
            ("text", prose.AVERAGES),
            ("figure", "average"),
            ("table", "average"),
        ),
        section(
            "heterogeneity",
            "Is there heterogeneity?",
            ("text", prose.TESTS),
            ("text", vary.text),
            ("table", "heterogeneity"),
            ("figure", "toc"),
            ("text", sentences.calibration_sentence(spread, own.level)),
        ),
        section(
            "whom",
            "For whom?",
            ("text", prose.GROUPS),
            ("figure", "groups"),
            ("table", "groups"),
            ("text", pooled.joint_text(joint, own, "rule_groups")),
            ("table", "projection"),
            ("text", pooled.joint_text(joint, own, "projection")),
            ("figure", "displays"),
        ),
        section(
            "analyses",
            "How the analyses differ",
            ("text", prose.analyses_text(len(inputs.analyses))),
            ("figure", "analyses"),
            ("table", "analyses"),
        ),
        section(
            "methods",
            "Methods, and how to run it again",
            ("text", prose.methods_paragraph(own, settings, inputs.primary)),
            ("facts", _facts(inputs)),
            ("code", "\n".join(prose.commands(settings["study"]))),
            ("heading", "How to cite"),
            ("text", settings["report"]["citation"]),
            ("text", f"Software: hetflow {__version__}; see CITATION.cff of the project."),
        ),
    ]


def _facts(inputs: ReportInputs) -> list[tuple[str, str]]:
    settings, source = inputs.settings, inputs.cohort.get("source", {})
    facts = [("Seed", str(settings["seed"])), ("Folds", str(settings["folds"]))]
    if source:
        facts.append(
            ("Data file", f"{Path(str(source.get('file', ''))).name}, SHA-256 {source.get('sha256', '')}")
        )
    if settings["report"]["licence"]:
        facts.append(("Licence of the results", settings["report"]["licence"]))
    versions = ", ".join(f"{name} {version}" for name, version in inputs.versions.items())
    return [*facts, ("Versions", versions)] if versions else facts
