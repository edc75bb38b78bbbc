"""The study file's section on effect modifiers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import Field

from hetflow.errors import Problem
from hetflow.study.base import AppraisalSection

if TYPE_CHECKING:
    from hetflow.study.model import Study

PAIR = 2
#: Keys of the section `forest` that no tree of the forest of all units depends on.
_NOT_OF_TREES = (
    *("trees", "held_out_trees", "shard_bags", "training"),
    *("permutations", "permutation_trees", "permutation_imputations"),
)


class Modifiers(AppraisalSection):
    """Effect modifiers: how the effect runs along named covariates, and an exploratory ranking of all of them."""

    named: list[str] = []
    """Covariates named beforehand, in the order of the page; if empty, those of `estimates.displays`, else of
    `estimates.projection`."""
    pairs: list[list[str]] = []
    """Pairs of covariates over whose cells the effect is shown, `[[a, b]]`: thirds of a numeric one, levels else."""
    draws: int = Field(default=10, ge=0, le=1000)
    """Draws behind the ranking, each with folds, seed and imputation of its own; 0 ranks nothing."""
    trees: int = Field(default=40, ge=10, le=10_000)
    """Trees of each forest of the scores that the ranking grows."""
    split_trees: int = Field(default=400, ge=0, le=1_000_000)
    """Trees of each imputation's forest that are grown again to count their splits; 0 counts none."""
    top: int = Field(default=5, ge=1, le=100)
    """The ranking tells in which share of draws a covariate is among the first so many."""
    most_units: int = Field(default=10_000, ge=100)
    """Units that the ranking reads at most; of more, whole clusters are drawn at random."""


def modifier_names(study: Study) -> list[str]:
    """Covariates along which a resolved analysis shows the effect."""
    return list(study.modifiers.named or study.estimates.displays or study.estimates.projection)


def named_modifiers(study: Study) -> dict[str, str]:
    """Covariates that the section names, by the key that names them."""
    if not study.modifiers.analyses:
        return {}
    found = {f"modifiers.named[{i}]": name for i, name in enumerate(study.modifiers.named)}
    for i, pair in enumerate(study.modifiers.pairs):
        found |= {f"modifiers.pairs[{i}][{j}]": name for j, name in enumerate(pair)}
    return found


def modifier_settings(study: Study) -> dict[str, Any]:
    """What the stage reads beside its own section."""
    forest = study.forest.model_dump(mode="json", exclude=set(_NOT_OF_TREES))
    return {
        "names": modifier_names(study),
        "strategy": study.missingness.strategy,
        "folds": study.folds,
        "forest": forest,
        "bags": min(study.modifiers.split_trees, study.forest.trees) // study.forest.bag_trees,
        "training": study.forest.training,
    }


def modifier_problems(study: Study, source: str) -> Iterator[Problem]:
    """Pairs that are none, and names that come twice."""
    for i, pair in enumerate(study.modifiers.pairs):
        if len(pair) != PAIR or len(set(pair)) != PAIR:
            yield Problem(
                f"{source}: modifiers.pairs[{i}]",
                "two different covariates",
                ", ".join(pair) or "none",
                "write for instance `pairs: [[age, sex]]`",
            )
    for key, values in (
        ("named", study.modifiers.named),
        ("pairs", [" x ".join(p) for p in study.modifiers.pairs]),
    ):
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            yield Problem(f"{source}: modifiers.{key}", "each once", f"{', '.join(twice)} twice", "keep one")
