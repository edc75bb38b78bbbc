"""Effect modifiers: displays of the covariates that the study names, and an exploratory ranking of all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.cohort.columns import Column
from hetflow.cohort.matrix import covariate_codes, covariate_matrix
from hetflow.cohort.views import covariates
from hetflow.effects import curves, importance
from hetflow.effects.checks import aligned
from hetflow.effects.importance import BLOCK, COVARIATE, PERMUTATION, SHAPLEY, SPLITS, Draw, Group, Sample
from hetflow.effects.linear import Matrix, Vector, cluster_codes
from hetflow.effects.scores import Scores, require
from hetflow.errors import Refused


@dataclass(frozen=True, slots=True)
class Ranking:
    """Importance of all covariates.

    Attributes
    ----------
    table : DataFrame
        `hetflow.effects.importance.COLUMNS`.
    facts : dict
        Units and draws behind it, how much of the scores the forest explains out of sample, and how like its
        predictions are to the study's effects.
    """

    table: pd.DataFrame
    facts: dict[str, Any]


def column_groups(
    frame: pd.DataFrame, columns: Sequence[Column], encode: Callable[..., tuple[Any, ...]] = covariate_matrix
) -> list[Group]:
    """Columns of the covariate matrix by covariate, and by block of covariates measured together.

    Parameters
    ----------
    frame : DataFrame
        A completed file.
    columns : sequence of Column
        Covariates that it holds.
    encode : callable
        `hetflow.cohort.matrix.covariate_matrix` or `covariate_codes`: how covariates become columns.
    """
    owner = np.repeat(
        np.arange(len(columns)), [len(encode(frame.head(0), [column])[1]) for column in columns]
    )
    groups = [
        Group(COVARIATE, column.name, column.label or column.name, owner == place)
        for place, column in enumerate(columns)
    ]
    blocks = dict.fromkeys(column.block for column in columns if column.block is not None)
    for block in blocks:
        members = [place for place, column in enumerate(columns) if column.block == block]
        if len(members) > 1:
            groups.append(Group(BLOCK, str(block), str(block), np.isin(owner, members), len(members)))
    return groups


def rank_modifiers(
    score_sets: Sequence[Scores],
    completions: Sequence[pd.DataFrame],
    columns: Sequence[Column],
    asked: Mapping[str, Any],
    folds: int,
    seed: int,
) -> Ranking:
    """Importance by permutation and by Shapley values, over draws that change folds, seed, imputation and units.

    Parameters
    ----------
    score_sets : sequence of Scores
        One, or one an imputation.
    completions : sequence of DataFrame
        Deployment-mode covariates: what is ranked must not have seen arm and outcome.
    columns : sequence of Column
    asked : mapping
        ``draws, trees, most_units, top``.
    folds : int
    seed : int
        The study's.
    """
    require(score_sets[0], "modifiers", "score")
    held = score_sets[0].weight > 0
    sets = [scores.subset(held) for scores in score_sets]
    kept = importance.thinned(cluster_codes(sets[0].cluster), int(asked["most_units"]), seed)
    chosen = np.isin(np.arange(sets[0].weight.size), kept)
    sets = [scores.subset(chosen) for scores in sets]
    frames = [aligned(frame, sets[0]) for frame in completions]
    known = covariates(columns, frames[0])
    groups = column_groups(frames[0], known)
    found, null = [], []
    for number in range(int(asked["draws"])):
        scores, frame = sets[number % len(sets)], frames[number % len(frames)]
        X = covariate_matrix(frame, known)[0]
        sample = Sample(X, scores.score, scores.weight, cluster_codes(scores.cluster))
        key = ("modifiers", number)
        shuffled = importance.without_effect(sample, seed, key)
        trees = int(asked["trees"])
        found.append(importance.draw_importance(sample, groups, folds, trees, seed, (*key, "found")))
        null.append(importance.draw_importance(shuffled, groups, folds, trees, seed, (*key, "null")))
    tables = [
        _of_measure(measure, found, null, groups, int(asked["top"])) for measure in (PERMUTATION, SHAPLEY)
    ]
    facts = {"units": len(kept), "units_of": int(held.sum()), "draws": len(found)}
    return Ranking(pd.concat(tables, ignore_index=True), facts | _likeness(sets, found))


def rank_by_splits(
    parts: Iterable[tuple[Matrix, Matrix]], frame: pd.DataFrame, columns: Sequence[Column], top: int
) -> pd.DataFrame:
    """Importance by splits of the study's own forest.

    Parameters
    ----------
    parts : iterable of (ndarray, ndarray), each of shape (parts, p)
        For each imputation, from `hetflow.forest.regrown.split_importance`: as the data are, and with shuffled
        covariates.
    frame : DataFrame
        A completed file.
    columns : sequence of Column
    top : int
    """
    groups = column_groups(frame, covariates(columns, frame), covariate_codes)
    membership = np.column_stack([group.columns for group in groups]).astype(np.float64)
    pairs = list(parts)
    found = np.concatenate([own for own, _ in pairs]) @ membership
    null = np.concatenate([shuffled for _, shuffled in pairs]) @ membership
    return importance.importance_table(SPLITS, found, null, groups, top, found.mean(axis=0))


def show_modifiers(
    evidence: curves.Evidence, names: Sequence[str], pairs: Sequence[Sequence[str]]
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Displays of the named covariates and pairs; what cannot be shown is told by name.

    Returns
    -------
    displays, cells : DataFrame
        `hetflow.effects.curves.COLUMNS` and ``CELLS``.
    notices : list of str
    """
    notices: list[str] = []

    def shown(make: Callable[[], pd.DataFrame]) -> list[pd.DataFrame]:
        try:
            return [make()]
        except Refused as refused:
            notices.extend(f"{problem.where}: {problem.found}" for problem in refused.problems)
            return []

    single = [table for name in names for table in shown(lambda name=name: curves.display(evidence, name))]  # type: ignore[misc]
    double = [table for a, b in pairs for table in shown(lambda a=a, b=b: curves.cells(evidence, a, b))]  # type: ignore[misc]
    return _joined(single, curves.COLUMNS), _joined(double, curves.CELLS), notices


def evidence_of(
    score_sets: Sequence[Scores],
    completions: Sequence[pd.DataFrame],
    columns: Sequence[Column],
    observed: pd.DataFrame | None,
    **more: Any,
) -> curves.Evidence:
    """What displays read, lined up: units of positive weight, one set of scores an imputation."""
    held = score_sets[0].weight > 0
    sets = [scores.subset(held) for scores in score_sets]
    number = max(len(sets), len(completions))
    frames = [aligned(frame, sets[0]) for frame in completions]
    seen = None if observed is None else aligned(observed, sets[0])
    return curves.Evidence(
        _each(sets, number), _each(frames, number), covariates(columns, frames[0]), seen, **more
    )


def _each(items: Sequence[Any], number: int) -> list[Any]:
    """The items, or the only one as often as it is needed."""
    return list(items) * number if len(items) == 1 else list(items)


def _joined(tables: list[pd.DataFrame], names: Sequence[str]) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(names))


def _of_measure(
    measure: str, found: Sequence[Draw], null: Sequence[Draw], groups: Sequence[Group], top: int
) -> pd.DataFrame:
    """Replicates of all draws; the estimate is the mean over draws under the units' own weights."""
    first = np.stack([draw.replicates[measure][0] for draw in found])
    again = np.concatenate([draw.replicates[measure][1:] for draw in found])
    none = np.concatenate([draw.replicates[measure][1:] for draw in null])
    return importance.importance_table(measure, again, none, groups, top, first.mean(axis=0))


def _likeness(sets: Sequence[Scores], draws: Sequence[Draw]) -> dict[str, Any]:
    """How well effects predicted without the unit meet its score, and how like they are to the study's effects."""
    weight = sets[0].weight / sets[0].weight.sum()
    guess = np.mean([draw.predicted for draw in draws], axis=0)
    score = np.mean([scores.score for scores in sets], axis=0)
    cate = np.mean([scores.cate for scores in sets], axis=0)
    explained = 1 - weight @ (score - guess) ** 2 / (weight @ (score - weight @ score) ** 2)
    return {
        "explained": float(explained),
        "fidelity": _squared_correlation(guess, cate, weight),
        "additivity_gap": max(draw.gap for draw in draws),
    }


def _squared_correlation(a: Vector, b: Vector, weight: NDArray[np.float64]) -> float:
    centred = [values - weight @ values for values in (a, b)]
    spread = [weight @ values**2 for values in centred]
    product = float(weight @ (centred[0] * centred[1]))
    return product**2 / float(spread[0] * spread[1]) if min(spread) > 0 else float("nan")
