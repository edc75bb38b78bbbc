"""Global tests of heterogeneity: does the effect vary with the covariates at all?

All read deployment-mode covariates, as patients are seen: covariates imputed with arm and outcome have seen what they
would be tested against, and a test against them rejects too often.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from hetflow.cohort.columns import Column
from hetflow.cohort.views import matrix
from hetflow.effects.calibration import calibration
from hetflow.effects.independence import Quadratic, coded, directions, independence
from hetflow.effects.linear import Matrix, cluster_codes, is_clustered
from hetflow.effects.permuted import permute_arms
from hetflow.effects.score_residual import score_residual
from hetflow.effects.scores import Scores
from hetflow.effects.terms import GREATER
from hetflow.errors import Refused, refuse
from hetflow.seeds import generator

ALL, NAMED = "all", "named"
#: Above this many units chi-square is as good as permutations, which would take long.
PERMUTED_UNITS = 20_000
#: Fewest independent units for each covariate column of a quadratic test.
UNITS_A_COLUMN = 3
PERMUTATIONS, CHI_SQUARE, STUDENT = "permutations", "chi-square", "t"
COLUMNS = (
    *("test", "covariates", "statistic", "df", "p", "p_asymptotic", "reference", "draws"),
    *("alternative", "columns", "n"),
)


class Inputs(NamedTuple):
    """What the tests read.

    Attributes
    ----------
    scores : Scores
        Units of positive weight.
    frames : list of DataFrame
        Deployment-mode covariates of the same units in the same order, one frame an imputation.
    columns : list of Column
    stratum : ndarray of str, shape (n,)
        Strata within which arms were assigned.
    settings : mapping
        ``permutations``, ``coding`` ("ranks" or "values"), ``projection`` (named covariates), ``unsuited``
        (why no test is made; empty if it is), ``seed``.
    """

    scores: Scores
    frames: list[pd.DataFrame]
    columns: list[Column]
    stratum: NDArray[np.str_]
    settings: Mapping[str, Any]


def global_tests(inputs: Inputs) -> tuple[pd.DataFrame, list[str]]:
    """Every global test that the data allow.

    Returns
    -------
    table : DataFrame
        test (``independence``: the score against covariates, studentised; ``independence_plain``: as WATCH makes it;
        ``score_residual``: linear working model; ``calibration``: spread of the predicted effects, one-sided),
        covariates (``all`` of the forest, or those ``named`` for the projection), statistic, df, p, p_asymptotic
        (chi-square or t), reference (of `p`), draws (permutations), alternative, columns (rank of the covariates), n.
    notices : list of str
        What was left out and why.
    """
    if inputs.settings["unsuited"]:
        return pd.DataFrame(columns=list(COLUMNS)), [
            f"global tests of heterogeneity left out: {inputs.settings['unsuited']}"
        ]
    rows: list[dict[str, Any]] = []
    notices: list[str] = []
    for test in (_independence, _score_residual):
        for which in (ALL, NAMED):
            _try(lambda test=test, which=which: test(inputs, which), rows, notices)  # type: ignore[misc]
    _try(lambda: [_calibration(inputs.scores)], rows, notices)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table, list(dict.fromkeys(notices))


def _try(make: Callable[[], list[dict[str, Any]]], rows: list[dict[str, Any]], notices: list[str]) -> None:
    try:
        rows += make()
    except Refused as refused:
        notices += [
            f"left out: {one.where}: expected {one.expected}; found {one.found}; {one.remedy}"
            for one in refused.problems
        ]


def _independence(inputs: Inputs, which: str) -> list[dict[str, Any]]:
    scores = inputs.scores
    if which == NAMED and not inputs.settings["projection"]:
        return []
    if np.ptp(scores.weight) > 0 or is_clustered(scores.cluster, scores.weight):
        refuse(
            "independence",
            "units that count alike and are independent, so that their scores may be exchanged",
            "weights or clusters",
            "read score_residual in its place",
        )
    X = _covariates(inputs, which, scores.n, "independence")
    rng = generator(inputs.settings["seed"], "evidence", "independence", which)
    found = independence(X, scores.score, _draws(inputs), rng)
    names = ("independence", "independence_plain")
    return [_row(name, which, test, scores.n) for name, test in zip(names, found, strict=True)]


def _score_residual(inputs: Inputs, which: str) -> list[dict[str, Any]]:
    scores = inputs.scores
    if which == NAMED and not inputs.settings["projection"]:
        return []
    codes = cluster_codes(scores.cluster)
    whole = _assigned_whole(scores)
    X = _covariates(inputs, which, int(codes.max()) + 1 if whole else scores.n, "score_residual")
    found = score_residual(
        X,
        scores.outcome_residual + scores.outcome_mean,
        _arms(inputs),
        scores.propensity,
        scores.weight,
        codes if whole else None,
    )
    return [_row("score_residual", which, found, scores.n)]


def _assigned_whole(scores: Scores) -> bool:
    """Whether arms were assigned to clusters of several units."""
    share = pd.Series(scores.treated).groupby(scores.cluster).mean()
    return is_clustered(scores.cluster, scores.weight) and bool(share.isin((0.0, 1.0)).all())


def _arms(inputs: Inputs) -> NDArray[np.int8]:
    """The arms as they are, then as drawn anew within strata and probabilities, shape (1 + draws, n)."""
    scores = inputs.scores
    within = np.array(
        [f"{name} {p!r}" for name, p in zip(inputs.stratum, scores.propensity.tolist(), strict=True)]
    )
    seed = inputs.settings["seed"]
    cluster = scores.cluster if is_clustered(scores.cluster, scores.weight) else None
    return np.stack(
        [permute_arms(scores.treated, within, cluster, seed, k) for k in range(1 + _draws(inputs))]
    )


def _draws(inputs: Inputs) -> int:
    return int(inputs.settings["permutations"]) if inputs.scores.n <= PERMUTED_UNITS else 0


def _covariates(inputs: Inputs, which: str, independent: int, test: str) -> Matrix:
    named = inputs.settings["projection"]
    columns = [column for column in inputs.columns if which == ALL or column.name in named]
    X, names = matrix(columns, inputs.frames)
    gaps = [names[j] for j in np.flatnonzero(np.isnan(X).any(axis=0))]
    where = f"{test} ({which} covariates)"
    if gaps:
        refuse(
            where,
            "covariates without gaps",
            f"gaps in {', '.join(gaps[:5])}{' and others' if len(gaps) > 5 else ''}",
            "name covariates without gaps in estimates.projection, or choose a strategy that imputes",
        )
    X = coded(X, inputs.settings["coding"] == "ranks")
    rank = directions(X).shape[1]
    if rank == 0 or independent < UNITS_A_COLUMN * rank:
        refuse(
            where,
            f"covariates that vary, and {UNITS_A_COLUMN} independent units for each column of them",
            f"{independent} units (or clusters), {rank} columns",
            "name fewer covariates in estimates.projection and read that test",
        )
    return X


def _calibration(scores: Scores) -> dict[str, Any]:
    """One-sided test that the slope of the predicted differences in effect is above 0."""
    terms = calibration(scores)
    place = terms.terms.index("differential")
    statistic = float(terms.estimate[place] / np.sqrt(terms.covariance[place, place]))
    p = float(stats.t.sf(statistic, terms.df))
    facts = {
        "test": "calibration",
        "covariates": "predicted effects",
        "statistic": statistic,
        "df": int(terms.df),
    }
    facts |= {"p": p, "p_asymptotic": p, "reference": STUDENT, "draws": 0, "alternative": GREATER}
    return facts | {"columns": 1, "n": scores.n}


def _row(test: str, which: str, found: Quadratic, n: int) -> dict[str, Any]:
    return {
        "test": test,
        "covariates": which,
        "statistic": found.statistic,
        "df": found.df,
        "p": found.p,
        "p_asymptotic": found.p_chi2,
        "reference": PERMUTATIONS if found.draws else CHI_SQUARE,
        "draws": found.draws,
        "alternative": "two-sided",
        "columns": found.df,
        "n": n,
    }
