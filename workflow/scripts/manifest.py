"""List every artefact of the study with its SHA-256, and what made it."""

from __future__ import annotations

import json
from argparse import Namespace

from _command import Command
from hetflow.cohort.unchanged import refuse_if_replaced
from hetflow.files import read_json, write_json
from hetflow.manifest import manifest

COMMAND = (
    Command(__doc__)
    .reads("results", "data", "lock")
    .reads("settings", "artefacts", several=True)
    .takes("code")
    .takes("config")
    .writes("manifest")
)


def work(arguments: Namespace) -> None:
    """Refuse a data file that was replaced while the run went on; hash and write."""
    source = read_json(arguments.results / "cohort.json", "cohort_facts")["source"]
    refuse_if_replaced(arguments.data, source["sha256"])
    code, config = json.loads(arguments.code), json.loads(arguments.config)
    content = manifest(
        arguments.results,
        arguments.data,
        arguments.artefacts,
        arguments.settings,
        arguments.lock,
        code,
        config,
    )
    write_json(content, arguments.manifest, "facts")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
