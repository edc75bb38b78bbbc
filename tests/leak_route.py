"""The OPT trial with its arms permuted and a constant effect added: what a route of estimation makes of it.

Covariates, masks and outcomes are OPT's own; the arm says nothing about any of them. Adding a constant to the
treated gives a trial whose average effect is known and in which the effect does not vary.
"""

from __future__ import annotations

from functools import cache

import lightgbm
import numpy as np
from hetflow.effects.ranking import evaluate_ranking
from hetflow.forest.effects import effects
from hetflow.forest.grow import grow_shard
from hetflow.missingness.strategies import complete
from hetflow.nuisance.folds import draw_folds
from numpy.typing import NDArray
from opt_frame import opt_arm, opt_columns, opt_frame, opt_outcome
from trial_simulation import matrix

FloatArray = NDArray[np.float64]
EFFECT = -0.389
SEED = 20260101
FOLDS = 5
BOOSTING = {
    "objective": "regression",
    "learning_rate": 0.08,
    "num_leaves": 8,
    "min_data_in_leaf": 10,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


@cache
def deployment(imputations: int) -> tuple[FloatArray, ...]:
    """Covariate matrices of the deployment imputations, which do not depend on the arm."""
    frame, columns = opt_frame(), opt_columns()
    return tuple(
        matrix(complete(frame, columns, "multiple_imputation", "deployment", k, SEED).frame, columns)
        for k in range(imputations)
    )


def permuted(replicate: int) -> tuple[NDArray[np.int8], FloatArray]:
    """A permuted arm, and the outcome with the constant effect added to the treated."""
    arm = np.random.default_rng([20260101, replicate]).permutation(opt_arm())
    return arm, opt_outcome() + EFFECT * arm


def inference(arm: NDArray[np.int8], outcome: FloatArray, imputations: int, seed: int) -> list[FloatArray]:
    """Covariate matrices of the inference imputations."""
    frame, columns = opt_frame(), opt_columns()
    more = {"arm": arm, "outcome": outcome}
    return [
        matrix(complete(frame, columns, "multiple_imputation", "inference", k, seed, **more).frame, columns)
        for k in range(imputations)
    ]


class Analysis:
    """Outcome mean, average effect and ranking of one permuted trial, over units with an outcome."""

    def __init__(self, arm: NDArray[np.int8], outcome: FloatArray, seed: int) -> None:
        self.seen = np.isfinite(outcome)
        self.arm, self.outcome, self.seed = arm[self.seen], outcome[self.seen], seed
        self.unit = np.flatnonzero(self.seen).astype(np.int64)
        self.fold = draw_folds(self.unit, self.arm, None, None, FOLDS, seed)
        self.treatment_residual = self.arm - 0.5

    def outcome_mean(self, X: FloatArray) -> FloatArray:
        """Cross-fitted mean of the outcome, by boosting without early stopping: quick and flexible."""
        X, predicted = X[self.seen], np.empty(len(self.arm))
        for k in range(1, FOLDS + 1):
            inside = self.fold == k
            data = lightgbm.Dataset(X[~inside], label=self.outcome[~inside])
            model = lightgbm.train(BOOSTING, data, num_boost_round=80)
            predicted[inside] = model.predict(X[inside], num_threads=1)
        return predicted

    def average(self, mean: FloatArray) -> tuple[float, float]:
        """Average effect and its standard error, from doubly robust scores at a constant effect."""
        score = 4.0 * self.treatment_residual * (self.outcome - mean)
        return float(score.mean()), float(score.std(ddof=1) / np.sqrt(len(score)))

    def forest(self, X: FloatArray, mean: FloatArray, imputation: int, trees: int) -> FloatArray:
        """Out-of-bag effects."""
        sums = grow_shard(
            X[self.seen],
            self.treatment_residual,
            self.outcome - mean,
            None,
            None,
            np.ones(len(self.arm), dtype=bool),
            self.seed,
            ("deployment", imputation, "all"),
            0,
            trees // 4 - 1,
            {"bag_trees": 4},
        )
        return effects(sums, intervals=False)[0]

    def ranking(self, cate: FloatArray, mean: FloatArray, draws: int = 100) -> tuple[float, float]:
        """AUTOC of the benefit (a lower outcome is better) and its standard error."""
        t = self.treatment_residual
        score = cate + 4.0 * t * (self.outcome - mean - t * cate)
        rng = np.random.default_rng(self.seed)
        ranking = evaluate_ranking(-score, -cate, np.ones(len(t)), self.unit, draws, rng)
        return ranking.autoc, float(np.std(ranking.autoc_draws, ddof=1))
