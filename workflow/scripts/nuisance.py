"""Cross-fit the outcome mean and the propensity of one set of units, and who has an outcome."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import numpy as np
import pandas as pd
from _command import Command
from hetflow.cohort.columns import Column, columns_from_json
from hetflow.cohort.views import clusters, matrix, rows_of
from hetflow.files import read_json, read_table, write_json, write_table
from hetflow.missingness.blockwise import Submodel, submodels
from hetflow.missingness.gapless import WITHOUT_GAPS, gapless
from hetflow.nuisance.auxiliaries import auxiliary_columns, auxiliary_matrix, observation_groups
from hetflow.nuisance.nuisance import nuisance

COMMAND = (
    Command(__doc__)
    .takes("set")
    .reads("cohort", "outcomes", "facts", "folds", "settings")
    .reads("completed", several=True)
    .writes("table", "quality")
)


def work(arguments: Namespace) -> None:
    """Read; fit; write."""
    table, quality = fitted(
        read_table(arguments.cohort, "cohort"),
        read_table(arguments.outcomes, "outcomes"),
        read_table(arguments.folds, "folds"),
        [read_table(path, "completed") for path in arguments.completed],
        columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"]),
        read_json(arguments.settings, "settings"),
        arguments.set,
    )
    write_table(table, arguments.table, "nuisance")
    write_json(quality, arguments.quality, "facts")


def fitted(
    whole: pd.DataFrame,
    outcomes: pd.DataFrame,
    folds: pd.DataFrame,
    frames: list[pd.DataFrame],
    columns: list[Column],
    settings: dict[str, Any],
    name: str,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Join cohort, outcome, folds and covariates of the units with an outcome (of all, if weighted for); fit a set."""
    X, names = matrix(columns, frames)
    rows = rows_of(frames[0]["unit"].to_numpy(), whole["unit"].to_numpy())
    cohort = whole.iloc[rows]
    outcome = outcomes[settings["outcome"]].to_numpy(dtype=float)[rows]
    fold = folds["fold"].to_numpy()[rows]
    weighting = settings["missing_outcome"]["strategy"] == "weighting"
    seen = np.full(len(outcome), True) if weighting else outcome == outcome
    probability = settings["probability"]
    by_level = isinstance(probability, dict)
    cluster = clusters(cohort)
    models = submodels(X, settings["minimum_pattern"]) if "minimum_pattern" in settings else []
    return nuisance(
        unit=cohort["unit"].to_numpy()[seen],
        X=X[seen],
        treated=cohort["treated"].to_numpy()[seen],
        outcome=outcome[seen],
        fold=fold[seen],
        weight=cohort["weight"].to_numpy()[seen],
        design={"probability": probability["levels"] if by_level else probability},
        settings=settings["nuisance"],
        seed=settings["seed"],
        key=(name,),
        level=cohort["probability_level"].to_numpy()[seen] if by_level else None,
        cluster=None if cluster is None else cluster[seen],
        binary=settings["outcome_kind"] == "binary",
        names=names,
        of_mean=_of_mean(settings["nuisance"]["covariates"], whole, columns, frames, names),
        models=[Submodel(model.columns, model.learns[seen], model.judges[seen]) for model in models],
        **(_missing_outcome(settings["missing_outcome"], cohort, columns) if weighting else {}),
    )


def _of_mean(
    choice: str, cohort: pd.DataFrame, columns: list[Column], frames: list[pd.DataFrame], names: list[str]
) -> np.ndarray | None:
    """Columns of the matrix that the outcome mean reads, where it does not read all."""
    if choice != WITHOUT_GAPS:
        return None
    return np.isin(names, matrix(gapless(cohort, columns), frames[:1])[1])


def _missing_outcome(section: dict[str, Any], cohort: pd.DataFrame, columns: list[Column]) -> dict[str, Any]:
    """What `nuisance` reads to weigh for missing outcomes."""
    chosen = auxiliary_columns(columns, section["auxiliary"])
    return {
        "missing_outcome": section,
        "auxiliary": auxiliary_matrix(cohort, chosen)[0] if chosen else None,
        "groups": observation_groups(cohort, chosen),
    }


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
