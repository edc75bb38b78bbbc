"""Would another run find the same? What seeds, folds, imputations and settings add to the error of an estimate.

The components are measured against the sampling variance, the squared standard error of the table of estimates.
`seed` and `imputations` shrink with more trees and imputations; `folds` and `tuning` do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.effects.components import Component, between, difference, jackknife_variance, mean_square, scaled
from hetflow.effects.headlines import FROM_SEQUENTIAL, Key, covariates_side, scores_side, with_effects
from hetflow.effects.linear import Matrix, Vector
from hetflow.effects.refits import GROUPS, bag_groups
from hetflow.effects.registry import Plan
from hetflow.effects.scores import Scores

SEED, FOLDS, IMPUTATIONS, TUNING, MONTE_CARLO = "seed", "folds", "imputations", "tuning", "monte_carlo"
#: The refit with the study's own folds and settings; names of the others begin so.
BASE, OF_FOLDS, OF_TUNING = "base", "folds-", "tuning-"
#: Most groups of imputations that are left out in turn.
MOST_GROUPS = 10
#: Share of the squared standard error below which a component is rounding: a trial's average effect with a probability
#: of one half does not depend on the predicted effects, but its sum is taken in floating point.
ROUNDING = 1e-12
COMPONENTS = [
    *("estimand", "group", "term", "source", "estimate", "se", "variance", "lower", "upper", "df"),
    *("share", "share_lower", "share_upper", "truncated"),
]
REFITS = ["refit", "source", "estimand", "group", "term", "estimate", "moved"]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much was computed.

    Attributes
    ----------
    trees, held_out_trees, imputations : int
        Of the analysis: trees for each imputation.
    refit_trees, refit_held_out_trees, refit_imputations : int
        Of each refit.
    bag_trees : int
    """

    trees: int
    held_out_trees: int
    imputations: int
    refit_trees: int
    refit_held_out_trees: int
    refit_imputations: int
    bag_trees: int

    def of(self, estimand: str) -> int:
        """Trees for each imputation behind an estimate."""
        return self.held_out_trees if estimand in FROM_SEQUENTIAL else self.trees

    def of_refit(self, estimand: str) -> int:
        """The same in a refit."""
        return self.refit_held_out_trees if estimand in FROM_SEQUENTIAL else self.refit_trees

    def groups(self, estimand: str) -> Vector:
        """Bags in each group that a refit leaves out."""
        ranges = bag_groups(self.of_refit(estimand) // self.bag_trees)
        return np.array([last - first + 1 for first, last in ranges], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Estimates without groups of imputations.

    Attributes
    ----------
    sizes : ndarray, shape (g,)
        Imputations of each group; empty where there are fewer than two imputations.
    values : dict of key to ndarray, shape (1 + g,)
        The estimate from all imputations, then without each group.
    """

    sizes: Vector
    values: dict[Key, Vector]


def without_imputations(
    sets: Sequence[Scores], cate: Matrix, sequential: Matrix, frames: Sequence[pd.DataFrame], plan: Plan
) -> LeftOut:
    """Headline numbers without groups of imputations: their effects, their completed covariates, their sets of scores.

    The outcome mean of a trial, which reads the mean of all deployment imputations, stays as it is.

    Parameters
    ----------
    sets : sequence of Scores
        One, or one an imputation.
    cate, sequential : ndarray, shape (n, m)
    frames : sequence of DataFrame
        In the order of the scores.
    plan : Plan
    """
    number = max(len(sets), cate.shape[1], len(frames))
    if number < 2:
        return LeftOut(np.empty(0), {})
    groups = np.array_split(np.arange(number), min(number, MOST_GROUPS))
    held = [np.ones(number, dtype=bool), *(~np.isin(np.arange(number), group) for group in groups)]
    variants = np.stack([_mean(cate, keep) for keep in held], axis=1)
    before = np.stack([_mean(sequential, keep) for keep in held], axis=1)
    weights = np.array(held, dtype=np.float64)
    found: list[dict[Key, Vector]] = [
        _without(scores, variants, before, _own(frames, k, len(sets)), weights, plan)
        for k, scores in enumerate(sets)
    ]
    share = np.ones((1, len(held))) if len(sets) == 1 else weights.T / weights.sum(axis=1)
    shared = [key for key in found[0] if all(key in one for one in found)]
    values = {
        key: np.sum([one[key] * part for one, part in zip(found, share, strict=True)], axis=0)
        for key in shared
    }
    return LeftOut(np.array([group.size for group in groups], dtype=np.float64), values)


def _mean(values: Matrix, keep: NDArray[np.bool_]) -> Vector:
    """Mean over the imputations that are kept; of a single completed file the file itself."""
    return np.asarray(values[:, keep].mean(axis=1) if values.shape[1] == keep.size else values.mean(axis=1))


def _own(frames: Sequence[pd.DataFrame], k: int, sets: int) -> Sequence[pd.DataFrame]:
    return frames if sets == 1 else [frames[k if len(frames) == sets else 0]]


def _without(
    scores: Scores,
    cate: Matrix,
    sequential: Matrix,
    frames: Sequence[pd.DataFrame],
    weights: Matrix,
    plan: Plan,
) -> dict[Key, Vector]:
    """Of one set of scores: each column of `cate` with the frames that it keeps (all of them, if there is one)."""
    variants = [
        with_effects(scores, own, before, plan.better)
        for own, before in zip(cate.T, sequential.T, strict=True)
    ]
    sides = [scores_side(one, plan) for one in variants]
    found = {
        key: np.array([one[key] for one in sides]) for key in sides[0] if all(key in one for one in sides)
    }
    kept = weights if len(frames) == weights.shape[1] else np.ones((len(variants), len(frames)))
    of_frames = covariates_side(scores, np.column_stack([one.score for one in variants]), frames, plan)
    return found | {
        key: (kept.T * values).sum(axis=0) / kept.sum(axis=1) for key, values in of_frames.items()
    }


def components(
    estimates: pd.DataFrame, refits: pd.DataFrame, left_out: LeftOut, sizes: Sizes, level: float
) -> pd.DataFrame:
    """Variance components of every headline number that the refits have.

    Parameters
    ----------
    estimates : DataFrame
        The analysis' rows of the table of estimates.
    refits : DataFrame
        From `hetflow.effects.refits.refit_table`, all refits.
    left_out : LeftOut
    sizes : Sizes
    level : float
        Confidence of the bounds.

    Returns
    -------
    DataFrame
        `COMPONENTS`, one row an estimate and source. Variances are in the estimate's squared units, shares are of the
        squared standard error; a source that was not looked at has no row.
    """
    rows: list[dict[str, Any]] = []
    for key, values in by_key(refits).items():
        match = _row(estimates, key)
        if match is None:
            continue
        for source, part in _parts(key, values, left_out, sizes, level).items():
            rows.append(_component_row(key, source, _negligible(part, float(match["se"])), match))
    return pd.DataFrame(rows, columns=COMPONENTS)


def _negligible(part: Component, se: float) -> Component:
    """The component, or 0 where it is the rounding of an estimate that does not depend on its source at all."""
    return Component(0.0, 0.0, 0.0, part.df, False) if part.upper < ROUNDING * se**2 else part


def by_key(refits: pd.DataFrame) -> dict[Key, pd.DataFrame]:
    """Replicates (columns) of each refit (rows), by estimate."""
    tables = refits.groupby(["estimand", "group", "term"], sort=False)
    return {
        (str(estimand), str(group), str(term)): rows.pivot(
            index="refit", columns="replicate", values="estimate"
        )
        for (estimand, group, term), rows in tables
    }


def _row(estimates: pd.DataFrame, key: Key) -> Mapping[Any, Any] | None:
    rows = estimates[
        (estimates["estimand"] == key[0]) & (estimates["group"] == key[1]) & (estimates["term"] == key[2])
    ]
    return rows.to_dict("records")[0] if len(rows) and rows["se"].iloc[0] > 0 else None


def _component_row(key: Key, source: str, part: Component, match: Mapping[Any, Any]) -> dict[str, Any]:
    unit = float(match["se"]) ** 2
    return {
        **dict(zip(("estimand", "group", "term"), key, strict=True)),
        "source": source,
        "estimate": match["estimate"],
        "se": match["se"],
        "variance": part.variance,
        "lower": part.lower,
        "upper": part.upper,
        "df": part.df,
        "share": part.variance / unit,
        "share_lower": part.lower / unit,
        "share_upper": part.upper / unit,
        "truncated": part.truncated,
    }


def _parts(
    key: Key, values: pd.DataFrame, left_out: LeftOut, sizes: Sizes, level: float
) -> dict[str, Component]:
    """Components of one estimate by source."""
    groups = sizes.groups(key[0])
    same = [name for name in values.index if name == BASE or name.startswith(OF_FOLDS)]
    tuned = [name for name in values.index if name == BASE or name.startswith(OF_TUNING)]
    noise = {name: jackknife_variance(row[0], row[1:], groups) for name, row in _rows(values).items()}
    trees = sizes.of_refit(key[0]) * sizes.refit_imputations / (sizes.of(key[0]) * sizes.imputations)
    seed = mean_square(_average(noise, same), len(same) * (GROUPS - 1), level)
    found = {SEED: scaled(seed, trees)}
    for source, names in ((FOLDS, same), (TUNING, tuned)):
        if len(names) > 1:
            square, own = between(values.loc[names, 0].to_numpy()), _average(noise, names)
            found[source] = difference(square, len(names) - 1, own, len(names) * (GROUPS - 1), level)
    total = found[SEED]
    if left_out.sizes.size and key in left_out.values:
        whole, parts = left_out.values[key][0], left_out.values[key][1:]
        square, df = jackknife_variance(whole, parts, left_out.sizes), left_out.sizes.size - 1
        found[IMPUTATIONS] = difference(square, df, total.variance, total.df, level)
        total = mean_square(square, df, level) if square > total.variance else total
    return found | {MONTE_CARLO: total}


def _rows(values: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    return dict(zip(values.index, values.to_numpy(dtype=np.float64), strict=True))


def _average(noise: Mapping[str, float], names: Sequence[str]) -> float:
    return float(np.mean([noise[name] for name in names]))


def moves(estimates: pd.DataFrame, refits: pd.DataFrame) -> pd.DataFrame:
    """Every refit's estimates, and how far they lie from the refit with the study's own folds and settings.

    Returns
    -------
    DataFrame
        `REFITS`; `moved` is in standard errors of the estimate.
    """
    rows: list[dict[str, Any]] = []
    for key, values in by_key(refits).items():
        match = _row(estimates, key)
        for name in values.index if match is not None else ():
            source = FOLDS if name.startswith(OF_FOLDS) else TUNING if name.startswith(OF_TUNING) else BASE
            moved = (values.loc[name, 0] - values.loc[BASE, 0]) / match["se"]  # type: ignore[index]
            own = dict(zip(("estimand", "group", "term"), key, strict=True))
            rows.append(
                {"refit": name, "source": source} | own | {"estimate": values.loc[name, 0], "moved": moved}
            )
    return pd.DataFrame(rows, columns=REFITS)
