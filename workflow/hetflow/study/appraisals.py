"""What is made of an analysis' scores beyond its estimates.

Each appraisal is a section of the study file (an `AppraisalSection`), a stage with a settings file and a rule of its
own, and a folder of tables and facts: ``<analysis>/<appraisal>/<table>.parquet`` and ``<appraisal>.json``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hetflow.errors import Problem

if TYPE_CHECKING:
    from hetflow.study.model import Study


def _nothing(_: Study) -> dict[str, Any]:
    return {}


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
    unread : tuple of str
        Keys of its section that enter through its list of files alone.
    """

    tables: tuple[str, ...]
    parents: tuple[str, ...] = ("scores", "inference")
    more: Callable[[Study], Mapping[str, Any]] = field(default=_nothing)
    unread: tuple[str, ...] = ()


def _of_stability(study: Study) -> dict[str, Any]:
    return {
        "estimates": study.estimates.model_dump(mode="json"),
        "folds": study.folds,
        "bag_trees": study.forest.bag_trees,
        "imputed": study.missing_outcome.strategy == "imputation",
    }


#: By name of the section, which is that of the stage, of the rule and of the folder.
APPRAISALS: dict[str, Appraisal] = {
    "stability": Appraisal(
        tables=("components", "refits"),
        parents=("scores", "inference", "refit"),
        more=_of_stability,
        unread=("folds", "tunings"),
    ),
}


def appraised(study: Study) -> list[str]:
    """Appraisals that a resolved analysis goes through."""
    return [name for name in APPRAISALS if getattr(study, name).analyses]


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
        "confidence": study.estimates.confidence,
        "minimum_cell_count": study.minimum_cell_count,
    }
    return {
        name: shared
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
