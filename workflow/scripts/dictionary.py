"""Draft a study file with a data dictionary from a data file, for a person to correct."""

from __future__ import annotations

from argparse import Namespace

from _command import Command
from hetflow.cohort.draft import draft

HEAD = """\
# yaml-language-server: $schema=schema.json
# Replace every FILL_IN; config/README.md explains each key. Then: snakemake check --configfile config/mine.yaml
study: mine
title: FILL_IN

estimand:
  population: FILL_IN
  treatments: FILL_IN
  variable: FILL_IN
  intercurrent_events: FILL_IN
  summary: Difference of means, treated minus control

design:
  kind: randomised  # or observational; then remove probability
  probability: 0.5

treatment:
  column: FILL_IN
  treated: [1]
  control: [0]
  treated_label: FILL_IN
  control_label: FILL_IN

outcomes:
  main:
    column: FILL_IN  # or expression: after - before
    label: FILL_IN
    better: higher  # or lower

outcome: main

"""

COMMAND = Command(__doc__).reads("data")


def work(arguments: Namespace) -> None:
    """Draft and print."""
    print(HEAD + draft(arguments.data))


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
