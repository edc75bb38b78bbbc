"""Trials with a known effect along one covariate, and how often bands and rankings are right about it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from hetflow.cohort.columns import Column
from hetflow.effects.curves import FEWEST_VALUES, Evidence, display
from hetflow.effects.modifiers import rank_modifiers
from hetflow.effects.scores import Scores
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CONFIDENCE = 0.95
#: Points judged one by one: the middle and two that are well inside the grid.
INTERIOR = (-1.0, 0.0, 1.0)


def smooth_effect(x: Floats) -> Floats:
    """An effect with a bend and a wave."""
    return 0.5 * np.tanh(1.5 * x) + 0.2 * np.sin(2 * x)


def scores_of(
    score: Floats, weight: Floats | None = None, cluster: NDArray[np.int64] | None = None
) -> Scores:
    """Scores that hold nothing but what displays and rankings read."""
    n = len(score)
    unit = np.arange(n, dtype=np.int64)
    null = np.full(n, np.nan)
    return Scores(
        contrast="treated - control",
        unit=unit,
        treated=(unit % 2).astype(np.int8),
        treatment_residual=null,
        outcome_residual=null,
        propensity=null,
        outcome_mean=null,
        observed=np.ones(n, np.int8),
        observation_probability=null,
        cate=np.zeros(n),
        cate_variance=null,
        cate_between_imputations=null,
        cate_held_out=null,
        cate_sequential=null,
        score=score,
        priority=np.zeros(n),
        weight=np.ones(n) if weight is None else weight,
        cluster=unit if cluster is None else cluster,
        fold=(unit % 5) + 1,
    )


def trial(
    n: int, rng: np.random.Generator, size: int = 1, flat: bool = False
) -> tuple[Floats, Floats, NDArray]:
    """Covariate, score and cluster of a trial at even odds with the outcome mean known up to a third of its spread.

    The score is ``2 (2 W - 1) (Y - m(X))`` as `hetflow.effects.scores.doubly_robust_score` makes it at e = 0.5.
    """
    cluster = np.arange(n) // size
    shared = rng.normal(size=n // size + 1)[cluster] if size > 1 else np.zeros(n)
    x = (
        rng.normal(size=n) * np.sqrt(1 - 0.5 * (size > 1))
        + (size > 1) * np.sqrt(0.5) * rng.normal(size=n // size + 1)[cluster]
    )
    arm = rng.integers(0, 2, n)
    arm = arm[np.unique(cluster, return_index=True)[1]][cluster] if size > 1 else arm
    effect = 0.3 + (0 if flat else 1) * smooth_effect(x)
    outcome = (arm - 0.5) * effect + 0.3 * x + 0.4 * shared + rng.standard_t(6, n) * 0.7
    return x, 2 * (2 * arm - 1) * outcome, cluster


def band_hits(n: int, seed: int, size: int = 1, weighted: bool = False) -> dict[str, bool | float]:
    """Whether the pointwise intervals at `INTERIOR` and the uniform band hold the truth in one trial."""
    rng = np.random.default_rng([seed, n, size])
    x, score, cluster = trial(n, rng, size)
    weight = np.where(x > 0, 2.0, 0.7) * rng.uniform(0.5, 1.5, n) if weighted else None
    frame = pd.DataFrame({"unit": np.arange(n), "x": x})
    evidence = Evidence(
        [scores_of(score, weight, cluster)],
        [frame],
        [Column("x", "continuous")],
        frame,
        CONFIDENCE,
        10,
        "",
        seed,
    )
    table = display(evidence, "x")
    assert len(np.unique(x)) >= FEWEST_VALUES
    at = table["x"].to_numpy()
    truth = 0.3 + smooth_effect(at)
    hit = (table["lower"] <= truth) & (truth <= table["upper"])
    near = [int(np.abs(at - point).argmin()) for point in INTERIOR]
    whole = ((table["uniform_lower"] <= truth) & (truth <= table["uniform_upper"])).all()
    return {f"at {p:g}": bool(hit[i]) for p, i in zip(INTERIOR, near, strict=True)} | {
        "everywhere": bool(hit.all()),
        "uniform": bool(whole),
    }


def shares(results: Sequence[dict[str, bool | float]]) -> dict[str, float]:
    """Mean of each entry."""
    return {key: float(np.mean([one[key] for one in results])) for key in results[0]}


def ranking(
    n: int, covariates: int, strength: float, seed: int, draws: int = 4, top: int = 1
) -> pd.DataFrame:
    """Ranking of covariates of which the first alone moves the effect, by so many standard deviations of the score."""
    rng = np.random.default_rng([seed, n, covariates])
    X = rng.normal(size=(n, covariates))
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(covariates)]).assign(unit=np.arange(n))
    score = 0.3 + strength * X[:, 0] + rng.normal(size=n)
    columns = [Column(f"x{j}", "continuous") for j in range(covariates)]
    asked = {"draws": draws, "trees": 20, "most_units": 10_000, "top": top}
    return rank_modifiers([scores_of(score)], [frame], columns, asked, 3, seed).table
