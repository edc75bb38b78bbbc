"""Say plainly what is wrong with a study file that Snakemake could not even read."""

from __future__ import annotations

from argparse import Namespace

from _command import Command
from hetflow.study.load import read_yaml

COMMAND = Command(__doc__).reads("study")


def work(arguments: Namespace) -> None:
    """Read the file as hetflow does; aliases, tags, repeated keys and other encodings are refused."""
    read_yaml(arguments.study)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
