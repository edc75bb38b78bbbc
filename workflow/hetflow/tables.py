"""Tables of estimates and notices of several files, joined."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from hetflow.files import read_json


def join(tables: Sequence[pd.DataFrame], order: Sequence[str]) -> pd.DataFrame:
    """Tables of estimates below one another, their analyses in the given order, rows in each as they were."""
    whole = pd.concat(tables, ignore_index=True)
    rank = whole["analysis"].map({name: place for place, name in enumerate(order)})
    return whole.iloc[rank.argsort(kind="stable")].reset_index(drop=True)


def read_notices(paths: Iterable[Path]) -> list[str]:
    """What several files want read, each notice once, in the order of the files."""
    return list(dict.fromkeys(notice for path in paths for notice in read_json(path, "facts")["notices"]))
