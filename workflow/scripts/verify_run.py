"""Make a finished run's manifest again and say what differs: artefacts, data file, study file, code, versions."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from _command import Command
from hetflow.disk import sha256
from hetflow.errors import refuse
from hetflow.files import read_json
from hetflow.manifest import differences, versions
from hetflow.run import Start
from hetflow.start import prepare
from hetflow.study.blinding import results_name

WORKFLOW = Path(__file__).resolve().parents[1]
DIFFERS = 3
COMMAND = Command(__doc__).reads("study", several=True)


def work(arguments: Namespace) -> None:
    """Compare and print what the study's runs left, blinded or not; the exit status is 3 if anything differs."""
    finished = [folder for folder in folders(arguments.study) if (folder / "manifest.json").is_file()]
    if not finished:
        where = " or ".join(str(folder) for folder in folders(arguments.study))
        refuse(f"{where}: manifest.json", "a finished run", "none", "run the study to its end first")
    differing = [folder for folder in finished if differs(folder, arguments.study)]
    if differing:
        raise SystemExit(DIFFERS)


def folders(studies: list[Path]) -> list[Path]:
    """Where the study's results lie, and those of its blinded run."""
    study = prepare(studies, {}, WORKFLOW, sys.executable).plan.study
    both = [study.model_copy(update={"blinded": blinded}) for blinded in (False, True)]
    return [Path("results") / results_name(one) for one in both]


def differs(results: Path, studies: list[Path]) -> bool:
    """Compare one run, started with the values that its manifest lists beside the study file, and print."""
    listed = read_json(results / "manifest.json", "facts")
    start = prepare(studies, listed.get("config", {}), WORKFLOW, sys.executable)
    said = differences(listed, results, state(start))
    for line in said:
        print(f"differs: {line}")
    count = len(listed["artefacts"])
    print(f"{results}: {count} artefacts; differences from the manifest: {len(said) or 'none'}")
    return bool(said)


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
