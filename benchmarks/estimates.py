"""CPU time, wall time and peak memory of all estimates that read scores, and what fast code gains over its naive twin.

Usage: ``python benchmarks/estimates.py [default] [million] [appraised] [appraised_million] [ratios] [--profile]``;
without a name, all parts. `default` is of the default study's size with 20 imputations, `million` 1,000,000 units with
30 covariates and 10 imputations, all of them in the projection; `appraised` and `appraised_million` are what appraisals
read off the same scores: global tests, rankings and rules compared, effects by risk, curves and cells. Policy trees,
the ranking of modifiers and learners are told apart and at the default size alone: the ranking reads at most
`modifiers.most_units` units, and no learner is fitted twice.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
_ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_ROOT / "workflow"), str(_ROOT / "tests")]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from hetflow.cohort.columns import Column  # noqa: E402
from hetflow.effects.scores import Scores, make_scores  # noqa: E402

SIZES = {"default": (823, 71, 20), "million": (1_000_000, 30, 10)}
MOST_SECONDS = {"default": 60.0, "million": 600.0}  # CPU
MOST_MB = {"default": 8 * 1024, "million": 8 * 1024}
FOLDS, MISSING = 5, 0.2


def world(n: int, p: int, m: int) -> tuple[Scores, list[pd.DataFrame], list[Column]]:
    """Scores of a trial whose effect is 1 + x0, and covariates of which a fifth differs between imputations."""
    rng = np.random.default_rng(n)
    X = rng.normal(size=(n, p))
    treated = rng.integers(0, 2, n)
    residual = (treated - 0.5) * (1 + X[:, 0]) + rng.normal(size=n)
    cate = 1 + 0.5 * X[:, 0] + rng.normal(scale=0.3, size=n)
    fold = rng.permutation(np.arange(n) % FOLDS) + 1
    nuisance = pd.DataFrame(
        {"unit": np.arange(n), "fold": fold, "contrast": "treated - control", "treated": treated}
        | {"treatment_residual": treated - 0.5, "outcome_residual": residual, "propensity": 0.5}
        | {"outcome_mean": 0.5 * X[:, 1], "weight": 1.0}
    )
    sequential = np.where(fold == 1, np.nan, cate)
    scores = make_scores(nuisance, cate, better="higher", held_out=cate, sequential=sequential)
    names = [f"x{j}" for j in range(p)]
    frames = []
    for _ in range(m):
        values = X.copy()
        gaps = rng.random(n) < MISSING
        values[gaps, : p // 2] += rng.normal(scale=0.5, size=(int(gaps.sum()), p // 2))
        frames.append(pd.DataFrame(values, columns=names).assign(unit=np.arange(n)))
    return scores, frames, [Column(name, "continuous") for name in names]


def settings(p: int) -> dict[str, Any]:
    """A study's section: all families, three rules, a projection of up to 30 covariates."""
    rules = {f"by{j}": {"covariate": f"x{j}", "quantiles": 4} for j in range(3)}
    projection = [f"x{j}" for j in range(min(p, 30))]
    return {
        "average": ["ATE", "ATT", "ATC", "ATO"],
        "groups": 4,
        "rules": rules,
        "projection": projection,
        "ranking_draws": 200,
        "confidence": 0.95,
        "better": "higher",
        "randomised": True,
    }


def run(name: str, profiled: bool) -> None:
    """All estimates and displays of one size, in this process."""
    from hetflow.effects.displays import displays
    from hetflow.effects.estimates import estimate_all

    n, p, m = SIZES[name]
    scores, frames, columns = world(n, p, m)
    chosen = settings(p)
    profile = cProfile.Profile() if profiled else None
    begun, cpu = time.perf_counter(), time.process_time()
    if profile:
        profile.enable()
    found = estimate_all([scores], frames, columns, chosen, 1, "primary", "y", observed=frames[0])
    spent = time.process_time() - cpu
    table, _ = displays([scores], frames, columns, chosen["projection"][:5], chosen, frames[0])
    if profile:
        profile.disable()
        pstats.Stats(profile).sort_stats("cumulative").print_stats(35)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name}: {n:,} units x {p}, {m} imputations: {len(found.table)} estimates in {spent:.1f} s, "
        f"with {len(table)} displayed in {cpu:.1f} s CPU ({wall:.1f} s wall), peak {memory:,.0f} MB"
    )
    assert cpu < MOST_SECONDS[name], "too slow"
    assert memory < MOST_MB[name], "too much memory"


def appraised(name: str) -> None:
    """What appraisals read off scores, one after the other, and the peak memory of them all."""
    from hetflow.effects import curves, modifiers
    from hetflow.effects.global_tests import Inputs, global_tests
    from hetflow.effects.policy.appraise import appraise
    from hetflow.effects.risk_models import appraise_risk

    n, p, m = SIZES[name]
    scores, frames, columns = world(n, p, m)
    named = settings(p)["projection"][:5]
    evidence = curves.Evidence([scores] * m, frames, columns, frames[0], 0.95, 10, "", 1)
    tests = {"permutations": 1999, "coding": "ranks", "projection": named, "unsuited": "", "seed": 1}
    rules = {"x1": {"covariate": "x1", "column": None, "higher_first": True}}
    policy = {"rules": rules, "covariates": [], "cost": 0.0, "budget": 0.5, "depths": [], "min_leaf": "auto"}
    policy |= {"candidates": 64, "exchange_rate": None}
    asked = {"seed": 1, "better": "higher", "randomised": True, "confidence": 0.95, "minimum_cell_count": 10}
    asked |= {"policy": policy, "projection": named, "ranking_draws": 200, "imputed": False, "harm": None}
    by_risk = {"groups": 4, "score_worse": "higher", "better": "higher", "outcome_kind": "continuous"}
    by_risk |= {"confidence": 0.95, "randomised": True}
    outcome = scores.outcome_mean + scores.outcome_residual
    ranked = {"draws": 10, "trees": 40, "most_units": 10_000, "top": 5}
    stratum = np.full(n, "all")

    def trees() -> Any:
        deep = asked | {"policy": policy | {"depths": [1, 2], "budget": 1.0}}
        return appraise([scores], frames, columns, frames[0], deep)

    parts: dict[str, Any] = {
        "global tests": lambda: global_tests(Inputs(scores, frames, columns, stratum, tests)),
        "rankings and rules": lambda: appraise([scores], frames, columns, frames[0], asked),
        "risk": lambda: appraise_risk([scores], outcome, scores.outcome_mean, None, by_risk),
        "curves": lambda: [curves.display(evidence, one) for one in named],
        "cells": lambda: curves.cells(evidence, *named[:2]),
    }
    spent = {part: timed(function)[0] for part, function in parts.items()}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    total = sum(spent.values())
    print(
        f"{name}: {n:,} units x {p}, {m} imputations: appraisals in {total:.1f} s CPU, peak {memory:,.0f} MB"
    )
    print("; ".join(f"{part} {seconds:.1f} s" for part, seconds in spent.items()))
    assert total < MOST_SECONDS[name], "too slow"
    assert memory < MOST_MB[name], "too much memory"
    if name == "default":
        print(f"with policy trees of depth 1 and 2: {timed(trees)[0]:.1f} s CPU")
        ranking = timed(lambda: modifiers.rank_modifiers([scores], frames, columns, ranked, FOLDS, 1))[0]
        print(f"ranking of modifiers (permutation, Shapley values), 10 draws: {ranking:.1f} s CPU")


def ratios(n: int = 200_000, k: int = 31) -> None:
    """What the code gains over its naive twins in one run, and that it says the same."""
    import effects_twin as twin
    from hetflow.effects import linear
    from hetflow.effects.ranking import GRID, evaluate_ranking, half_samples

    rng = np.random.default_rng(3)
    benefit, priority = rng.normal(size=(2, n))
    half = half_samples(n, 20, rng)
    one, unit = np.ones(n), np.arange(n)
    ours = timed(lambda: evaluate_ranking(benefit, priority, one, unit, half).autoc_draws)
    theirs = timed(lambda: twin.areas_of_draws(benefit, priority, one, unit, half, GRID)[0])
    say("half-samples of the ranking", ours, theirs)
    X = np.column_stack([np.ones(n), rng.normal(size=(n, k - 1))])
    fit = linear.least_squares(X, benefit, one)
    ours = timed(lambda: linear.hc3_covariance(X, fit, one, unit))
    theirs = timed(lambda: twin.hc3(X, fit.bread, fit.residual, one, unit))
    say("HC3", ours, theirs)
    ours = timed(lambda: np.array(linear.independent_columns(X, one)))
    theirs = timed(lambda: np.array(twin.independent_columns(X, linear.RANK_TOLERANCE)))
    say("columns that others determine", ours, theirs)


def timed(function: Any) -> tuple[float, Any]:
    """CPU seconds and result."""
    begun = time.process_time()
    result = function()
    return time.process_time() - begun, result


def say(what: str, ours: tuple[float, Any], theirs: tuple[float, Any]) -> None:
    """Ratio of the twin's time, and the greatest difference relative to the greatest value."""
    difference = np.abs(ours[1] - theirs[1]).max() / np.abs(theirs[1]).max()
    print(f"{what}: {theirs[0] / ours[0]:.1f} times as fast as the twin; differs by {difference:.1g}")
    assert difference < 1e-9


def main() -> None:
    """Parts named on the command line, each in a process of its own: peak memory is that of the part."""
    parts = {
        "default": lambda: run("default", profiled),
        "million": lambda: run("million", profiled),
        "appraised": lambda: appraised("default"),
        "appraised_million": lambda: appraised("million"),
        "ratios": ratios,
    }
    profiled = "--profile" in sys.argv
    names = [word for word in sys.argv[1:] if not word.startswith("--")] or list(parts)
    if "--inside" in sys.argv:
        parts[names[0]]()
        return
    more = ["--profile"] if profiled else []
    for name in names:
        subprocess.run([sys.executable, __file__, name, "--inside", *more], check=True)


if __name__ == "__main__":
    main()
