"""Draw the missing outcomes once: like observed ones of the same arm, and like those of the control arm."""

from __future__ import annotations

from argparse import Namespace

import numpy as np
import pandas as pd
from _command import Command
from hetflow.cohort.columns import columns_from_json
from hetflow.cohort.views import covariates, rows_of
from hetflow.files import read_json, read_table, write_table
from hetflow.missingness.outcome_draws import ASSUMPTIONS, draw_outcomes
from impute import strategy_settings

COMMAND = (
    Command(__doc__)
    .takes("draw", type=int)
    .reads("cohort", "outcomes", "facts", "settings", "completed")
    .writes("table")
)


def work(arguments: Namespace) -> None:
    """Join completed covariates with auxiliaries of later visits; draw under each assumption; write."""
    settings = read_json(arguments.settings, "settings")
    columns = columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"])
    completed = read_table(arguments.completed, "completed")
    cohort = read_table(arguments.cohort, "cohort")
    rows = rows_of(completed["unit"].to_numpy(), cohort["unit"].to_numpy())
    cohort = cohort.iloc[rows].reset_index(drop=True)
    outcome = read_table(arguments.outcomes, "outcomes")[settings["outcome"]].to_numpy(dtype=float)[rows]
    later = [column for column in columns if column.visit > 0 and column.role == "auxiliary"]
    names = [column.name for column in later]
    names += [column.applies for column in later if column.applicable_if is not None]
    frame = completed.assign(**{name: cohort[name] for name in names})
    tables = []
    for assumption in ASSUMPTIONS:
        drawn = draw_outcomes(
            frame,
            [*covariates(columns, completed), *later],
            cohort["treated"].to_numpy(),
            outcome,
            assumption,
            arguments.draw,
            settings["seed"],
            strategy_settings(settings["missingness"], None).chain,
            kind=settings["outcome_kind"],
            named=settings["named"],
        )
        missing = np.isnan(outcome)
        units = cohort["unit"].to_numpy()[missing]
        tables.append(pd.DataFrame({"assumption": assumption, "unit": units, "outcome": drawn[missing]}))
    write_table(pd.concat(tables, ignore_index=True), arguments.table, "outcome_draws")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
