"""What the workflow costs beside its computations: time to lay out the graph, and overhead a job.

Prints ratios measured in one run on one machine. Usage: ``python benchmarks/overhead.py [config/opt.yaml]`` after a
finished run of that study.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]


def main(study: str) -> None:
    """Compare the seconds of a finished run's jobs with one another and with a dry run."""
    name = Path(study).stem
    tables = sorted((ROOT / "results" / name / "benchmarks").rglob("*.tsv"))
    if not tables:
        raise SystemExit(f"no benchmarks of {name}: run the study first")
    jobs = pd.concat(pd.read_csv(path, sep="\t").assign(rule=_rule(path)) for path in tables)
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "all", "--configfile", study],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    graph = time.monotonic() - begun
    total = jobs["s"].sum()
    print(f"{'rule':<20} {'jobs':>5} {'share of time':>14} {'peak memory, MB':>16}")
    for rule, own in jobs.groupby("rule"):
        print(f"{rule:<20} {len(own):>5} {own['s'].sum() / total:>14.1%} {own['max_rss'].max():>16.0f}")
    print(f"laying out the graph takes {graph / total:.1%} of the time of all jobs")


def _rule(path: Path) -> str:
    return path.stem if path.parent.name == "benchmarks" else path.parent.name


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "config/opt.yaml")
