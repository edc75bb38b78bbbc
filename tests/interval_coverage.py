"""Every interval of the estimates table, in trials with imputed covariates whose truth is known.

Setting X of `leak_settings`: 1,000 units, half of 8 covariates with gaps in 35 % of the units, effect 1 + slope X1;
five imputations in each mode, the rule for what may read which, forests of all units and of the folds before each.

What is true of an average, a slope or a group fixed by a rule in a covariate is a figure of the population. What is
true of a ranking or of groups by predicted effect depends on the predictions: there it is the same estimator applied
to the true effects of the same units.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from hetflow.cohort.matrix import covariate_matrix
from hetflow.effects.estimates import estimate_all
from hetflow.effects.scores import Scores, make_scores
from hetflow.forest.effects import effects
from hetflow.forest.grow import open_forest
from hetflow.forest.samples import ALL, sequential_sample, units_of
from hetflow.forest.sums import empty_sums
from leak_settings import AVERAGE, SETTINGS, Trial, draw
from leak_simulation import ESTIMATES, FOLDS, Floats, impute, shared_nuisance

BAGS, SEQUENTIAL_BAGS = 38, 15
ASKED = ESTIMATES | {"average": ["ATE", "ATT", "ATC", "ATO"]}
KEY = ["estimand", "group", "term"]


def forest(trial: Trial, frame: pd.DataFrame, table: pd.DataFrame, k: int, sample: str, seed: int) -> Floats:
    """Effects of all units by the forest of one sample, out of bag within it."""
    X = covariate_matrix(frame, trial.columns)[0]
    residuals = [table[name].to_numpy() for name in ("treatment_residual", "outcome_residual")]
    fold = table["fold"].to_numpy()
    label = ("deployment", k, sample)
    grown = open_forest(
        X, *residuals, None, None, units_of(sample, fold), seed, label, {"engine": "histogram"}
    )
    everybody = np.arange(len(X))
    sums = empty_sums(everybody, grown.grid, 0)
    for bag in range(BAGS if sample == ALL else SEQUENTIAL_BAGS):
        trees, half = grown.grow(bag)
        grown.engine.add(sums, trees, grown.covariates, np.setdiff1d(everybody, half))
    return effects(sums, intervals=False)[0]


def analyse(trial: Trial, seed: int) -> tuple[Scores, list[pd.DataFrame]]:
    """Scores as a study makes them, and the completed covariates that projections and rules read."""
    files = impute(trial, seed)
    table = shared_nuisance(trial, files.deployment, seed)
    fold = table["fold"].to_numpy()

    def averaged(sample: str) -> Floats:
        parts = [forest(trial, one, table, k, sample, seed) for k, one in enumerate(files.deployment)]
        return np.mean(parts, axis=0)

    sequential = np.full(len(fold), np.nan)
    for k in range(2, FOLDS + 1):
        sample = sequential_sample(k, FOLDS)
        assert sample is not None
        sequential[fold == k] = averaged(sample)[fold == k]
    scores = make_scores(table, averaged(ALL), better="higher", sequential=sequential)
    return scores, files.inference


def truths(table: pd.DataFrame, scores: Scores, trial: Trial, slope: float, seed: int) -> pd.Series:
    """What is true of each row of the estimates."""
    exact = replace(scores, score=trial.effect, outcome_residual=trial.effect * scores.treatment_residual)
    quick = ASKED | {"rules": {}, "projection": [], "average": [], "ranking_draws": 50}
    same = estimate_all([exact], None, [], quick, seed, "a", "y").table.set_index(KEY)["estimate"]
    half = float(np.sqrt(2 / np.pi)) * slope
    upper = {"average": AVERAGE, "high": AVERAGE + half, "low": AVERAGE - half, "gap": 2 * half}
    found = []
    for row in table[KEY].itertuples(index=False):
        if tuple(row) in same.index:
            found.append(float(same.loc[tuple(row)]))
        elif row.estimand == "projection":
            found.append(slope if row.term == "X1" else AVERAGE)
        elif row.estimand.startswith("rule_groups"):
            place = "gap" if row.estimand.endswith("difference") else "high" if ">" in row.group else "low"
            found.append(upper[place])
        else:
            found.append(AVERAGE)
    return pd.Series(found, index=table.index)


def replicate(slope: float, number: int) -> pd.DataFrame:
    """One trial: every row with its truth, and whether the interval holds it."""
    trial = draw(SETTINGS["X"], slope, number)
    scores, inference = analyse(trial, number)
    table = estimate_all([scores], inference, trial.columns, ASKED, number, "a", "y").table
    table = table[table["lower"].notna()].reset_index(drop=True)
    truth = truths(table, scores, trial, slope, number)
    upper = table["upper"].fillna(np.inf)
    return table[[*KEY, "alternative"]].assign(
        error=table["estimate"] - truth, covered=(table["lower"] <= truth) & (truth <= upper)
    )


def coverage(slope: float, replicates: int, first: int = 0) -> pd.DataFrame:
    """By row of the estimates: replicates, coverage, bias and its Monte Carlo error."""
    rows = pd.concat([replicate(slope, first + j) for j in range(replicates)], ignore_index=True)
    found = rows.groupby([*KEY, "alternative"], sort=False).agg(
        replicates=("covered", "size"),
        covered=("covered", "sum"),
        bias=("error", "mean"),
        spread=("error", "std"),
    )
    return found.assign(
        coverage=found["covered"] / found["replicates"],
        bias_error=found["spread"] / np.sqrt(found["replicates"]),
    ).reset_index()
