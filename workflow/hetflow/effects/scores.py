"""The one contract that every estimate reads: doubly robust scores and what they were made of."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hetflow.effects.linear import Vector
from hetflow.effects.score_checks import NULLABLE, REMEDY, check_scores
from hetflow.errors import refuse

BETTER = {"higher": 1.0, "lower": -1.0}

_INTEGERS = {"unit": np.int64, "treated": np.int8, "observed": np.int8, "cluster": np.int64, "fold": np.int64}


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of one contrast, one entry a unit; every array has shape (n,) and the order of `unit`.

    Attributes
    ----------
    contrast : str
        Treated arm minus control arm, as named by the study.
    unit : ndarray of int64
        Row number in the raw file.
    treated : ndarray of int8
        1 treated, 0 control.
    treatment_residual, outcome_residual : ndarray
        Treated minus propensity; outcome minus outcome mean (outcome units). Where missing outcomes are weighted
        for, the outcome is the completed one of `hetflow.nuisance.observation`, which has the outcome's mean given
        arm and covariates: every estimate that is linear in it is that of all units, and counts them all.
    propensity, outcome_mean : ndarray
        Probability of treatment; expected outcome given covariates, arms mixed.
    observed : ndarray of int8
        1 where the outcome was observed.
    observation_probability : ndarray
        Of an observed outcome; null where missing outcomes are not weighted for.
    cate : ndarray
        Predicted effect, out of bag, averaged over imputations; treated minus control, outcome units.
    cate_variance : ndarray
        Mean over imputations of its sampling variance.
    cate_between_imputations : ndarray
        Its variance between imputations; null for a single imputation.
    cate_held_out, cate_sequential : ndarray
        Predicted by forests that left the unit's fold out, or that saw only the folds before it (null in
        the first).
    score : ndarray
        Doubly robust score, outcome units.
    priority : ndarray
        Predicted benefit: `cate`, with its sign turned where lower outcomes are better.
    weight : ndarray
        Not negative.
    cluster, fold : ndarray of int64

    An array whose entries are all NaN is what the outcome kind, or the run, does not have.
    """

    contrast: str
    unit: NDArray[np.int64]
    treated: NDArray[np.int8]
    treatment_residual: Vector
    outcome_residual: Vector
    propensity: Vector
    outcome_mean: Vector
    observed: NDArray[np.int8]
    observation_probability: Vector
    cate: Vector
    cate_variance: Vector
    cate_between_imputations: Vector
    cate_held_out: Vector
    cate_sequential: Vector
    score: Vector
    priority: Vector
    weight: Vector
    cluster: NDArray[np.int64]
    fold: NDArray[np.int64]

    def __post_init__(self) -> None:
        check_scores(self)

    @property
    def n(self) -> int:
        """Number of units of positive weight."""
        return int(np.count_nonzero(self.weight))

    def lacks(self, name: str) -> bool:
        """Whether a column is null throughout."""
        return bool(np.isnan(getattr(self, name)).all())

    def subset(self, rows: NDArray[np.bool_]) -> Scores:
        """The same for some of the units."""
        arrays = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "contrast"}
        return replace(self, **arrays)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Scores:
        """From a table under the contract `scores` that holds a single contrast.

        Raises
        ------
        Refused
            If the table holds several contrasts, a column holds some nulls but not only nulls, or values
            that are impossible.
        """
        contrasts = frame["contrast"].unique()
        if len(contrasts) != 1:
            refuse("scores", "one contrast", f"{len(contrasts)}", "hand over one contrast at a time")
        arrays = {
            f.name: frame[f.name].to_numpy(dtype=_INTEGERS.get(f.name, np.float64))
            for f in fields(cls)
            if f.name != "contrast"
        }
        return cls(contrast=str(contrasts[0]), **arrays)

    def to_frame(self) -> pd.DataFrame:
        """As a table under the contract `scores`."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "contrast"}
        frame = pd.DataFrame(arrays)
        frame.insert(1, "contrast", self.contrast)
        return frame.astype({"fold": np.int8})


def require(scores: Scores, what: str, *names: str) -> None:
    """Refuse `what` by name when a column that it reads is null."""
    absent = [name for name in names if scores.lacks(name)]
    if absent:
        refuse(
            what,
            f"scores with {', '.join(names)}",
            f"no {', '.join(absent)}",
            f"this outcome kind or this run does not provide it: leave {what} out",
        )


def doubly_robust_score(
    cate: Vector, treatment_residual: Vector, outcome_residual: Vector, propensity: Vector
) -> Vector:
    """Doubly robust score of a binary treatment.

    ``score = cate + (W - e) / (e (1 - e)) * (Y - m - (W - e) cate)`` (Robins, Rotnitzky and Zhao 1994; in
    this form Athey and Wager 2019). Its mean is the average treatment effect, in outcome units, treated
    minus control.

    Parameters
    ----------
    cate, treatment_residual, outcome_residual, propensity : ndarray, shape (n,)
        Predicted effect, W - e, Y - m, and e.

    Raises
    ------
    Refused
        If a propensity is not strictly between 0 and 1.
    """
    if not bool(((propensity > 0) & (propensity < 1)).all()):
        refuse(
            "propensity",
            "probabilities of treatment strictly between 0 and 1",
            f"{int((~((propensity > 0) & (propensity < 1))).sum())} outside",
            "leave units out whose treatment was certain (nuisance.trim)",
        )
    weight = treatment_residual / (propensity * (1 - propensity))
    return np.asarray(cate + weight * (outcome_residual - treatment_residual * cate))


def make_scores(
    nuisance: pd.DataFrame,
    cate: NDArray[np.float64],
    variance: NDArray[np.float64] | None = None,
    *,
    better: str,
    held_out: NDArray[np.float64] | None = None,
    sequential: NDArray[np.float64] | None = None,
    weight: Vector | None = None,
    cluster: NDArray[np.int64] | None = None,
    fold: NDArray[np.int64] | None = None,
) -> Scores:
    """Scores from nuisances and from effects predicted in every imputation.

    Effects are averaged over imputations first and then enter one score: ranking each imputation and
    pooling costs power.

    Parameters
    ----------
    nuisance : DataFrame, n rows
        Under the contract `nuisance`, one contrast. Without its columns on the observation of outcomes all of them
        count as observed.
    cate, variance : ndarray, shape (n, imputations) or (n,)
        Out-of-bag effects and their sampling variances, rows as in `nuisance`.
    better : {"higher", "lower"}
        Direction of benefit of the outcome.
    held_out, sequential : ndarray, shape (n, imputations) or (n,), optional
        Effects from forests that left folds out; `sequential` is NaN in the first fold.
    weight, cluster, fold : ndarray, shape (n,), optional
        By default the weights and folds of `nuisance`, and every unit a cluster.

    Raises
    ------
    Refused
        If shapes disagree, several contrasts are given, or a propensity is 0 or 1.
    """
    n = len(nuisance)
    effects = _columns(cate, n, "cate")
    mean = effects.mean(axis=1)
    several = effects.shape[1] > 1
    residuals = {name: nuisance[name].to_numpy(dtype=np.float64) for name in NULLABLE[:4]}
    frame = pd.DataFrame(
        {
            "unit": nuisance["unit"].to_numpy(dtype=np.int64),
            "contrast": nuisance["contrast"].to_numpy(),
            "treated": nuisance["treated"].to_numpy(dtype=np.int8),
            **residuals,
            **_observation(nuisance),
            "cate": mean,
            "cate_variance": _average(variance, n, "variance"),
            "cate_between_imputations": effects.var(axis=1, ddof=1) if several else np.full(n, np.nan),
            "cate_held_out": _average(held_out, n, "held_out"),
            "cate_sequential": _average(sequential, n, "sequential"),
            "score": doubly_robust_score(
                mean, residuals["treatment_residual"], residuals["outcome_residual"], residuals["propensity"]
            ),
            "priority": direction(better) * mean,
            "weight": nuisance["weight"].to_numpy(dtype=np.float64) if weight is None else weight,
            "cluster": nuisance["unit"].to_numpy(dtype=np.int64) if cluster is None else cluster,
            "fold": nuisance["fold"].to_numpy(dtype=np.int64) if fold is None else fold,
        }
    )
    return Scores.from_frame(frame.sort_values("unit", kind="stable"))


def _observation(nuisance: pd.DataFrame) -> dict[str, NDArray]:
    """Whether outcomes were observed, and with which probability."""
    if "observed" not in nuisance:
        return {
            "observed": np.ones(len(nuisance), np.int8),
            "observation_probability": np.full(len(nuisance), np.nan),
        }
    probability = nuisance["observation_probability"].to_numpy(dtype=np.float64)
    return {"observed": nuisance["observed"].to_numpy(dtype=np.int8), "observation_probability": probability}


def direction(better: str) -> float:
    """+1 where higher outcomes are better, -1 where lower ones are."""
    if better not in BETTER:
        refuse(
            "better", "`higher` or `lower`", repr(better), "say which direction of the outcome is a benefit"
        )
    return BETTER[better]


def _columns(values: NDArray[np.float64], n: int, name: str) -> NDArray[np.float64]:
    table = np.asarray(values, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or table.shape[0] != n or table.shape[1] < 1:
        refuse(name, f"{n} rows, one for each unit of the nuisances", str(table.shape), REMEDY)
    return table


def _average(values: NDArray[np.float64] | None, n: int, name: str) -> Vector:
    if values is None:
        return np.full(n, np.nan)
    return np.asarray(_columns(values, n, name).mean(axis=1))
