"""Chained equations: every incomplete column, or block, imputed in turn from the others until the cycle has
settled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.applicability import depths
from hetflow.cohort.columns import Column
from hetflow.errors import refuse
from hetflow.missingness.blocks import Target, donor_rows, find_targets, target_scores
from hetflow.missingness.chain_state import State, open_state
from hetflow.missingness.chance import Stream
from hetflow.missingness.delta import TILTED_DONORS, moved, tilts
from hetflow.missingness.engines import Fitted, engine_for
from hetflow.missingness.imputer import Imputer, Step
from hetflow.missingness.predictors import choose_predictors
from hetflow.missingness.variables import encode, restore
from hetflow.seeds import generator

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
OUTCOME = "__outcome__"
PREDICTORS = 10
"""Fewest of the most predictors: what a few hundred donors bear."""
UNITS_PER_PREDICTOR = 100
"""Donors that make room for a further predictor."""
MOST_PREDICTORS = 50
"""More are not taken unless asked for: the cost of a step grows with their square."""


@dataclass(frozen=True, slots=True)
class ChainSettings:
    """How the chain is run.

    Attributes
    ----------
    iterations : int
        Rounds over all incomplete columns.
    donors : int
        Units among which predictive mean matching draws; fewest of a leaf of the engine `tree`.
    predictors : int or "auto"
        Most predictors of a column, the outcome not counted; see `most_predictors`.
    minimum_correlation : float
        Least absolute correlation of a predictor with the column.
    engine : str
        A key of `hetflow.missingness.engines.ENGINES`.
    delta : mapping of str to float
        What is added to imputed values, by column: see `hetflow.missingness.delta`.
    """

    iterations: int = 5
    donors: int = 5
    predictors: int | Literal["auto"] = "auto"
    minimum_correlation: float = 0.08
    engine: str = "pmm"
    delta: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Model:
    """What a target is predicted from: its scores (NaN in rows that cannot be donors), the features' places."""

    target: Target
    scores: FloatArray
    predictors: IntArray


@dataclass(frozen=True, slots=True)
class Chain:
    """One chain: its state and settings, and what its streams are keyed by."""

    state: State
    settings: ChainSettings
    seed: int
    key: tuple[str | int, ...]

    def stream(self, *item: str | int) -> np.random.Generator:
        """The random stream of one purpose."""
        return generator(self.seed, "impute", *self.key, *item)


@dataclass(frozen=True, slots=True)
class Chained:
    """A chain that has been run.

    Attributes
    ----------
    frame : DataFrame, shape (n, ...)
        The typed frame with its gaps filled.
    imputer : Imputer or None
        The last round's models, to complete new units by.
    """

    frame: pd.DataFrame
    imputer: Imputer | None


def run_chain(
    typed: pd.DataFrame,
    columns: Sequence[Column],
    settings: ChainSettings,
    seed: int,
    key: tuple[str | int, ...],
    *,
    keep: bool = False,
) -> Chained:
    """One chain over the rows of `typed`: every target in turn, `settings.iterations` times.

    Parameters
    ----------
    typed : DataFrame, shape (n, ...)
        Typed frame that holds `columns` and their ``__applies``.
    columns : sequence of Column
        Columns to complete; all of them may predict one another.
    settings : ChainSettings
    seed : int
        The study's seed.
    key : tuple
        What the draws are for: mode, imputation and, in inference mode, arm.
    keep : bool
        Whether to keep what new units are completed by.

    Returns
    -------
    Chained
        Observed cells are the same bit for bit.
    """
    ordered = sorted(columns, key=lambda column: column.name)
    variables = {c.name: encode(typed, c, may_log=c.name != OUTCOME) for c in ordered}
    chain = Chain(open_state(typed, variables), settings, seed, key)
    depth = depths(ordered)
    targets = find_targets(variables, depth)
    models = [_model(chain, target) for target in targets]
    others = [_model(chain, target) for target in _others(chain, targets)] if keep else []
    for target in targets:
        _start(chain, target)
    steps: list[Step] = []
    for iteration in range(settings.iterations):
        last = keep and iteration == settings.iterations - 1
        for model in models:
            steps += _step(chain, model, iteration, keep=last)
    steps += [
        _kept(chain, model, _fit(chain, model, chain.stream("kept", model.target.key))) for model in others
    ]
    frame = restore(typed, list(variables.values()))
    if not keep:
        return Chained(frame, None)
    steps.sort(key=lambda step: max(depth[name] for name in step.names))
    return Chained(frame, Imputer.of(variables, steps, settings.iterations, settings.delta))


def most_predictors(asked: int | Literal["auto"], donors: int) -> int:
    """Most predictors: as asked, or one for every `UNITS_PER_PREDICTOR` donors, `PREDICTORS` to `MOST_PREDICTORS`."""
    if asked != "auto":
        return asked
    return max(PREDICTORS, min(donors // UNITS_PER_PREDICTOR, MOST_PREDICTORS))


def _model(chain: Chain, target: Target) -> Model:
    """Scores of a target and the places of its predictors; the outcome, if there is one, comes first."""
    state, settings = chain.state, chain.settings
    outcome = None if OUTCOME in target.names else state.variables.get(OUTCOME)
    scores = target_scores(state.variables, target, outcome)
    most = most_predictors(settings.predictors, int(np.isfinite(scores).all(axis=1).sum()))
    banned = np.zeros(state.features.shape[1], dtype=bool)
    always = state.places[OUTCOME] if OUTCOME in state.places else np.empty(0, dtype=np.int64)
    for name in target.names:
        banned[state.places[name]] = True
    always = always[~banned[always]]
    banned[always] = True
    chosen = choose_predictors(state.features, scores, banned, most, settings.minimum_correlation)
    return Model(target, scores, np.concatenate([always, chosen]))


def _others(chain: Chain, targets: Sequence[Target]) -> list[Target]:
    """Columns that no step of the chain imputes alone, although a new unit may lack one of them alone."""
    alone = {target.names[0] for target in targets if len(target.names) == 1}
    nobody = np.zeros(len(chain.state.typed), dtype=bool)
    others = [Target((name,), nobody) for name in chain.state.variables if name not in alone]
    return [target for target in others if donor_rows(chain.state.variables, target).any()]


def _start(chain: Chain, target: Target) -> None:
    """First values: those of a donor drawn at random."""
    state = chain.state
    rows = state.settle(target.names, target.rows)
    donors = np.flatnonzero(donor_rows(state.variables, target))
    if len(rows):
        if not len(donors):
            refuse(
                f"dictionary.{target.names[0]}",
                "at least one observed value among the units to whom the column applies",
                f"none, and {len(rows)} missing",
                "give the column the role ignore",
            )
        drawn = donors[chain.stream("start", target.key).integers(len(donors), size=len(rows))]
        state.write(target.names, rows, _vectors(state, target, drawn))
    state.refresh(target.names)


def _step(chain: Chain, model: Model, iteration: int, *, keep: bool) -> list[Step]:
    """One target once: fit, draw, write; the step itself if it is to be kept."""
    state, target = chain.state, model.target
    rows = state.settle(target.names, target.rows)
    kept: list[Step] = []
    if len(rows) or keep:
        rng = chain.stream(iteration, target.key)
        fitted = _fit(chain, model, rng)
        vectors = _vectors(state, target, _donors(model))
        columns, delta = [state.variables[name].column for name in target.names], chain.settings.delta
        tilt = tilts(vectors, columns, delta)
        drawn = fitted.impute(state.features[rows][:, model.predictors], vectors, Stream(rng), tilt)
        state.write(target.names, rows, moved(drawn, columns, delta))
        kept = [_kept(chain, model, fitted)] if keep else []
    state.refresh(target.names)
    return kept


def _donors(model: Model) -> IntArray:
    return np.flatnonzero(np.isfinite(model.scores).all(axis=1))


def _vectors(state: State, target: Target, rows: IntArray) -> FloatArray:
    """Current values of a target's columns, shape (len(rows), columns)."""
    return np.column_stack([state.variables[name].values[rows] for name in target.names])


def _fit(chain: Chain, model: Model, rng: np.random.Generator) -> Fitted:
    donors = _donors(model)
    variables = [chain.state.variables[name] for name in model.target.names]
    engine = engine_for(chain.settings.engine, variables)
    scales = [scale for variable in variables for scale in variable.scales]
    Z = chain.state.features[donors][:, model.predictors]
    single = scales[0] if len(scales) == 1 else None
    tilted = tilts(
        np.ones((1, len(variables))), [variable.column for variable in variables], chain.settings.delta
    )
    pool = chain.settings.donors if tilted is None else max(chain.settings.donors, TILTED_DONORS)
    return engine.fit(Z, model.scores[donors], pool, rng, single)


def _kept(chain: Chain, model: Model, fitted: Fitted) -> Step:
    vectors = _vectors(chain.state, model.target, _donors(model))
    return Step(model.target.names, model.predictors, vectors, fitted)
