"""What a run says of a plan from which it departs in one setting, with an amendment, for the tests of the report."""

from __future__ import annotations

from typing import Any

import pandas as pd


def followed_facts() -> dict[str, Any]:
    """plan/followed.json."""
    amendment = {"date": "2026-12-01", "reason": "More trees were affordable.", "sha256": "b" * 64}
    hashes = {"sha256": "a" * 64, "document_sha256": "c" * 64, "last_sha256": "b" * 64}
    counts = {"deviations": 2, "uncovered": 1, "primary": 1, "other": 0, "tests": 50}
    return {
        "state": "deviated",
        "date": "2026-11-29",
        "outcomes_read_before": False,
        "hashed": False,
        "amendments": [amendment],
        "unplanned": [],
        **hashes,
        **counts,
    }


def deviations() -> pd.DataFrame:
    """plan/deviations.parquet."""
    rows = [
        {"key": "seed", "analyses": "", "planned": "9", "done": "5", "amendment": 0},
        {"key": "forest.trees", "analyses": "primary", "planned": "80", "done": "2000", "amendment": 1},
    ]
    return pd.DataFrame(rows).assign(touches="primary analysis")
