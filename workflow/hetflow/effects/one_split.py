"""Everything that one split of a trial says: learnt on one half, evaluated on the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.effects.clan import compare
from hetflow.effects.halves import auxiliary_half
from hetflow.effects.linear import Vector
from hetflow.effects.proxies import Half, proxies
from hetflow.effects.split_regressions import (
    STRATEGIES,
    Coefficients,
    Main,
    best_linear_predictor,
    group_average_effects,
    groups_by_benefit,
    spread_between,
    spread_found,
)
from hetflow.errors import Refused
from hetflow.seeds import generator

BLP, GATES, DIFFERENCE, CLAN = "BLP", "GATES", "GATES_difference", "CLAN"
LAMBDA, LAMBDA_BAR = "Lambda", "Lambda_bar"
AVERAGE, SLOPE = "average", "slope"
#: Groups of CLAN: those of least and of greatest predicted benefit, and the second minus the first.
LEAST, GREATEST, GAP = "least", "greatest", "difference"
Row = tuple[Any, ...]
COLUMNS = ("split", "learner", "strategy", "estimand", "group", "term", "estimate", "se", "df", "n")


@dataclass(frozen=True, slots=True)
class Trial:
    """A randomised trial's units with an outcome, rows sorted by unit.

    Attributes
    ----------
    unit : ndarray of int, shape (n,)
    X : ndarray, shape (n, p)
        Covariates as patients are seen (mean of the deployment imputations); NaN where missing.
    treated, outcome, propensity, weight : ndarray, shape (n,)
        Arm; outcome; probability of treatment by design; weights, times 1 / P(observed) where missing outcomes are
        weighted for.
    cluster : ndarray of int, shape (n,), or None
    stratum : ndarray, shape (n,), or None
    binary : bool
    values : ndarray, shape (n, q)
        Covariates to describe groups by; NaN where a unit has no value.
    names : sequence of str, length q
    sign : float
        +1 where higher outcomes are better, -1 where lower are.
    """

    unit: NDArray[np.int64]
    X: Vector
    treated: NDArray[np.int64]
    outcome: Vector
    propensity: Vector
    weight: Vector
    cluster: NDArray[np.int64] | None
    stratum: NDArray[np.generic] | None
    binary: bool
    values: Vector
    names: Sequence[str]
    sign: float


def evaluate_split(trial: Trial, split: int, learners: Sequence[str], groups: int, seed: int) -> pd.DataFrame:
    """Estimates of one split by every learner and strategy.

    Returns
    -------
    DataFrame
        `COLUMNS`: one row an estimate. ``estimate`` is in outcome units (CLAN: the covariate's; the slope, Lambda:
        see `hetflow.effects.split_regressions`); NaN where the split cannot tell.
    """
    auxiliary = auxiliary_half(trial.unit, trial.treated, trial.stratum, trial.cluster, seed, split)
    half = Half(
        trial.unit,
        trial.X,
        trial.treated,
        trial.outcome,
        trial.propensity,
        trial.weight,
        trial.cluster,
        trial.binary,
        auxiliary,
    )
    random = generator(seed, "splits", split, "ties").random(len(trial.unit))[~auxiliary]
    rows: list[Row] = []
    for learner in learners:
        main = _main(trial, half, learner, split, seed)
        found = _of_learner(trial, main, ~auxiliary, groups, random)
        rows += [(split, learner, *row) for row in found]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _main(trial: Trial, half: Half, learner: str, split: int, seed: int) -> Main:
    rows = ~half.learns
    cluster = trial.unit if trial.cluster is None else trial.cluster
    return Main(
        trial.treated[rows],
        trial.outcome[rows],
        trial.propensity[rows],
        trial.weight[rows],
        cluster[rows],
        proxies(learner, half, seed, ("splits", split)),
    )


def _of_learner(trial: Trial, main: Main, rows: NDArray[np.bool_], groups: int, random: Vector) -> list[Row]:
    """All estimates that rest on one learner's proxies."""
    effect, weight = main.proxies.effect, main.weight
    group = groups_by_benefit(trial.sign * effect, weight, groups, random)
    sizes = np.bincount(group[weight > 0], minlength=groups).tolist()
    labels = [str(k + 1) for k in range(groups)]
    found: list[Row] = []
    for strategy in STRATEGIES:
        line, gates = _line(main, strategy), _sorted(main, group, groups, strategy)
        told = spread_found(line.estimate[1], effect, weight) if main.varies else 0.0
        between = spread_between(gates.estimate, group, weight)
        found += _rows(strategy, BLP, ["", ""], [AVERAGE, SLOPE], line, [sum(sizes)] * 2)
        found += _rows(strategy, GATES, labels, [""] * groups, gates, sizes)
        found += _rows(strategy, DIFFERENCE, [GAP], [""], _gap(gates), [sizes[0] + sizes[-1]])
        found += [
            (strategy, name, "", "", value, np.nan, np.nan, 0)
            for name, value in ((LAMBDA, told), (LAMBDA_BAR, between))
        ]
    means = compare(trial.values[rows], weight, main.cluster, group, (0, groups - 1))
    for g, label in enumerate((LEAST, GREATEST, GAP)):
        columns = (means.mean[g].tolist(), means.se[g].tolist(), means.df[g].tolist(), means.n[g].tolist())
        found += [("", CLAN, label, name, *row) for name, *row in zip(trial.names, *columns, strict=True)]
    return found


def _line(main: Main, strategy: str) -> Coefficients:
    if main.varies:
        try:
            return best_linear_predictor(main, strategy)
        except Refused:
            pass
    return _silent(2)


def _sorted(main: Main, group: NDArray[np.int64], groups: int, strategy: str) -> Coefficients:
    try:
        return group_average_effects(main, group, groups, strategy)
    except Refused:
        return _silent(groups)


def _silent(k: int) -> Coefficients:
    """What a split says that cannot tell: it counts as one with no evidence (`hetflow.effects.split_tables`)."""
    return Coefficients(np.full(k, np.nan), np.full((k, k), np.nan), np.nan)


def _rows(
    strategy: str,
    estimand: str,
    groups: Sequence[str],
    terms: Sequence[str],
    found: Coefficients,
    n: Sequence[int],
) -> list[Row]:
    columns = (found.estimate.tolist(), np.sqrt(np.diag(found.covariance)).tolist(), n)
    return [
        (strategy, estimand, group, term, estimate, se, found.df, count)
        for group, term, estimate, se, count in zip(groups, terms, *columns, strict=True)
    ]


def _gap(found: Coefficients) -> Coefficients:
    """The group of greatest predicted benefit minus that of least."""
    contrast = np.zeros((1, len(found.estimate)))
    contrast[0, [0, -1]] = -1.0, 1.0
    return Coefficients(contrast @ found.estimate, contrast @ found.covariance @ contrast.T, found.df)
