"""Whether scores, covariates and settings belong together, before anything is estimated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from hetflow.cohort.columns import Column
from hetflow.effects import average
from hetflow.effects.scores import Scores, direction, require
from hetflow.errors import Problem, Refused, refuse, refuse_all


def check_sets(
    score_sets: Sequence[Scores], completions: Sequence[pd.DataFrame] | None, settings: Mapping[str, Any]
) -> None:
    """Refuse sets that do not belong together, and a priority that contradicts the direction of benefit."""
    first = score_sets[0]
    for scores in score_sets:
        if scores.contrast != first.contrast or not np.array_equal(scores.unit, first.unit):
            refuse("scores", "the same units and contrast in every set", "others", "make the scores anew")
        turned = direction(settings["better"]) * scores.cate
        if not np.array_equal(scores.priority, turned, equal_nan=True) and not scores.lacks("priority"):
            refuse(
                "scores: priority",
                f"predicted benefit, where {settings['better']} is better",
                "another sign or another column",
                "make the scores anew after `better` was changed",
            )
    if len(score_sets) > 1 and completions is not None and len(completions) != len(score_sets):
        refuse(
            "completed covariates",
            f"one file for each of the {len(score_sets)} sets of scores",
            f"{len(completions)}",
            "hand over the imputations that the scores were made from",
        )


def check_asked(
    scores: Scores,
    completions: Sequence[pd.DataFrame] | None,
    columns: Sequence[Column],
    settings: Mapping[str, Any],
) -> None:
    """Refuse what was asked for by name and cannot be had."""
    problems: list[Problem] = []
    for target in settings["average"]:
        try:
            require(scores, target, *average.NEEDS.get(target, ()))
        except Refused as refused:
            problems += refused.problems
    known = {column.name for column in columns}
    asked = {f"estimates.rules.{name}": rule["covariate"] for name, rule in settings["rules"].items()}
    asked |= {f"estimates.projection: {name}": name for name in settings["projection"]}
    for where, name in asked.items():
        if name not in known:
            problems.append(Problem(where, "a covariate of the study", repr(name), "correct the name"))
    if asked and not completions:
        problems.append(
            Problem(
                "completed covariates",
                "at least one file",
                "none",
                "hand them over: rules and projections read them",
            )
        )
    refuse_all(problems)


def aligned(frame: pd.DataFrame, scores: Scores) -> pd.DataFrame:
    """The rows of the scored units, in the order of the scores; the frame itself where it has these rows already."""
    if np.array_equal(frame["unit"].to_numpy(), scores.unit):
        return frame if frame.index.equals(pd.RangeIndex(len(frame))) else frame.reset_index(drop=True)
    place = pd.Index(frame["unit"]).get_indexer(pd.Index(scores.unit))
    if (place < 0).any():
        refuse(
            "completed covariates",
            "a row for every scored unit",
            f"{int((place < 0).sum())} units without",
            "hand over covariates of the same cohort",
        )
    return frame.iloc[place].reset_index(drop=True)
