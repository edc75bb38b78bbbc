"""Say plainly what is wrong with a study file that Snakemake could not even read."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from _command import Command
from hetflow.study.chosen import chosen
from hetflow.study.load import read_yaml

COMMAND = Command(__doc__).reads("study")


def work(arguments: Namespace) -> None:
    """Read the file, and the one that it names, as hetflow does; aliases, tags, repeated keys, other encodings are
    refused.
    """
    chosen(
        read_yaml(arguments.study), str(arguments.study), arguments.study, Path(__file__).resolve().parents[2]
    )


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
