"""Freeze the analysis plan from the study's settings and the data file's column names; no row of the data is read."""

from __future__ import annotations

from argparse import Namespace
from datetime import date
from pathlib import Path

from _command import Command
from hetflow.cohort.readers import read_header
from hetflow.cohort.unchanged import data_hash
from hetflow.files import read_json
from hetflow.prespecified.content import content
from hetflow.prespecified.freeze import to_write
from hetflow.prespecified.store import Frozen, read_plan, write_plan

COMMAND = Command(__doc__).reads("data", "cohort", "planned", "results").writes("folder")


def work(arguments: Namespace) -> None:
    """Read names and settings, freeze or refuse, say what was done."""
    cohort, planned = read_json(arguments.cohort, "settings"), read_json(arguments.planned, "settings")
    header = read_header(arguments.data, cohort["data"])
    frozen = read_plan(arguments.folder)
    hashed = planned["hash_data"] or (frozen is not None and "data_sha256" in frozen.latest)
    now = content(cohort, planned, header, data_hash(arguments.data) if hashed else None)
    when = {
        "date": date.today().isoformat(),
        "outcomes_read_before": (arguments.results / "outcomes.parquet").is_file(),
    }
    made = to_write(now, frozen, planned["amendments"], when)
    if made is None:
        assert frozen is not None
        print("\n".join(_same(arguments.folder, frozen)))
        return
    page, facts = write_plan(arguments.folder, made.number, made.document, made.text)
    print("\n".join(_said(page, facts, read_json(facts, "plan"), made.number)))


def _said(page: Path, facts: Path, document: dict, number: int) -> list[str]:
    """Where the document lies, and what to register."""
    what = f"Amendment {number}" if number else "The analysis plan"
    said = ["", f"{what} is frozen: {page}"]
    said += [f"  SHA-256 of the document   {document['document_sha256']}"]
    said += [f"  SHA-256 of its content    {document['sha256']}"]
    said += [f"  the same for programs     {facts}"]
    if document["frozen"]["outcomes_read_before"]:
        said += [
            "  notice: results of this study are there already; the plan says that it was frozen after them."
        ]
    return [*said, "Register the document or its SHA-256 where its date can be shown. Keep both files.", ""]


def _same(folder: Path, frozen: Frozen) -> list[str]:
    last, count = frozen.documents[-1], len(frozen.amendments)
    day = frozen.documents[0]["frozen"]["date"]
    amended = f", amended {count} time{'s' if count > 1 else ''}" if count else ""
    return [
        "",
        f"The study is as planned; nothing was written. Frozen on {day}{amended}, in {folder}",
        f"  SHA-256 of the content    {last['sha256']}",
        "",
    ]


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
