"""The learners of the effect, one declaration each.

All model the outcome on its own scale by squared error, whatever its kind: the effect of a binary outcome is a risk
difference, that of a count a difference of means. Weights multiply the loss of a unit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from econml.dml import NonParamDML
from econml.dr import DRLearner
from econml.metalearners import SLearner, TLearner, XLearner

from hetflow.learners.bayesian import fit_bayesian
from hetflow.learners.rows import ArmModel, BaseModel, GivenMean, GivenPropensity, Units, numbers
from hetflow.nuisance.folds import Floats, Integers, inner_folds
from hetflow.seeds import integer_seed

ARMS = [0, 1]
Effect = Callable[[Integers], Floats]
Fit = Callable[[Units, Integers, str, int], Effect]


@dataclass(frozen=True, slots=True)
class Method:
    """A learner of the effect.

    Attributes
    ----------
    name : str
        As the study file names it.
    fit : callable
        From (units, numbers of the units to learn from, base learner, seed) to a function from numbers of units to
        their effects, treated minus control, outcome units.
    reads : tuple of str
        Nuisances that it takes as given: ``outcome_mean``, ``propensity``.
    base : str
        The base learner if it has one of its own; empty where the study chooses.
    """

    name: str
    fit: Fit
    reads: tuple[str, ...] = ()
    base: str = ""


def fit_s(units: Units, rows: Integers, base: str, seed: int) -> Effect:
    """S-learner (econml's `SLearner`): one model of the outcome, with the arm and its products among the covariates."""
    learner = SLearner(overall_model=ArmModel(units, base, seed), categories=ARMS)
    return _effect(learner.fit(units.outcome[rows], units.treated[rows], X=numbers(rows)))


def fit_t(units: Units, rows: Integers, base: str, seed: int) -> Effect:
    """T-learner: a model of the outcome in each arm (econml's `TLearner`)."""
    learner = TLearner(models=BaseModel(units, base, seed), categories=ARMS)
    return _effect(learner.fit(units.outcome[rows], units.treated[rows], X=numbers(rows)))


def fit_x(units: Units, rows: Integers, base: str, seed: int) -> Effect:
    """X-learner (Kuenzel et al., PNAS 116 (2019) 4156-4165; econml's `XLearner`), its weights the given propensity."""
    learner = XLearner(
        models=BaseModel(units, base, seed), propensity_model=GivenPropensity(units), categories=ARMS
    )
    return _effect(learner.fit(units.outcome[rows], units.treated[rows], X=numbers(rows)))


def fit_r(units: Units, rows: Integers, base: str, seed: int) -> Effect:
    """R-learner (Nie and Wager, Biometrika 108 (2021) 299-319; econml's `NonParamDML`) on the given residuals."""
    learner = NonParamDML(
        model_y=GivenMean(units),
        model_t=GivenPropensity(units),
        model_final=BaseModel(units, base, seed),
        discrete_treatment=True,
        categories=ARMS,
        cv=_splits(units, rows, seed),
        random_state=seed,
    )
    fitted = learner.fit(units.outcome[rows], units.treated[rows], X=numbers(rows), inference=None)
    return _effect(fitted)


def fit_dr(units: Units, rows: Integers, base: str, seed: int) -> Effect:
    """DR-learner (Kennedy, Electronic Journal of Statistics 17 (2023) 3008-3049; econml's `DRLearner`).

    The propensity is the given one. The outcome means of both arms are fitted anew, cross-fitted within the units to
    learn from along the study's folds, for the shared nuisances hold the mean over both arms only.
    """
    learner = DRLearner(
        model_propensity=GivenPropensity(units),
        model_regression=ArmModel(units, base, seed),
        model_final=BaseModel(units, base, seed),
        categories=ARMS,
        cv=_splits(units, rows, seed),
        random_state=seed,
    )
    fitted = learner.fit(units.outcome[rows], units.treated[rows], X=numbers(rows), inference=None)
    return _effect(fitted)


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method("linear", fit_r, ("outcome_mean", "propensity"), base="linear"),
        Method("s", fit_s),
        Method("t", fit_t),
        Method("x", fit_x, ("propensity",)),
        Method("r", fit_r, ("outcome_mean", "propensity")),
        Method("dr", fit_dr, ("propensity",)),
        Method("bcf", fit_bayesian, ("propensity",), base="bcf"),
    )
}


def _effect(learner: SLearner | TLearner | XLearner | NonParamDML | DRLearner) -> Effect:
    return lambda rows: np.asarray(learner.effect(numbers(rows)), dtype=np.float64).ravel()


def _splits(units: Units, rows: Integers, seed: int) -> Sequence[tuple[Integers, Integers]]:
    """The study's folds among the units to learn from, as (training, held out); two drawn ones where there is one."""
    fold = units.fold[rows]
    if len(np.unique(fold)) < 2:
        group = None if units.cluster is None else units.cluster[rows]
        fold = inner_folds(units.treated[rows], group, 2, integer_seed(seed, "inner"), True)
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in np.unique(fold)]
