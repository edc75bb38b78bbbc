"""The sections of the page, in the order of the story."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from hetflow import __version__
from hetflow.report import (
    confounding,
    evidence,
    learners,
    missing_story,
    modifiers,
    observation,
    picks,
    planned,
    policy,
    pooled,
    prose,
    prose_methods,
    risk,
    sensitivity,
    sentences,
    splits,
    stability,
)
from hetflow.report.drawn_missing import masks_of
from hetflow.report.inputs import ReportInputs
from hetflow.report.prose_mechanism import mechanism_parts
from hetflow.report.prose_structure import structure_parts
from hetflow.report.tables import Table
from hetflow.report.words import Words

Part = tuple[str, Any]


def all_sections(
    inputs: ReportInputs, own: Words, shown: Mapping[str, Table], exported: Mapping[str, pd.DataFrame]
) -> list[dict[str, Any]]:
    """Every section: id, title and parts; what a part's kind may be is in the template.

    Parameters
    ----------
    inputs : ReportInputs
    own : Words
        Of the primary analysis.
    shown, exported : mapping
        From `hetflow.report.shown_tables.all_tables`.
    """
    settings = inputs.settings
    nuisance = inputs.analyses[inputs.primary].nuisance
    outcome = observation.outcomes_left_out(inputs).get(inputs.outcome, {})
    minimum = inputs.minimum
    joint = inputs.analyses[inputs.primary].joint
    spread = picks.one(inputs.estimates, inputs.primary, "calibration", own, term="differential")

    def section(name: str, title: str, *parts: Part) -> dict[str, Any]:
        return {"id": name, "title": title, "parts": [part for part in parts if part[1]]}

    return [
        section("question", "The question", ("table", "estimand")),
        section("planned", "Was it planned?", *planned.parts(inputs)),
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
            *_missing(inputs, own, shown, exported),
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
            *evidence.parts(inputs, own, minimum),
            ("heading", "Does the ranking work?"),
            ("table", "heterogeneity"),
            ("figure", "toc"),
            ("text", sentences.calibration_sentence(spread, own.level)),
            *splits.slope_parts(inputs, own, minimum),
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
            *splits.groups_parts(inputs, own, minimum),
            *modifiers.parts(inputs, own, minimum),
        ),
        section("policy", "What would a rule gain?", *policy.parts(inputs, own, minimum)),
        section("risk", "By baseline risk", *risk.parts(inputs, own, minimum)),
        section(
            "confounding", "What an unmeasured confounder could do", *confounding.parts(inputs, own, minimum)
        ),
        section("learners", "Would other methods find the same?", *learners.parts(inputs, own, minimum)),
        section("stability", "Would we find it again?", *stability.parts(inputs, own, minimum)),
        section(
            "analyses",
            "How the analyses differ",
            ("text", prose.analyses_text(len(inputs.analyses))),
            ("figure", "analyses"),
            ("table", "analyses"),
            ("table", "notices"),
        ),
        section(
            "methods",
            "Methods, and how to run it again",
            ("text", prose_methods.methods_paragraph(own, settings, inputs.primary)),
            ("facts", _facts(inputs)),
            ("code", "\n".join(prose_methods.commands(settings["study"]))),
            ("heading", "How to cite"),
            ("text", settings["report"]["citation"]),
            ("text", f"Software: hetflow {__version__}; see CITATION.cff of the project."),
        ),
    ]


def _missing(
    inputs: ReportInputs, own: Words, shown: Mapping[str, Table], exported: Mapping[str, pd.DataFrame]
) -> list[Part]:
    """What is missing, on what it depends, how it was handled, and what missing outcomes could change."""
    minimum = inputs.minimum
    return [
        ("answers", missing_story.answers(inputs, own, exported.get("routes_spread", pd.DataFrame()))),
        ("heading", "What is missing" if inputs.missingness.get("missing_cells") else ""),
        ("text", prose.missing_text(inputs.missingness, minimum)),
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
        *(("text", text) for text in prose.handling(inputs.methods, own.randomised)),
        *(("text", text) for text in prose.guards_text(inputs.analyses[inputs.primary].guards, own)),
        ("table", "routes"),
        ("text", prose.REGULATORS if own.randomised and "routes" in shown else ""),
        ("text", pooled.imputations_text(pooled.pooled_rows(inputs.estimates, inputs.primary))),
        ("table", "imputations"),
        *sensitivity.parts(inputs, own, minimum),
        ("table", "tarmos"),
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
