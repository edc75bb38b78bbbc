"""Make a finished run's manifest again and say what differs: artefacts, data file, study file, code, versions."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from _command import Command
from hetflow.disk import sha256
from hetflow.files import read_json
from hetflow.manifest import differences, versions
from hetflow.run import Start
from hetflow.start import prepare

WORKFLOW = Path(__file__).resolve().parents[1]
DIFFERS = 3
COMMAND = Command(__doc__).reads("study", several=True)


def work(arguments: Namespace) -> None:
    """Compare and print; the exit status is 3 if anything differs."""
    start = prepare(arguments.study, {}, WORKFLOW, sys.executable)
    results = Path(start.file(""))
    listed = read_json(results / "manifest.json", "facts")
    said = differences(listed, results, state(start))
    for line in said:
        print(f"differs: {line}")
    count = len(listed["artefacts"])
    print(f"{results}: {count} artefacts; differences from the manifest: {len(said) or 'none'}")
    if said:
        raise SystemExit(DIFFERS)


def state(start: Start) -> dict:
    """Data file, study, code and versions as they are now."""
    return {
        "data": sha256(start.data_file),
        "settings": start.settings(),
        "code": start.codes(),
        "versions": versions(WORKFLOW.parent / "envs" / "lock.txt"),
    }


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    return COMMAND.run(work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
