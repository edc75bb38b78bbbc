"""Tell what rules that decide whom to treat would gain: rankings, trees, a budget, benefit against harm."""

from __future__ import annotations

from argparse import Namespace

from _command import Command
from hetflow.cohort.columns import columns_from_json
from hetflow.effects.policy.appraise import TABLES, appraise
from hetflow.effects.scores import Scores
from hetflow.files import read_json, read_table, write_json, write_table

COMMAND = (
    Command(__doc__)
    .reads("cohort", "facts", "settings")
    .reads("scores", "completed", several=True)
    .reads("harm", several=True, required=False)
    .writes(*TABLES, "found")
)


def work(arguments: Namespace) -> None:
    """Read, appraise, write."""
    appraised = appraise(
        [Scores.from_frame(read_table(path, "scores")) for path in arguments.scores],
        [read_table(path, "completed") for path in arguments.completed],
        columns_from_json(read_json(arguments.facts, "cohort_facts")["columns"]),
        read_table(arguments.cohort, "cohort"),
        read_json(arguments.settings, "settings"),
        [Scores.from_frame(read_table(path, "scores")) for path in arguments.harm or []],
    )
    for name, table in appraised.tables.items():
        write_table(table, getattr(arguments, name), "table")
    write_json(appraised.facts, arguments.found, "facts")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
