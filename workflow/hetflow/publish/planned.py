"""Deviations from the analysis plan as everybody may see them."""

from __future__ import annotations

import pandas as pd

from hetflow.publish.log import Log

#: Parts of a plan whose values name levels of columns, or hold what somebody typed about the data.
_OF_DATA = ("columns", "data", "derived", "design", "eligibility", "estimand", "outcomes", "treatment")
WITHHELD = "not shown"


def public_deviations(table: pd.DataFrame, log: Log) -> pd.DataFrame:
    """Which keys deviate, and the values of those that are settings of methods.

    Values about the data (levels, codes, expressions) may name levels of few units, and are replaced.
    """
    if table.empty:
        return table
    out = table.copy()
    hidden = out["key"].str.split(".").str[0].isin(_OF_DATA) & (out["analyses"] == "")
    out.loc[hidden, ["planned", "done"]] = WITHHELD
    if hidden.any():
        log.add("plan deviations", "value about the data", int(hidden.sum()))
    return out
