"""Strategies for missing covariates as facts: what each answers, on which assumption, in which design.

The one place that says so: the study's checks, the completed files, the report and the README's key list read it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

Strategy = Literal[
    "multiple_imputation",
    "indicator",
    "complete_case",
    "complete_variables",
    "native",
    "selective",
    "blockwise",
]
RANDOMISED, OBSERVATIONAL = "randomised", "observational"
ESTIMANDS = {
    "ATE": "the average effect",
    "CATE": "the ranking and groups by predicted effect",
    "GATE": "groups by a rule",
    "projection": "slopes of the projection",
}
"""What a route may answer, as a reader would call it."""
MEASURED, SEEN, COMPLETE = "measured", "seen", "complete"
"""Covariates an answer refers to: as if measured in everybody; as they are seen; seen, and only those without gaps."""


@dataclass(frozen=True, slots=True)
class Route:
    """A strategy's facts.

    Attributes
    ----------
    name, title : str
        As in the study file; as in the report.
    answers : dict of str to str
        Estimand to the covariates that the answer refers to: `MEASURED`, `SEEN` or `COMPLETE`. Estimands that are not
        named are not answered.
    assumption : str
        On which the answers rest in a trial, in one sentence.
    observational : str
        The same in an observational design; empty where the strategy is refused there.
    unconfounded_despite : bool
        Whether an observational study must state that treatment is unconfounded given what was recorded, gaps included.
    indicators : bool
        Whether nuisances may tell who misses a covariate.
    several : bool
        Whether it makes several imputations, in two modes.
    chained : bool
        Whether chained equations are run.
    gaps : bool
        Whether learners and forest themselves must take missing values.
    models : bool
        Whether each pattern of blocks has a model of its own, so that blocks may be missing in its completed files.
    """

    name: str
    title: str
    answers: dict[str, str] = field(default_factory=dict)
    assumption: str = ""
    observational: str = ""
    unconfounded_despite: bool = False
    indicators: bool = False
    several: bool = False
    chained: bool = False
    gaps: bool = False
    models: bool = False

    @property
    def leaves_gaps(self) -> bool:
        """Whether its completed files hold missing values."""
        return self.gaps or self.models

    def rests_on(self, randomised: bool) -> str:
        """The assumption in this kind of design."""
        return self.assumption if randomised else self.observational


def _answers(gate: str, ate: str = SEEN) -> dict[str, str]:
    return {"ATE": ate, "CATE": SEEN, "GATE": gate, "projection": gate}


_ALL = (
    Route(
        "multiple_imputation",
        "multiple imputation",
        _answers(MEASURED),
        "Average effect and ranking rest on randomisation, and on gaps that neither treatment nor outcome made; groups "
        "and slopes also need that, given what was recorded, whether a value is missing does not depend on the value "
        "(missing at random).",
        "Treatment is unconfounded given the covariates, and values are missing at random given everything recorded, "
        "treatment and outcome included.",
        several=True,
        chained=True,
    ),
    Route(
        "indicator",
        "single imputation with missingness indicators",
        _answers(SEEN),
        "Randomisation alone, if who misses a value was settled before it; nothing is assumed about why.",
        "Treatment is unconfounded given what was recorded and what was missing, as the study states.",
        unconfounded_despite=True,
        indicators=True,
        chained=True,
    ),
    Route(
        "native",
        "missing values passed to learners and forest",
        _answers(COMPLETE),
        "Randomisation alone, if who misses a value was settled before it; nothing is assumed about why.",
        "Treatment is unconfounded given what was recorded and what was missing, as the study states.",
        unconfounded_despite=True,
        indicators=True,
        gaps=True,
    ),
    Route(
        "complete_case",
        "complete cases",
        _answers(SEEN),
        "Randomisation, for the effect in those with all covariates; for everybody only if being fully measured does "
        "not go with the effect.",
        "Treatment is unconfounded among those with all covariates, and the effect is theirs.",
    ),
    Route(
        "complete_variables",
        "complete variables",
        _answers(COMPLETE),
        "Randomisation alone; effects cannot be seen to vary with covariates that were left out.",
        "Treatment is unconfounded given the covariates without a gap.",
    ),
    Route(
        "selective",
        "selective imputation",
        _answers(MEASURED),
        "As multiple imputation; who misses a covariate of keep_mask was settled before randomisation, and that it is "
        "missing may itself carry information.",
        "Treatment is unconfounded given the imputed covariates and the masks of keep_mask, as the study states; the "
        "other covariates are missing at random.",
        unconfounded_despite=True,
        indicators=True,
        several=True,
        chained=True,
    ),
    Route(
        "blockwise",
        "a model for each pattern of blocks",
        _answers(COMPLETE),
        "Randomisation alone, if who misses a block was settled before it; nothing is assumed about the values of a "
        "block that was not measured.",
        indicators=True,
        several=True,
        chained=True,
        models=True,
    ),
)
ROUTES: dict[str, Route] = {route.name: route for route in _ALL}
if set(ROUTES) != set(get_args(Strategy)):
    raise AssertionError("every strategy needs its facts")


def named(strategies: object) -> str:
    """Names of routes in one line."""
    return ", ".join(str(name) for name in strategies)  # type: ignore[attr-defined]
