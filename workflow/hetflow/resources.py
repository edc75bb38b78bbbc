"""Memory and run time that a job asks for, from the size of the data and the attempt.

The figures are upper marks of `benchmark:` tables, not predictions: an executor that kills what exceeds them gets a
larger request on the next attempt.
"""

from __future__ import annotations

from typing import Any

#: MB of a job before it reads data: interpreter and imports, measured, and 400 for Snakemake's own two processes.
_BASE_MB = {"grow": 500, "nuisance": 500, "impute": 350, "guards": 400, "report": 500}
_SNAKEMAKE_MB = 400
#: Copies of the numeric matrix that a stage holds at once.
_COPIES = {"grow": 12, "nuisance": 12, "impute": 10, "guards": 6}
#: Seconds for each million cells.
_SECONDS = {"grow": 1200, "nuisance": 900, "impute": 600, "guards": 120}


def memory_mb(stage: str, rows: int, columns: int, wildcards: Any = None, attempt: int = 1) -> int:
    """Megabytes that a job of a stage may use.

    Parameters
    ----------
    stage : str
        The rule.
    rows, columns : int
        Size of the data.
    wildcards : object, optional
        Not used; Snakemake passes it.
    attempt : int
        1 for the first try; each retry asks for as much more.
    """
    cells = rows * columns * 8 / 1e6
    return round((_BASE_MB.get(stage, 300) + _COPIES.get(stage, 5) * cells) * attempt) + _SNAKEMAKE_MB


def minutes(stage: str, rows: int, columns: int, wildcards: Any = None, attempt: int = 1) -> int:
    """Minutes that a job of a stage may take; see `memory_mb`."""
    seconds = 120 + _SECONDS.get(stage, 60) * rows * columns / 1e6
    return max(5, round(seconds * attempt / 60))
