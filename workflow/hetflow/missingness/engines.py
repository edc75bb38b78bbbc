"""The imputation engines by name, and which of them takes a target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from hetflow.missingness.chance import Chance
from hetflow.missingness.matching import Matcher, fit_matcher
from hetflow.missingness.variables import Variable

FloatArray = NDArray[np.float64]
PMM = "pmm"


class Fitted(Protocol):
    """A model of one target, ready to draw values.

    It is a dataclass of arrays and whole numbers, which is what is stored for new units.
    """

    engine: ClassVar[str]

    def impute(self, predictors: FloatArray, vectors: FloatArray, chance: Chance) -> FloatArray:
        """Values for rows, shape (m, c), from their predictors (m, k) and the donors' values (d, c)."""
        ...

    def check(self, predictors: int, donors: int) -> None:
        """Raise ValueError unless the arrays fit one another, k predictors and d donors."""
        ...


@dataclass(frozen=True, slots=True)
class Engine:
    """How a target's model is made.

    Attributes
    ----------
    name : str
        As in the study file.
    fit : callable
        (donors' predictors, donors' scores, donors to draw among, stream) -> Fitted.
    fitted : type
        Class of what `fit` returns.
    """

    name: str
    fit: Callable[[FloatArray, FloatArray, int, np.random.Generator], Fitted]
    fitted: type[Fitted]


ENGINES: dict[str, Engine] = {engine.name: engine for engine in (Engine(PMM, fit_matcher, Matcher),)}


def engine_for(engine: str, variables: Sequence[Variable]) -> Engine:
    """The engine that takes a target: the study's, or `pmm` where that one cannot."""
    return ENGINES[engine]
