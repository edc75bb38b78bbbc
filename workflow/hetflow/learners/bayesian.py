"""Bayesian causal forest, by stochtree: an optional package."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hetflow.errors import refuse
from hetflow.learners.rows import Units
from hetflow.nuisance.folds import Floats, Integers
from hetflow.nuisance.learners import fill_missing
from hetflow.study.learners import BCF_REMEDY, stochtree_is_there

WARM_START, DRAWS = 20, 300
"""Grow-from-root sweeps that start the chain, and kept draws of the posterior after them."""


def fit_bayesian(units: Units, rows: Integers, base: str, seed: int) -> Callable[[Integers], Floats]:
    """Posterior mean of the effect under a Bayesian causal forest (Hahn, Murray and Carvalho, Bayesian Analysis 15
    (2020) 965-1056), sampled with the warm start of Krantsevich, He and Hahn (2023).

    The prognostic forest reads the given propensity. Weights divide the variance of a unit's noise; missing covariates
    are filled by medians of the units to learn from, with indicators. Clusters are not modelled: the effects are
    predictions without intervals.

    Raises
    ------
    Refused
        If stochtree is not installed.
    """
    if not stochtree_is_there():
        refuse("learners.methods: bcf", "the package stochtree", "it is not installed", BCF_REMEDY)
    from stochtree import BCFModel

    X = units.X[rows]
    fill = fill_missing(X) or _as_it_is
    model = BCFModel()
    model.sample(
        X_train=fill(X),
        Z_train=units.treated[rows],
        y_train=units.outcome[rows],
        propensity_train=units.propensity[rows],
        observation_weights=_relative(units.weight[rows]),
        num_gfr=WARM_START,
        num_mcmc=DRAWS,
        general_params={"random_seed": seed, "num_threads": 1, "keep_gfr": False},
    )

    def effect(new: Integers) -> Floats:
        draws = model.predict(
            X=fill(units.X[new]),
            Z=units.treated[new],
            propensity=units.propensity[new],
            terms="cate",
        )
        return np.asarray(draws, dtype=np.float64).reshape(len(new), -1).mean(axis=1)

    return effect


def _as_it_is(X: Floats) -> Floats:
    return X


def _relative(weight: Floats) -> Floats | None:
    """Weights of mean one, or None where all are the same."""
    return None if np.ptp(weight) == 0 else weight / weight.mean()
