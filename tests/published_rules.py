"""What the rules of publishing are given in tests: a threshold, the estimates and the flow of a made-up study."""

from __future__ import annotations

from typing import Any

import pandas as pd
from hetflow.publish.log import Log
from hetflow.publish.rules import Public

ESTIMATES = pd.DataFrame(
    {
        "estimand": ["ATE", "rule_groups", "rule_groups", "sequential_groups", "sequential_groups"],
        "group": ["all", "East", "West", "1 (least)", "2 (greatest)"],
        "term": ["effect", "by_ward", "by_ward", "mean", "mean"],
        "n": [240, 120, 120, 80, 72],
    }
)


def public(**changes: Any) -> Public:
    """The rules; `changes` replace what they are given."""
    given: dict[str, Any] = {
        "threshold": 10,
        "rare": {},
        "log": Log(),
        "estimates": ESTIMATES,
        "units": 240.0,
    }
    return Public(**(given | changes))


def flow(end: int, lost: list[int]) -> pd.DataFrame:
    """A flow that ends with `end` units after `lost` were left out, step by step."""
    totals = [end + sum(lost[place:]) for place in range(len(lost) + 1)]
    return pd.DataFrame(
        {
            "step": range(len(totals)),
            "label": [f"step {place}" for place in range(len(totals))],
            "total": totals,
            "treated": end // 2,
            "control": end - end // 2,
            "excluded": [0, *lost],
            "unknown": 0,
        }
    )
