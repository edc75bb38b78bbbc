"""Speed and quality of imputation beside R mice's default methods: 10,000 units, 30 mixed columns, a fifth missing.

Each side makes the same number of imputations of the same data with five iterations on one thread; the ratio is one of
CPU seconds, start-up, reading and writing excluded. Quality is measured against the cells that were taken away. Without
R and its package mice nothing is claimed of speed. Usage: ``python benchmarks/imputation.py [--imputations 5]
[--units 10000] [--cart]``; `--cart` runs mice's trees too, which take minutes an imputation.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow"), str(ROOT / "tests")]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from hetflow.missingness.chained import ChainSettings  # noqa: E402
from hetflow.missingness.choice import choose_engine  # noqa: E402
from hetflow.missingness.strategies import complete  # noqa: E402
from hetflow.missingness.task import Settings  # noqa: E402
from imputation_world import World, mixed_world, quality  # noqa: E402

TIMES_FASTER = 5.0
SCRIPT = """
a <- commandArgs(TRUE)
suppressMessages(library(mice))
d <- read.csv(a[1], stringsAsFactors = TRUE, na.strings = "")
for (x in grep("^b", names(d))) d[[x]] <- factor(d[[x]])
given <- list(d, m = as.integer(a[3]), maxit = 5, printFlag = FALSE, seed = 1)
if (a[4] != "default") given$method <- a[4]
begun <- proc.time()
imputed <- do.call(mice, given)
taken <- proc.time() - begun
write.csv(complete(imputed, "long"), a[2], row.names = FALSE)
cat(taken[[1]] + taken[[2]])
"""


def ours(world: World, engine: str, imputations: int) -> tuple[float, list[pd.DataFrame]]:
    """CPU seconds and completed files."""
    settings = Settings(ChainSettings(engine=engine))
    begun = time.process_time()
    files = [
        complete(
            world.seen, world.columns, "multiple_imputation", "deployment", k, 1, settings=settings
        ).frame
        for k in range(imputations)
    ]
    return time.process_time() - begun, files


def mice(world: World, method: str, imputations: int) -> tuple[float, list[pd.DataFrame]] | None:
    """The same by R mice; None where it is not installed."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        seen = world.seen.drop(columns="unit")
        seen.to_csv(Path(folder) / "in.csv", index=False)
        (Path(folder) / "mice.R").write_text(SCRIPT)
        command = [rscript, "--vanilla", "mice.R", "in.csv", "out.csv", str(imputations), method]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(done.stderr.strip().splitlines()[-1:])
            return None
        long = pd.read_csv(Path(folder) / "out.csv")
    files = [part.reset_index(drop=True)[seen.columns] for _, part in long.groupby(".imp")]
    return float(done.stdout), [file.assign(unit=world.seen["unit"]) for file in files]


def report(name: str, world: World, seconds: float, files: list[pd.DataFrame]) -> None:
    """One line."""
    found = [quality(world, file) for file in files]
    bias, ratio, error = np.mean(
        [[one.bias, one.variance_ratio, one.correlation_error] for one in found], axis=0
    )
    print(f"{name:<14} {seconds / len(files):>9.1f} {bias:>10.4f} {ratio:>15.3f} {error:>18.4f}", flush=True)


def main() -> None:
    """Compare and print; fails when the chosen engine is not `TIMES_FASTER` times faster than mice's default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--imputations", type=int, default=5)
    parser.add_argument("--units", type=int, default=10_000)
    parser.add_argument("--cart", action="store_true")
    asked = parser.parse_args()
    world = mixed_world(asked.units, 1)
    choice = choose_engine("auto", world.seen, world.columns, asked.units // 2, 1)
    print(choice.line)
    ours(mixed_world(500, 1), "tree", 1)  # imports
    print(
        f"{'engine':<14} {'CPU s each':>9} {'mean bias':>10} {'variance ratio':>15} {'correlation error':>18}"
    )
    taken: dict[str, float] = {}
    for engine in ("pmm", "normal", "tree"):
        taken[engine], files = ours(world, engine, asked.imputations)
        report(engine, world, taken[engine], files)
    for method in ("default", "cart") if asked.cart else ("default",):
        theirs = mice(world, method, asked.imputations)
        if theirs is None:
            print("R mice is not installed: no claim of speed")
            return
        taken[f"mice {method}"] = theirs[0]
        report(f"mice {method}", world, *theirs)
    ratios = {name: taken["mice default"] / seconds for name, seconds in taken.items()}
    print("times faster than mice's default: " + ", ".join(f"{name} {r:.1f}" for name, r in ratios.items()))
    if ratios[choice.engine] < TIMES_FASTER:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
