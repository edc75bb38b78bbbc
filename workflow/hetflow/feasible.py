"""Whether every analysis can be run on the cohort: said once folds are drawn, before anything long is computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.cohort.views import clusters, rows_of
from hetflow.errors import Problem, Refused, refuse
from hetflow.forest.samples import ALL, sample_names, units_of
from hetflow.forest.settings import smallest_sample
from hetflow.missingness.blockwise import Submodel, availability, submodels, whole_blocks
from hetflow.missingness.delta import delta_problems
from hetflow.missingness.gapless import WITHOUT_GAPS, gapless
from hetflow.missingness.strategies import complete
from hetflow.nuisance.auxiliaries import auxiliary_columns
from hetflow.nuisance.folds import check_folds
from hetflow.study.routes import ROUTES

#: The analysis whose problems are the study's own.
PRIMARY = "primary"
#: Fewest clusters of a forest's sample: half of them make a bag, and a half needs two.
FEWEST_CLUSTERS = 4
#: Standard errors by which the treated share may differ from the design's: 6 are one false alarm in 500 million.
MOST_ERRORS = 6.0


def feasibility_problems(
    cohort: pd.DataFrame,
    outcomes: pd.DataFrame,
    fold: NDArray[np.int64],
    columns: Sequence[Column],
    needs: Mapping[str, Any],
) -> list[Problem]:
    """What keeps an analysis from being run on the cohort.

    Parameters
    ----------
    cohort, outcomes : DataFrame, n rows each
        As the cohort stage leaves them.
    fold : ndarray of int, shape (n,)
        Fold of each unit, from 1.
    columns : sequence of Column
        The cohort's columns.
    needs : mapping
        The slice ``feasible`` of the study: ``folds``, ``probability`` and, by analysis, what it asks for.

    Returns
    -------
    list of Problem
        What is wrong in several analyses is said once.
    """
    problems = list(_probability(cohort, needs["probability"]))
    said: dict[Problem, str] = {}
    for name in sorted(
        needs["analyses"], key=lambda name: name != PRIMARY
    ):  # its problems are the study's own
        asked = needs["analyses"][name]
        for problem in _analysis(cohort, outcomes, fold, columns, asked, int(needs["folds"])):
            said.setdefault(problem, "" if name == PRIMARY else f"analyses.{name}: ")
    return problems + [replace(problem, where=prefix + problem.where) for problem, prefix in said.items()]


def _analysis(
    cohort: pd.DataFrame,
    outcomes: pd.DataFrame,
    fold: NDArray[np.int64],
    columns: Sequence[Column],
    asked: Mapping[str, Any],
    folds: int,
) -> Iterator[Problem]:
    try:
        kept, rows = _completed(cohort, columns, asked["strategy"])
        models = _models(cohort, columns, asked)
    except Refused as refused:
        yield from refused.problems
        return
    yield from _named(asked, kept, columns)
    if asked["mean_covariates"] == WITHOUT_GAPS and not gapless(cohort, columns):
        yield Problem(
            "nuisance.covariates",
            "a covariate that nobody misses, for the outcome mean to read",
            "gaps in every one",
            "remove the key, or write `nuisance: {outcome: mean}`",
        )
    yield from delta_problems(columns, asked.get("delta") or {})
    weighting = asked["missing_outcome"]["strategy"] == "weighting"
    try:
        auxiliary_columns(columns, asked["missing_outcome"]["auxiliary"] if weighting else [])
    except Refused as refused:
        yield from refused.problems
    seen = np.isfinite(outcomes[asked["outcome"]].to_numpy(dtype=np.float64)[rows])
    part, part_fold = cohort.iloc[rows[seen]], fold[rows[seen]]
    try:
        check_folds(part_fold, part["treated"].to_numpy(), folds, where=f"outcome {asked['outcome']}")
    except Refused as refused:
        yield from refused.problems
        return
    learning = rows if weighting else rows[seen]
    yield from _samples(fold[learning], clusters(cohort), learning, asked, folds)
    for model in models:
        learns = learning[model.learns[learning]]
        for problem in _samples(fold[learns], clusters(cohort), learns, asked, folds):
            remedy = f"raise missingness.minimum_pattern above {int(model.learns.sum())}, or {problem.remedy}"
            yield replace(problem, remedy=remedy)


def _completed(
    cohort: pd.DataFrame, columns: Sequence[Column], strategy: str
) -> tuple[set[str], NDArray[np.int64]]:
    """Covariates and rows that a strategy keeps."""
    everything = {column.name for column in columns if column.role == "covariate"}
    if ROUTES[strategy].chained:  # keeps everybody and everything, and takes long
        return everything, np.arange(len(cohort))
    arm = cohort["treated"].to_numpy()
    found = complete(cohort, columns, strategy, "deployment", 0, 0, arm=arm)
    rows = rows_of(found.frame["unit"].to_numpy(), cohort["unit"].to_numpy())
    return set(found.columns_kept), rows


def _models(cohort: pd.DataFrame, columns: Sequence[Column], asked: Mapping[str, Any]) -> list[Submodel]:
    """The models of a blockwise analysis; none under other strategies."""
    if asked["strategy"] != "blockwise":
        return []
    covariates = [column for column in columns if column.role == "covariate"]
    found = submodels(
        availability(whole_blocks(cohort, covariates), covariates), int(asked["minimum_pattern"])
    )
    empty = sum(int(model.judges.sum()) for model in found if not model.columns.any())
    if empty:
        refuse(
            "missingness.strategy: blockwise",
            "a covariate for every unit's model",
            f"none for {empty} units, who lack every block",
            "name a covariate outside of the blocks, or choose multiple_imputation",
        )
    return found


def _named(asked: Mapping[str, Any], kept: set[str], columns: Sequence[Column]) -> Iterator[Problem]:
    """Covariates that estimates name although the cohort has left them out."""
    known = {column.name for column in columns}
    for key, name in asked["covariates"].items():
        if name not in known:
            yield Problem(
                key,
                "a covariate that varies in the cohort",
                f"{name}, which was left out: the same value in every unit where it is known",
                "name another, or check the column in the data file",
            )
    if not kept:
        yield Problem("dictionary", "at least one covariate that varies", "none", "name covariates")


def _samples(
    fold: NDArray[np.int64],
    cluster: NDArray[np.int64] | None,
    rows: NDArray[np.int64],
    asked: Mapping[str, Any],
    folds: int,
) -> Iterator[Problem]:
    """The smallest forest sample: enough units to split, enough clusters to halve."""
    names = sample_names(folds) if asked["held_out"] else [ALL]
    needed = smallest_sample(int(asked["min_leaf"]))
    sizes = {name: int(units_of(name, fold).sum()) for name in names}
    least = min(sizes, key=lambda name: sizes[name])
    if sizes[least] < needed:
        yield Problem(
            "forest.min_leaf",
            f"at least {needed} units in each forest's sample, for leaves of {asked['min_leaf']}",
            f"{sizes[least]} units to learn from in the sample {least}",
            "lower forest.min_leaf, lower folds, or set forest.held_out_trees: 0",
        )
    if cluster is None:
        return
    held = {name: len(np.unique(cluster[rows[units_of(name, fold)]])) for name in names}
    fewest = min(held, key=lambda name: held[name])
    if held[fewest] < FEWEST_CLUSTERS:
        yield Problem(
            "design.cluster",
            f"at least {FEWEST_CLUSTERS} clusters in each forest's sample",
            f"{held[fewest]} in the sample {fewest}",
            "lower folds, set forest.held_out_trees: 0, or analyse without clusters",
        )


def _probability(cohort: pd.DataFrame, probability: Any) -> Iterator[Problem]:
    """Levels without a probability, and a treated share that the design's probability cannot have made."""
    if probability is None:
        return
    where = "design.probability"
    if isinstance(probability, Mapping):
        level = cohort["probability_level"].astype(str)
        absent = sorted(set(level) - set(probability["levels"]))
        if absent:
            yield Problem(
                f"{where}.levels",
                f"a probability for every level of {probability['column']}",
                f"none for {', '.join(absent)}",
                "add these levels, or leave their units out by an eligibility rule",
            )
            return
        expected = level.map(probability["levels"]).to_numpy(dtype=np.float64)
    else:
        expected = np.full(len(cohort), float(probability))
    if clusters(cohort) is not None:
        return  # whole clusters may have been randomised: the share varies more than the units' number tells
    spread = float(np.sqrt((expected * (1 - expected)).sum()))
    treated = cohort["treated"].to_numpy(dtype=np.float64)
    if abs(treated.sum() - expected.sum()) > MOST_ERRORS * spread:
        yield Problem(
            where,
            f"about {expected.mean():.0%} of the units treated, as the design says",
            f"{treated.mean():.0%}",
            "give the probability of the treated arm among the compared arms, or check treatment.treated",
        )
