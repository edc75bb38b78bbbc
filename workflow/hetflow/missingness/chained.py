"""Chained equations: every incomplete column, or block, imputed in turn from the others until the cycle has
settled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.applicability import applies_to, depths, parents
from hetflow.cohort.columns import Column
from hetflow.errors import refuse
from hetflow.missingness.blocks import Target, donor_rows, find_targets, target_scores
from hetflow.missingness.matching import draw_coefficients, match
from hetflow.missingness.predictors import choose_predictors
from hetflow.missingness.variables import Variable, embed, encode, restore
from hetflow.seeds import generator

FloatArray = NDArray[np.float64]
OUTCOME = "__outcome__"


@dataclass(frozen=True, slots=True)
class ChainSettings:
    """How the chain is run.

    Attributes
    ----------
    iterations : int
        Rounds over all incomplete columns.
    donors : int
        Units among which predictive mean matching draws.
    predictors : int
        Most predictors of a column, the outcome not counted.
    minimum_correlation : float
        Least absolute correlation of a predictor with the column.
    """

    iterations: int = 5
    donors: int = 5
    predictors: int = 10
    minimum_correlation: float = 0.08


@dataclass(slots=True)
class _Chain:
    """State of one chain: variables by name (sorted), their features, and where each has its features."""

    variables: dict[str, Variable]
    features: FloatArray
    places: dict[str, NDArray[np.int64]]
    typed: pd.DataFrame
    settings: ChainSettings
    seed: int
    key: tuple[str | int, ...]

    def stream(self, *item: str | int) -> np.random.Generator:
        return generator(self.seed, "impute", *self.key, *item)

    def refresh(self, names: Sequence[str]) -> None:
        for name in names:
            self.features[:, self.places[name]] = embed(self.variables[name])


def run_chain(
    typed: pd.DataFrame,
    columns: Sequence[Column],
    settings: ChainSettings,
    seed: int,
    key: tuple[str | int, ...],
) -> pd.DataFrame:
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

    Returns
    -------
    DataFrame, shape (n, ...)
        `typed` with its gaps filled; observed cells are the same bit for bit.
    """
    ordered = sorted(columns, key=lambda column: column.name)
    variables = {c.name: encode(typed, c, may_log=c.name != OUTCOME) for c in ordered}
    widths = [len(variable.scales) for variable in variables.values()]
    starts = np.cumsum([0, *widths])
    places = {name: np.arange(starts[i], starts[i + 1]) for i, name in enumerate(variables)}
    chain = _Chain(variables, np.empty((len(typed), int(starts[-1]))), places, typed, settings, seed, key)
    chain.refresh(list(variables))
    targets = find_targets(variables, depths(ordered))
    models = {target.key: _model(chain, target) for target in targets}
    for target in targets:
        _start(chain, target)
    for iteration in range(settings.iterations):
        for target in targets:
            scores, predictors = models[target.key]
            _step(chain, target, scores, predictors, iteration)
    return restore(typed, list(variables.values()))


def _model(chain: _Chain, target: Target) -> tuple[FloatArray, NDArray[np.int64]]:
    """Scores of a target and the places of its predictors; the outcome, if there is one, comes first."""
    scores = target_scores(chain.variables, target)
    banned = np.zeros(chain.features.shape[1], dtype=bool)
    always = chain.places[OUTCOME] if OUTCOME in chain.places else np.empty(0, dtype=np.int64)
    for name in target.names:
        banned[chain.places[name]] = True
    always = always[~banned[always]]
    banned[always] = True
    settings = chain.settings
    chosen = choose_predictors(
        chain.features, scores, banned, settings.predictors, settings.minimum_correlation
    )
    return scores, np.concatenate([always, chosen])


def _settle(chain: _Chain, target: Target) -> NDArray[np.int64]:
    """Decide to whom a conditional column applies where that was unknown; return the rows to impute."""
    for name in target.names:
        variable = chain.variables[name]
        unknown = np.flatnonzero(~variable.known)
        if len(unknown):
            variable.applies[unknown] = _evaluate(chain, variable.column, unknown)
            variable.values[unknown[variable.applies[unknown] == 0]] = variable.constant
    wanted = target.rows.copy()
    for name in target.names:
        wanted &= chain.variables[name].applies == 1
    return np.flatnonzero(wanted)


def _evaluate(chain: _Chain, column: Column, rows: NDArray[np.int64]) -> FloatArray:
    """The condition of `column` on the chain's current values of its parents."""
    described = {name: variable.column for name, variable in chain.variables.items()}
    current = chain.typed.iloc[rows]
    read = [_rows(chain.variables[name], rows) for name in sorted(parents(column)) if name in chain.variables]
    applies = applies_to(restore(current, read), column, described)
    if np.isnan(applies).any():
        refuse(
            f"dictionary.{column.name}.applicable_if",
            "a condition that is known once its parents are",
            f"{column.applicable_if!r} still unknown in {int(np.isnan(applies).sum())} units",
            "write the condition so that it is true or false for every value of its parents",
        )
    return applies


def _rows(variable: Variable, rows: NDArray[np.int64]) -> Variable:
    return replace(
        variable,
        values=variable.values[rows],
        given=variable.given[rows],
        applies=variable.applies[rows],
        known=variable.known[rows],
    )


def _start(chain: _Chain, target: Target) -> None:
    """First values: those of a donor drawn at random."""
    rows = _settle(chain, target)
    donors = np.flatnonzero(donor_rows(chain.variables, target))
    if len(rows):
        if not len(donors):
            refuse(
                f"dictionary.{target.names[0]}",
                "at least one observed value among the units to whom the column applies",
                f"none, and {len(rows)} missing",
                "give the column the role ignore",
            )
        drawn = donors[chain.stream("start", target.key).integers(len(donors), size=len(rows))]
        _hand_on(chain.variables, target, rows, drawn)
    chain.refresh(target.names)


def _step(
    chain: _Chain, target: Target, scores: FloatArray, predictors: NDArray[np.int64], iteration: int
) -> None:
    """One target once: draw coefficients, match, hand on the donors' values."""
    rows = _settle(chain, target)
    if len(rows):
        donors = np.flatnonzero(np.isfinite(scores).all(axis=1))
        rng = chain.stream(iteration, target.key)
        Z = chain.features[:, predictors]
        draw = draw_coefficients(Z[donors], scores[donors], rng)
        expected = draw.predict(Z[donors], draw.estimated)
        wanted = draw.predict(Z[rows], draw.drawn)
        _hand_on(chain.variables, target, rows, donors[match(expected, wanted, chain.settings.donors, rng)])
    chain.refresh(target.names)


def _hand_on(
    variables: Mapping[str, Variable], target: Target, rows: NDArray[np.int64], donors: NDArray[np.int64]
) -> None:
    for name in target.names:
        values = variables[name].values
        values[rows] = values[donors]
