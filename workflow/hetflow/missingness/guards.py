"""Guards: what must hold of completed files before anything is estimated from them.

1. Observed cells are returned bit for bit. Round-off that differs by arm is enough for trees to split on.
2. In a randomised design the arm cannot be predicted from a completed file that feeds a nuisance, a forest or
a score. 3. In a randomised design the adjusted average effect agrees with the unadjusted one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from hetflow.cohort.columns import Column
from hetflow.errors import Problem, refuse, refuse_all

FloatArray = NDArray[np.float64]
NOTICE_LEVEL = 0.0228
"""One-sided level of two standard errors: a notice."""
NEGLIGIBLE = 1e-12
"""Differences below this share of the largest outcome are round-off."""
REFUSAL_LEVEL = 0.001
"""False-alarm rate, for all files of an analysis together, at which a run is stopped."""


def observed_cells_unchanged(
    cohort: pd.DataFrame, completed: pd.DataFrame, columns: Sequence[Column]
) -> None:
    """Refuse a completed file in which an observed cell differs from the cohort by a single bit.

    Parameters
    ----------
    cohort : DataFrame
        Typed cohort frame with ``unit``.
    completed : DataFrame
        Completed file with ``unit``, whose units are among the cohort's.
    columns : sequence of Column
        Columns to compare; those that the completed file lacks are passed over, their ``__applies`` is
        compared too.

    Raises
    ------
    Refused
        Naming every column that differs and the number of cells.
    """
    original = cohort.set_index("unit").loc[completed["unit"].to_numpy()]
    problems = []
    for column in columns:
        for name in (column.name, column.applies):
            if name not in completed.columns or name not in original.columns:
                continue
            changed = _changed(original[name], completed[name])
            if changed:
                problems.append(
                    Problem(
                        f"completed file: {name}",
                        "every observed cell as it stands in the cohort, bit for bit",
                        f"{changed} observed cells differ",
                        "make the file again; if it differs again, report it as a defect of the imputation",
                    )
                )
    refuse_all(problems)


def _changed(original: pd.Series, completed: pd.Series) -> int:
    """Observed cells that differ in any bit."""
    observed = original.notna().to_numpy()
    if original.dtype == np.float64 and completed.dtype == np.float64:
        before, after = (series.to_numpy().view(np.uint64) for series in (original, completed))
        return int((before != after)[observed].sum())
    before, after = (series.astype(object).to_numpy() for series in (original, completed))
    return int((before != after)[observed].sum())


@dataclass(frozen=True, slots=True)
class ArmVerdict:
    """Whether the arm can be predicted from the completed files of an analysis.

    Attributes
    ----------
    mean, largest : float
        Mean and largest out-of-sample AUC over the files.
    se : float
        Standard error of one file's AUC under the null hypothesis.
    threshold_mean, threshold_largest : float
        Values above which the run is stopped.
    stop : bool
        Whether one of them is exceeded; false alarm at most `REFUSAL_LEVEL`, whatever the number of files and
        however alike they are.
    notice : str
        Empty, or what the report must say (mean above 0.5 by two standard errors; false alarm at most
        `NOTICE_LEVEL`).
    """

    mean: float
    largest: float
    se: float
    threshold_mean: float
    threshold_largest: float
    stop: bool
    notice: str


def judge_arm_auc(auc: Sequence[float], se: float) -> ArmVerdict:
    """Judge the out-of-sample AUC of the arm over all completed files of an analysis that feed an estimate.

    Parameters
    ----------
    auc : sequence of float
        One a file, see `hetflow.missingness.arm_auc`.
    se : float
        Standard error of one AUC under the null hypothesis.

    Returns
    -------
    ArmVerdict
        Two one-sided tests at half `REFUSAL_LEVEL` each: the mean over files, whose standard error is at most
        that of one file however the files are correlated (so that near-identical files give one test, not m),
        and the largest with Bonferroni's correction for the number of files (so that one spoilt file among
        many is found).
    """
    files = len(auc)
    mean, largest = float(np.mean(auc)), float(np.max(auc))
    threshold_mean = 0.5 + se * float(norm.isf(REFUSAL_LEVEL / 2))
    threshold_largest = 0.5 + se * float(norm.isf(REFUSAL_LEVEL / (2 * files)))
    stop = mean > threshold_mean or largest > threshold_largest
    above = mean > 0.5 + se * float(norm.isf(NOTICE_LEVEL))
    notice = (
        f"the arm is predicted from the completed covariates with a mean out-of-sample AUC of {mean:.3f} "
        f"over {files} files (0.5 expected, standard error {se:.3f}); by chance this happens in 1 analysis "
        f"of 44"
    )
    return ArmVerdict(
        mean, largest, se, threshold_mean, threshold_largest, stop, notice if above or stop else ""
    )


def refuse_predictable_arm(verdict: ArmVerdict, where: str) -> None:
    """Raise `Refused` when the verdict is to stop."""
    if verdict.stop:
        refuse(
            where,
            f"completed covariates that do not tell the arm: mean AUC up to {verdict.threshold_mean:.3f}, "
            f"largest up to {verdict.threshold_largest:.3f} (false alarm at most {REFUSAL_LEVEL:g})",
            f"mean AUC {verdict.mean:.3f}, largest {verdict.largest:.3f}",
            "look for covariates recorded after randomisation, or whose missingness depends on the arm; "
            "give them "
            "the role ignore",
        )


@dataclass(frozen=True, slots=True)
class Agreement:
    """Adjusted against unadjusted average effect.

    Attributes
    ----------
    adjusted, unadjusted, difference : float
        In outcome units, treated minus control; difference = adjusted - unadjusted.
    se : float
        Standard error of the difference, from the difference of the influence values.
    notice : str
        Empty when the difference is within two standard errors.
    """

    adjusted: float
    unadjusted: float
    difference: float
    se: float
    notice: str


def average_effects_agree(
    score: FloatArray,
    outcome: FloatArray,
    treated: NDArray[np.int8],
    propensity: FloatArray,
    cluster: NDArray[np.int64] | None = None,
    weight: FloatArray | None = None,
) -> Agreement:
    """Compare the mean of the doubly robust scores with the unadjusted contrast in a randomised design.

    Parameters
    ----------
    score : ndarray, shape (n,)
        Doubly robust scores of units whose outcome is observed.
    outcome, treated, propensity : ndarray, shape (n,)
        Outcome, arm 0/1, known probability of treatment. The unadjusted contrast is that of means weighted by
        the inverse probability of the arm, the plain difference of means when the probability is the same for
        all.
    cluster : ndarray, shape (n,), optional
        Clusters, whose influence values are added up.
    weight : ndarray, shape (n,), optional
        Sampling weights.

    Returns
    -------
    Agreement
        Both estimates share most of their error, so the standard error is that of their difference, and far
        smaller than either's. A notice at two standard errors: false alarm 4.6 % under the null hypothesis.
    """
    w = np.ones(len(score)) if weight is None else np.asarray(weight, dtype=np.float64)
    adjusted = float(np.average(score, weights=w))
    influence = w / w.sum() * (score - adjusted)
    unadjusted = 0.0
    for arm, sign in ((1, 1.0), (0, -1.0)):
        inverse = w * (treated == arm) / (propensity if arm == 1 else 1.0 - propensity)
        mean = float((inverse * outcome).sum() / inverse.sum())
        unadjusted += sign * mean
        influence = influence - sign * inverse / inverse.sum() * (outcome - mean)
    groups = np.arange(len(score)) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    totals = np.bincount(groups, weights=influence)
    count = len(totals)
    se = float(np.sqrt((totals**2).sum() * count / max(count - 1, 1)))
    difference = adjusted - unadjusted
    notice = (
        f"the adjusted average effect {adjusted:.4g} differs from the unadjusted {unadjusted:.4g} by "
        f"{difference:.3g}, more than two standard errors of the difference ({se:.3g}); by chance this "
        f"happens "
        "in 1 analysis of 22. In a randomised design both estimate the same effect: look for covariates that "
        "have seen the outcome or the arm"
    )
    beyond = abs(difference) > 2 * se + NEGLIGIBLE * float(np.abs(outcome).max())
    return Agreement(adjusted, unadjusted, difference, se, notice if beyond else "")
