"""Which imputation engine a study's `engine: auto` stands for, and the line of evidence that chose it.

Predictive mean matching keeps means and correlations best at the sizes of trials. A tree keeps curved relations and
interactions as well, but needs data: it is taken when each chain has `TREE_UNITS` units and, in a cross-validated
comparison on the covariates alone, a tree predicts incomplete columns clearly better than the linear model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.missingness.chain_state import open_state
from hetflow.missingness.engines import NORMAL, PMM, TREE, engine_for
from hetflow.missingness.matching import draw_coefficients, predict
from hetflow.missingness.predictors import choose_predictors
from hetflow.missingness.variables import encode
from hetflow.seeds import generator

FloatArray = NDArray[np.float64]
AUTO = "auto"
TREE_UNITS = 2_000
"""Fewest units of a chain by arm for a tree."""
GAIN = 0.05
"""Mean gain in R² over the compared columns from which a tree is taken."""
ERRORS = 2.0
"""Standard errors over the columns by which the gain must exceed 0."""
COMPARED, UNITS, LEAF, PREDICTORS = 12, 4_000, 20, 20
"""Most columns and units of the comparison, fewest units of a leaf, most predictors."""
WORDS = {
    PMM: "predictive mean matching",
    NORMAL: "draws from a normal model",
    TREE: "donors from the leaves of a tree",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine and why.

    Attributes
    ----------
    engine : str
        A key of `hetflow.missingness.engines.ENGINES`.
    line : str
        A sentence for the report: what was taken, and on which evidence.
    notices : tuple of str
        What the report must say besides.
    """

    engine: str
    line: str
    notices: tuple[str, ...] = ()


def choose_engine(
    engine: str, frame: pd.DataFrame, columns: Sequence[Column], units: int, seed: int
) -> Choice:
    """The engine of a study.

    Parameters
    ----------
    engine : str
        As the study says: a name, or ``auto``.
    frame : DataFrame, shape (n, ...)
        Typed cohort frame; neither arm nor outcome is read.
    columns : sequence of Column
        Covariates and auxiliaries.
    units : int
        Units of the smallest chain by arm; in deployment mode, which does not know the arms, half of all.
    seed : int
        The study's seed.
    """
    if engine != AUTO:
        line = f"Gaps were filled by {WORDS[engine]}, as the study file says."
        return Choice(engine, line, _fallback(engine, frame, columns))
    if units < TREE_UNITS:
        why = f"the smallest arm has {units:,} units, and trees are thought of from {TREE_UNITS:,} only"
        return Choice(PMM, f"Gaps were filled by {WORDS[PMM]}: {why}.")
    gains = tree_gains(frame, [column for column in columns if column.visit == 0], seed)
    if not len(gains):
        return Choice(
            PMM, f"Gaps were filled by {WORDS[PMM]}: no incomplete column was fit for a comparison."
        )
    mean = float(gains.mean())
    error = float(gains.std(ddof=1) / np.sqrt(len(gains))) if len(gains) > 1 else float("inf")
    chosen = TREE if mean >= GAIN and mean > ERRORS * error else PMM
    why = (
        f"out of sample, a tree explains {100 * mean:+.1f} points of the variance of {len(gains)} incomplete columns "
        f"beside a linear model (standard error {100 * error:.1f}; trees are taken from {100 * GAIN:g})"
    )
    return Choice(chosen, f"Gaps were filled by {WORDS[chosen]}: {why}.")


def _fallback(engine: str, frame: pd.DataFrame, columns: Sequence[Column]) -> tuple[str, ...]:
    """What the engine leaves to predictive mean matching."""
    incomplete = [column for column in columns if frame[column.name].isna().any()]
    others = [c.name for c in incomplete if engine_for(engine, [encode(frame, c)]).name != engine]
    if not others:
        return ()
    said = (
        f"the engine {engine} imputes single continuous columns alone: {', '.join(sorted(others))}, and blocks that "
        "are missing together, were imputed by predictive mean matching"
    )
    return (said,)


def tree_gains(frame: pd.DataFrame, columns: Sequence[Column], seed: int) -> FloatArray:
    """Out-of-sample R² of a tree less that of a linear model, for the incomplete numeric columns.

    Parameters
    ----------
    frame, columns, seed
        As for `choose_engine`.

    Returns
    -------
    ndarray, shape (at most `COMPARED`,)
        Two-fold cross-validation on at most `UNITS` units in which the column is observed; both models read the same
        predictors, with the mean in their gaps.
    """
    ordered = sorted(columns, key=lambda column: column.name)
    state = open_state(frame, {column.name: encode(frame, column) for column in ordered})
    targets = [
        column.name
        for column in ordered
        if column.kind in ("continuous", "count", "ordinal")
        and frame[column.name].isna().any()
        and state.variables[column.name].observed.sum() >= 2 * UNITS // 10
    ]
    targets.sort(key=lambda name: -int(state.variables[name].missing.sum()))
    gains = []
    for name in targets[:COMPARED]:
        place = int(state.places[name][0])
        y = np.where(state.variables[name].observed, state.features[:, place], np.nan)
        banned = np.zeros(state.features.shape[1], dtype=bool)
        banned[place] = True
        chosen = choose_predictors(state.features, y[:, None], banned, PREDICTORS, 0.0)
        rows = np.flatnonzero(np.isfinite(y))
        rng = generator(seed, "impute", "engine", name)
        rows = rng.permutation(rows)[:UNITS]
        if len(chosen):
            gains.append(_gain(np.nan_to_num(state.features[rows][:, chosen]), y[rows], rng))
    return np.array(gains)


def _gain(Z: FloatArray, y: FloatArray, rng: np.random.Generator) -> float:
    """R² of a tree less that of a linear model, two folds."""
    from sklearn.tree import DecisionTreeRegressor

    error = {"linear": 0.0, "tree": 0.0}
    half = np.arange(len(y)) < len(y) // 2
    for inside in (half, ~half):
        draw = draw_coefficients(Z[inside], y[inside, None], rng)
        linear = predict(Z[~inside], draw.used, draw.centre, draw.estimated)[:, 0]
        tree = DecisionTreeRegressor(min_samples_leaf=LEAF, random_state=0).fit(Z[inside], y[inside])
        error["linear"] += float(((y[~inside] - linear) ** 2).sum())
        error["tree"] += float(((y[~inside] - tree.predict(Z[~inside])) ** 2).sum())
    total = float(((y - y.mean()) ** 2).sum())
    return (error["linear"] - error["tree"]) / total if total > 0 else 0.0
