"""Go through an analysis from its nuisances on once more, with other folds, other settings or other seeds."""

from __future__ import annotations

import json
from argparse import Namespace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from _command import Command
from hetflow.cohort.columns import Column, columns_from_json
from hetflow.cohort.views import rows_of
from hetflow.effects.checks import aligned
from hetflow.effects.estimates import settle_plan
from hetflow.effects.refits import headline_variants, refit_effects, refit_table
from hetflow.effects.scores import Scores, make_scores
from hetflow.files import read_json, read_table, write_table
from hetflow.forest.grow import grow_shard
from hetflow.forest.inputs import forest_inputs, sample_inputs
from hetflow.forest.submodels import grow_submodels
from hetflow.forest.sums import Sums
from hetflow.missingness.blockwise import submodels
from hetflow.nuisance.folds import draw_folds
from hetflow.seeds import integer_seed
from nuisance import fitted
from scores import imputed

COMMAND = (
    Command(__doc__)
    .takes("refit")
    .takes("changes")
    .reads("cohort", "outcomes", "facts", "folds", "settings")
    .reads("nuisance", "judged", "covariates", several=True)
    .reads("learnt-from", "training", "draws", several=True, required=False)
    .writes("table")
)


def work(arguments: Namespace) -> None:
    """Read, refit, write the headline numbers with and without each group of bags."""
    settings, changes = read_json(arguments.settings, "settings"), json.loads(arguments.changes)
    cohort, outcomes = read_table(arguments.cohort, "cohort"), read_table(arguments.outcomes, "outcomes")
    columns = columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"])
    seed = integer_seed(settings["seed"], "refit", arguments.refit)
    folds = read_table(arguments.folds, "folds")
    if "folds" in changes:
        folds = _other_folds(cohort, settings["folds"], seed)
    nuisances = [read_table(path, "nuisance") for path in arguments.nuisance]
    if arguments.learnt_from:
        nuisances = _other_nuisances(arguments, cohort, outcomes, folds, columns, settings | {"seed": seed})
    grow = _grower(arguments, nuisances, cohort, folds, columns, settings, seed)
    unit, fold = nuisances[0]["unit"].to_numpy(), nuisances[0]["fold"].to_numpy()
    bags = {
        "all": settings["refit"]["trees"] // settings["forest"]["bag_trees"],
        "sequential": settings["refit"]["held_out_trees"] // settings["forest"]["bag_trees"],
    }
    cate, sequential = refit_effects(grow, unit, fold, bags, len(arguments.judged))
    sets = _sets(arguments, nuisances, outcomes, cohort, settings)
    frames = [aligned(read_table(path, "completed"), sets[0]) for path in arguments.covariates]
    chosen = settings["estimates"] | {key: settings[key] for key in ("better", "randomised")}
    chosen |= {"imputed": bool(settings.get("imputed"))}
    plan = settle_plan(sets, frames, columns, chosen, settings["seed"], aligned(cohort, sets[0]), [])
    values = headline_variants(sets, cate, sequential, frames, plan)
    write_table(refit_table(arguments.refit, values), arguments.table, "table")


def _other_folds(cohort: pd.DataFrame, number: int, seed: int) -> pd.DataFrame:
    fold = draw_folds(
        unit=cohort["unit"].to_numpy(),
        treated=cohort["treated"].to_numpy(),
        strata=cohort["stratum"].to_numpy(),
        cluster=cohort["cluster"].to_numpy(),
        number=number,
        seed=seed,
    )
    return cohort[["unit"]].assign(fold=fold)


def _other_nuisances(
    arguments: Namespace,
    cohort: pd.DataFrame,
    outcomes: pd.DataFrame,
    folds: pd.DataFrame,
    columns: list[Column],
    settings: dict[str, Any],
) -> list[pd.DataFrame]:
    """The nuisances fitted anew: with one file of the study's from all completed files, else each from its own."""
    changed = settings["nuisance"] | json.loads(arguments.changes).get("nuisance", {})
    frames = [read_table(path, "completed") for path in arguments.learnt_from]
    parts = [frames] if len(arguments.nuisance) == 1 else [[frame] for frame in frames]
    names = [path.stem for path in arguments.nuisance]
    own = settings | {"nuisance": changed}
    return [
        fitted(cohort, outcomes, folds, part, columns, own, name)[0]
        for part, name in zip(parts, names, strict=True)
    ]


def _grower(
    arguments: Namespace,
    nuisances: list[pd.DataFrame],
    cohort: pd.DataFrame,
    folds: pd.DataFrame,
    columns: list[Column],
    settings: dict[str, Any],
    seed: int,
) -> Any:
    """Grows a range of bags of a sample's forest in one imputation; inputs of one imputation are held at a time."""
    forest = settings["forest"] | json.loads(arguments.changes).get("forest", {})
    held: dict[int, dict[str, Any]] = {}

    def inputs(imputation: int) -> dict[str, Any]:
        if imputation not in held:
            held.clear()
            training = arguments.training[imputation] if arguments.training else None
            held[imputation] = forest_inputs(
                columns,
                read_table(arguments.judged[imputation], "completed"),
                nuisances[min(imputation, len(nuisances) - 1)],
                cohort,
                folds,
                forest["engine"],
                read_table(training, "completed") if training else None,
            )
        return held[imputation]

    def grow(sample: str, imputation: int, first: int, last: int) -> Sums:
        known = inputs(imputation)
        minimum = settings.get("minimum_pattern")
        grower = grow_shard if minimum is None else partial(grow_submodels, submodels(known["X"], minimum))
        return grower(
            **sample_inputs(known, sample),
            unit=known["unit"],
            seed=seed,
            label=(settings["training"], imputation, sample),
            first_bag=first,
            last_bag=last,
            settings=forest,
        )

    return grow


def _sets(
    arguments: Namespace,
    nuisances: list[pd.DataFrame],
    outcomes: pd.DataFrame,
    cohort: pd.DataFrame,
    settings: dict[str, Any],
) -> list[Scores]:
    """One set of scores for each nuisance, or for each draw of the missing outcomes; effects are put in later."""
    tables = nuisances
    if settings.get("imputed"):
        tables = [
            imputed(nuisances[min(k, len(nuisances) - 1)], settings["outcome"], outcomes, path)
            for k, path in enumerate(arguments.draws)
        ]
    rows = rows_of(tables[0]["unit"].to_numpy(), cohort["unit"].to_numpy())
    cluster = cohort["cluster"].to_numpy()[rows]
    nothing = np.zeros(len(rows))
    return [make_scores(table, nothing, better=settings["better"], cluster=cluster) for table in tables]


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
