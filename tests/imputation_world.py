"""Mixed data with values missing at random and known truth, and what an imputation of them is judged by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from hetflow.cohort.columns import Column
from hetflow.missingness.chained import ChainSettings
from hetflow.missingness.strategies import complete
from hetflow.missingness.task import Settings
from numpy.typing import NDArray
from scipy.special import expit

FloatArray = NDArray[np.float64]
CONTINUOUS, BINARY, NOMINAL = 18, 8, 4
LEVELS = ("a", "b", "c", "d")
COMPLETE = ("c00", "c01", "c02", "b0", "b1", "n0")
"""Columns without gaps, on which missingness depends."""


@dataclass(frozen=True)
class World:
    """Complete data, the same with gaps, and the columns."""

    truth: pd.DataFrame
    seen: pd.DataFrame
    columns: list[Column]


def mixed_world(n: int, seed: int, share: float = 0.25, curvature: float = 0.5) -> World:
    """18 continuous, 8 binary and 4 four-level columns of five factors, a third of them non-linear in the factors.

    Each of 24 columns is missing in a `share` of the units (20 % of all cells at .25), with a probability that is
    logistic in one continuous and one binary column that are complete.
    """
    rng = np.random.default_rng([seed, n])
    factors = rng.standard_normal((n, 5))
    curved = np.column_stack(
        [factors[:, 0] ** 2 - 1, factors[:, 1] * factors[:, 2], np.abs(factors[:, 3]) - 0.8]
    )
    columns, parts = [], {}

    def score() -> FloatArray:
        return factors @ rng.normal(0, 0.6, 5) + curved @ (
            rng.normal(0, curvature, 3) * (rng.random(3) < 0.34)
        )

    for place in range(CONTINUOUS):
        value = score() + rng.standard_normal(n)
        parts[f"c{place:02d}"] = np.exp(value / 3) if place % 6 == 5 else value
        columns.append(Column(f"c{place:02d}", "continuous"))
    for place in range(BINARY):
        parts[f"b{place}"] = (score() + rng.standard_normal(n) > rng.normal(0, 0.5)).astype(float)
        columns.append(Column(f"b{place}", "binary", levels=("No", "Yes")))
    for place in range(NOMINAL):
        utility = np.column_stack([score() + rng.gumbel(size=n) for _ in LEVELS])
        parts[f"n{place}"] = np.array(LEVELS, dtype=object)[utility.argmax(axis=1)]
        columns.append(Column(f"n{place}", "nominal", levels=LEVELS))
    truth = pd.DataFrame(parts).astype({f"n{place}": "str" for place in range(NOMINAL)})
    seen = truth.copy()
    for place, name in enumerate(name for name in truth if name not in COMPLETE):
        drive = (-1) ** place * truth[COMPLETE[place % 3]].to_numpy() + truth[
            COMPLETE[3 + place % 2]
        ].to_numpy()
        logit = drive - np.quantile(drive, 1 - share)
        moved = logit + _shift(logit, share)
        seen[name] = truth[name].mask(rng.random(n) < expit(moved))
    unit = np.arange(n, dtype=np.int64)
    return World(truth.assign(unit=unit), seen.assign(unit=unit), columns)


def _shift(logit: FloatArray, share: float) -> float:
    """What is added so that the mean probability is `share`."""
    low, high = -20.0, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(logit + middle).mean() < share else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True)
class Quality:
    """How far imputations are from the truth.

    Attributes
    ----------
    bias : float
        Mean over incomplete columns (levels of nominal ones apart) of the absolute error of the mean, in standard
        deviations.
    variance_ratio : float
        Mean over incomplete continuous columns: variance of the imputed cells over that of the true ones.
    correlation_error : float
        Mean over all pairs of the absolute error of the correlation.
    """

    bias: float
    variance_ratio: float
    correlation_error: float


def quality(world: World, completed: pd.DataFrame) -> Quality:
    """Judge one completed file."""
    true, made = expanded(world.truth), expanded(completed)
    gaps = world.seen.isna()
    incomplete = [name for name in true if gaps[name.split("=")[0]].any()]
    bias = [abs(made[name].mean() - true[name].mean()) / true[name].std() for name in incomplete]
    ratio = [
        completed.loc[gaps[name], name].var() / world.truth.loc[gaps[name], name].var()
        for name in incomplete
        if name.startswith("c")
    ]
    upper = np.triu_indices(true.shape[1], 1)
    error = np.abs(np.corrcoef(made.to_numpy().T) - np.corrcoef(true.to_numpy().T))[upper]
    return Quality(float(np.mean(bias)), float(np.mean(ratio)), float(error.mean()))


def expanded(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers, with an indicator for each level of nominal columns but the first."""
    parts = {}
    for name in sorted(frame.columns.drop("unit")):
        if name.startswith("n"):
            parts |= {f"{name}={level}": (frame[name] == level).astype(float) for level in LEVELS[1:]}
        else:
            parts[name] = frame[name].astype(float)
    return pd.DataFrame(parts)


def mean_quality(world: World, engine: str, imputations: int) -> tuple[float, float, float]:
    """Bias, variance ratio and correlation error of an engine, averaged over imputations in deployment mode."""
    settings = Settings(ChainSettings(engine=engine))
    found = [
        quality(
            world,
            complete(
                world.seen, world.columns, "multiple_imputation", "deployment", k, 1, settings=settings
            ).frame,
        )
        for k in range(imputations)
    ]
    bias, ratio, error = np.mean(
        [[one.bias, one.variance_ratio, one.correlation_error] for one in found], axis=0
    )
    return float(bias), float(ratio), float(error)
