"""Grow one shard of little bags, for one forest sample or for several, and write the sums over its bags."""

from __future__ import annotations

from argparse import Namespace

import numpy as np
import pandas as pd
from _command import Command
from hetflow.cohort.columns import Column, columns_from_json
from hetflow.cohort.matrix import covariate_codes
from hetflow.cohort.views import clusters, covariates, matrix, rows_of
from hetflow.files import read_json, read_table, write_table
from hetflow.forest.engines import engine_facts
from hetflow.forest.grow import grow_shard
from hetflow.forest.samples import units_of
from hetflow.forest.shards import bags_of_shard

COMMAND = (
    Command(__doc__)
    .takes("imputation", type=int)
    .takes("samples", several=True)
    .takes("shard")
    .reads("cohort", "facts", "folds", "settings", "completed", "nuisance")
    .writes("sums", several=True)
)


def work(arguments: Namespace) -> None:
    """Read once, then grow and write sample by sample."""
    settings = read_json(arguments.settings, "settings")
    columns = columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"])
    completed = read_table(arguments.completed, "completed")
    nuisance = read_table(arguments.nuisance, "nuisance")
    X, nominal = _covariates(columns, completed, settings["forest"]["engine"])
    unit = completed["unit"].to_numpy()
    rows = rows_of(nuisance["unit"].to_numpy(), unit)
    whole = read_table(arguments.cohort, "cohort")
    cohort = whole.iloc[rows_of(unit, whole["unit"].to_numpy())]
    folds = read_table(arguments.folds, "folds").iloc[rows_of(unit, whole["unit"].to_numpy())]
    first, last = bags_of_shard(arguments.shard)
    for sample, path in zip(arguments.samples, arguments.sums, strict=True):
        sums = grow_shard(
            unit=unit,
            X=X,
            treatment_residual=_spread(nuisance["treatment_residual"], rows, len(unit)),
            outcome_residual=_spread(nuisance["outcome_residual"], rows, len(unit)),
            weight=cohort["weight"].to_numpy(),
            cluster=clusters(cohort),
            in_sample=_marked(rows, len(unit)) & units_of(sample, folds["fold"].to_numpy()),
            seed=settings["seed"],
            label=("deployment", arguments.imputation, sample),
            first_bag=first,
            last_bag=last,
            settings=settings["forest"],
            nominal=nominal,
        )
        write_table(sums.to_frame(), path, "forest_sums")


def _covariates(
    columns: list[Column], completed: pd.DataFrame, engine: str
) -> tuple[np.ndarray, np.ndarray | None]:
    """The matrix that the engine reads: nominal covariates as codes, and which these are, if it splits by category."""
    if engine_facts(engine).handles_nominal:
        X, _, nominal = covariate_codes(completed, covariates(columns, completed))
        return X, nominal
    return matrix(columns, [completed])[0], None


def _spread(values: pd.Series, rows: np.ndarray, n: int) -> np.ndarray:
    """Residuals of the units that have them, zero for the others, which are only predicted."""
    whole = np.zeros(n)
    whole[rows] = values.to_numpy()
    return whole


def _marked(rows: np.ndarray, n: int) -> np.ndarray:
    mask = np.zeros(n, dtype=bool)
    mask[rows] = True
    return mask


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
