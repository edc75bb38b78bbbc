"""Memory and run time that a job asks for, from the size of the data and the attempt.

What a job takes is modelled on `benchmark:` tables (`tests/unit/data/benchmarks.csv`); what it asks for lies above, so
that a slower machine or a busy file system does not have it killed. An executor that kills what exceeds its request
gets a larger one on the next attempt.
"""

from __future__ import annotations

import math
from typing import Any

from hetflow.forest.shards import bag_seconds

#: MB that Snakemake's own two processes take in a job of a cluster, beside the job itself.
SNAKEMAKE_MB = 400
#: MB of a job before it reads data: interpreter and imports, and a quarter more than was measured.
_BASE_MB = {
    "feasible": 270,
    "grow": 490,
    "nuisance": 320,
    "guards": 280,
    "structure": 240,
    "impute": 260,
    "estimates": 260,
    "sensitivity": 260,
    "risk": 320,
    "confounding": 320,
    "draws": 240,
    "refit": 420,
    "stability": 280,
    "page": 320,
    "mechanism": 300,
    "evidence": 260,
    "split": 420,
    "splits": 330,
    "modifiers": 440,
    "policy": 400,
    "learner": 380,
    "learners": 240,
}
_SMALLEST_MB = 220
#: Copies of the numeric matrix that a stage holds at once.
_COPIES = {
    "grow": 12,
    "nuisance": 12,
    "impute": 10,
    "guards": 10,
    "merge": 16,
    "estimates": 25,
    "sensitivity": 25,
    "confounding": 20,
    "refit": 20,
    "stability": 25,
    "mechanism": 16,
    "evidence": 25,
    "split": 12,
    "splits": 12,
    "modifiers": 25,
    "policy": 16,
    "learner": 16,
}
_FEWEST_COPIES = 8
_COPIES_OF_A_THREAD = 4
#: Seconds of a job before it computes, and for a million cells (rows times covariates) after that.
_START = {
    "grow": 2.5,
    "learner": 2.5,
    "modifiers": 4.0,
    "guards": 1.5,
    "page": 2.0,
    "policy": 2.0,
}
_PER_MILLION = {
    "impute": 10.0,
    "nuisance": 250.0,
    "guards": 15.0,
    "ingest": 10.0,
    "describe": 5.0,
    "permutation": 80.0,
    "refit": 330.0,
    "stability": 20.0,
    "mechanism": 40.0,
    "structure": 60.0,
    "evidence": 150.0,
    "split": 3.2,  # one split
    "splits": 20.0,
    "modifiers": 150.0,
    "policy": 20.0,
    "confounding": 200.0,
    "risk": 20.0,
    "learner": 60.0,
}
#: Rows beyond which a stage draws a part of them (`modifiers.most_units`) and hardly grows any more.
_MOST_ROWS = {"modifiers": 10_000}
#: A job asks for so many seconds, for a cold start from a shared file system, and so many times what it should take.
_SLACK = 120.0
_MARGIN = 4.0


def memory_mb(
    stage: str, rows: int, columns: int, wildcards: Any = None, attempt: int = 1, threads: int = 1
) -> int:
    """Megabytes that a job of a stage may use.

    Parameters
    ----------
    stage : str
        The rule, or what its variants share (`grow`, `impute`).
    rows, columns : int
        Size of the data.
    wildcards : object, optional
        Not used; Snakemake passes it.
    attempt : int
        1 for the first try; each retry asks for as much more.
    threads : int
        Bags that are grown at the same time.
    """
    matrix = rows * columns * 8 / 1e6
    copies = _COPIES.get(stage, _FEWEST_COPIES) + _COPIES_OF_A_THREAD * (threads - 1)
    own = _BASE_MB.get(stage, _SMALLEST_MB) + copies * matrix
    return math.ceil(own) * attempt + SNAKEMAKE_MB


def job_seconds(stage: str, rows: int, columns: int) -> float:
    """Seconds that a job of a stage should take on one idle core; of growing a forest only the start."""
    all_rows = rows * columns / 1e6
    drawn = min(rows, _MOST_ROWS.get(stage, rows)) * columns / 1e6
    return _START.get(stage, 1.0) + _PER_MILLION.get(stage, 1.0) * drawn + (all_rows - drawn)


def shard_seconds(
    rows: int, columns: int, bags: int, bag_trees: int, share: float = 1.0, engine: str = "econml"
) -> float:
    """Seconds that growing a shard should take on one idle core.

    Parameters
    ----------
    rows, columns : int
        Size of the data.
    bags, bag_trees : int
        Bags of the shard, trees of each.
    share : float
        Units of the job's forests together, as a multiple of all units: 1 for the forest of all.
    engine : str
        Which implementation grows them.
    """
    return job_seconds("grow", rows, columns) + share * bags * bag_seconds(rows, columns, bag_trees, engine)


def split_seconds(rows: int, columns: int, splits: int) -> float:
    """Seconds that a job of so many sample splits should take on one idle core."""
    start = job_seconds("split", 0, columns)
    return start + splits * (job_seconds("split", rows, columns) - start)


def minutes(seconds: float, attempt: int = 1, threads: int = 1) -> int:
    """Minutes that a job asks for.

    Parameters
    ----------
    seconds : float
        What it should take on one core.
    attempt : int
        1 for the first try; each retry asks for as much more.
    threads : int
        Cores that share the work.
    """
    return math.ceil((_SLACK + _MARGIN * seconds / threads) / 60) * attempt
