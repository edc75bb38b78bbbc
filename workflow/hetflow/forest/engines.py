"""Engines: implementations that grow the trees of one bag and report their leaf averages.

The averages are those of `hetflow.forest.components`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hetflow.errors import refuse
from hetflow.forest.settings import ForestSettings

if TYPE_CHECKING:
    from hetflow.forest.sums import Sums

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What an engine can take, known without importing it.

    Attributes
    ----------
    handles_missing : bool
        Whether covariates may be missing.
    handles_clusters_intervals : bool
        Whether variances per unit hold under clusters.
    handles_nominal : bool
        Whether nominal covariates may stand as one column of codes; otherwise they come as 0/1 columns.
    handles_arms : bool
        Whether treatment residuals may be a matrix, one column for each contrast with the reference arm.
    """

    handles_missing: bool
    handles_clusters_intervals: bool
    handles_nominal: bool
    handles_arms: bool


class Engine(Protocol):
    """Grows the trees of one bag, and adds what they say to the sums."""

    def prepare(self, X: Floats, rows: Integers, nominal: NDArray[np.bool_] | None = None) -> Any:
        """Covariates as the engine reads them, made once for all bags.

        Parameters
        ----------
        X : ndarray, shape (n, p)
            Covariates of all units.
        rows : ndarray of int
            The forest's sample.
        nominal : ndarray of bool, shape (p,), optional
            Columns that hold codes of categories, for engines that handle them.
        """
        ...

    def read(self, covariates: Any, X: Floats) -> Any:
        """Other covariates of the same units in the form of `prepare`, cut as those were."""
        ...

    def grow(
        self,
        covariates: Any,
        treatment_residual: Floats,
        outcome_residual: Floats,
        weight: Floats | None,
        rows: Integers,
        settings: ForestSettings,
        seed: int,
        group: Integers | None = None,
    ) -> Any:
        """Trees of a bag, from its half-sample `rows` alone.

        Parameters
        ----------
        covariates
            What `prepare` made.
        treatment_residual, outcome_residual : ndarray, shape (n,)
            Residuals; only those of `rows` are read. Of several arms, for engines that handle them, the treatment's
            have shape (n, d).
        weight : ndarray, shape (n,), or None
            Weights of the units in splits and leaf averages; None: all alike.
        rows : ndarray of int, shape (m,)
            The half-sample.
        settings : ForestSettings
            How trees are grown.
        seed : int
            Seed of all that is drawn within the bag.
        group : ndarray of int, shape (m,), or None
            Clusters of `rows`, for engines that draw whole clusters within a bag too.
        """
        ...

    def add(self, sums: Sums, bag: Any, covariates: Any, rows: Integers) -> None:
        """Add the leaf averages of `rows`, which the bag leaves out, to the arrays of `sums`.

        Threads may add other rows at the same time.
        """
        ...


_FACTS = {
    "econml": EngineFacts(
        handles_missing=False, handles_clusters_intervals=False, handles_nominal=False, handles_arms=False
    ),
    "histogram": EngineFacts(
        handles_missing=True, handles_clusters_intervals=True, handles_nominal=True, handles_arms=True
    ),
}


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


def _histogram() -> Engine:
    from hetflow.forest.histogram_engine import HistogramEngine

    return HistogramEngine()


_MAKERS: dict[str, Callable[[], Engine]] = {"econml": _econml, "histogram": _histogram}


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
            "choose forest.engine histogram, or missingness.strategy multiple_imputation or indicator",
        )


def one_or_several(treatment_residual: ArrayLike) -> Floats:
    """Treatment residuals as an engine takes them: shape (n,), and (n, d) only for d > 1 contrasts."""
    treatment = np.asarray(treatment_residual, dtype=np.float64)
    return treatment[:, 0] if treatment.ndim == 2 and treatment.shape[1] == 1 else treatment


def check_arms(treatment_residual: ArrayLike, name: str) -> None:
    """Refuse several contrasts if the engine cannot take them.

    Raises
    ------
    Refused
        Naming the engine.
    """
    treatment = one_or_several(treatment_residual)
    if treatment.ndim > 1 and not engine_facts(name).handles_arms:
        refuse(
            f"forest.engine: {name}",
            "two arms",
            f"{treatment.shape[1] + 1} arms",
            "choose forest.engine histogram, or one study for each contrast",
        )
