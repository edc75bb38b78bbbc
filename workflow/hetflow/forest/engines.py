"""Engines: implementations that grow the trees of one bag and report their leaf averages.

The local moment equation of a causal forest with intercept is E[J θ - A | x] = 0 for θ = (effect, intercept),
with A = (t y, y) and J = (t², t; t, 1) for the residuals t and y of treatment and outcome (Athey, Tibshirani
and Wager 2019, arXiv:1610.01271). As J is symmetric, a leaf is described by five averages, the `COMPONENTS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hetflow.errors import refuse
from hetflow.forest.settings import ForestSettings

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

COMPONENTS = (
    "alpha_treatment",
    "alpha_intercept",
    "jacobian_treatment",
    "jacobian_cross",
    "jacobian_intercept",
)


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What an engine can take, known without importing it.

    Attributes
    ----------
    handles_missing : bool
        Whether covariates may be missing.
    handles_clusters_intervals : bool
        Whether variances per unit hold under clusters.
    """

    handles_missing: bool
    handles_clusters_intervals: bool


class Engine(Protocol):
    """Grows the trees of one bag."""

    def grow(
        self,
        X: Floats,
        treatment_residual: Floats,
        outcome_residual: Floats,
        weight: Floats | None,
        rows: Integers,
        settings: ForestSettings,
        seed: int,
    ) -> Any:
        """Trees of a bag, from its half-sample `rows` alone.

        Parameters
        ----------
        X : ndarray, shape (n, p)
            Covariates of all units.
        treatment_residual, outcome_residual : ndarray, shape (n,)
            Residuals; only those of `rows` are read.
        weight : ndarray, shape (n,), or None
            Weights of the units in splits and leaf averages; None: all alike.
        rows : ndarray of int, shape (m,)
            The half-sample.
        settings : ForestSettings
            How trees are grown.
        seed : int
            Seed of all that is drawn within the bag.
        """
        ...

    def moments(self, bag: Any, X: Floats) -> Floats:
        """Leaf averages of every tree at each row of `X`, shape (5, trees, n), as in `COMPONENTS`."""
        ...


_FACTS = {"econml": EngineFacts(handles_missing=False, handles_clusters_intervals=False)}


def engine_facts(name: str) -> EngineFacts:
    """What the engine of this name can take; imports no engine.

    Raises
    ------
    Refused
        If no engine has this name.
    """
    if name not in _FACTS:
        refuse("forest.engine", f"one of {', '.join(_FACTS)}", name, "choose one of these")
    return _FACTS[name]


def _econml() -> Engine:
    from hetflow.forest.econml_engine import EconmlEngine

    return EconmlEngine()


_MAKERS: dict[str, Callable[[], Engine]] = {"econml": _econml}


def engine(name: str) -> Engine:
    """The engine of this name; see `engine_facts`."""
    engine_facts(name)
    return _MAKERS[name]()


def check_covariates(X: Floats, name: str) -> None:
    """Refuse infinite covariates, and missing ones if the engine cannot take them.

    Raises
    ------
    Refused
        Naming the engine and how many values it cannot take.
    """
    infinite = int(np.isinf(X).sum())
    if infinite:
        refuse("covariates", "finite values", f"{infinite} infinite", "recode them in the raw data")
    missing = int(np.isnan(X).sum())
    if missing and not engine_facts(name).handles_missing:
        refuse(
            f"forest.engine: {name}",
            "covariates without missing values",
            f"{missing} missing values in {int(np.isnan(X).any(axis=1).sum())} of {len(X)} units",
            "choose missingness.strategy multiple_imputation or indicator",
        )
