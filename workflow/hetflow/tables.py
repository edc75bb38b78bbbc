"""Tables of estimates, joined."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd


def join(tables: Sequence[pd.DataFrame], order: Sequence[str]) -> pd.DataFrame:
    """Tables of estimates below one another, their analyses in the given order, rows in each as they were."""
    whole = pd.concat(tables, ignore_index=True)
    rank = whole["analysis"].map({name: place for place, name in enumerate(order)})
    return whole.iloc[rank.argsort(kind="stable")].reset_index(drop=True)
