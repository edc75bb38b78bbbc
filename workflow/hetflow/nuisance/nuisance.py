"""The nuisance stage: propensity and outcome mean of every unit, out of fold, and what to know about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hetflow.errors import refuse
from hetflow.missingness.blockwise import Submodel
from hetflow.nuisance.crossfit import CrossFit, cross_fit
from hetflow.nuisance.folds import Floats, Integers, check_folds
from hetflow.nuisance.learners import CLASSIFICATION, REGRESSION
from hetflow.nuisance.observation import Observation, Units, complete_outcome
from hetflow.nuisance.observed_shares import observation_facts
from hetflow.nuisance.overlap import diagnose_overlap
from hetflow.nuisance.propensity import design_propensity, trim_units
from hetflow.nuisance.submodels import cross_fit_submodels

DESIGN = "design"


@dataclass(frozen=True, slots=True)
class _Units:
    """The units of one nuisance file, sorted by unit."""

    order: Integers
    unit: Integers
    X: Floats
    treated: Integers
    outcome: Floats
    fold: Integers
    weight: Floats
    level: np.ndarray | None
    cluster: Integers | None
    auxiliary: Floats | None


def nuisance(
    unit: ArrayLike,
    X: Floats,
    treated: ArrayLike,
    outcome: ArrayLike,
    fold: ArrayLike,
    weight: ArrayLike | None,
    design: Mapping[str, Any],
    settings: Mapping[str, Any],
    seed: int,
    key: tuple[str | int, ...],
    *,
    level: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    binary: bool = False,
    contrast: str = "treated - control",
    names: Sequence[str] | None = None,
    models: Sequence[Submodel] = (),
    missing_outcome: Mapping[str, Any] | None = None,
    auxiliary: Floats | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    of_mean: NDArray[np.bool_] | None = None,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Estimate the nuisances of one set of units.

    Parameters
    ----------
    unit : array_like of int, shape (n,)
        Units with an observed outcome, in any order; all eligible ones where missing outcomes are weighted for.
    X : ndarray, shape (n, p)
        Covariates. In a randomised design: the mean over the deployment imputations, without indicators of
        masks that treatment could have touched. Observational: one inference imputation.
    treated, outcome, fold : array_like, shape (n,)
        Arm (1 treated, 0 control); outcome in its own units, or 0/1 when `binary`; fold from `draw_folds`.
    weight : array_like, shape (n,), or None
        Sample weights; None is one each.
    design : mapping
        ``probability``: the probability of treatment by design, a number or, when it goes by the levels of a
        column, {"column": name, "levels": {level: number}}; None or absent when the design does not fix it.
    settings : mapping
        ``outcome``: a learner. ``propensity``: ``design`` or a learner. ``trim``: None or [low, high].
    seed : int
        The study's seed.
    key : tuple
        Keys the random streams, for instance ``("shared",)`` or ``("inference", 3)``.
    level : array_like, shape (n,), optional
        Level of each unit in that column, when the design's probability goes by level.
    cluster : array_like of int, shape (n,), optional
        Clusters, kept whole where learners tune themselves.
    binary : bool
        Whether the outcome is 0/1, so that its mean is a probability.
    contrast : str
        Name of the contrast, written into the frame.
    names : sequence of str, optional
        Names of the columns of X, for the table of balance.
    models : sequence of Submodel, optional
        Where blocks of X are missing: which units a model of which columns learns from and judges; see
        `hetflow.missingness.blockwise.submodels`. The propensity must then be the design's.
    missing_outcome : mapping, optional
        The study's section of that name under strategy ``weighting``: ``learner``, ``auxiliary``, ``smallest``.
        `outcome` may then be NaN, and what follows reads the completed outcome of `hetflow.nuisance.observation`.
    auxiliary : ndarray, shape (n, q), optional
        Further columns that who has an outcome may depend on; NaN where missing.
    groups : mapping of str to sequence of str, length n, optional
        Levels by which the share of observed outcomes is told.
    of_mean : ndarray of bool, shape (p,), optional
        Columns of X that the outcome mean reads; all by default.

    Returns
    -------
    frame : DataFrame
        The nuisance contract, sorted by unit: unit, fold, contrast, treated, treatment_residual (treated
        minus propensity), outcome_residual (outcome minus its mean), propensity, outcome_mean, observed (1
        where the outcome is), observation_probability (null where it is not modelled), weight. Units
        that trimming leaves out are not in it. The outcome mean is m(x) = E[Y | X = x] over both arms, as
        residualisation needs it (Robinson, Econometrica 56 (1988) 931-954; Nie and Wager, Biometrika 108
        (2021) 299-319). With missing outcomes it is learnt from those observed with weights 1 / p, and the
        residual is that of the completed outcome.
    facts : dict
        Ready for JSON: ``outcome`` and ``propensity`` (how made; performance), ``trim``, ``overlap``,
        ``number``; ``observation`` where missing outcomes are weighted for.

    Raises
    ------
    Refused
        For a fold without an arm, a propensity that is not strictly between 0 and 1, and whatever
        `cross_fit` refuses.
    """
    units = _sort(unit, X, treated, outcome, fold, weight, level, cluster, auxiliary)
    check_folds(units.fold, units.treated, where="nuisance")
    propensity, propensity_facts = _propensity(units, design, settings, seed, key)
    kept, trim_facts = trim_units(propensity, units.treated, settings.get("trim"))
    check_folds(units.fold[kept], units.treated[kept], int(units.fold.max()), where="nuisance: trim")
    found: Observation | None = None
    observation: dict[str, Any] = {}
    if missing_outcome is not None:
        learner = str(settings["outcome"])
        found, observation = _observe(units, missing_outcome, learner, seed, key, binary, groups)
    read = units if of_mean is None else replace(units, X=np.ascontiguousarray(units.X[:, of_mean]))
    mean = _outcome_mean(read, found, str(settings["outcome"]), seed, key, binary, models)
    labels = [f"x{j + 1}" for j in range(units.X.shape[1])] if names is None else list(names)
    facts = {
        "number": {"units": len(units.unit), "kept": int(kept.sum()), "covariates": units.X.shape[1]},
        "missing_cells": float(np.isnan(units.X).mean()) if units.X.size else 0.0,
        "outcome": mean.performance | {"covariates": read.X.shape[1]},
        "propensity": propensity_facts,
        "trim": trim_facts,
        "overlap": diagnose_overlap(
            units.X[kept], labels, units.treated[kept], propensity[kept], units.weight[kept]
        ),
    }
    frame = _frame(units, propensity, mean.prediction, contrast, found)[kept].reset_index(drop=True)
    return frame, facts | observation


def _observe(
    units: _Units,
    section: Mapping[str, Any],
    learner: str,
    seed: int,
    key: tuple[str | int, ...],
    binary: bool,
    groups: Mapping[str, Sequence[str]] | None,
) -> tuple[Observation, dict[str, Any]]:
    """The completed outcome, and the facts of how it was made."""
    X = units.X if units.auxiliary is None else np.column_stack([units.X, units.auxiliary])
    modelled = Units(X, units.treated, units.outcome, units.fold, units.weight, units.cluster)
    found = complete_outcome(modelled, section, learner, seed, key, binary)
    ordered = {name: [levels[i] for i in units.order] for name, levels in (groups or {}).items()}
    return found, {"observation": observation_facts(modelled, found, section, ordered)}


def _outcome_mean(
    units: _Units,
    found: Observation | None,
    learner: str,
    seed: int,
    key: tuple[str | int, ...],
    binary: bool,
    models: Sequence[Submodel],
) -> CrossFit:
    """The outcome's mean given covariates; learnt from the observed with weights 1 / p, if some are not.

    Arms and auxiliaries are mixed in it, so that those observed are no random part given the covariates alone: the
    unweighted mean would be that of the observed.
    """
    target = units.outcome if found is None else np.where(found.observed, units.outcome, 0.0)
    weight = units.weight if found is None else units.weight * found.weight
    kind = CLASSIFICATION if binary else REGRESSION
    fit = cross_fit
    if models:
        fit = partial(cross_fit_submodels, [_in_order(model, units.order) for model in models])
    return fit(units.X, target, units.fold, learner, weight, seed, ("outcome", *key), kind, units.cluster)


def _in_order(model: Submodel, order: Integers) -> Submodel:
    return Submodel(model.columns, model.learns[order], model.judges[order])


def _sort(
    unit: ArrayLike,
    X: Floats,
    treated: ArrayLike,
    outcome: ArrayLike,
    fold: ArrayLike,
    weight: ArrayLike | None,
    level: ArrayLike | None,
    cluster: ArrayLike | None,
    auxiliary: Floats | None,
) -> _Units:
    """Everything as arrays, sorted by unit."""
    units = np.asarray(unit, dtype=np.int64)
    order = np.argsort(units, kind="stable")
    arm = np.asarray(treated)[order]
    if not np.isin(arm, (0, 1)).all():
        refuse(
            "nuisance: treated",
            "0 for control, 1 for treated",
            "other values",
            "choose one contrast of two arms",
        )
    if len(np.unique(units)) != len(units):
        refuse("nuisance: unit", "each unit once", "a repeated unit", "use weights for repeated rows")
    return _Units(
        order,
        units[order],
        np.ascontiguousarray(np.asarray(X, dtype=np.float64)[order]),
        arm.astype(np.int64),
        np.asarray(outcome, dtype=np.float64)[order],
        np.asarray(fold, dtype=np.int64)[order],
        np.ones(len(units)) if weight is None else np.asarray(weight, dtype=np.float64)[order],
        None if level is None else np.asarray(level)[order],
        None if cluster is None else np.asarray(cluster)[order],
        None if auxiliary is None else np.asarray(auxiliary, dtype=np.float64)[order],
    )


def _propensity(
    units: _Units,
    design: Mapping[str, Any],
    settings: Mapping[str, Any],
    seed: int,
    key: tuple[str | int, ...],
) -> tuple[Floats, dict[str, Any]]:
    """The propensity, by design or estimated, and how it was made."""
    choice = str(settings["propensity"])
    if choice != DESIGN:
        target = units.treated.astype(np.float64)
        fitted = cross_fit(
            units.X,
            target,
            units.fold,
            choice,
            units.weight,
            seed,
            ("propensity", *key),
            CLASSIFICATION,
            units.cluster,
        )
        return fitted.prediction, fitted.performance
    probability = design.get("probability")
    if probability is None:
        remedy = "give design: probability, or name a learner such as stack for nuisance: propensity"
        refuse("nuisance: propensity", "the probability of treatment that the design fixes", "none", remedy)
    terms = probability["levels"] if isinstance(probability, Mapping) else probability
    values = design_propensity(terms, len(units.unit), units.level)
    return values, {"learner": DESIGN, "probability": probability}


def _frame(
    units: _Units, propensity: Floats, outcome_mean: Floats, contrast: str, found: Observation | None
) -> pd.DataFrame:
    """The nuisance contract."""
    n = len(units.unit)
    outcome = units.outcome if found is None else found.outcome
    return pd.DataFrame(
        {
            "unit": units.unit,
            "fold": units.fold,
            "contrast": contrast,
            "treated": units.treated.astype(np.int8),
            "treatment_residual": units.treated - propensity,
            "outcome_residual": outcome - outcome_mean,
            "propensity": propensity,
            "outcome_mean": outcome_mean,
            "observed": np.ones(n, dtype=np.int8) if found is None else found.observed.astype(np.int8),
            "observation_probability": np.full(n, np.nan) if found is None else found.probability,
            "weight": units.weight,
        }
    )
