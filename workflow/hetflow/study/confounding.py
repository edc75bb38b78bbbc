"""The section on unmeasured confounding, and what cannot be asked of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from hetflow.errors import Problem
from hetflow.study.base import AppraisalSection, Name

if TYPE_CHECKING:
    from hetflow.study.model import Study

Share = Annotated[float, Field(gt=0, lt=1)]


class Confounding(AppraisalSection):
    """What an unmeasured confounder could do to the effects (observational designs): bounds by its strength."""

    strengths: list[Share] = [0.01, 0.05, 0.1]
    """Strengths at which effects are bounded: shares that the confounder explains of the outcome's rest and adds to the
    treatment's inverse weights, both at once."""
    rho: float = Field(default=1.0, gt=0, le=1)
    """How closely what the confounder adds to outcome and treatment goes together; 1 is the worst case."""
    each_covariate: bool = True
    """Leave each covariate out in turn, to compare a confounder's strength with."""
    benchmarks: dict[Name, Annotated[list[str], Field(min_length=1)]] = {}
    """Groups of covariates to leave out together, by a name of your own."""
    multiples: list[Annotated[float, Field(gt=0, le=20)]] = [1, 2, 3]
    """How many times as strong as observed covariates the confounder is taken to be."""
    trims: list[Annotated[float, Field(gt=0, lt=0.5)]] = [0.01, 0.05, 0.1]
    """For each share t, the average effect of units whose propensity lies between t and 1 - t."""
    negative_controls: list[Name] = []
    """Outcomes that treatment cannot change, each the outcome of an analysis of the study: their effect should be 0."""


def control_analyses(study: Study) -> list[str]:
    """Analyses whose outcome is a negative control."""
    controls = study.confounding.negative_controls
    return [name for name, analysis in study.analyses.items() if analysis.outcome in controls]


def confounding_settings(study: Study) -> dict[str, Any]:
    """What the stage reads beside its section."""
    dump = study.estimates.model_dump(mode="json", include={"rules"})
    outcomes = {name: study.analyses[name].outcome for name in control_analyses(study)}
    return {
        "rules": dump["rules"],
        "imputed": study.missing_outcome.strategy == "imputation",
        "controls": outcomes,
        "labels": {name: study.outcomes[name].label for name in study.confounding.negative_controls},
    }


def unsuited(study: Study) -> str:
    """Why nothing is asked of confounders; empty if it is."""
    randomised = study.design.kind == "randomised"
    return "a randomised one, in which chance alone made the arms differ" if randomised else ""


def confounding_problems(study: Study, source: str) -> Iterator[Problem]:
    """What cannot be asked of the section."""
    asked = study.confounding
    where = f"{source}: confounding"
    if study.design.kind == "randomised" and "confounding" in study.model_fields_set and asked.analyses:
        yield Problem(where, "an observational design", unsuited(study), "remove the section")
    for name in asked.negative_controls:
        yield from _control(study, name, f"{where}.negative_controls")


def _control(study: Study, name: str, where: str) -> Iterator[Problem]:
    """Whether a negative control is an outcome that an analysis other than the appraised ones has."""
    if name not in study.outcomes:
        yield Problem(
            where, f"one of the outcomes {', '.join(study.outcomes)}", name, "add it under `outcomes`"
        )
        return
    held = [key for key, analysis in study.analyses.items() if analysis.outcome == name]
    if not held or set(held) & set(study.confounding.analyses):
        yield Problem(
            where,
            f"an analysis of its own whose outcome is {name}",
            "the outcome of what is appraised" if held else "none",
            f"write `analyses: {{control: {{outcome: {name}}}}}`",
        )


def benchmark_problems(study: Study, columns: Collection[str], known: Collection[str]) -> Iterator[Problem]:
    """Whether groups of covariates hold covariates; `known` are those among `columns`."""
    if not study.confounding.analyses or study.design.kind == "randomised":
        return
    for group, members in study.confounding.benchmarks.items():
        for name in members:
            if name not in known:
                found = (
                    f"{name}, of another role" if name in columns else f"{name}, no column of the data file"
                )
                yield Problem(
                    f"confounding.benchmarks.{group}", "columns of role covariate", found, "correct the name"
                )
