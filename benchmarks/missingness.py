"""CPU time and peak memory of diagnosing what is missing, by part and size.

Masks of a tenth to a half of the cells, unequal by row and column, with blocks and skipped questions among them.
Usage: ``python benchmarks/missingness.py [structure] [mechanism] [--large]``; with ``--large`` 100,000 units x 200
columns beside 10,000 x 100. Without a name, all parts.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from hetflow.cohort.columns import Column  # noqa: E402

SIZES = {"small": (10_000, 100), "large": (100_000, 200)}
MOST_SECONDS = 60.0  # of the whole diagnosis of the small size, CPU
MOST_MB = 24 * 1024  # of the large one


def cohort(n: int, p: int) -> tuple[pd.DataFrame, pd.DataFrame, list[Column]]:
    """Cohort frame, outcomes and columns: a fifth complete, a fifth in blocks of ten, a tenth skipped by design."""
    rng = np.random.default_rng(n + p)
    values = rng.normal(size=(n, p))
    sick, rare = rng.normal(size=(n, 1)), rng.normal(-1.5, 0.7, size=(1, p))
    missing = rng.random((n, p)) < 1 / (1 + np.exp(-(sick + rare)))
    fifth = p // 5
    missing[:, :fifth] = False
    for start in range(fifth, 2 * fifth, 10):
        missing[:, start : start + 10] = missing[:, [start]]
    skipped = slice(2 * fifth, 2 * fifth + p // 10)
    missing[:, skipped] |= values[:, [0]] > 0.5
    values[missing] = np.nan
    columns = [Column(f"x{place:03d}", "continuous") for place in range(p)]
    frame = pd.DataFrame(values, columns=[column.name for column in columns])
    arm = rng.integers(0, 2, n).astype(np.int8)
    units = np.arange(n)
    head = {"unit": units, "treated": arm, "cluster": units, "weight": 1.0}
    frame = pd.concat([pd.DataFrame(head).assign(stratum=rng.choice(list("abcd"), n)), frame], axis=1)
    outcome = np.where(rng.random(n) < 0.1 + 0.1 * arm, np.nan, rng.normal(size=n))
    return frame, pd.DataFrame({"unit": units, "y": outcome}), columns


def structure(n: int, p: int) -> None:
    """The structure stage."""
    from hetflow.missingness.structure.stage import describe_structure

    frame, outcomes, columns = cohort(n, p)
    reasons = pd.DataFrame({"unit": np.empty(0, dtype=np.int64), "column": "", "reason": ""})
    settings = {"seed": 1, "groups": [], "strata": True, "clusters": False}
    begun = time.process_time()
    describe_structure(frame, outcomes, columns, reasons, settings)
    _say("structure", n, p, time.process_time() - begun)


def describe(n: int, p: int) -> None:
    """Tables by variable, mask and pattern."""
    from hetflow.missingness.describe import by_variable, distinct_masks, patterns, summary

    frame, _, columns = cohort(n, p)
    begun = time.process_time()
    by_variable(frame, columns, frame["treated"].to_numpy())
    distinct_masks(frame, columns)
    patterns(frame, columns)
    summary(frame, columns)
    _say("describe", n, p, time.process_time() - begun)


def mechanism(n: int, p: int) -> None:
    """On what masks depend."""
    from hetflow.missingness.mechanism.stage import describe_mechanism

    frame, outcomes, columns = cohort(n, p)
    settings = {"seed": 1, "outcome": "y", "randomised": True}
    begun = time.process_time()
    describe_mechanism(frame, outcomes, columns, settings)
    _say("mechanism", n, p, time.process_time() - begun)


PARTS = {"describe": describe, "structure": structure, "mechanism": mechanism}


def _say(part: str, n: int, p: int, seconds: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{part} {n} x {p}: {seconds:.1f} s CPU, {peak:.0f} MB at most", flush=True)


def main(words: list[str]) -> int:
    """Each part and size in a process of its own, so that its peak memory is its own."""
    if words[:1] == ["--one"]:
        PARTS[words[1]](int(words[2]), int(words[3]))
        return 0
    sizes = ["small", "large"] if "--large" in words else ["small"]
    parts = [word for word in words if word in PARTS] or list(PARTS)
    total = dict.fromkeys(sizes, 0.0)
    peak = 0.0
    for size in sizes:
        for part in parts:
            command = [sys.executable, __file__, "--one", part, *map(str, SIZES[size])]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            print(said, end="", flush=True)
            total[size] += float(said.split(": ")[1].split(" s")[0])
            peak = max(peak, float(said.split(", ")[1].split(" MB")[0]))
    ok = total["small"] <= MOST_SECONDS and peak <= MOST_MB
    print(
        f"{total['small']:.1f} s CPU for the small size (at most {MOST_SECONDS:.0f}); {'ok' if ok else 'too much'}"
    )
    return 0 if ok else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
