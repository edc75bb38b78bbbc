"""The whole analysis of one simulated trial, from folds to p-values, for the sizes of what is printed.

A replicate draws a trial with known truth and runs what a study runs: folds, cross-fitted nuisances, forests
of little bags for the sample `all` and for the samples of the sequential validation, their merging, the
doubly robust scores and all estimates. The study's tests are read from the estimates table, so that what is
counted is what would be printed.

Three ways to the sequential forests are compared on the same trial and with the same random streams:

pipeline
    what a study does: every unit's residual comes from a nuisance fitted on all folds but its own, so that a
    forest of folds 1 to k - 1 has read the outcomes of fold k through the outcome mean.
training_folds
    the nuisances behind a forest of folds 1 to k - 1 are cross-fitted within these folds.
strict
    and the score of a unit of fold k takes its outcome mean from folds 1 to k - 1 as well, so that errors are
    martingale differences without any approximation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from hetflow.cohort.columns import Column
from hetflow.effects.estimates import estimate_all
from hetflow.effects.groups import sequential_groups
from hetflow.effects.ranking import ranking_effects
from hetflow.effects.scores import Scores, make_scores
from hetflow.effects.table import p_values
from hetflow.forest.bags import Label, bag_seed, half_sample, pool_of
from hetflow.forest.effects import effects
from hetflow.forest.engines import engine
from hetflow.forest.grow import grow_shard
from hetflow.forest.merge import effects_of_shards
from hetflow.forest.samples import ALL, sequential_sample, units_of
from hetflow.forest.settings import forest_settings
from hetflow.forest.sums import accumulate, empty_sums
from hetflow.nuisance.folds import draw_folds
from hetflow.nuisance.nuisance import nuisance
from hetflow.seeds import integer_seed
from null_trial import AVERAGE, FOLDS, Floats, Setting, Trial, simulate
from numpy.typing import NDArray
from scipy import stats

LEVEL = 0.05
Z = float(stats.norm.ppf(1 - LEVEL / 2))
DRAWS = 200
ESTIMATES = {
    "average": ["ATE"],
    "groups": 3,
    "rules": {"x1": {"covariate": "x1", "quantiles": None, "cuts": [0.0], "levels": None}},
    "projection": ["x1"],
    "ranking_draws": DRAWS,
    "confidence": 1 - LEVEL,
    "better": "higher",
    "randomised": True,
}


class Found(NamedTuple):
    """What one analysis of one trial prints, against the truth.

    Attributes
    ----------
    autoc_p, sequential_p : float
        One-sided out of bag; two-sided sequential.
    autoc_two_sided_p : float
        The two-sided reading of the out-of-bag AUTOC, which no study prints.
    sequential_z : float
    slope_p, rule_p : float
        Projection on x1, and difference between x1 > 0 and the rest.
    average, difference : bool
        Whether the interval of the ATE, and of the greatest minus the least group, covers.
    groups : tuple of bool
        The same for each group, the least predicted benefit first.
    """

    autoc_p: float
    autoc_two_sided_p: float
    sequential_p: float
    sequential_z: float
    slope_p: float
    rule_p: float
    average: bool
    difference: bool
    groups: tuple[bool, ...]


def nuisances(trial: Trial, rows: NDArray, fold: NDArray, setting: Setting, seed: int) -> pd.DataFrame:
    """The nuisance table of some units, cross-fitted over the folds given."""
    chosen = {"outcome": setting.learner, "propensity": "design", "trim": None}
    return nuisance(
        np.flatnonzero(rows),
        trial.X[rows],
        trial.treated[rows],
        trial.outcome[rows],
        fold[rows],
        None if trial.weight is None else trial.weight[rows],
        {"probability": setting.probability},
        chosen,
        seed,
        ("shared",),
        cluster=None if trial.cluster is None else trial.cluster[rows],
        binary=setting.binary,
    )[0]


def _forest(trial: Trial, table: pd.DataFrame, sample: str, bags: int, seed: int, engine_name: str) -> Floats:
    """Effects of all units from one sample's forest, grown in two shards and merged."""
    n = len(trial.X)
    residuals = np.zeros((2, n))
    residuals[:, table["unit"]] = table[["treatment_residual", "outcome_residual"]].to_numpy().T
    label, members = ("deployment", 0, sample), units_of(sample, trial.fold)
    shards = [
        grow_shard(
            trial.X,
            residuals[0],
            residuals[1],
            trial.weight,
            trial.cluster,
            members,
            seed,
            label,
            first,
            last,
            {"engine": engine_name},
        )
        for first, last in ((0, bags // 2 - 1), (bags // 2, bags - 1))
    ]
    return effects_of_shards(sums.to_frame() for sums in shards)["cate"].to_numpy()


def _later_folds() -> Iterable[tuple[int, str]]:
    """Folds that sequential forests judge, and these forests' samples."""
    for k in range(2, FOLDS + 1):
        sample = sequential_sample(k, FOLDS)
        assert sample is not None
        yield k, sample


def _sequential(trial: Trial, tables: dict[int, pd.DataFrame], setting: Setting, seed: int) -> Floats:
    """Each unit's effect from the forest of the folds before its own, fold k's grown on ``tables[k]``."""
    found = np.full(len(trial.X), np.nan)
    for k, sample in _later_folds():
        rows = trial.fold == k
        found[rows] = _forest(trial, tables[k], sample, setting.sequential_bags, seed, setting.engine)[rows]
    return found


def _nuisances_of_training_folds(trial: Trial, setting: Setting, seed: int) -> dict[int, pd.DataFrame]:
    """For each fold k, nuisances of folds 1 to k - 1, cross-fitted over folds drawn anew within them."""
    tables = {}
    for k, _ in _later_folds():
        before = trial.fold < k
        inner = np.zeros(len(before), dtype=np.int64)
        unit = np.flatnonzero(before)
        inner[before] = draw_folds(
            unit, trial.treated[before], None, None, FOLDS, integer_seed(seed, "inner", k)
        )
        tables[k] = nuisances(trial, before, inner, setting, seed)
    return tables


def _means_of_earlier_folds(trial: Trial, table: pd.DataFrame, setting: Setting, seed: int) -> pd.DataFrame:
    """The nuisance table with the outcome mean of fold k (k > 1) fitted on folds 1 to k - 1 alone."""
    table = table.copy()
    for k, _ in _later_folds():
        rows = trial.fold <= k
        part = nuisances(trial, rows, np.where(trial.fold < k, 1, 2), setting, seed)
        judged = (trial.fold == k)[part["unit"]]
        for name in ("outcome_mean", "outcome_residual"):
            table.loc[trial.fold == k, name] = part.loc[judged, name].to_numpy()
    return table


def analyse(trial: Trial, setting: Setting, seed: int) -> Scores:
    """The scores that a study would make of a trial."""
    everybody = np.ones(len(trial.X), dtype=bool)
    table = nuisances(trial, everybody, trial.fold, setting, seed)
    sequential = _sequential(trial, {k: table for k, _ in _later_folds()}, setting, seed)
    cate = _forest(trial, table, ALL, setting.bags, seed, setting.engine)
    return make_scores(table, cate, better="higher", sequential=sequential, cluster=trial.cluster)


def alternatives(trial: Trial, scores: Scores, setting: Setting, seed: int) -> dict[str, Scores]:
    """The scores with sequential effects, or these and the scores themselves, from earlier folds alone."""
    tables = _nuisances_of_training_folds(trial, setting, seed)
    sequential = _sequential(trial, tables, setting, seed)
    strict = _means_of_earlier_folds(trial, scores.to_frame(), setting, seed)
    return {
        "training_folds": replace(scores, cate_sequential=sequential),
        "strict": make_scores(strict, scores.cate, better="higher", sequential=sequential),
    }


def read(trial: Trial, scores: Scores, seed: int) -> Found:
    """All estimates, by the study's driver, and what they say of the truth."""
    frame = pd.DataFrame({"unit": scores.unit, "x1": trial.X[:, 0]})
    column = [Column("x1", "continuous")]
    table = estimate_all([scores], [frame], column, ESTIMATES, seed, "primary", "outcome").table
    by_name = dict(tuple(table.groupby("estimand")))
    autoc, sequential = by_name["AUTOC"].iloc[0], by_name["sequential_AUTOC"].iloc[0]
    truth = [terms.estimate for terms in sequential_groups(replace(scores, score=trial.effect), 3, "higher")]
    projection = by_name["projection"]
    return Found(
        autoc["p"],
        two_sided(autoc["estimate"], autoc["se"]),
        sequential["p"],
        sequential["estimate"] / sequential["se"],
        projection[projection["term"] == "x1"]["p"].iloc[0],
        by_name["rule_groups_difference"]["p"].iloc[0],
        bool(_covers(by_name["ATE"], np.full(1, AVERAGE)).all()),
        bool(_covers(by_name["sequential_groups_difference"], truth[1]).all()),
        tuple(_covers(by_name["sequential_groups"], truth[0]).tolist()),
    )


def two_sided(estimate: float, se: float) -> float:
    """Two-sided normal p-value."""
    return float(p_values(np.array([estimate]), np.array([se]), np.array([np.inf]), "two-sided")[0])


def _covers(table: pd.DataFrame, truth: Floats) -> NDArray[np.bool_]:
    return ((table["lower"] <= truth) & (truth <= table["upper"])).to_numpy()


def replicate(setting: Setting, number: int) -> Found:
    """One trial, analysed as a study would."""
    trial = simulate(setting, number)
    return read(trial, analyse(trial, setting, number), number)


def compared(setting: Setting, number: int) -> dict[str, Found]:
    """One trial, analysed in the three ways."""
    trial = simulate(setting, number)
    scores = analyse(trial, setting, number)
    ways = {"pipeline": scores} | alternatives(trial, scores, setting, number)
    return {name: read(trial, way, number) for name, way in ways.items()}


def in_bag_p(setting: Setting, number: int) -> float:
    """One-sided p-value of AUTOC when units are ranked by trees that have seen them: what must not be done.

    The bags are those of the forest of all units; each adds up its leaf averages for its own half-sample.
    """
    trial = simulate(setting, number)
    everybody = np.ones(len(trial.X), dtype=bool)
    table = nuisances(trial, everybody, trial.fold, setting, number)
    treatment, outcome = (table[name].to_numpy() for name in ("treatment_residual", "outcome_residual"))
    label, chosen, bags = Label("deployment", 0, ALL), forest_settings({}), setting.bags
    honest = grow_shard(trial.X, treatment, outcome, None, None, everybody, number, label, 0, bags - 1, {})
    sums = empty_sums(honest.unit, honest.grid, 0)
    scaled = np.ldexp(outcome, -honest.grid.outcome_exponent)
    grower = engine(chosen.engine)
    for bag in range(bags):
        half = half_sample(pool_of(everybody, None), number, label, bag)
        trees = grower.grow(trial.X, treatment, scaled, None, half, chosen, bag_seed(number, label, bag))
        sums = accumulate(sums, half, grower.moments(trees, trial.X[half]))
    scores = make_scores(table, effects(sums)[0], better="higher")
    autoc = ranking_effects(scores, "higher", DRAWS, number)[0]
    se = np.sqrt(np.diag(autoc.covariance))
    return float(p_values(autoc.estimate, se, np.full(1, np.inf), autoc.alternative)[0])
