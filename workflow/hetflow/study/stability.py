"""The section on stability: would another run have found the same?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from hetflow.errors import Problem
from hetflow.study.base import AppraisalSection, Name, Section
from hetflow.study.methods import Learner

if TYPE_CHECKING:
    from hetflow.study.model import Study

#: Groups of bags that are left out in turn; a forest of a refit needs as many bags.
BAG_GROUPS = 10
BASE, FOLDS, TUNING = "base", "folds-", "tuning-"


class ForestTuning(Section):
    """Keys of `forest` that a tuning may change."""

    min_leaf: int | None = Field(default=None, ge=1)
    """Fewest units of a leaf."""
    max_depth: int | None = Field(default=None, ge=1)
    """Greatest depth of a tree."""
    max_features: Annotated[float, Field(gt=0)] | Literal["auto", "sqrt", "log2"] | None = None
    """Covariates tried at a split."""
    min_balancedness: float | None = Field(default=None, ge=0, le=0.5)
    """How uneven a split may be."""
    imbalance_penalty: float | None = Field(default=None, ge=0)
    """What a split loses for uneven variation of treatment."""


class NuisanceTuning(Section):
    """Keys of `nuisance` that a tuning may change."""

    outcome: Learner
    """Learner of the outcome mean."""


class Tuning(Section):
    """Other settings that would have been as defensible."""

    forest: ForestTuning | None = None
    """Keys of `forest` that differ."""
    nuisance: NuisanceTuning | None = None
    """Keys of `nuisance` that differ."""


_TUNINGS = {
    "leaves_of_three": Tuning(forest=ForestTuning(min_leaf=3)),
    "a_third_of_the_covariates": Tuning(forest=ForestTuning(max_features=0.33)),
    "linear_outcome_mean": Tuning(nuisance=NuisanceTuning(outcome="linear")),
}


class Stability(AppraisalSection):
    """What seeds, folds, imputations and settings add to the error of the headline numbers.

    The analysis is gone through again from its nuisances on, one job a refit, with fewer trees and imputations."""

    permitted: float = Field(default=0.1, gt=0, le=1)
    """Most that the error of finitely many trees and imputations may be, as a share of the standard error; the report
    says how many of them would keep to it."""
    folds: int = Field(default=3, ge=0, le=999)
    """Further draws of the folds; raising it adds refits and changes none."""
    tunings: dict[Name, Tuning] = _TUNINGS
    """Other settings by name, each a refit of its own; adding one changes no other."""
    trees: int = Field(default=400, ge=20, le=1_000_000)
    """Trees of a refit for each imputation; a multiple of `forest.bag_trees`, at least ten bags, and enough of them to
    leave every unit out of some."""
    held_out_trees: int = Field(default=200, ge=20, le=1_000_000)
    """Trees of each forest of the folds before one, in a refit."""
    imputations: int = Field(default=3, ge=1, le=1000)
    """Completed data sets that the forests of a refit read; at most those of the analysis are used."""


def refit_names(study: Study) -> list[str]:
    """Refits of a resolved analysis: with its own folds and settings, with other folds, with other settings."""
    if not study.stability.analyses:
        return []
    drawn = [f"{FOLDS}{number:03d}" for number in range(1, study.stability.folds + 1)]
    return [BASE, *drawn, *(TUNING + name for name in study.stability.tunings)]


def refit_changes(study: Study, refit: str) -> dict[str, Any]:
    """What a refit changes: ``folds`` (number of the draw), or keys of ``forest`` and ``nuisance``."""
    if refit.startswith(FOLDS):
        return {"folds": int(refit.removeprefix(FOLDS))}
    if refit == BASE:
        return {}
    return study.stability.tunings[refit.removeprefix(TUNING)].model_dump(mode="json", exclude_none=True)


def makes_nuisance(changes: dict[str, Any]) -> bool:
    """Whether a refit fits nuisances of its own."""
    return "folds" in changes or "nuisance" in changes


def largest_leaf(study: Study) -> int:
    """The greatest `min_leaf` of a resolved analysis and of the refits that it goes through."""
    changed = [study.forest.min_leaf]
    for tuning in study.stability.tunings.values() if study.stability.analyses else ():
        if tuning.forest is not None and tuning.forest.min_leaf is not None:
            changed.append(tuning.forest.min_leaf)
    return max(changed)


def refit_slice(study: Study) -> dict[str, Any]:
    """Trees of a refit."""
    own = study.stability
    held_out = own.held_out_trees if study.forest.held_out_trees else 0
    return {"trees": own.trees, "held_out_trees": held_out}


def headline_estimates(study: Study) -> dict[str, Any]:
    """What headline numbers read of the section `estimates`."""
    return study.estimates.model_dump(mode="json", exclude={"average", "confidence", "displays"})


def stability_problems(study: Study) -> Iterator[Problem]:
    """What cannot work in a resolved analysis whose stability is looked at."""
    if not study.stability.analyses:
        return
    bag = study.forest.bag_trees
    for key in ("trees", "held_out_trees"):
        trees = getattr(study.stability, key)
        if trees % bag or trees < BAG_GROUPS * bag:
            better = max(BAG_GROUPS, -(-trees // bag)) * bag
            yield Problem(
                f"stability.{key}",
                f"a multiple of forest.bag_trees ({bag}), and at least {BAG_GROUPS} bags",
                str(trees),
                f"write {better}",
            )
    for name, tuning in study.stability.tunings.items():
        if tuning.forest is None and tuning.nuisance is None:
            yield Problem(
                f"stability.tunings.{name}", "keys of `forest` or `nuisance`", "none", "say what differs"
            )
        penalty = tuning.forest.imbalance_penalty if tuning.forest else None
        if penalty and study.forest.engine != "histogram":
            yield Problem(
                f"stability.tunings.{name}.forest.imbalance_penalty",
                f"0 with forest.engine {study.forest.engine}, which has no such penalty",
                str(penalty),
                "remove the key",
            )
        features = tuning.forest.max_features if tuning.forest else None
        if isinstance(features, float) and features > 1 and features != int(features):
            yield Problem(
                f"stability.tunings.{name}.forest.max_features",
                "a share up to 1, or a whole number of covariates",
                str(features),
                "write a share such as 0.3",
            )


def stability_settings(study: Study) -> dict[str, Any]:
    """What the stage reads beside its own section."""
    return {
        "estimates": headline_estimates(study),
        "folds": study.folds,
        "bag_trees": study.forest.bag_trees,
        "imputed": study.missing_outcome.strategy == "imputation",
    }
