"""Section `learners`: other estimators of the conditional effect, and what cannot be asked of them."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from hetflow.errors import Problem
from hetflow.study.base import AppraisalSection
from hetflow.study.routes import ROUTES, named

if TYPE_CHECKING:
    from hetflow.study.model import Study

MethodName = Literal["linear", "s", "t", "x", "r", "dr", "bcf"]
BCF_REMEDY = "`pip install stochtree`, the extra `bcf` of hetflow; or take bcf out of learners.methods"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a learner is and takes, for the documentation.

    Attributes
    ----------
    title, given : str
        Its name, and the nuisances that it takes as they were cross-fitted for all.
    gaps : str
        What it does with missing values that a strategy leaves.
    """

    title: str
    given: str
    gaps: str


_BASE = "as the base learner: boosting and forest take them, linear gets medians and indicators"
FACTS: dict[str, Facts] = {
    "linear": Facts(
        "R-learner, ridge regression", "outcome mean, propensity", "medians and indicators, in fold"
    ),
    "s": Facts("S-learner", "none", _BASE),
    "t": Facts("T-learner", "none", _BASE),
    "x": Facts("X-learner", "propensity", _BASE),
    "r": Facts("R-learner", "outcome mean, propensity", _BASE),
    "dr": Facts("DR-learner", "propensity", _BASE),
    "bcf": Facts("Bayesian causal forest", "propensity", "medians and indicators, in fold"),
}


class Learners(AppraisalSection):
    """Other learners of the conditional effect, on the same folds, nuisances and covariates as the forest."""

    methods: list[MethodName] = Field(default=["linear", "s", "t", "x", "r", "dr"], min_length=1)
    """Learners by name: `linear` (R-learner with a ridge regression of all covariates and their squares), `s`, `t`,
    `x`, `r` and `dr` (econml's S-, T-, X-, R- and DR-learner with the base learner of `base`), `bcf` (Bayesian causal
    forest, for which the package stochtree must be installed)."""
    base: Literal["boosting", "linear", "forest"] = "boosting"
    """Base learner of `s`, `t`, `x`, `r` and `dr`."""
    stack: bool = True
    """Whether the effects are also stacked: weights that are not negative and add up to one, by the R-loss of the
    other folds."""


def stochtree_is_there() -> bool:
    """Whether the optional package stochtree is installed."""
    return importlib.util.find_spec("stochtree") is not None


def learner_settings(study: Study) -> dict[str, Any]:
    """What fitting one learner depends on, the learner's name apart."""
    settings: dict[str, Any] = {"seed": study.seed, "base": study.learners.base}
    if study.missingness.strategy == "blockwise":
        settings["minimum_pattern"] = study.missingness.minimum_pattern
    return settings


def comparison_settings(study: Study) -> dict[str, Any]:
    """What the comparison reads beside its own section."""
    return {"groups": study.estimates.groups, "ranking_draws": study.estimates.ranking_draws}


def unsuited(study: Study) -> str:
    """Why learners of a resolved analysis cannot be compared; empty if they can."""
    if study.missing_outcome.strategy == "imputation":
        return "its missing outcomes are imputed, and would bear out what was learnt from observed ones"
    return ""


def learner_problems(study: Study) -> Iterator[Problem]:
    """What cannot be asked of the learners in one resolved analysis; `where` is the key."""
    section = study.learners
    if not section.analyses or unsuited(study):
        return
    twice = sorted({name for name in section.methods if section.methods.count(name) > 1})
    if twice:
        yield Problem("learners.methods", "each name once", f"{', '.join(twice)} twice", "keep one")
    if "bcf" in section.methods and not stochtree_is_there():
        yield Problem("learners.methods", "the package stochtree for bcf", "it is not installed", BCF_REMEDY)


def parity_lines() -> Iterator[str]:
    """Markdown table of every learner against what a study may ask; `docs/learners.md` holds it."""
    yield (
        "| learner | nuisances taken as given | outcomes | strategies | gaps left by `native` | blocks left by "
        "`blockwise` | designs | weights, clusters | missing outcomes |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    unseen = named(name for name, route in ROUTES.items() if not route.observational)
    for name, one in FACTS.items():
        package = "; refused where stochtree is not installed" if name == "bcf" else ""
        taken = "weights; whole clusters in folds, not modelled" if name == "bcf" else "both"
        yield (
            f"| `{name}`: {one.title}{package} | {one.given} | continuous, binary, count | all | {one.gaps} "
            f"| a learner for each pattern | randomised; observational but for {unseen} | {taken} "
            "| left out, weighted for; analyses with imputed ones are left out, refused if named |"
        )
