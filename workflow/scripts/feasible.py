"""Check that every analysis can be run on the cohort and its folds, before anything long is computed."""

from __future__ import annotations

from argparse import Namespace

from _command import Command
from hetflow.cohort.columns import columns_from_json
from hetflow.errors import refuse_all
from hetflow.feasible import feasibility_problems
from hetflow.files import read_json, read_table, write_json

COMMAND = Command(__doc__).reads("cohort", "outcomes", "facts", "folds", "settings").writes("feasible")


def work(arguments: Namespace) -> None:
    """Read, check, write what was checked."""
    needs = read_json(arguments.settings, "settings")
    columns = columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"])
    cohort = read_table(arguments.cohort, "cohort")
    outcomes = read_table(arguments.outcomes, "outcomes")
    fold = read_table(arguments.folds, "folds")["fold"].to_numpy()
    refuse_all(feasibility_problems(cohort, outcomes, fold, columns, needs))
    write_json({"analyses": sorted(needs["analyses"])}, arguments.feasible, "facts")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
