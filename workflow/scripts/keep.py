"""Keep a finished run's aggregates, so that a rerun can be compared with it: no row of a unit is copied."""

from __future__ import annotations

from argparse import Namespace

from _command import Command
from hetflow.compare.keep import keep

COMMAND = Command(__doc__).reads("results").takes("label")


def work(arguments: Namespace) -> None:
    """Copy and say where to."""
    print(f"Kept: {keep(arguments.results, arguments.label)}")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
