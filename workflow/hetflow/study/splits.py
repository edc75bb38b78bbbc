"""Repeated sample splits: what is asked of them, and which analyses they suit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from hetflow.errors import Problem
from hetflow.study.base import AppraisalSection

if TYPE_CHECKING:
    from hetflow.study.model import Study

Proxy = Literal["linear", "boosting", "forest", "causal_forest"]


class Splits(AppraisalSection):
    """Learners trained on one half of a trial and judged by the other, for many random halves.

    Gives the best linear predictor of the effect, effects of groups by predicted benefit and who is in them
    (Chernozhukov, Demirer, Duflo and Fernandez-Val). Randomised designs only."""

    number: int = Field(default=50, ge=5, le=10_000)
    """Number of splits; raising it adds files and changes none."""
    learners: list[Proxy] = Field(default=["linear", "causal_forest"], min_length=1)
    """What predicts outcome and effect: `linear`, `boosting` or `forest` in each arm apart, or a `causal_forest`.
    The page shows the one whose predictions tell most of the effect."""
    strategy: Literal["regression", "horvitz_thompson"] = "regression"
    """How the page's estimates are made: weighted regression, or after a Horvitz-Thompson transformation. The tables
    hold both; they are the same where everybody had the same chance of treatment, a half."""
    groups: int = Field(default=4, ge=2, le=10)
    """Number of groups by predicted benefit."""
    covariates: list[str] = []
    """Covariates by which groups are described first; by default those of `estimates.projection`."""
    leading: int = Field(default=5, ge=0, le=50)
    """Further covariates described: those in which the outer groups differ most."""
    job_splits: int = Field(default=25, ge=1, le=1000)
    """Splits evaluated in one job. Results do not depend on it."""


def unsuited(study: Study) -> str:
    """Why a resolved analysis cannot be appraised by splits; empty if it can."""
    if study.design.kind != "randomised":
        return "an observational design: sample splits need the probability of treatment that a trial fixes"
    if study.missing_outcome.strategy == "imputation":
        return "imputed outcomes, which have seen both halves of every split"
    return ""


def split_slice(study: Study) -> dict[str, Any]:
    """What the single splits read: neither how they are told nor the groups of the estimates."""
    outcome = study.outcomes[study.outcome]
    return {
        "seed": study.seed,
        "outcome": study.outcome,
        "outcome_kind": outcome.kind,
        "better": outcome.better,
        "splits": study.splits.model_dump(mode="json", include={"learners", "groups"}),
    } | _trial(study)


def splits_settings(study: Study) -> dict[str, Any]:
    """What the stage's settings hold beside the shared ones; numbers that only add files are left out."""
    section = study.splits.model_dump(
        mode="json", include={"learners", "strategy", "groups", "covariates", "leading"}
    )
    section["covariates"] = section["covariates"] or list(study.estimates.projection)
    return {"splits": section, "sequential_groups": study.estimates.groups} | _trial(study)


def _trial(study: Study) -> dict[str, Any]:
    """What makes a trial of an analysis' files (`hetflow.effects.trial`)."""
    return {"strata": bool(study.design.strata), "covariates": study.nuisance.covariates}


def split_problems(study: Study, source: str) -> Iterator[Problem]:
    """Keys of the section that cannot work together."""
    twice = sorted({name for name in study.splits.learners if study.splits.learners.count(name) > 1})
    if twice:
        yield Problem(
            f"{source}: splits.learners", "each learner once", f"{', '.join(twice)} twice", "keep one"
        )


def split_jobs(study: Study) -> list[str]:
    """Ranges of splits, first and last, each of which is one job."""
    step, number = study.splits.job_splits, study.splits.number
    return [f"{first:04d}-{min(first + step, number) - 1:04d}" for first in range(0, number, step)]


def splits_of_job(name: str) -> range:
    """The splits of one of `split_jobs`."""
    first, last = (int(number) for number in name.split("-"))
    return range(first, last + 1)
