"""The imputation engines by name, and which of them takes a target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from hetflow.missingness.chance import Chance
from hetflow.missingness.matching import Matcher, fit_matcher
from hetflow.missingness.normal import NormalModel, fit_normal
from hetflow.missingness.transform import Scale
from hetflow.missingness.trees import TreeDonors, fit_tree
from hetflow.missingness.variables import Variable

FloatArray = NDArray[np.float64]
PMM, NORMAL, TREE = "pmm", "normal", "tree"


class Fitted(Protocol):
    """A model of one target, ready to draw values.

    It is a dataclass of arrays and whole numbers, which is what is stored for new units.
    """

    engine: ClassVar[str]

    def impute(
        self, predictors: FloatArray, vectors: FloatArray, chance: Chance, tilt: FloatArray | None = None
    ) -> FloatArray:
        """Values for rows, shape (m, c), from their predictors (m, k) and the donors' values (d, c).

        `tilt`, shape (d,), holds the donors' log weights (`hetflow.missingness.delta.tilts`); none: equal ones.
        """
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
        (donors' predictors, donors' scores, donors to draw among, stream, scale of a single feature) -> Fitted.
    fitted : type
        Class of what `fit` returns.
    takes : callable
        Whether it imputes the target that these variables make.
    """

    name: str
    fit: Callable[[FloatArray, FloatArray, int, np.random.Generator, Scale | None], Fitted]
    fitted: type[Fitted]
    takes: Callable[[Sequence[Variable]], bool]


def _anything(variables: Sequence[Variable]) -> bool:
    return True


def _one_continuous(variables: Sequence[Variable]) -> bool:
    return len(variables) == 1 and variables[0].column.kind == "continuous"


ENGINES: dict[str, Engine] = {
    engine.name: engine
    for engine in (
        Engine(PMM, fit_matcher, Matcher, _anything),
        Engine(NORMAL, fit_normal, NormalModel, _one_continuous),
        Engine(TREE, fit_tree, TreeDonors, _anything),
    )
}


def engine_for(engine: str, variables: Sequence[Variable]) -> Engine:
    """The engine that takes a target: the study's, or `pmm` where that one cannot."""
    return ENGINES[engine if ENGINES[engine].takes(variables) else PMM]
