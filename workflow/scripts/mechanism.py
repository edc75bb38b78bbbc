"""Describe on what missing values depend: on observed values, the arm, the outcome, and on one another."""

from __future__ import annotations

from argparse import Namespace

from _command import Command
from hetflow.cohort.columns import columns_from_json
from hetflow.files import read_json, read_table, write_json, write_table
from hetflow.missingness.mechanism.stage import describe_mechanism

TABLES = ("labels", "dependence", "compared", "mcar", "dropout")
COMMAND = (
    Command(__doc__).reads("cohort", "outcomes", "facts", "settings").writes(*TABLES).writes("mechanism")
)


def work(arguments: Namespace) -> None:
    """Read, describe, write."""
    found = describe_mechanism(
        read_table(arguments.cohort, "cohort"),
        read_table(arguments.outcomes, "outcomes"),
        columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"]),
        read_json(arguments.settings, "settings"),
    )
    for name in TABLES:
        write_table(getattr(found, name), getattr(arguments, name), "table")
    write_json(found.facts, arguments.mechanism, "facts")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
