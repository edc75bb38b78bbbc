"""Complete the covariates once: without arm and outcome (deployment), or by arm and with the outcome (inference)."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

import numpy as np
import pandas as pd
from _command import Command
from hetflow.cohort.columns import Column, columns_from_json
from hetflow.files import read_json, read_table, write_arrays, write_json, write_table
from hetflow.missingness.chained import ChainSettings
from hetflow.missingness.choice import Choice, choose_engine
from hetflow.missingness.guards import observed_cells_unchanged
from hetflow.missingness.imputer import to_arrays
from hetflow.missingness.strategies import complete
from hetflow.missingness.task import Settings

COMMAND = (
    Command(__doc__)
    .takes("mode", choices=("deployment", "inference"))
    .takes("imputation", type=int)
    .reads("cohort", "facts", "settings")
    .reads("outcomes", required=False)
    .writes("completed", "notices")
    .writes("imputer", required=False)
)


def work(arguments: Namespace) -> None:
    """Read the cohort (in inference mode the outcome too), complete it, write."""
    cohort = read_table(arguments.cohort, "cohort")
    settings = read_json(arguments.settings, "settings")
    columns = columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"])
    strategy = settings["missingness"]["strategy"]
    inference = arguments.mode == "inference"
    outcome = None
    if inference and "outcome" in settings:  # the slice names it for strategies of two modes
        outcomes = read_table(arguments.outcomes, "outcomes")
        outcome = outcomes[settings["outcome"]].to_numpy(dtype=float)
    arm = cohort["treated"].to_numpy()
    section = settings["missingness"]
    choice = engine_of(section, cohort, columns, arm if inference else None, settings.get("seed", 0))
    completed = complete(
        cohort,
        columns,
        strategy=strategy,
        mode=arguments.mode,
        imputation=arguments.imputation,
        seed=settings.get("seed", 0),
        arm=arm if inference or strategy == "complete_case" else None,
        outcome=outcome,
        settings=strategy_settings(section, choice),
    )
    observed_cells_unchanged(cohort, completed.frame, columns)
    write_table(completed.frame, arguments.completed, "completed")
    if arguments.imputer is not None:
        write_arrays(to_arrays(completed.imputer), arguments.imputer)
    said = {"notices": [*completed.notices, *(choice.notices if choice else ())]}
    write_json(said | {"engine": choice.line if choice else ""}, arguments.notices, "facts")


def engine_of(
    section: dict, cohort: pd.DataFrame, columns: Sequence[Column], arm: np.ndarray | None, seed: int
) -> Choice | None:
    """The engine of the chain, where the strategy has one; arms are known in inference mode alone."""
    if "engine" not in section:
        return None
    units = len(cohort) // 2 if arm is None else int(np.unique(arm, return_counts=True)[1].min())
    return choose_engine(section["engine"], cohort, columns, units, seed)


def strategy_settings(section: dict, choice: Choice | None) -> Settings:
    """Settings of a strategy from the study's section."""
    chain = {key: section[key] for key in ("iterations", "donors", "predictors", "delta") if key in section}
    if choice is not None:
        chain["engine"] = choice.engine
    return Settings(chain=ChainSettings(**chain), keep_mask=tuple(section.get("keep_mask", ())))


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
