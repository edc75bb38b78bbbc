"""Draft a study file with a data dictionary from a data file, for a person to correct."""

from __future__ import annotations

from _command import Command
from hetflow.cohort.draft import draft

COMMAND = Command(__doc__).reads("data")


def work(arguments) -> None:
    """Draft and print."""
    print(draft(arguments.data))


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
