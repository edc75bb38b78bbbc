"""Numbers of the appraisal `policy` as they are printed, and what of them may be shown."""

from __future__ import annotations

import pandas as pd

from hetflow.report.printed import Number, number_of

GAINS = ("value", "over_all", "over_random")


def quantity(table: pd.DataFrame, policy: str, name: str, factor: float = 1.0) -> Number | None:
    """One quantity of one policy, or None."""
    rows = table[(table["policy"] == policy) & (table["quantity"] == name)] if len(table) else table
    return number_of(rows.to_dict("records")[0], factor) if len(rows) else None


def hidden(table: pd.DataFrame, minimum: int) -> set[str]:
    """Policies that treat, or leave out, some but fewer than the minimum: their gains would tell of a few."""
    found = set()
    for row in table[table["quantity"] == "share"].to_dict("records") if len(table) else []:
        treated = row["estimate"] * row["n"]
        rest = row["n"] - treated
        if any(1e-6 < count < minimum for count in (treated, rest)):
            found.add(row["policy"])
    return found


def releasable(table: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """The table without policies that are `hidden`."""
    if table.empty:
        return table
    return table[~table["policy"].isin(hidden(table, minimum))].reset_index(drop=True)


def shown_curves(curves: pd.DataFrame, minimum: int, units: int, factor: float) -> pd.DataFrame:
    """Points at which enough are treated and enough are not, as printed."""
    if curves.empty:
        return curves
    rest = units - curves["n"]
    kept = curves[(curves["n"] >= minimum) & ((rest >= minimum) | (curves["q"] == 1))].reset_index(drop=True)
    for key in ("estimate", "se", "lower", "upper"):
        kept[key] = factor * kept[key]
    return kept
