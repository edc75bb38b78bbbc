"""Describe the structure of what is missing: by group and reason, blocks, nesting, network, rules of design."""

from __future__ import annotations

from argparse import Namespace

from _command import Command
from hetflow.cohort.columns import columns_from_json
from hetflow.files import plain_json, read_json, read_table, write_json, write_table
from hetflow.missingness.structure.stage import describe_structure

TABLES = {
    "groups": "groups",
    "reasons": "by_reason",
    "flux": "flux",
    "nodes": "nodes",
    "blocks": "blocks",
    "nesting": "nesting",
    "sequences": "sequences",
    "file_matching": "file_matching",
    "network": "network",
    "rules": "design",
}
COMMAND = (
    Command(__doc__)
    .reads("cohort", "outcomes", "facts", "reasons", "settings")
    .writes(*(option.replace("_", "-") for option in TABLES.values()), "structure")
)


def work(arguments: Namespace) -> None:
    """Read, describe, write."""
    facts = read_json(arguments.facts, "cohort_facts")
    found = describe_structure(
        read_table(arguments.cohort, "cohort"),
        read_table(arguments.outcomes, "outcomes"),
        columns_from_json(facts["columns"]),
        read_table(arguments.reasons, "reasons"),
        read_json(arguments.settings, "settings"),
    )
    for table, option in TABLES.items():
        write_table(found.tables[table], getattr(arguments, option), "table")
    write_json(plain_json(found.facts), arguments.structure, "facts")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
