"""The scale of the graph: time to lay it out, and what Snakemake adds to each job.

Lays out 50 imputations x 20 shards x 4 analyses (4,000 jobs that grow forests, 4,739 in all) as a dry run, and runs a
smaller graph of the same shape whose scripts write empty files, so that what is left is the workflow's own cost.

Usage: ``python benchmarks/graph.py [imputations to run, 6]``.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "workflow")]

from small_project import STUDY, Project  # noqa: E402

CORES = 2
LIMIT_SECONDS = 30.0  # of the dry run
ANALYSES = """\
analyses:
  primary: {label: Primary}
  six: {label: Leaves of six, forest: {min_leaf: 6}}
  seven: {label: Leaves of seven, forest: {min_leaf: 7}}
  eight: {label: Leaves of eight, forest: {min_leaf: 8}}
"""
STUB = """\
import sys
from pathlib import Path

FILES, FOLDERS = {files}, {folders}
option = None
for word in sys.argv[1:]:
    if word.startswith("--"):
        option = word[2:]
    elif option in FILES:
        Path(word).write_bytes(b"")
    elif option in FOLDERS:
        Path(word).mkdir(exist_ok=True)
"""


def project(folder: Path, imputations: int) -> Project:
    """The small study with many imputations, 20 shards a forest and four forests."""
    found = Project(folder)
    study = STUDY[: STUDY.index("analyses:")] + ANALYSES
    study = study.replace("imputations: 2, iterations", f"imputations: {imputations}, iterations")
    study = study.replace(
        "{trees: 80, held_out_trees: 8, shard_bags: 10}",
        "{trees: 2000, held_out_trees: 200, shard_bags: 25}",
    )
    found.study.write_text(study)
    return found


def without_computing(found: Project) -> None:
    """Replace every script by one that writes its outputs empty."""
    for script in (found.folder / "workflow" / "scripts").glob("[a-z]*.py"):
        written = re.findall(r"\.writes\(([^)]*)\)", script.read_text())
        names = set(re.findall(r'"([a-z-]+)"', " ".join(written)))
        folders = names & {"figures", "tables"}
        script.write_text(STUB.format(files=names - folders or "set()", folders=folders or "set()"))


def main(imputations: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as place:
        large = project(Path(place) / "large", 50)
        begun = time.monotonic()
        jobs = sum(large.would_run().values())
        seconds = time.monotonic() - begun
        print(f"graph of {jobs} jobs laid out in {seconds:.1f} s; the limit is {LIMIT_SECONDS:.0f} s")
        small = project(Path(place) / "small", imputations)
        without_computing(small)
        jobs = sum(small.would_run().values())
        begun = time.monotonic()
        small.snakemake("--cores", str(CORES), "--quiet", "all")
        each = (time.monotonic() - begun) * CORES / jobs
        print(f"{jobs} jobs that compute nothing: {each:.2f} s of a core each, on {CORES} cores")
        if seconds > LIMIT_SECONDS:
            raise SystemExit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 6)
