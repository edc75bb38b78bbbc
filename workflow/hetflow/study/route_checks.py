"""Strategies for missing covariates, and how forests are trained, beside the rest of an analysis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from hetflow.errors import Problem
from hetflow.study.routes import ROUTES, named

if TYPE_CHECKING:
    from hetflow.study.methods import Forest, Missingness, Nuisance

ENGINES_THAT_TAKE_MISSING = ("histogram",)
"""Forest engines whose covariates may be missing; `hetflow.forest.engines` says the same."""
STATEMENT = "missingness.unconfounded_despite_missingness"
FEWEST_WORDS = 3
TRAINED_ON_INFERENCE = ("multiple_imputation", "selective")
"""Strategies whose two modes differ and leave no gap, so that a forest may learn from one and judge by the other."""


def route_problems(missingness: Missingness, engine: str, randomised: bool) -> Iterator[Problem]:
    """What speaks against a strategy in this design and with this forest engine.

    Parameters
    ----------
    missingness : Missingness
        Of a resolved analysis.
    engine : str
        Of its forest.
    randomised : bool
        Whether treatment was.
    """
    route = ROUTES[missingness.strategy]
    if route.gaps and engine not in ENGINES_THAT_TAKE_MISSING:
        yield Problem(
            "missingness.strategy",
            "a forest engine that takes missing covariates",
            f"forest.engine {engine}, which refuses them",
            "choose `forest: {engine: histogram}`, or multiple_imputation or indicator",
        )
    if not randomised:
        yield from _observational(missingness)
    if route.name == "selective" and not missingness.keep_mask:
        yield Problem(
            "missingness.keep_mask",
            "with strategy selective the covariates whose gaps are kept",
            "none",
            "name them, or choose multiple_imputation",
        )
    twice = sorted({name for name in missingness.keep_mask if missingness.keep_mask.count(name) > 1})
    if twice:
        yield Problem("missingness.keep_mask", "each name once", f"{', '.join(twice)} twice", "keep one")


def _observational(missingness: Missingness) -> Iterator[Problem]:
    route = ROUTES[missingness.strategy]
    if not route.observational:
        yield Problem(
            "missingness.strategy",
            "in an observational design one of "
            + named(name for name, one in ROUTES.items() if one.observational),
            route.name,
            "choose one of them: a propensity for each pattern of blocks would need its own assumption",
        )
    elif (
        route.unconfounded_despite
        and len(missingness.unconfounded_despite_missingness.split()) < FEWEST_WORDS
    ):
        yield Problem(
            STATEMENT,
            f"with strategy {route.name} in an observational design a sentence that says why treatment is "
            "unconfounded given what was recorded, gaps included",
            repr(missingness.unconfounded_despite_missingness),
            "write it (for instance: those who decided saw the same gaps), or choose multiple_imputation",
        )


def mean_problems(nuisance: Nuisance, missingness: Missingness, randomised: bool) -> Iterator[Problem]:
    """Why the outcome mean may not leave out covariates with gaps in this analysis."""
    if nuisance.covariates == "all":
        return
    remedy = "remove the key"
    if not randomised:
        yield Problem(
            "nuisance.covariates",
            "all in an observational design, whose confounders must be adjusted for",
            nuisance.covariates,
            remedy,
        )
    if missingness.strategy == "blockwise":
        yield Problem(
            "nuisance.covariates",
            "all with missingness.strategy blockwise, which has an outcome mean for each pattern of blocks",
            nuisance.covariates,
            f"{remedy}, or choose multiple_imputation",
        )


def unused_keys(analyses: Mapping[str, Missingness]) -> Iterator[Problem]:
    """Keys of strategies that no analysis uses.

    Parameters
    ----------
    analyses : mapping of str to Missingness
        Of all resolved analyses.
    """
    if any(one.keep_mask for one in analyses.values()) and not any(
        one.strategy == "selective" for one in analyses.values()
    ):
        yield Problem(
            "missingness.keep_mask",
            "an analysis with strategy selective, which alone reads it",
            "none",
            "write `strategy: selective`, or remove the key",
        )


def training_problems(
    forest: Forest, missingness: Missingness, missing_outcome: str, randomised: bool
) -> Iterator[Problem]:
    """Why a forest may not be trained on inference-mode covariates in this analysis."""
    if forest.training != "inference":
        return
    if not randomised:
        yield Problem(
            "forest.training",
            "deployment in an observational design",
            "inference, whose null distribution permutes randomised arms",
            "remove the key",
        )
    if missingness.strategy not in TRAINED_ON_INFERENCE:
        yield Problem(
            "forest.training",
            f"inference only with one of the strategies {named(TRAINED_ON_INFERENCE)}, which impute in two modes",
            f"missingness.strategy {missingness.strategy}",
            "choose one of them, or remove forest.training",
        )
    if missing_outcome != "complete_case":
        yield Problem(
            "forest.training",
            "deployment where missing outcomes are weighted for or imputed, by models of each arm that no permutation "
            "fits anew",
            f"inference with missing_outcome.strategy {missing_outcome}",
            "remove forest.training, or choose `missing_outcome: {strategy: complete_case}`",
        )
