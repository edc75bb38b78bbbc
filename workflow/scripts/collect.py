"""Join the estimates of all analyses in the study's order."""

from __future__ import annotations

from argparse import Namespace

from _command import Command
from hetflow.files import read_json, read_table, write_table
from hetflow.tables import join

COMMAND = Command(__doc__).reads("settings").reads("estimates", several=True).writes("table")


def work(arguments: Namespace) -> None:
    """Read, join, write."""
    order = read_json(arguments.settings, "settings")["analyses"]
    tables = [read_table(path, "estimates") for path in arguments.estimates]
    write_table(join(tables, order), arguments.table, "estimates")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
