"""AUTOC of a forest trained on inference-mode covariates, with the arms as they are (0) or drawn anew."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import numpy as np
import pandas as pd
from _command import Command
from hetflow.cohort.columns import columns_from_json
from hetflow.cohort.views import clusters, rows_of
from hetflow.effects.permuted import autoc, constant_effect, permute_arms, permuted_nuisance
from hetflow.files import read_json, read_table, write_json
from hetflow.forest.effects import effects
from hetflow.forest.grow import grow_shard
from hetflow.forest.inputs import forest_inputs, sample_inputs
from hetflow.forest.samples import ALL
from hetflow.missingness.strategies import complete
from hetflow.seeds import integer_seed
from impute import strategy_settings

COMMAND = (
    Command(__doc__)
    .takes("permutation", type=int)
    .reads("cohort", "outcomes", "facts", "folds", "settings", "nuisance")
    .reads("completed", several=True)
    .writes("statistic")
)


def work(arguments: Namespace) -> None:
    """Draw the arms, impute by them, grow, evaluate at deployment-mode covariates, write one number."""
    settings = read_json(arguments.settings, "settings")
    cohort, number = read_table(arguments.cohort, "cohort"), arguments.permutation
    nuisance = read_table(arguments.nuisance, "nuisance")
    outcome = read_table(arguments.outcomes, "outcomes")[settings["outcome"]].to_numpy(dtype=float)
    drawn = permute_arms(
        cohort["treated"].to_numpy(dtype=np.int8),
        _within(cohort, outcome),
        clusters(cohort),
        settings["seed"],
        number,
    )
    effect = constant_effect(nuisance)
    rows = rows_of(nuisance["unit"].to_numpy(), cohort["unit"].to_numpy())
    shown = outcome + effect * (drawn - cohort["treated"].to_numpy(dtype=float))
    own = permuted_nuisance(nuisance, drawn[rows], effect)
    cohort_drawn = cohort.assign(treated=drawn)
    folds, facts = read_table(arguments.folds, "folds"), read_json(arguments.facts, "cohort_facts")
    cate = [
        _effects(read_table(path, "completed"), own, cohort_drawn, shown, folds, facts, settings, number, k)
        for k, path in enumerate(sorted(arguments.completed))
    ]
    value = autoc(np.mean(cate, axis=0)[rows], own, settings["better"])
    write_json({"permutation": number, "autoc": value}, arguments.statistic, "facts")


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
    facts: dict[str, Any],
    settings: dict[str, Any],
    number: int,
    imputation: int,
) -> np.ndarray:
    """Out-of-bag effects of all units of the cohort in one imputation."""
    columns = columns_from_json(facts["columns"])
    seed = integer_seed(settings["seed"], "permutation", number)
    learnt = complete(
        cohort,
        columns,
        strategy=settings["missingness"]["strategy"],
        mode="inference",
        imputation=imputation,
        seed=seed,
        arm=cohort["treated"].to_numpy(),
        outcome=outcome,
        settings=strategy_settings(settings["missingness"]),
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
