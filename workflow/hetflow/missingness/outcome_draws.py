"""Missing outcomes drawn arm by arm from a regression on what else is known of the unit.

Two assumptions about the outcomes that nobody saw:

* missing at random: a unit without an outcome is like the observed units of its own arm with the same
  covariates (and the same auxiliaries recorded after treatment began);
* jump to reference (Carpenter, Roger and Kenward 2013): a treated unit without an outcome is like a control
  with the same covariates at baseline; controls are missing at random.

Parameters are drawn from their posterior, once an imputation and arm, so that all outcomes imputed in an arm
share them: this is what Rubin's between-imputation variance accounts for (Rubin 1987, ch. 5). A continuous
outcome is drawn from the normal linear model; a binary or count outcome by predictive mean matching, so that
it keeps to values that occur.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.errors import refuse
from hetflow.missingness.chained import OUTCOME, ChainSettings, most_predictors, run_chain
from hetflow.missingness.chance import Stream
from hetflow.missingness.matching import fit_matcher
from hetflow.missingness.predictors import REDUNDANT, choose_predictors, pairwise_correlations
from hetflow.missingness.variables import embed, encode
from hetflow.seeds import generator

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

AT_RANDOM, JUMP_TO_REFERENCE = "missing at random", "jump to reference"
ASSUMPTIONS = (AT_RANDOM, JUMP_TO_REFERENCE)
#: Fewest observed outcomes of an arm from which its regression is learnt.
FEWEST_DONORS = 20
CONTROL = 0


def draw_outcomes(
    frame: pd.DataFrame,
    columns: Sequence[Column],
    arm: NDArray[np.int8],
    outcome: FloatArray,
    assumption: str,
    imputation: int,
    seed: int,
    settings: ChainSettings,
    *,
    kind: str = "continuous",
    named: Sequence[str] = (),
) -> FloatArray:
    """One completed vector of outcomes.

    Parameters
    ----------
    frame : DataFrame, shape (n, ...)
        Covariates without a gap, in inference mode where the strategy has it; auxiliaries of later visits as
        the cohort has them, gaps and all.
    columns : sequence of Column
        The columns of `frame` that may predict the outcome.
    arm : ndarray of int, shape (n,)
        1 treated, 0 control.
    outcome : ndarray, shape (n,)
        NaN where missing.
    assumption : str
        One of `ASSUMPTIONS`.
    imputation : int
        Number of the imputation, part of the random streams' key.
    seed : int
        The study's seed.
    settings : ChainSettings
        Predictors a model takes, and donors.
    kind : {"continuous", "binary", "count"}
        Of the outcome.
    named : sequence of str
        Covariates that rules and projections of the study name: always predictors, so that the imputed
        outcomes can vary with them.

    Returns
    -------
    ndarray, shape (n,)
        Observed outcomes bit for bit.

    Raises
    ------
    Refused
        If an arm has too few observed outcomes, or a covariate has a gap.
    """
    if assumption not in ASSUMPTIONS:
        raise ValueError(f"assumption {assumption!r} is none of {ASSUMPTIONS}")
    baseline = [column for column in columns if column.visit == 0]
    _check(frame, baseline, arm, outcome)
    later = [column for column in columns if column.visit > 0] if assumption == AT_RANDOM else []
    completed = outcome.copy()
    for value in np.unique(arm):
        source = CONTROL if assumption == JUMP_TO_REFERENCE else int(value)
        wanted = (arm == value) & np.isnan(outcome)
        if not wanted.any():
            continue
        rows = wanted | ((arm == source) & np.isfinite(outcome))
        key: tuple[str | int, ...] = ("outcome", assumption, imputation, int(value))
        part = _complete_later(frame.loc[rows], baseline, later, outcome[rows], settings, seed, key)
        rng = generator(seed, "impute", *key)
        features, always = _features(part, [*baseline, *later], named)
        completed[wanted] = _draw(features, always, outcome[rows], settings, kind, rng)
    return completed


def filled(outcome: FloatArray, unit: NDArray[np.int64], drawn: pd.DataFrame) -> FloatArray:
    """Outcomes with those that are missing taken from a table of draws.

    Parameters
    ----------
    outcome, unit : ndarray, shape (n,)
        Outcomes, NaN where missing, and their units.
    drawn : DataFrame
        ``unit``, ``outcome``: of one assumption.

    Returns
    -------
    ndarray, shape (n,)
        Observed outcomes bit for bit; NaN where nothing was drawn either.
    """
    values = pd.Series(drawn["outcome"].to_numpy(), index=drawn["unit"].to_numpy()).reindex(unit).to_numpy()
    return np.where(np.isnan(outcome), values, outcome)


def _check(
    frame: pd.DataFrame, baseline: Sequence[Column], arm: NDArray[np.int8], outcome: FloatArray
) -> None:
    gaps = [column.name for column in baseline if frame[column.name].isna().any()]
    if gaps:
        refuse(
            "missing_outcome.strategy: imputation",
            "covariates without a gap",
            f"gaps in {', '.join(gaps)}",
            "choose a strategy under `missingness` that completes them, or missing_outcome: {strategy: weighting}",
        )
    for value in np.unique(arm):
        seen = int(np.isfinite(outcome[arm == value]).sum())
        if seen < FEWEST_DONORS:
            refuse(
                "missing_outcome.strategy: imputation",
                f"at least {FEWEST_DONORS} observed outcomes in each arm",
                f"{seen} in arm {value}",
                "choose missing_outcome: {strategy: complete_case}",
            )


def _complete_later(
    part: pd.DataFrame,
    baseline: Sequence[Column],
    later: Sequence[Column],
    outcome: FloatArray,
    settings: ChainSettings,
    seed: int,
    key: tuple[str | int, ...],
) -> pd.DataFrame:
    """Fill auxiliaries of later visits, within the arm and together with the outcome."""
    usable = [column for column in later if part[column.name].notna().sum() >= settings.donors]
    if not usable:
        return part
    typed = part.assign(**{OUTCOME: outcome})
    described = [*baseline, *usable, Column(OUTCOME, "continuous")]
    return run_chain(typed, described, settings, seed, (*key, "later")).frame.drop(columns=OUTCOME)


def _features(
    part: pd.DataFrame, columns: Sequence[Column], named: Sequence[str]
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Features of all predictors on unit scale, and the places of those that are always in."""
    blocks, always, place = [], [], 0
    for column in sorted(columns, key=lambda column: column.name):
        block = embed(encode(part, column))
        if not np.isfinite(block).all():
            continue  # an auxiliary too rarely observed to be filled
        blocks.append(block)
        if column.name in named:
            always += list(range(place, place + block.shape[1]))
        place += block.shape[1]
    features = np.column_stack(blocks) if blocks else np.empty((len(part), 0))
    return features, np.array(always, dtype=np.int64)


def _draw(
    features: FloatArray,
    always: NDArray[np.int64],
    outcome: FloatArray,
    settings: ChainSettings,
    kind: str,
    rng: np.random.Generator,
) -> FloatArray:
    """Draws for the rows whose outcome is missing, from a model learnt on the others."""
    seen = np.isfinite(outcome)
    centre, spread = float(outcome[seen].mean()), float(outcome[seen].std())
    scale = spread if spread > 0 else 1.0
    target = ((outcome - centre) / scale)[:, None]
    Z = features[:, _predictors(features, target, always, settings)]
    if kind == "continuous":
        drawn = normal_draw(Z[seen], target[seen, 0], Z[~seen], rng)
        return np.asarray(centre + scale * drawn)
    matcher = fit_matcher(Z[seen], target[seen], settings.donors, rng, None)
    return matcher.impute(Z[~seen], outcome[seen][:, None], Stream(rng))[:, 0]


def _predictors(
    features: FloatArray, target: FloatArray, always: NDArray[np.int64], settings: ChainSettings
) -> NDArray[np.int64]:
    """Those always in, and the most correlated of the others that none of them stands for."""
    banned = np.zeros(features.shape[1], dtype=bool)
    banned[always] = True
    if always.size:
        among = np.abs(pairwise_correlations(features, features[:, always]))
        banned |= (among >= REDUNDANT).any(axis=1)
    most = most_predictors(settings.predictors, int(np.isfinite(target[:, 0]).sum()))
    chosen = choose_predictors(features, target, banned, most, settings.minimum_correlation)
    return np.concatenate([always, chosen])


def normal_draw(
    donors: FloatArray, target: FloatArray, wanted: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Draws from the posterior predictive distribution of a normal linear model.

    Parameters
    ----------
    donors : ndarray, shape (n, k)
        Predictors of the units with an outcome.
    target : ndarray, shape (n,)
        Their outcomes.
    wanted : ndarray, shape (r, k)
        Predictors of the units to draw for.
    rng : Generator

    Returns
    -------
    ndarray, shape (r,)
        Under the prior p(beta, log sigma) constant (Rubin 1987, example 5.1): sigma^2 is the residual sum
        of squares over a chi-square draw with n - rank degrees of freedom, beta normal around the least
        squares fit. Directions that the donors do not vary in are left out.
    """
    n = len(target)
    centre = donors.mean(axis=0)
    left, values, right = np.linalg.svd(donors - centre, full_matrices=False)
    kept = values > 1e-8 * max(float(values.max(initial=0.0)), 1e-300) if values.size else values > 0
    mean = float(target.mean())
    inside = left[:, kept].T @ (target - mean)
    residual = target - mean - left[:, kept] @ inside
    free = max(n - 1 - int(kept.sum()), 1)
    sigma = float(np.sqrt(residual @ residual / rng.chisquare(free)))
    level = mean + sigma / np.sqrt(n) * rng.standard_normal()
    slopes = inside + sigma * rng.standard_normal(int(kept.sum()))
    beta = right[kept].T @ (slopes / values[kept])
    return np.asarray(level + (wanted - centre) @ beta + sigma * rng.standard_normal(len(wanted)))
