"""Rules that rank units: predicted effect, baseline risk, a covariate, a score of the user's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.cohort.views import matrix, rows_of
from hetflow.effects.linear import Vector
from hetflow.effects.scores import Scores, direction

EFFECT, RISK = "effect", "risk"
#: Where a ranking comes from: effects predicted out of bag, by forests of earlier folds, or given beforehand.
OUT_OF_BAG, SEQUENTIAL, FIXED = "out of bag", "sequential", "fixed"


@dataclass(frozen=True, slots=True)
class Priority:
    """A rule that ranks units.

    Attributes
    ----------
    name : str
        `EFFECT`, `RISK`, or the study's name of the rule.
    label : str
        In words.
    basis : str
        `OUT_OF_BAG`, `SEQUENTIAL` or `FIXED`.
    values : ndarray, shape (n,)
        Those with larger values come first.
    """

    name: str
    label: str
    basis: str
    values: Vector


def predicted_benefit(scores: Scores, better: str) -> Priority:
    """Predicted benefit by forests of the folds before a unit's own; out of bag where none were grown.

    NaN in the first fold.
    """
    if scores.lacks("cate_sequential"):
        return out_of_bag_benefit(scores)
    return Priority(EFFECT, "Predicted effect", SEQUENTIAL, direction(better) * scores.cate_sequential)


def within_folds(priority: Priority, weight: Vector, fold: NDArray[np.int64]) -> Priority:
    """The same order within each fold, as the share of the fold's weight below a unit.

    Predictions of different folds come from different forests; a cut common to all folds would depend on outcomes of
    the folds that it cuts.
    """
    ranks = np.full(weight.size, np.nan)
    for k in np.unique(fold):
        inside = np.flatnonzero((fold == k) & np.isfinite(priority.values))
        if inside.size == 0:
            continue
        _, place = np.unique(priority.values[inside], return_inverse=True)
        mass = np.bincount(place, weights=weight[inside])
        ranks[inside] = ((np.cumsum(mass) - mass / 2) / mass.sum())[place]
    return replace(priority, values=ranks)


def out_of_bag_benefit(scores: Scores) -> Priority:
    """Predicted benefit out of bag, by which AUTOC and QINI of the estimates rank."""
    return Priority(EFFECT, "Predicted effect", OUT_OF_BAG, scores.priority)


def baseline_risk(sets: Sequence[Scores], better: str) -> Priority:
    """Worst predicted outcome first: the cross-fitted outcome mean, blind to treatment, averaged over sets of scores.

    Its noise comes from outcomes of both arms alike and not from their contrast, so that it counts as fixed.
    """
    mean = np.mean([scores.outcome_mean for scores in sets], axis=0)
    return Priority(RISK, "Baseline risk", FIXED, -direction(better) * mean)


def named_priorities(
    rules: Mapping[str, Mapping[str, Any]],
    columns: Sequence[Column],
    completions: Sequence[pd.DataFrame],
    cohort: pd.DataFrame,
    unit: np.ndarray,
) -> tuple[list[Priority], list[str]]:
    """The study's own rules.

    Parameters
    ----------
    rules : mapping
        Name to ``covariate`` (read as completed without arm and outcome, averaged over imputations) or ``column`` (read
        as recorded), and ``higher_first``.
    columns : sequence of Column
    completions : sequence of DataFrame
        Deployment-mode files.
    cohort : DataFrame
    unit : ndarray of int, shape (n,)
        Scored units.

    Returns
    -------
    priorities : list of Priority
    notices : list of str
        Rules left out, and why.
    """
    known = {column.name: column for column in columns}
    found: list[Priority] = []
    notices: list[str] = []
    for name, rule in rules.items():
        wanted = rule["covariate"] or rule["column"]
        column = known.get(wanted)
        frames = completions if rule["covariate"] else [cohort]
        if column is None or wanted not in frames[0].columns:
            notices.append(f"left out: policy.rules.{name}: {wanted} is not in the data of this analysis")
            continue
        values = _values(column, frames, unit)
        if not np.isfinite(values).all():
            missing = "has missing values, and who misses it has no rank"
            notices.append(f"left out: policy.rules.{name}: {wanted} {missing}")
            continue
        first = "highest first" if rule["higher_first"] else "lowest first"
        label = f"{column.label or column.name}, {first}"
        found.append(Priority(name, label, FIXED, values if rule["higher_first"] else -values))
    return found, notices


def _values(column: Column, frames: Sequence[pd.DataFrame], unit: np.ndarray) -> Vector:
    """The column of the scored units, averaged over the frames."""
    rows = rows_of(unit, frames[0]["unit"].to_numpy())
    stack = np.stack([frame[column.name].to_numpy(dtype=np.float64)[rows] for frame in frames])
    same = np.asarray((stack == stack[0]).all(axis=0))
    return np.where(same, stack[0], stack.mean(axis=0))


def tree_covariates(
    names: Sequence[str],
    columns: Sequence[Column],
    completions: Sequence[pd.DataFrame],
    unit: np.ndarray,
) -> tuple[np.ndarray, list[str], list[str]]:
    """Covariates of policy trees as a new patient would get them: completed without arm and outcome.

    Returns
    -------
    X : ndarray, shape (n, p)
        Mean over imputations; a nominal covariate is one 0/1 column a level, without its indicators of what is missing.
    names : list of str, length p
    notices : list of str
        Covariates left out because this analysis leaves gaps in them or does not hold them.
    """
    wanted = set(names)
    chosen = [column for column in columns if column.name in wanted and column.role == "covariate"]
    indicators = {column.indicator for column in chosen}
    rows = rows_of(unit, completions[0]["unit"].to_numpy())
    X, terms = matrix(chosen, completions)
    X = X[rows]
    complete = np.asarray(np.isfinite(X).all(axis=0))
    kept = [j for j, term in enumerate(terms) if term not in indicators and complete[j]]
    held = {terms[j].split("=")[0] for j in kept} | {terms[j].removesuffix("__applies") for j in kept}
    gone = [name for name in dict.fromkeys(names) if name not in held]
    notices = [f"policy trees: without {name}, which this analysis does not complete" for name in gone]
    return np.ascontiguousarray(X[:, kept]), [terms[j] for j in kept], notices
