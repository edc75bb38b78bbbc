"""What a local run costs beside its computations: imports, and the workflow's own time.

Runs a study from nothing in a temporary folder on two cores and prints ratios measured in that one run: wall time to
the time of all jobs (computations and imports) on these cores, the share of imports, and the share of each rule.

Usage: ``python benchmarks/overhead.py [config/opt.yaml]``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
CORES = 2
MOST_WALL = 1.3  # times the jobs' own time on these cores
MOST_IMPORTS = 1 / 3  # of the jobs' own time
_IMPORT = re.compile(r"^import time: +(\d+) \|", flags=re.MULTILINE)


def run(study: Path, folder: Path) -> tuple[float, float, pd.DataFrame]:
    """Wall seconds, seconds of all imports, and a row for each job with its rule, seconds and peak memory in MB."""
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        str(ROOT / "Snakefile"),
        "--directory",
        str(folder),
    ]
    command += ["--cores", str(CORES), "--configfile", str(study)]
    log = folder / "log.txt"
    begun = time.monotonic()
    with log.open("w") as stream:
        environment = os.environ | {"PYTHONPROFILEIMPORTTIME": "1", "PYTHONHASHSEED": "0"}
        subprocess.run(command, env=environment, stdout=stream, stderr=stream, check=True)
    wall = time.monotonic() - begun
    imports = sum(int(microseconds) for microseconds in _IMPORT.findall(log.read_text())) / 1e6
    tables = sorted((folder / "results").glob("*/benchmarks/**/*.tsv"))
    return wall, imports, pd.concat(pd.read_csv(path, sep="\t").assign(rule=_rule(path)) for path in tables)


def _rule(path: Path) -> str:
    return path.stem if path.parent.name == "benchmarks" else path.parent.name


def main(study: Path) -> None:
    """Run, compare, print."""
    with tempfile.TemporaryDirectory() as folder:
        wall, imports, jobs = run(study.resolve(), Path(folder))
    total = jobs["s"].sum()
    print(f"{'rule':<20} {'jobs':>5} {'share of time':>14} {'peak memory, MB':>16}")
    for rule, own in jobs.groupby("rule"):
        print(f"{rule:<20} {len(own):>5} {own['s'].sum() / total:>14.1%} {own['max_rss'].max():>16.0f}")
    ratio, share = wall * CORES / total, imports / total
    print(f"wall time is {ratio:.2f} times that of all jobs on {CORES} cores; the limit is {MOST_WALL}")
    print(f"imports, Snakemake's own among them, are {share:.1%} of it; the limit is {MOST_IMPORTS:.0%}")
    if ratio > MOST_WALL or share > MOST_IMPORTS:
        raise SystemExit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "config/opt.yaml"))
