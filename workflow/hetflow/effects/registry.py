"""The families of estimates: a new one is one file of its own and one entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from hetflow.cohort.columns import Column
from hetflow.effects import average, calibration, groups, projection, ranking, sequential
from hetflow.effects.rules import Rule, rule_groups
from hetflow.effects.scores import Scores
from hetflow.effects.terms import Terms

#: To which covariates an estimate refers.
MEASURED, SEEN = "if covariates were measured", "as patients are seen"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the families read beside scores and covariates.

    Attributes
    ----------
    settings : mapping
        The study's `estimates` section.
    better : str
    seed : int
    rules : dict of str to Rule
        With groups settled.
    projected : tuple of Column
        Covariates of the projection.
    kept : tuple of int
        Their terms that are not determined by others in any imputation.
    overlap_differs : bool
        Whether the propensity varies, so that the overlap population is another than all.
    """

    settings: Mapping[str, Any]
    better: str
    seed: int
    rules: dict[str, Rule] = field(default_factory=dict)
    projected: tuple[Column, ...] = ()
    kept: tuple[int, ...] = ()
    overlap_differs: bool = False


Evaluate = Callable[[Scores, pd.DataFrame, Plan, str], list[Terms]]


@dataclass(frozen=True, slots=True)
class Estimator:
    """A family of estimates.

    Attributes
    ----------
    name : str
    reads : {"scores", "covariates"}
        Whether completed covariates are read; if not, the frame handed to `function` is empty.
    target : str
        ``MEASURED`` when the covariate side decides, ``SEEN`` when the predicted effects do, empty when
        neither does.
    items : callable
        The parts asked for, each evaluated (and, if it must be, left out) on its own.
    function : callable
        (scores, frame, plan, item) to Terms.
    """

    name: str
    reads: str
    target: str
    items: Callable[[Plan], Sequence[str]]
    function: Evaluate


def _projection(scores: Scores, frame: pd.DataFrame, plan: Plan, item: str) -> list[Terms]:
    X, names = projection.projection_design(frame, plan.projected)
    kept = list(plan.kept)
    return [
        projection.best_linear_projection(
            scores, X[:, kept], [names[j] for j in kept], overlap=item == "overlap"
        )
    ]


def _projections(plan: Plan) -> list[str]:
    if not plan.projected:
        return []
    return ["all", "overlap"] if plan.overlap_differs and "ATO" in plan.settings["average"] else ["all"]


REGISTRY: tuple[Estimator, ...] = (
    Estimator(
        "average",
        "scores",
        "",
        lambda plan: plan.settings["average"],
        lambda scores, frame, plan, item: [average.average_effect(scores, item)],
    ),
    Estimator(
        "calibration",
        "scores",
        SEEN,
        lambda plan: ["calibration"],
        lambda scores, frame, plan, item: [calibration.calibration(scores)],
    ),
    Estimator("projection", "covariates", MEASURED, _projections, _projection),
    Estimator(
        "rule_groups",
        "covariates",
        MEASURED,
        lambda plan: list(plan.rules),
        lambda scores, frame, plan, item: rule_groups(scores, frame, plan.rules[item]),
    ),
    Estimator(
        "sequential_groups",
        "scores",
        SEEN,
        lambda plan: ["sequential_groups"],
        lambda scores, frame, plan, item: groups.sequential_groups(
            scores, plan.settings["groups"], plan.better
        ),
    ),
    Estimator(
        "held_out_groups",
        "scores",
        SEEN,
        lambda plan: ["held_out_groups"],
        lambda scores, frame, plan, item: groups.held_out_groups(
            scores, plan.settings["groups"], plan.better
        ),
    ),
    Estimator(
        "ranking",
        "scores",
        SEEN,
        lambda plan: ["AUTOC"],
        lambda scores, frame, plan, item: ranking.ranking_effects(
            scores, plan.better, plan.settings["ranking_draws"], plan.seed
        ),
    ),
    Estimator(
        "sequential",
        "scores",
        SEEN,
        lambda plan: ["sequential_AUTOC"],
        lambda scores, frame, plan, item: sequential.sequential_effects(
            scores, plan.better, plan.settings["ranking_draws"], plan.seed
        ),
    ),
)
