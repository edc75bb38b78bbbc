"""Global tests of heterogeneity: what is asked of them, and which analyses they suit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from hetflow.study.base import AppraisalSection

if TYPE_CHECKING:
    from hetflow.study.model import Study


class Evidence(AppraisalSection):
    """Global tests of heterogeneity in a trial: of the scores on the covariates, and in a linear working model.

    Each is made for all covariates of the forest and for those that `estimates.projection` names."""

    permutations: int = Field(default=1999, ge=99, le=100_000)
    """Permutations behind each p-value, which is no smaller than one over this; above 20,000 units chi-square is
    used."""
    coding: Literal["ranks", "values"] = "ranks"
    """How covariates enter: as ranks, so that a skewed one weighs as much as others, or as they are."""


def unsuited(study: Study) -> str:
    """Why no global test is made in a resolved analysis; empty if they are."""
    if study.design.kind != "randomised":
        return "an observational design, in which nothing is known of their size"
    if study.missing_outcome.strategy != "complete_case":
        return "outcomes weighted for or imputed, in which nothing is known of their size"
    if study.forest.training != "deployment":
        return "a forest trained on covariates that have seen the outcome; its own test permutes the arms"
    return ""


def evidence_settings(study: Study) -> dict[str, Any]:
    """What the stage's settings hold beside the shared ones."""
    return {"projection": list(study.estimates.projection), "unsuited": unsuited(study)}
