"""Learn on one half of a trial and evaluate on the other, for a range of random splits."""

from __future__ import annotations

from argparse import Namespace

import pandas as pd
from _command import Command
from hetflow.cohort.columns import columns_from_json
from hetflow.effects.one_split import Trial, evaluate_split
from hetflow.effects.scores import Scores
from hetflow.effects.trial import make_trial
from hetflow.files import read_json, read_table, write_table
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

COMMAND = (
    Command(__doc__)
    .takes("splits")
    .reads("cohort", "outcomes", "facts", "settings", "scores")
    .reads("completed", several=True)
    .writes("part")
)


def work(arguments: Namespace) -> None:
    """Read, evaluate every split of the range, write."""
    settings = read_json(arguments.settings, "settings")
    trial = read_trial(arguments, settings)
    section, seed = settings["splits"], settings["seed"]
    first, last = (int(number) for number in arguments.splits.split("-"))
    with threadpool_limits(limits=1):
        parts = [
            evaluate_split(trial, split, section["learners"], section["groups"], seed)
            for split in range(first, last + 1)
        ]
    write_table(pd.concat(parts, ignore_index=True), arguments.part, "table")


def read_trial(arguments: Namespace, settings: dict) -> Trial:
    """The trial of an analysis, from its files."""
    return make_trial(
        Scores.from_frame(read_table(arguments.scores, "scores")),
        read_table(arguments.outcomes, "outcomes")[settings["outcome"]].to_numpy(dtype=float),
        read_table(arguments.cohort, "cohort"),
        [read_table(path, "completed") for path in arguments.completed],
        columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"]),
        settings,
    )


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
