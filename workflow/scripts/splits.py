"""Make one answer of many sample splits: best linear predictor, groups by predicted benefit, who is in them."""

from __future__ import annotations

from argparse import Namespace

import pandas as pd
from _command import Command
from hetflow.cohort.columns import columns_from_json
from hetflow.effects.clan import applicable
from hetflow.effects.scores import Scores
from hetflow.effects.split_tables import facts, sequential_description, split_tables
from hetflow.effects.trial import covariates_of
from hetflow.files import read_json, read_table, write_json, write_table
from split import read_trial

COMMAND = (
    Command(__doc__)
    .reads("cohort", "outcomes", "facts", "settings", "scores")
    .reads("completed", "parts", several=True)
    .writes("blp", "gates", "clan", "proxies", "found")
)


def work(arguments: Namespace) -> None:
    """Read the splits, take medians, describe the groups, write."""
    settings = read_json(arguments.settings, "settings")
    trial = read_trial(arguments, settings)
    parts = pd.concat([read_table(path, "table") for path in sorted(arguments.parts)], ignore_index=True)
    tables = split_tables(parts, trial, _sequential(arguments, settings), settings)
    for name in ("blp", "gates", "clan", "proxies"):
        write_table(tables[name], getattr(arguments, name), "table")
    write_json(facts(tables, trial, settings), arguments.found, "facts")


def _sequential(arguments: Namespace, settings: dict) -> pd.DataFrame:
    """Covariates of the groups by sequential prediction, of all scored units."""
    columns = columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"])
    scores = Scores.from_frame(read_table(arguments.scores, "scores"))
    frames = [read_table(path, "completed") for path in arguments.completed]
    X, names = covariates_of(frames, columns, scores.unit)
    values = applicable(X, names, columns)
    return sequential_description(values, names, scores, settings["sequential_groups"], settings["better"])


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
