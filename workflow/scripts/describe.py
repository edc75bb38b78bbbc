"""Describe what is missing: by variable and arm, distinct masks, patterns."""

from __future__ import annotations

from argparse import Namespace

from _command import Command
from hetflow.cohort.columns import columns_from_json
from hetflow.files import read_json, read_table, write_json, write_table
from hetflow.missingness.describe import by_variable, distinct_masks, patterns, summary

COMMAND = Command(__doc__).reads("cohort", "facts").writes("variables", "masks", "patterns", "summary")


def work(arguments: Namespace) -> None:
    """Read, describe, write."""
    cohort = read_table(arguments.cohort, "cohort")
    facts = read_json(arguments.facts, "cohort_facts")
    columns = columns_from_json(facts["columns"])
    write_table(by_variable(cohort, columns, cohort["treated"].to_numpy()), arguments.variables, "table")
    write_table(distinct_masks(cohort, columns), arguments.masks, "table")
    write_table(patterns(cohort, columns), arguments.patterns, "table")
    write_json(summary(cohort, columns), arguments.summary, "facts")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
