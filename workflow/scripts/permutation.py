"""AUTOC of a forest trained on inference-mode covariates, with the arms as they are (0) or drawn anew."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from _command import Command
from hetflow.cohort.columns import Column, columns_from_json
from hetflow.cohort.views import clusters, rows_of
from hetflow.effects.permuted import autoc, constant_effect, permute_arms, permuted_nuisance
from hetflow.files import read_json, read_table, write_json
from hetflow.forest.effects import effects
from hetflow.forest.grow import grow_shard
from hetflow.forest.inputs import forest_inputs, sample_inputs
from hetflow.forest.samples import ALL
from hetflow.missingness.strategies import complete
from hetflow.seeds import integer_seed
from impute import engine_of, strategy_settings

COMMAND = (
    Command(__doc__)
    .takes("permutation", type=int)
    .reads("cohort", "outcomes", "facts", "folds", "settings", "nuisance")
    .reads("completed", several=True)
    .writes("statistic")
)


def work(arguments: Namespace) -> None:
    """Read, draw, compute, write one number."""
    settings = read_json(arguments.settings, "settings")
    value = statistic(
        read_table(arguments.cohort, "cohort"),
        read_table(arguments.outcomes, "outcomes")[settings["outcome"]].to_numpy(dtype=float),
        read_table(arguments.nuisance, "nuisance"),
        [read_table(path, "completed") for path in sorted(arguments.completed)],
        read_table(arguments.folds, "folds"),
        columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"]),
        settings,
        arguments.permutation,
    )
    write_json({"permutation": arguments.permutation, "autoc": value}, arguments.statistic, "facts")


def statistic(
    cohort: pd.DataFrame,
    outcome: np.ndarray,
    nuisance: pd.DataFrame,
    judged: Sequence[pd.DataFrame],
    folds: pd.DataFrame,
    columns: Sequence[Column],
    settings: Mapping[str, Any],
    number: int,
) -> float:
    """AUTOC with the arms of permutation `number`: drawn, imputed by, learnt from, evaluated at `judged`."""
    treated = cohort["treated"].to_numpy(dtype=np.int8)
    drawn = permute_arms(treated, _within(cohort, outcome), clusters(cohort), settings["seed"], number)
    effect = constant_effect(nuisance)
    rows = rows_of(nuisance["unit"].to_numpy(), cohort["unit"].to_numpy())
    own = permuted_nuisance(nuisance, drawn[rows], effect)
    shown = outcome + effect * (drawn.astype(float) - treated)
    cohort = cohort.assign(treated=drawn)
    cate = [
        _effects(frame, own, cohort, shown, folds, columns, settings, number, k)[rows]
        for k, frame in enumerate(judged)
    ]
    return autoc(np.mean(cate, axis=0), own, settings["better"])


def _within(cohort: pd.DataFrame, outcome: np.ndarray) -> np.ndarray:
    """Units among which arms may change places: stratum, probability, whether the outcome was observed."""
    parts = [cohort["stratum"].astype(str)]
    if "probability_level" in cohort.columns:
        parts.append(cohort["probability_level"].astype(str))
    parts.append(pd.Series(np.isfinite(outcome).astype(str), index=cohort.index))
    text = parts[0]
    for part in parts[1:]:
        text = text + "\x1f" + part
    return text.to_numpy(dtype=str)


def _effects(
    judged: pd.DataFrame,
    nuisance: pd.DataFrame,
    cohort: pd.DataFrame,
    outcome: np.ndarray,
    folds: pd.DataFrame,
    columns: Sequence[Column],
    settings: Mapping[str, Any],
    number: int,
    imputation: int,
) -> np.ndarray:
    """Out-of-bag effects of all units of the cohort in one imputation."""
    seed = integer_seed(settings["seed"], "permutation", number)
    section, arm = settings["missingness"], cohort["treated"].to_numpy()
    learnt = complete(
        cohort,
        columns,
        strategy=section["strategy"],
        mode="inference",
        imputation=imputation,
        seed=seed,
        arm=arm,
        outcome=outcome,
        settings=strategy_settings(section, engine_of(section, cohort, columns, arm, settings["seed"])),
    ).frame
    engine = settings["forest"]["engine"]
    inputs = forest_inputs(columns, judged, nuisance, cohort, folds, engine, learnt)
    trees, bag_trees = settings["trees"], settings["forest"]["bag_trees"]
    sums = grow_shard(
        **sample_inputs(inputs, ALL),
        seed=seed,
        label=("permutation", imputation, ALL),
        first_bag=0,
        last_bag=trees // bag_trees - 1,
        settings=settings["forest"],
    )
    return effects(sums, intervals=False)[0]


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
