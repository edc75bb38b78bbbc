"""What is stored of a deployment chain so that new units can be completed by it: the models of its last round.

Everything is a plain array. Parameters are fixed at the last round's draws; a new unit goes through the steps as the
study's own units did, with a stream of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hetflow.errors import refuse
from hetflow.missingness.engines import ENGINES, Fitted
from hetflow.missingness.transform import Scale
from hetflow.missingness.variables import Variable

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Arrays = dict[str, NDArray[Any]]
_REMEDY = "delete the file and start the prediction again"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the chain.

    Attributes
    ----------
    names : tuple of str
        Columns that it imputes together.
    predictors : ndarray of int, shape (k,)
        Places of its predictors among the features.
    vectors : ndarray, shape (d, c)
        Observed values of the donors.
    fitted : Fitted
        The model.
    """

    names: tuple[str, ...]
    predictors: IntArray
    vectors: FloatArray
    fitted: Fitted


@dataclass(frozen=True, slots=True)
class Imputer:
    """All steps, parents of conditions before their children, and how columns are read.

    Attributes
    ----------
    names : tuple of str
        Columns of the chain, sorted.
    levels : tuple of tuple of str
        Levels of nominal columns, as in `hetflow.missingness.variables.Variable`; empty for others.
    scales : tuple of tuple of Scale
        One a feature.
    steps : tuple of Step
    rounds : int
        How often new units go through the steps.
    delta : mapping of str to float
        What is added to drawn values, by column: see `hetflow.missingness.delta`.
    """

    names: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    scales: tuple[tuple[Scale, ...], ...]
    steps: tuple[Step, ...]
    rounds: int
    delta: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        variables: Mapping[str, Variable],
        steps: Sequence[Step],
        rounds: int,
        delta: Mapping[str, float],
    ) -> Imputer:
        """The imputer of a chain that has been run."""
        levels = tuple(variable.levels for variable in variables.values())
        scales = tuple(variable.scales for variable in variables.values())
        return cls(tuple(variables), levels, scales, tuple(steps), rounds, delta)


def to_arrays(imputer: Imputer | None) -> Arrays:
    """Plain arrays by name; of no imputer, those of one without columns and steps."""
    if imputer is None:
        imputer = Imputer((), (), (), (), 0)
    scales = [scale for several in imputer.scales for scale in several]
    numbers = [[np.nan if s.offset is None else s.offset, s.centre, s.spread] for s in scales]
    arrays: Arrays = {
        "rounds": np.array([imputer.rounds]),
        "names": np.array(imputer.names, dtype=str),
        "delta": np.array([imputer.delta.get(name, 0.0) for name in imputer.names], dtype=np.float64),
        "levels": np.array([level for several in imputer.levels for level in several], dtype=str),
        "levels_of": np.array([len(several) for several in imputer.levels], dtype=np.int64),
        "scales": np.array(numbers, dtype=np.float64).reshape(-1, 3),
        "scales_of": np.array([len(several) for several in imputer.scales], dtype=np.int64),
        "engines": np.array([step.fitted.engine for step in imputer.steps], dtype=str),
    }
    for place, step in enumerate(imputer.steps):
        own: Arrays = {"names": np.array(step.names), "predictors": step.predictors, "vectors": step.vectors}
        own |= _of_model(step.fitted)
        arrays |= {f"{place}.{name}": values for name, values in own.items()}
    return arrays


def _of_model(fitted: Any) -> Arrays:
    return {f"fitted.{one.name}": np.asarray(getattr(fitted, one.name)) for one in fields(fitted)}


def from_arrays(arrays: Mapping[str, NDArray[Any]], path: str) -> Imputer:
    """The imputer of an archive of plain arrays.

    Raises
    ------
    Refused
        If arrays are missing, or do not fit one another.
    """
    try:
        imputer = _read(arrays)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        refuse(path, "an imputer that hetflow has stored", f"arrays that make none ({error})", _REMEDY)
    return imputer


def _read(arrays: Mapping[str, NDArray[Any]]) -> Imputer:
    names = tuple(str(name) for name in arrays["names"])
    levels = [str(level) for level in arrays["levels"]]
    scales = [
        Scale(None if np.isnan(offset) else float(offset), float(centre), float(spread))
        for offset, centre, spread in arrays["scales"]
    ]
    steps = [_step(arrays, place, str(engine)) for place, engine in enumerate(arrays["engines"])]
    width, known = len(scales), set(names)
    for step in steps:
        if (
            not known.issuperset(step.names)
            or step.vectors.shape[1] != len(step.names)
            or not len(step.vectors)
        ):
            raise ValueError("columns that are not those of the donors")
        if len(step.predictors) and not 0 <= step.predictors.min() <= step.predictors.max() < width:
            raise ValueError("predictors that are not there")
        step.fitted.check(len(step.predictors), len(step.vectors))
    return Imputer(
        names,
        tuple(_cut(levels, arrays["levels_of"], len(names))),
        tuple(_cut(scales, arrays["scales_of"], len(names))),
        tuple(steps),
        int(arrays["rounds"][0]),
        {name: float(amount) for name, amount in zip(names, arrays["delta"], strict=True) if amount},
    )


def _step(arrays: Mapping[str, NDArray[Any]], place: int, engine: str) -> Step:
    kind = ENGINES[engine].fitted
    values = {one.name: arrays[f"{place}.fitted.{one.name}"] for one in fields(kind)}  # type: ignore[arg-type]
    fitted = kind(**{name: value[()] if value.ndim == 0 else value for name, value in values.items()})
    names = tuple(str(name) for name in arrays[f"{place}.names"])
    return Step(names, arrays[f"{place}.predictors"], arrays[f"{place}.vectors"], fitted)


def _cut(items: Sequence[Any], sizes: IntArray, count: int) -> list[tuple[Any, ...]]:
    """Consecutive pieces of the given sizes."""
    if len(sizes) != count or int(sizes.sum()) != len(items) or (sizes < 0).any():
        raise ValueError("sizes that do not add up")
    ends = np.cumsum(sizes)
    return [tuple(items[end - size : end]) for end, size in zip(ends, sizes, strict=True)]
