"""Read the raw file, type and check it by the dictionary, and write cohort, outcomes, flow and baseline table."""

from __future__ import annotations

from argparse import Namespace

from _command import Command
from hetflow.cohort.blinded import blinded
from hetflow.cohort.ingest import ingest
from hetflow.cohort.readers import read_raw
from hetflow.cohort.unchanged import data_hash, refuse_if_replaced
from hetflow.files import read_json, write_json, write_table

COMMAND = (
    Command(__doc__)
    .reads("data", "settings")
    .writes("cohort", "outcomes", "facts", "flow", "baseline", "reasons")
)


def work(arguments: Namespace) -> None:
    """Read, ingest, write."""
    settings = read_json(arguments.settings, "settings")
    before = data_hash(arguments.data)
    raw = read_raw(arguments.data, settings["data"])
    refuse_if_replaced(arguments.data, before)
    found = ingest(blinded(raw, settings), settings)
    source = {"file": arguments.data.name, "sha256": before}
    facts = found.facts | {"source": source | {"rows": len(raw), "columns": raw.shape[1]}}
    facts |= {"blinded": True} if settings.get("blinded") else {}
    write_table(found.cohort, arguments.cohort, "cohort")
    write_table(found.outcomes, arguments.outcomes, "outcomes")
    write_table(found.flow, arguments.flow, "table")
    write_table(found.baseline, arguments.baseline, "table")
    write_table(found.reasons, arguments.reasons, "reasons")
    write_json(facts, arguments.facts, "cohort_facts")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
