"""Effects per unit by one learner: out of fold, and from the folds before a unit's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from hetflow.errors import refuse
from hetflow.forest.samples import held_out_sample, sequential_sample, units_of
from hetflow.learners.methods import METHODS, Method
from hetflow.learners.rows import Units
from hetflow.missingness.blockwise import Submodel
from hetflow.nuisance.folds import Floats, Integers
from hetflow.seeds import integer_seed


@dataclass(frozen=True, slots=True)
class UnitEffects:
    """Effects of n units, treated minus control, outcome units.

    Attributes
    ----------
    held_out : ndarray, shape (n,)
        By learners that left the unit's fold out.
    sequential : ndarray, shape (n,)
        By learners that saw only the folds before the unit's own; NaN in the first.
    """

    held_out: Floats
    sequential: Floats


def unit_effects(
    name: str, base: str, units: Units, seed: int, models: Sequence[Submodel] = ()
) -> UnitEffects:
    """Predict each fold's effects by one learner fitted on the other folds, and on the folds before it.

    Parameters
    ----------
    name : str
        Key of `hetflow.learners.methods.METHODS`.
    base : str
        Base learner: ``boosting``, ``linear`` or ``forest``.
    units : Units
        Sorted by unit; folds numbered 1 to K.
    seed : int
        The study's seed.
    models : sequence of Submodel, optional
        Where blocks of covariates are missing: which units a model of which columns learns from and judges.

    Returns
    -------
    UnitEffects

    Raises
    ------
    Refused
        For an unknown learner, or units to learn from that hold one arm only.
    """
    if name not in METHODS:
        refuse("learners.methods", f"one of {', '.join(METHODS)}", repr(name), "correct the name")
    method = METHODS[name]
    n, folds = len(units.treated), int(units.fold.max())
    everybody = np.ones(n, dtype=bool)
    parts = models or [Submodel(np.ones(units.X.shape[1], dtype=bool), everybody, everybody)]
    found = UnitEffects(np.full(n, np.nan), np.full(n, np.nan))
    for sample, judged in _samples(units.fold, folds):
        values = _of_sample(method, base, units, units_of(sample, units.fold), judged, parts, seed, sample)
        if sample.startswith("not"):
            fold = int(sample.removeprefix("not"))
            own = units.fold == fold
            found.held_out[own] = values[own]
        following = (
            judged
            & np.array([sequential_sample(int(k), folds) == sample for k in range(1, folds + 1)])[
                units.fold - 1
            ]
        )
        found.sequential[following] = values[following]
    return found


def _samples(fold: Integers, folds: int) -> list[tuple[str, np.ndarray]]:
    """Samples to learn from, and the units that each judges."""
    names: dict[str, np.ndarray] = {}
    for k in range(1, folds + 1):
        for sample in (held_out_sample(k), sequential_sample(k, folds)):
            if sample is not None:
                names[sample] = names.get(sample, np.zeros(len(fold), dtype=bool)) | (fold == k)
    return list(names.items())


def _of_sample(
    method: Method,
    base: str,
    units: Units,
    learns: np.ndarray,
    judged: np.ndarray,
    models: Sequence[Submodel],
    seed: int,
    sample: str,
) -> Floats:
    """Effects of the judged units by the learners of one sample, one for each pattern of blocks."""
    values = np.full(len(learns), np.nan)
    own_seed = integer_seed(seed, "learner", method.name, sample)
    for model in models:
        rows = np.flatnonzero(model.learns)
        own = units.take(rows, model.columns)
        inside = learns[rows] & (own.weight > 0)
        wanted = np.flatnonzero((judged & model.judges)[rows])
        if not len(wanted):
            continue
        train = np.flatnonzero(inside)
        if len(np.unique(own.treated[train])) < 2:
            refuse(
                f"learners: {method.name}",
                f"both arms among the units to learn from ({sample})",
                "one arm or none",
                "draw fewer folds, or raise missingness.minimum_pattern under strategy blockwise",
            )
        with threadpool_limits(limits=1):
            effect = method.fit(own, train, method.base or base, own_seed)
            values[rows[wanted]] = effect(wanted)
    return values
