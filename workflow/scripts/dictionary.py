"""Draft a study file with a data dictionary from a data file, for a person to correct."""

from __future__ import annotations

from argparse import Namespace

from _command import Command
from hetflow.cohort.draft import draft
from hetflow.errors import Problem, refuse_all
from hetflow.study.description import Data
from hetflow.study.messages import problems_of
from pydantic import ValidationError

HEAD = """\
# yaml-language-server: $schema=schema.json
# Replace every FILL_IN; config/README.md explains each key. Then: make check STUDY=config/mine.yaml
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
COMMAND.parser.add_argument(
    "--format", help="format of a file whose ending does not tell it, for instance csv"
)
COMMAND.parser.add_argument("--delimiter", help="separator of a text file, for instance ;")
COMMAND.parser.add_argument("--encoding", help="character encoding of a text file, for instance cp1252")
COMMAND.parser.add_argument("--sheet", help="sheet of an Excel file")


def work(arguments: Namespace) -> None:
    """Draft and print."""
    given = {key: getattr(arguments, key) for key in ("format", "delimiter", "encoding", "sheet")}
    given = {key: value for key, value in given.items() if value is not None}
    refuse_all(_of_no_file(given))
    print(HEAD + draft(arguments.data, given))


def _of_no_file(given: dict[str, str]) -> list[Problem]:
    """Keys of `data` that no study file could say."""
    try:
        Data.model_validate({"file": "x", "unit": "x"} | given)
    except ValidationError as error:
        return problems_of(error, "data")
    return []


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
