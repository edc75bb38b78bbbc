"""Speed and memory of the histogram forest: ratios to the econml engine, threads, growth with the data.

Growth, out-of-bag estimation and variance together, imports and compilation excluded. Engines take turns within one
run, so that other work on the machine meets both. Usage: ``python benchmarks/forest.py [speed|large|threads|scaling|
million ...]``; without a name, all but `million`.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))
from hetflow.forest.sums import Sums

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

LABEL = ("deployment", 0, "all")
MB = 2**20


def study(n: int, p: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Covariates and residuals of a trial of n units, effect x1 + log(1 + exp(x2))."""
    rng = np.random.default_rng(n + p)
    X = rng.normal(size=(n, p))
    treatment = rng.integers(0, 2, n) - 0.5
    return X, treatment, treatment * (X[:, 0] + np.log1p(np.exp(X[:, 1]))) + rng.normal(size=n)


def seconds(data: tuple, engine: str, trees: int, threads: int = 1) -> tuple[float, float]:
    """CPU and wall seconds of growing, adding up and solving."""
    from hetflow.forest.effects import effects

    cpu, wall = time.process_time(), time.perf_counter()
    effects(grown(data, engine, trees, threads))
    return time.process_time() - cpu, time.perf_counter() - wall


def grown(data: tuple, engine: str, trees: int, threads: int = 1) -> Sums:
    """The sums of a shard that holds all trees."""
    from hetflow.forest.grow import grow_shard

    X, treatment, outcome = data
    sample, settings = np.ones(len(X), bool), {"engine": engine}
    return grow_shard(
        X, treatment, outcome, None, None, sample, 1, LABEL, 0, trees // 4 - 1, settings, threads=threads
    )


def against_econml(n: int, p: int, trees: int, repeats: int) -> None:
    """Medians of the paired ratios econml / histogram."""
    data = study(n, p)
    seconds(study(500, p), "histogram", 8), seconds(study(500, p), "econml", 8)
    ratios = []
    for number in range(repeats):
        order = ("econml", "histogram") if number % 2 else ("histogram", "econml")
        taken = {engine: seconds(data, engine, trees) for engine in order}
        ratios.append([taken["econml"][k] / taken["histogram"][k] for k in (0, 1)])
    cpu, wall = np.median(ratios, axis=0)
    spread = f"{min(r[0] for r in ratios):.1f} to {max(r[0] for r in ratios):.1f}"
    print(
        f"n={n:,} p={p} trees={trees}, median of {repeats}: econml takes {cpu:.1f} times the CPU time ({spread}), "
        f"{wall:.1f} times the wall time",
        flush=True,
    )


def speed() -> None:
    """10,000 units, 20 covariates, 2,000 trees."""
    against_econml(10_000, 20, 2000, 5)


def large() -> None:
    """100,000 units, 20 covariates, 200 trees."""
    against_econml(100_000, 20, 200, 1)


def threads() -> None:
    """Wall time of two threads as a share of one thread's, and whether the sums are the same bits."""
    data = study(20_000, 20)
    sums = [grown(data, "histogram", 80, number) for number in (1, 2, 4)]
    same = all(np.array_equal(sums[0].tree_products, other.tree_products) for other in sums)
    walls = [[seconds(data, "histogram", 800, number)[1] for number in (1, 2)] for _ in range(5)]
    shares = sorted(two / one for one, two in walls)
    print(
        f"threads: two take {shares[0]:.2f} to {shares[-1]:.2f} of the wall time of one, median {shares[2]:.2f} "
        f"(more where something else has a core); the same bits with 1, 2 and 4: {same}",
        flush=True,
    )


def scaling() -> None:
    """CPU time and memory from 1,000 to 1,000,000 rows, beside n log n; each size in a process of its own."""
    before = None
    for n in (1_000, 10_000, 100_000, 1_000_000):
        trees = max(80, min(800, 8_000_000 // n // 4 * 4))
        found = _alone(n, 20, trees, 1)
        cost = found["cpu"] / trees
        growth = (
            "" if before is None else f"; {cost / before[1] / _nlogn(n, before[0]):.2f} of n log n from there"
        )
        before = (n, cost)
        print(
            f"n={n:,} p=20: {1e3 * cost:.2f} ms of CPU a tree{growth}; memory {found['growth']:.0f} MB beyond imports "
            f"and input, {found['growth'] / found['size']:.2f} of binned data and sums ({found['size']:.0f} MB)",
            flush=True,
        )


def _nlogn(n: int, m: int) -> float:
    return n * np.log(n) / (m * np.log(m))


def million() -> None:
    """One million rows, 30 covariates, 2,000 trees, two threads."""
    found = _alone(1_000_000, 30, 2000, 2)
    print(
        f"n=1,000,000 p=30 trees=2000 threads=2: {found['wall'] / 60:.1f} minutes, {found['cpu'] / 60:.1f} of CPU, "
        f"peak {found['peak'] / 1024:.2f} GB of which {found['growth'] / 1024:.2f} beyond imports and input "
        f"({found['growth'] / found['size']:.2f} of binned data and sums)",
        flush=True,
    )


def _alone(n: int, p: int, trees: int, number: int) -> dict[str, float]:
    """`measure` in a process of its own, for its peak of memory."""
    call = [sys.executable, __file__, "measure", str(n), str(p), str(trees), str(number)]
    return json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)


def measure(n: int, p: int, trees: int, number: int) -> None:
    """Print seconds, the peak of memory, and how much of it came after imports and input, in MB."""
    seconds(study(500, p), "histogram", 8)
    data = study(n, p)
    from hetflow.forest.effects import effects

    start, cpu, wall = _peak(), time.process_time(), time.perf_counter()
    sums = grown(data, "histogram", trees, number)
    peak = _peak()
    effects(sums)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    size = (n * p + 36 * 8 * n) / MB
    print(json.dumps({"cpu": cpu, "wall": wall, "peak": peak, "growth": peak - start, "size": size}))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


PARTS: dict[str, Callable[[], None]] = {
    "speed": speed,
    "large": large,
    "threads": threads,
    "scaling": scaling,
    "million": million,
}


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        measure(*map(int, sys.argv[2:]))
    else:
        for part in sys.argv[1:] or [name for name in PARTS if name != "million"]:
            PARTS[part]()
