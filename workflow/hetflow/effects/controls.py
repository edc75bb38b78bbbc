"""Negative-control outcomes: what treatment cannot change, so that an effect on it tells of confounding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

COLUMNS = ["analysis", "outcome", "label", "estimate", "se", "lower", "upper", "n", "apart"]


def controls_table(estimates: Sequence[pd.DataFrame], labels: Mapping[str, str]) -> pd.DataFrame:
    """Average effects on negative-control outcomes (Lipsitch, Tchetgen Tchetgen and Cohen 2010).

    Parameters
    ----------
    estimates : sequence of DataFrame
        Under the contract `estimates`, one an analysis.
    labels : mapping
        Label of each outcome.

    Returns
    -------
    DataFrame
        One row an analysis with an ATE, in the outcome's own units; ``apart`` is 1 where the interval leaves 0 out.
    """
    rows = [table[table["estimand"] == "ATE"] for table in estimates]
    found = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=COLUMNS)
    found = found.assign(
        label=[labels.get(name, name) for name in found["outcome"]],
        apart=((found["lower"] > 0) | (found["upper"] < 0)).astype("int64"),
    )
    return found[COLUMNS]
