"""Judge an imputer by what a study of effect heterogeneity would conclude from it, over the seventeen classes.

An imputer is any callable ``imputer(frame, arm, outcome, imputations, seed)`` that returns that many completed data
frames. Trials of known truth are made incomplete by every class of the taxonomy (`hetflow.missingness.amputation`),
imputed, analysed in each completed frame by the same doubly robust analysis, and pooled by Rubin's rules::

    python benchmarks/imputers.py by_arm both_arms mean           # three that come with it
    python benchmarks/imputers.py yourmodule:impute --replicates 100 --classes MAR-UP MNAR-UP

or, from Python, ``judge(impute)``. A row a class: bias, coverage and width of the 95 % interval of the interaction with
an incomplete covariate (truth 0.8) and of the average effect (truth 1), PEHE, rank correlation of group effects, CPU
seconds an imputation (set OMP_NUM_THREADS=1 to compare them). Classes differ in how hard they are: compare imputers
within a class, and all with ``none``, which sees the complete data. Under MNAR no imputer that reads the data alone is
unbiased.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

from hetflow.cohort.columns import Column
from hetflow.effects.linear import hc3_covariance, least_squares
from hetflow.missingness.amputation import CLASSES, Strengths, amputate
from hetflow.missingness.chained import OUTCOME, ChainSettings, run_chain
from hetflow.missingness.strategies import complete
from hetflow.pooling import pool
from hetflow.seeds import generator, integer_seed

Imputer = Callable[[pd.DataFrame, np.ndarray, np.ndarray, int, int], list[pd.DataFrame]]

INCOMPLETE = ["X1", "X2", "X3"]
OBSERVED = ["Z1", "Z2", "Z3", "Z4"]
NAMES = INCOMPLETE + OBSERVED
COLUMNS = [Column(name, "continuous") for name in NAMES]
TARGETS = {"interaction": 0.8, "average": 1.0}
GROUPS = 5


@dataclass(frozen=True)
class Trial:
    """A trial whose truth is known: effect 1 + 0.8 X1, outcome X1 + X2 + Z1 + effect (A - 1/2) + N(0, 1)."""

    whole: pd.DataFrame
    arm: np.ndarray
    outcome: np.ndarray
    effect: np.ndarray


def draw(units: int, seed: int) -> Trial:
    """Seven normal covariates, correlated by 0.4."""
    rng = generator(seed, "imputers", "trial")
    X = np.sqrt(0.4) * rng.standard_normal((units, 1)) + np.sqrt(0.6) * rng.standard_normal((units, 7))
    whole = pd.DataFrame(X, columns=NAMES)
    arm = rng.permutation(np.arange(units) % 2)
    effect = TARGETS["average"] + TARGETS["interaction"] * X[:, 0]
    outcome = X[:, 0] + X[:, 1] + X[:, 3] + effect * (arm - 0.5) + rng.standard_normal(units)
    return Trial(whole, arm, outcome, effect)


def analyse(frame: pd.DataFrame, trial: Trial) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Estimates and variances of `TARGETS`, fitted effects and doubly robust scores, from one completed frame."""
    X, arm, n = frame[NAMES].to_numpy(dtype=float), trial.arm, len(frame)
    design = np.column_stack([np.ones(n), X - X.mean(axis=0)])
    interacted = np.column_stack([design, arm[:, None] * design])
    fit = least_squares(interacted, trial.outcome, np.ones(n), "imputers")
    covariance = hc3_covariance(interacted, fit, np.ones(n), np.arange(n), "imputers")
    k = design.shape[1]
    effect = design @ fit.coefficients[k:]
    residual = trial.outcome - design @ fit.coefficients[:k] - arm * effect
    score = effect + 4 * (arm - 0.5) * residual
    estimates = np.array([fit.coefficients[k + 1], score.mean()])
    variances = np.array([covariance[k + 1, k + 1], score.var(ddof=1) / n])
    return estimates, variances, effect, score


def group_rank(effect: np.ndarray, score: np.ndarray, truth: np.ndarray) -> float:
    """Spearman correlation of estimated and true mean effects of fifths by fitted effect."""
    group = np.argsort(np.argsort(effect)) * GROUPS // len(effect)
    means = [[values[group == g].mean() for g in range(GROUPS)] for values in (score, truth)]
    return float(stats.spearmanr(*means).statistic)


def replicate(imputer: Imputer, name: str, units: int, imputations: int, seed: int) -> dict[str, float]:
    """One trial, amputated by a class, imputed and analysed."""
    trial = draw(units, seed)
    made = amputate(
        trial.whole,
        INCOMPLETE,
        name,
        seed=integer_seed(seed, "imputers", "masks"),
        drivers=OBSERVED,
        strengths=Strengths(values=1.0),
    )
    frame, began = made.frame, time.process_time()
    given = trial.whole if imputer is none else frame
    completed = imputer(given.copy(), trial.arm.copy(), trial.outcome.copy(), imputations, seed)
    seconds = time.process_time() - began
    check(completed, given)
    fits = [analyse(one, trial) for one in completed]
    pooled = pool(np.array([f[0] for f in fits]), np.array([f[1] for f in fits]), units - 2 * len(NAMES) - 2)
    half = stats.t.ppf(0.975, pooled.df) * np.sqrt(pooled.total)
    effect, score = (np.mean([f[place] for f in fits], axis=0) for place in (2, 3))
    row = {"PEHE": float(np.sqrt(np.mean((effect - trial.effect) ** 2)))}
    row |= {"group_rank": group_rank(effect, score, trial.effect), "seconds": seconds / len(completed)}
    for place, (target, truth) in enumerate(TARGETS.items()):
        error = float(pooled.estimate[place] - truth)
        row |= {f"{target}_bias": error, f"{target}_coverage": float(abs(error) <= half[place])}
        row[f"{target}_width"] = float(2 * half[place])
    return row


def check(completed: Sequence[pd.DataFrame], frame: pd.DataFrame) -> None:
    """An imputer must fill all gaps and leave everything else alone, bit for bit."""
    for one in completed:
        if one[NAMES].isna().any(axis=None):
            raise ValueError("the imputer left gaps")
        if not one[NAMES].reset_index(drop=True).where(frame[NAMES].notna()).equals(frame[NAMES]):
            raise ValueError("the imputer changed observed values")


def judge(
    imputer: Imputer,
    classes: Sequence[str] = CLASSES,
    *,
    replicates: int = 50,
    units: int = 1000,
    imputations: int = 10,
    first: int = 0,
) -> pd.DataFrame:
    """Judge an imputer.

    Parameters
    ----------
    imputer : callable
        ``imputer(frame, arm, outcome, imputations, seed)``: frame of seven numeric columns with gaps, arm (0 or 1) and
        outcome of each unit; returns a list of completed frames. It may ignore arm or outcome. One that fills once
        returns a list of one.
    classes : sequence of str
    replicates, units, imputations : int
        Trials a class; their units; what the imputer is asked for.
    first : int
        Seed of the first trial; all imputers meet the same trials.

    Returns
    -------
    DataFrame, one row a class
        Means over trials, and ``interaction_bias_mcse``, the Monte Carlo error of the interaction's bias.
    """
    rows = {}
    for name in classes:
        table = pd.DataFrame(
            [replicate(imputer, name, units, imputations, first + j) for j in range(replicates)]
        )
        rows[name] = table.mean()
        rows[name]["interaction_bias_mcse"] = table["interaction_bias"].std() / np.sqrt(replicates)
    return pd.DataFrame(rows).T


def none(frame: pd.DataFrame, arm: np.ndarray, outcome: np.ndarray, m: int, seed: int) -> list[pd.DataFrame]:
    """The complete data: what the best imputer could hope for."""
    return [frame]


def by_arm(
    frame: pd.DataFrame, arm: np.ndarray, outcome: np.ndarray, m: int, seed: int
) -> list[pd.DataFrame]:
    """hetflow's inference mode."""
    typed = frame.assign(unit=np.arange(len(frame), dtype=np.int64))
    more = {"arm": arm.astype(np.int8), "outcome": outcome}
    return [
        complete(typed, COLUMNS, "multiple_imputation", "inference", k, seed, **more).frame for k in range(m)
    ]


def deployment(
    frame: pd.DataFrame, arm: np.ndarray, outcome: np.ndarray, m: int, seed: int
) -> list[pd.DataFrame]:
    """hetflow's deployment mode, which reads neither arm nor outcome."""
    typed = frame.assign(unit=np.arange(len(frame), dtype=np.int64))
    return [complete(typed, COLUMNS, "multiple_imputation", "deployment", k, seed).frame for k in range(m)]


def both_arms(
    frame: pd.DataFrame, arm: np.ndarray, outcome: np.ndarray, m: int, seed: int
) -> list[pd.DataFrame]:
    """Chained equations over both arms with arm and outcome, without interactions."""
    typed = frame.assign(arm=arm.astype(float), **{OUTCOME: outcome})
    described = [*COLUMNS, Column("arm", "binary", levels=("0", "1")), Column(OUTCOME, "continuous")]
    settings = ChainSettings(minimum_correlation=0.0)
    return [run_chain(typed, described, settings, seed, ("both arms", k)).frame for k in range(m)]


def mean(frame: pd.DataFrame, arm: np.ndarray, outcome: np.ndarray, m: int, seed: int) -> list[pd.DataFrame]:
    """The column's mean, once."""
    return [frame.fillna(frame.mean())]


BUILT_IN: dict[str, Imputer] = {
    "none": none,
    "by_arm": by_arm,
    "both_arms": both_arms,
    "deployment": deployment,
    "mean": mean,
}


def find(name: str) -> Imputer:
    """A built-in imputer, or ``module:function`` from the working directory."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    module, _, function = name.partition(":")
    if not function:
        raise SystemExit(f"{name}: neither of {', '.join(BUILT_IN)} nor module:function")
    sys.path.insert(0, str(Path.cwd()))
    found: Imputer = getattr(importlib.import_module(module), function)
    return found


def main(argv: Sequence[str] | None = None) -> None:
    """Print a table an imputer."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("imputers", nargs="+", help=f"{', '.join(BUILT_IN)}, or module:function")
    parser.add_argument("--classes", nargs="+", default=CLASSES, choices=CLASSES)
    for option, default in (("replicates", 50), ("units", 1000), ("imputations", 10)):
        parser.add_argument(f"--{option}", type=int, default=default)
    given = parser.parse_args(argv)
    for name in given.imputers:
        table = judge(
            find(name),
            given.classes,
            replicates=given.replicates,
            units=given.units,
            imputations=given.imputations,
        )
        print(f"\n{name}\n{table.round(3).to_string()}")


if __name__ == "__main__":
    main()
