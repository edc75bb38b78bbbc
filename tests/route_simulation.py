"""Simulations of routes for missing covariates: one replicate a call, by the functions that a study runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import permutation
from route_world import ENGINE, World, completions, one_sided, scores, shared_nuisance, trial
from scipy.stats import norm

IMPUTATIONS = 2
TREES = 100
EXCEED = 5
"""Draws at least as great as the trial's own statistic after which it is settled that p is above .05 at 99 draws."""


def drawn(setting: str, slope: float, number: int) -> World:
    """Trial `number` of a setting; the same for any slope but for its effect."""
    return trial(np.random.default_rng([ord(setting), number]), setting, slope)


def permutation_test(setting: str, slope: float, number: int, draws: int) -> tuple[float, float, float]:
    """p-value of the forest trained on inference mode, by permutations one after another (`sequential_p`); then
    the ordinary one-sided p-values of AUTOC of the forest trained on deployment mode and, for contrast, of that
    trained on inference mode.
    """
    world = drawn(setting, slope, number)
    judged = completions(world, "multiple_imputation", IMPUTATIONS)
    table = shared_nuisance(world, judged, "multiple_imputation")
    settings: dict[str, Any] = {
        "seed": 1,
        "missingness": {"strategy": "multiple_imputation"},
        "forest": ENGINE,
        "trees": TREES,
        "better": "higher",
    }
    read = (world.cohort, world.outcome, table, judged, world.folds, world.columns, settings)
    p = sequential_p((permutation.statistic(*read, draw) for draw in range(draws + 1)), draws)
    trained = completions(world, "multiple_imputation", IMPUTATIONS, "inference")
    ordinary = [
        one_sided(scores(world, "multiple_imputation", IMPUTATIONS, TREES, trained=frames))
        for frames in (None, trained)
    ]
    return p, *(float(norm.sf(value / se)) for value, se in ordinary)


def sequential_p(statistics: Iterator[float], draws: int) -> float:
    """Besag and Clifford's (1991) p-value: stops at `EXCEED` draws at least as great as the first statistic.

    EXCEED / (draws made) then; otherwise as `permutation_p`. At 99 draws and a level of .05 both decide alike.
    """
    own, exceed = next(statistics), 0
    for made in range(1, draws + 1):
        exceed += next(statistics) >= own
        if exceed == EXCEED:
            return EXCEED / made
    return (1 + exceed) / (1 + draws)


def sequential_p_values(draws: int) -> tuple[list[float], list[float]]:
    """All values of `sequential_p` and their probabilities where the first statistic is one draw of many."""
    early = [EXCEED / made for made in range(draws, EXCEED - 1, -1)]
    values = [(1 + k) / (1 + draws) for k in range(EXCEED)] + early
    return values, np.diff([0.0, *values]).tolist()


def donors_against_a_constant(number: int, marked: bool = False) -> list[float]:
    """Error of the average effect where gaps depend on the outcome and have no indicator: filled by donors, by the
    median, and if `marked` shown by indicators against the rule; outcome mean by a random forest.
    """
    world = drawn("Y", 0.0, number)
    constant = world.frame.assign(
        **{
            column.name: world.frame[column.name].fillna(world.frame[column.name].median())
            for column in world.columns
        }
    )
    fixed = [replace(column, mask_fixed_before_randomisation=True) for column in world.columns]
    files: list[list[pd.DataFrame]] = [completions(world, "indicator", 1), [constant]]
    if marked:
        files.append(completions(replace(world, columns=fixed), "indicator", 1))
    found = []
    for frames in files:
        table = shared_nuisance(world, frames, "indicator", "forest")
        score = 4.0 * table["treatment_residual"] * table["outcome_residual"]
        found.append(float(score.mean()) - 1.0)
    return found


def sources_apart(number: int, setting: str = "M", trees: int = 160) -> tuple[float, float]:
    """Correlation of predicted and true effect by multiple imputation and by a model for each pattern of blocks."""
    world = drawn(setting, 0.8, number)
    found = []
    for strategy, m in (("multiple_imputation", 5), ("blockwise", 1)):
        cate = scores(world, strategy, m, 80 if m > 1 else trees).cate
        found.append(float(np.corrcoef(cate, world.effect)[0, 1]))
    return found[0], found[1]
