"""What is made of an analysis' scores beyond its estimates.

Each appraisal is a section of the study file (an `AppraisalSection`), a stage with a settings file and a rule of its
own, and a folder of tables and facts: ``<analysis>/<appraisal>/<table>.parquet`` and ``<appraisal>.json``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hetflow.errors import Problem
from hetflow.study import confounding, learners, risk, splits
from hetflow.study.evidence import evidence_settings
from hetflow.study.modifiers import modifier_settings
from hetflow.study.policy import policy_more
from hetflow.study.stability import stability_settings

if TYPE_CHECKING:
    from hetflow.study.model import Study


def _nothing(_: Study) -> dict[str, Any]:
    return {}


def _suits(_: Study) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Appraisal:
    """One of them.

    Attributes
    ----------
    tables : tuple of str
        Its tables, by name of their file; each under the contract ``table``.
    parents : tuple of str
        Stages whose files it reads (`hetflow.study.slices.PARENTS`).
    more : callable
        What its settings hold beside its own section, the seed, the outcome and the design.
    unsuited : callable
        Why a resolved analysis cannot go through it, in a few words; empty if it can. It is then left out, and refused
        where the study names the analysis.
    unread : tuple of str
        Keys of its section that enter through its list of files alone.
    shared : tuple of str
        Which of `_SHARED` it reads.
    """

    tables: tuple[str, ...]
    parents: tuple[str, ...] = ("scores", "inference")
    more: Callable[[Study], Mapping[str, Any]] = field(default=_nothing)
    unsuited: Callable[[Study], str] = field(default=_suits)
    unread: tuple[str, ...] = ()
    shared: tuple[str, ...] = ("confidence",)


#: Keys of the study that some appraisals read and others do not.
_SHARED: dict[str, Callable[[Study], Any]] = {
    "confidence": lambda study: study.estimates.confidence,
    "minimum_cell_count": lambda study: study.minimum_cell_count,
}
_BOTH = tuple(_SHARED)


#: By name of the section, which is that of the stage, of the rule and of the folder.
APPRAISALS: dict[str, Appraisal] = {
    "evidence": Appraisal(("tests",), ("scores", "deployment"), evidence_settings, shared=()),
    "splits": Appraisal(
        ("blp", "gates", "clan", "proxies"),
        ("scores", "deployment", "split"),
        splits.splits_settings,
        splits.unsuited,
        shared=_BOTH,
    ),
    "modifiers": Appraisal(
        ("importance", "displays", "cells"),
        ("scores", "deployment", "inference", "nuisance", "forest"),
        modifier_settings,
        shared=_BOTH,
    ),
    "policy": Appraisal(
        ("ranking", "curves", "values", "trees", "harms"),
        ("scores", "deployment"),
        policy_more,
        shared=_BOTH,
    ),
    "risk": Appraisal(
        ("performance", "effects", "groups", "distribution"),
        ("scores", "deployment"),
        risk.risk_settings,
        risk.unsuited,
    ),
    "confounding": Appraisal(
        ("robustness", "bounds", "benchmarks", "contour", "controls"),
        more=confounding.confounding_settings,
        unsuited=confounding.unsuited,
    ),
    "learners": Appraisal(
        ("comparison", "agreement", "weights"),
        ("scores", "learner"),
        learners.comparison_settings,
        learners.unsuited,
    ),
    "stability": Appraisal(
        ("components", "refits"),
        ("scores", "inference", "refit"),
        stability_settings,
        unread=("folds", "tunings"),
    ),
}


def appraised(study: Study) -> list[str]:
    """Appraisals that a resolved analysis goes through."""
    return [
        name for name, one in APPRAISALS.items() if getattr(study, name).analyses and not one.unsuited(study)
    ]


def of_analysis(study: Study, analysis: str) -> dict[str, Any]:
    """The appraisals' sections as one analysis sees them: `analyses` holds that analysis or nothing."""
    sections = {name: getattr(study, name) for name in APPRAISALS}
    return {
        name: section.model_copy(update={"analyses": [analysis] if analysis in section.analyses else []})
        for name, section in sections.items()
    }


def appraisal_slices(study: Study) -> dict[str, dict[str, Any]]:
    """Settings of the appraisals of a resolved analysis."""
    outcome = study.outcomes[study.outcome]
    shared = {
        "seed": study.seed,
        "outcome": study.outcome,
        "outcome_kind": outcome.kind,
        "better": outcome.better,
        "randomised": study.design.kind == "randomised",
    }
    return {
        name: shared
        | {key: _SHARED[key](study) for key in APPRAISALS[name].shared}
        | {name: getattr(study, name).model_dump(mode="json", exclude={"analyses", *APPRAISALS[name].unread})}
        | dict(APPRAISALS[name].more(study))
        for name in appraised(study)
    }


def appraisal_files(name: str, folder: str) -> list[str]:
    """Files of an appraisal in the folder of the analysis that owns it."""
    tables = [f"{folder}/{name}/{table}.parquet" for table in APPRAISALS[name].tables]
    return [*tables, f"{folder}/{name}/{name}.json"]


def appraisal_problems(study: Study, source: str) -> Iterator[Problem]:
    """Analyses that an appraisal names and the study does not have."""
    for name in APPRAISALS:
        for unknown in [one for one in getattr(study, name).analyses if one not in study.analyses]:
            yield Problem(
                f"{source}: {name}.analyses",
                f"analyses of the study ({', '.join(study.analyses)})",
                unknown,
                "correct the name, or add it under `analyses`",
            )
