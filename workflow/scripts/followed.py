"""Say whether a finished run followed its frozen plan, and list every deviation."""

from __future__ import annotations

from argparse import Namespace

from _command import Command
from hetflow.cohort.readers import read_header
from hetflow.files import read_json, write_json, write_table
from hetflow.prespecified.content import content
from hetflow.prespecified.followed import followed
from hetflow.prespecified.store import read_files
from hetflow.report.ledger import ledger
from page import artefacts

COMMAND = (
    Command(__doc__)
    .reads("results", "settings", "cohort", "planned", "data", "lock")
    .reads("plan", several=True, required=False)
    .writes("table", "facts")
)


def work(arguments: Namespace) -> None:
    """Read the plan and what was done, compare, write."""
    frozen = read_files(arguments.plan) if arguments.plan else None
    cohort, planned = read_json(arguments.cohort, "settings"), read_json(arguments.planned, "settings")
    made = artefacts(arguments.results, arguments.settings, arguments.lock)
    hashed = frozen is not None and "data_sha256" in frozen.latest
    now = content(
        cohort,
        planned,
        read_header(arguments.data, cohort["data"]),
        made.cohort["source"]["sha256"] if hashed else None,
    )
    facts, table = followed(frozen, now, ledger(made))
    write_table(table, arguments.table, "table")
    write_json(facts, arguments.facts, "facts")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
