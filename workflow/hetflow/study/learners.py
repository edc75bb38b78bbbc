"""Section `learners`: other estimators of the conditional effect, and what cannot be asked of them."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from hetflow.errors import Problem
from hetflow.study.base import AppraisalSection

if TYPE_CHECKING:
    from hetflow.study.model import Study

MethodName = Literal["linear", "s", "t", "x", "r", "dr", "bcf"]
BCF_REMEDY = "`pip install stochtree`, the extra `bcf` of hetflow; or take bcf out of learners.methods"


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


def learner_problems(study: Study) -> Iterator[Problem]:
    """What cannot be asked of the learners in one resolved analysis; `where` is the key."""
    section = study.learners
    if not section.analyses:
        return
    twice = sorted({name for name in section.methods if section.methods.count(name) > 1})
    if twice:
        yield Problem("learners.methods", "each name once", f"{', '.join(twice)} twice", "keep one")
    if section.base == "linear" and {"linear", "r"} <= set(section.methods):
        yield Problem(
            "learners.methods",
            "learners that differ",
            "linear, and r with base linear: the same learner",
            "remove one of them, or choose another base",
        )
    if study.missing_outcome.strategy == "imputation":
        yield Problem(
            "learners.analyses",
            "analyses whose missing outcomes are left out or weighted for",
            "missing_outcome.strategy imputation: imputed outcomes bear out what was learnt from observed ones",
            "remove the analysis from learners.analyses, or choose `missing_outcome: {strategy: weighting}`",
        )
    if "bcf" in section.methods and not stochtree_is_there():
        yield Problem("learners.methods", "the package stochtree for bcf", "it is not installed", BCF_REMEDY)
